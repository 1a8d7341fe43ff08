"""The diagram of a case, as far as one screen can be read; goals that hide more lead to their own part."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from dcase_audit.accounts.authentication import authenticated
from dcase_audit.cases.diagram import Drawing, draw, legend
from dcase_audit.cases.diagram.model import DiagramNode
from dcase_audit.cases.outline import Line, cut_to_fit, entries
from dcase_audit.cases.words import NodeKind
from evidence.views.cases import part_root, path_to, show_case
from evidence.views.reading import Reading, read

MOST_IN_DIAGRAM = 60


@login_required
@require_safe
def diagram(request: HttpRequest, slug: str) -> HttpResponse:
    """Draw the argument with its statuses, from the node that ``root`` names or from the top."""
    reading = read(request, authenticated(request), slug)
    root = part_root(request, reading)
    cut = cut_to_fit(reading.argument, root, MOST_IN_DIAGRAM)
    drawing = drawing_of(reading, root, cut)
    context = {
        # Written by the diagram package, which escapes every text of the case.
        "svg": mark_safe(drawing.svg),
        "legend": mark_safe(legend(reading.language).svg),
        "root": root,
        "trail": path_to(reading, root),
        "is_cut": bool(cut),
        "is_empty": not reading.lines,
    }
    return show_case(request, reading, "diagram", context)


def drawing_of(reading: Reading, root: str | None, cut: set[str]) -> Drawing:
    """Draw the part; nodes that are not shown are not measured, but for those that stubs name."""
    shown = {entry.key for entry in entries(reading.argument, root, cut)}
    shown |= {crossing.target for crossing in reading.argument.crossings()}
    nodes = [_node(reading, line, line.key in shown, line.key in cut) for line in reading.lines]
    title = _("Goal structure of %(case)s") % {"case": reading.case.title(reading.language)}
    return draw(nodes, reading.links, language=reading.language, title=title, root=root, collapsed=cut)


def _node(reading: Reading, line: Line, is_shown: bool, is_cut: bool) -> DiagramNode:
    if not is_shown:
        return DiagramNode(line.key, NodeKind(line.kind), "")
    if is_cut:
        separator = "&" if reading.query else "?"
        href = f"{reverse('case-diagram', args=[reading.case.slug])}{reading.query}{separator}root={line.key}"
    else:
        href = reverse("node", args=[reading.case.slug, line.key]) + reading.query
    party = reading.parties.get(line.accountable or 0)
    return DiagramNode(
        key=line.key,
        kind=NodeKind(line.kind),
        text=line.statement,
        status=reading.view_of[line.key].status,
        undeveloped=line.undeveloped,
        holder=party.name(reading.language) if party is not None else "",
        href=href,
    )
