"""The page of one node: what it says, what it asks, what supports it, and how its status came about."""

from __future__ import annotations

from typing import NamedTuple

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from dcase_audit import clock
from dcase_audit.accounts import permissions
from dcase_audit.accounts.authentication import authenticated
from dcase_audit.accounts.models import User
from dcase_audit.cases.criteria import criterion_lines, target_text
from dcase_audit.cases.models import Criterion, Node, NodeText, StatusChange
from dcase_audit.cases.outline import Entry, Line
from dcase_audit.cases.words import LEAF_KINDS, LinkKind, NodeKind, Status
from dcase_audit.errors import AuditError
from dcase_audit.pages import find, refuse, show
from evidence import services
from evidence.asof import NodeView
from evidence.forms import LinkForm, ReasonForm
from evidence.models import Artefact, Kind, Support
from evidence.reading import status_of
from evidence.views import targets
from evidence.views.cases import Row, changes_in_words, path_to, rows_of
from evidence.views.reading import Reading, edition_of, read

HISTORY = 20


class Supporting(NamedTuple):
    """An artefact that the reader may see, as support of a leaf."""

    support: Support
    status: Status
    unlink_form: ReasonForm | None


@login_required
@require_safe
def node(request: HttpRequest, slug: str, key: str) -> HttpResponse:
    """Show a node, at the moments that the query asks for."""
    return _show(request, read(request, authenticated(request), slug), key)


@login_required
@require_POST
def link(request: HttpRequest, slug: str, key: str) -> HttpResponse:
    """Say that an artefact of the person's own department supports this leaf."""
    user = authenticated(request)
    found = find(Node.objects.visible_to(user).filter(case__slug=slug), key=key)
    form = LinkForm(request.POST, artefacts=linkable(user, found))
    if form.is_valid():
        try:
            services.link(
                artefact=form.cleaned_data["artefact"],
                node=found,
                actor=user,
                at=clock.now(),
                rationale=form.cleaned_data["rationale"],
            )
        except AuditError as refusal:
            refuse(form, refusal)
        else:
            messages.success(request, _("The evidence was linked."))
            return redirect("node", slug, key)
    return _show(request, read(request, user, slug), key, link_form=form)


@login_required
@require_POST
def unlink(request: HttpRequest, slug: str, key: str, artefact: str) -> HttpResponse:
    """Take back that an artefact supports this leaf, for a reason."""
    user = authenticated(request)
    found = find(Node.objects.visible_to(user).filter(case__slug=slug), key=key)
    linked = find(Artefact.objects.visible_to(user), key=artefact)
    form = ReasonForm(request.POST, prefix=artefact)
    if form.is_valid():
        try:
            reason = form.cleaned_data["reason"]
            services.unlink(artefact=linked, node=found, actor=user, at=clock.now(), reason=reason)
        except AuditError as refusal:
            refuse(form, refusal)
        else:
            messages.success(request, _("The link was taken back."))
            return redirect("node", slug, key)
    return _show(request, read(request, user, slug), key, unlink_form=form)


def linkable(user: User, leaf: Node) -> QuerySet[Artefact]:
    """Return the artefacts of the user's departments that do not support the leaf yet and are of a kind that fits."""
    access = user.access
    own = Artefact.objects.in_custody_of(access.owns | access.approves | access.heads)
    criterion = Criterion.objects.in_force().filter(node=leaf).first()
    if criterion is not None and criterion.kinds:
        own = own.filter(kind__key__in=criterion.kinds)
    else:
        own = own.filter(kind__for_monitors=leaf.kind == "monitor")
    return own.exclude(supports__in=Support.objects.open().filter(node=leaf)).order_by("key")


def _leaves(reading: Reading, view: NodeView) -> list[tuple[Line, Status]]:
    """Return the leaves below that do not stand, the worst first."""
    found = [(reading.line_of[one["node"]], Status.of(one["status"])) for one in view.because if "node" in one]
    return sorted(found, key=lambda leaf: leaf[1])


def _show(
    request: HttpRequest,
    reading: Reading,
    key: str,
    *,
    link_form: LinkForm | None = None,
    unlink_form: ReasonForm | None = None,
) -> HttpResponse:
    view = reading.view_of.get(key)
    if view is None:
        raise Http404
    line, is_leaf = reading.line_of[key], view.kind in LEAF_KINDS
    texts = NodeText.objects.filter(node=view.id).of_edition(reading.status.edition or 0)
    text = texts.select_related("accountable", "custodian", "verifier").get()
    sayer = reading.sayer([view])
    with timezone.override(reading.case.zone):
        reasons = [sayer.say(reason) for reason in view.because if "node" not in reason]
        asks = _criterion_lines(reading, view.id)
        history = _history(reading, key)
        around = _around(reading, key)
    supports = _supports(reading, view.id, unlink_form) if is_leaf else []
    choice = linkable(reading.user, Node.objects.get(pk=view.id)) if is_leaf and reading.is_present else None
    if link_form is None and choice is not None and choice.exists():
        link_form = LinkForm(artefacts=choice)
    context = {
        "reading": reading,
        "case": reading.case,
        "edition": edition_of(reading),
        "query": reading.query,
        "line": line,
        "view": view,
        "text": text,
        "points_at": _goal(reading.user, text),
        "is_leaf": is_leaf,
        "reasons": reasons,
        "because": _leaves(reading, view),
        "counts": [(Status.of(word), number) for word, number in view.counts.items()],
        "counter_evidence": view.counter_evidence,
        "trail": path_to(reading, key),
        "part": part_of(reading, key),
        "above": [link.source for link in reading.links if link.target == key],
        "around": around,
        "asks": asks,
        "targets": [target_text(target, reading.labels) for target in text.attributes.get("targets", ())],
        "supports": supports,
        "keeper": reading.holder(line),
        "history": history,
        "link_form": link_form,
    }
    if view.kind == NodeKind.TARGET:
        with timezone.override(reading.case.zone):
            context |= targets.section(reading, view.id, text)
    return show(request, "node.html", context, zone=reading.case.zone)


def _goal(user: User, text: NodeText) -> Node | None:
    """Return the goal that an external node stands for, where the reader sees its case."""
    if text.points_at_id is None:
        return None
    return Node.objects.visible_to(user).select_related("case").filter(pk=text.points_at_id).first()


def part_of(reading: Reading, key: str) -> str:
    """Return the node from which the diagram shows this one among others: itself, or what it stands under."""
    has_below = reading.argument.below.get(key) or reading.argument.beside.get(key)
    return key if has_below else reading.argument.above.get(key, key)


def _criterion_lines(reading: Reading, node_id: int) -> list[tuple[str, str]]:
    criterion = Criterion.objects.filter(node=node_id).of_edition(reading.status.edition or 0).first()
    if criterion is None:
        return []
    names = {kind.key: kind.name(reading.language) for kind in Kind.objects.filter(key__in=criterion.kinds)}
    return criterion_lines(criterion, names, reading.labels)


def _around(reading: Reading, key: str) -> list[Row]:
    """Return what is directly below and beside the node."""
    links = sorted(
        (link for link in reading.links if link.source == key), key=lambda link: link.kind is LinkKind.SUPPORTED_BY
    )
    return rows_of(reading, [Entry(link.target, 0, False, 0) for link in links])


def _supports(reading: Reading, node_id: int, refused: ReasonForm | None) -> list[Supporting]:
    """Return the open links of the leaf whose artefacts the reader may see."""
    found = Support.objects.visible_to(reading.user).open().filter(node=node_id)
    found = found.select_related("artefact__kind", "artefact__standing", "artefact__custodian").order_by("pk")
    return [_supporting(reading, support, refused) for support in found]


def _supporting(reading: Reading, support: Support, refused: ReasonForm | None) -> Supporting:
    artefact, form = support.artefact, None
    if reading.is_present and permissions.may_write_evidence(reading.user.access, custodian_id=artefact.custodian_id):
        form = refused if refused is not None and refused.prefix == artefact.key else ReasonForm(prefix=artefact.key)
    return Supporting(support, status_of(artefact.standing, at=clock.now()), form)


def _history(reading: Reading, key: str) -> list[object]:
    changes = StatusChange.objects.filter(
        case=reading.case, effective_at__lte=reading.at, recorded_at__lte=reading.known
    ).of_node(key)
    return list(changes_in_words(reading, changes.select_related("node").order_by("-effective_at")[:HISTORY]))
