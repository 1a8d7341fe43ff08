"""The case page: what stands, why and until when, as an outline, a diagram, a table, a history and a look ahead."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from dcase_audit import clock
from dcase_audit.accounts import permissions
from dcase_audit.accounts.authentication import authenticated
from dcase_audit.cases.models import StatusChange
from dcase_audit.cases.outline import Entry, Line, cut_to_fit, entries
from dcase_audit.cases.templatetags.dcase import last_day
from dcase_audit.cases.words import CONTEXT_KINDS, Status
from dcase_audit.pages import given, page_after, show
from evidence.asof import ForecastView, NodeView, case_forecast
from evidence.reason_names import ReasonNames
from evidence.shown import titles_of
from evidence.views.reading import Reading, edition_of, read
from evidence.views.saying import Sayer

MOST_IN_OUTLINE = 400
ROWS_OF_TABLE = 100
MOST_REASONS = 3
MOST_COMING = 200
HORIZONS = (30, 90, 365)
ORDERS = ("reading", "worst", "until")


def show_case(request: HttpRequest, reading: Reading, tab: str, context: dict[str, Any]) -> HttpResponse:
    """Render a tab of the case page under the header that all of them have."""
    top = reading.top
    header = {
        "reading": reading,
        "case": reading.case,
        "edition": edition_of(reading),
        "top": top,
        "counts": [(Status.of(word), number) for word, number in (top.counts if top else {}).items()],
        "tab": tab,
        "query": reading.query,
        "may_order_reports": permissions.may_order_reports(reading.user.access),
    }
    return show(request, f"case_{tab}.html", {**header, **context}, zone=reading.case.zone)


# The outline


class Row(NamedTuple):
    """A place in the outline with what stands there."""

    entry: Entry
    line: Line
    view: NodeView
    holder: str
    reasons: list[SafeString]
    until: str
    closing: SafeString

    @property
    def is_context(self) -> bool:
        return self.line.kind in CONTEXT_KINDS


@login_required
@require_safe
def outline(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the argument as a nested list, of a large case the part that ``root`` names."""
    reading = read(request, authenticated(request), slug)
    root = part_root(request, reading)
    cut = set() if "all" in request.GET else cut_to_fit(reading.argument, root, MOST_IN_OUTLINE)
    found = entries(reading.argument, root, cut)
    with timezone.override(reading.case.zone):
        shown = rows_of(reading, found)
    context = {"rows": shown, "root": root, "trail": path_to(reading, root), "is_cut": bool(cut)}
    return show_case(request, reading, "outline", context)


def part_root(request: HttpRequest, reading: Reading) -> str | None:
    """Return the node whose part of the case is asked for; None for all of it."""
    root = given(request, "root")
    return root if root in reading.view_of else None


def path_to(reading: Reading, key: str | None) -> list[str]:
    """Return the nodes above ``key``, the top one first."""
    path: list[str] = []
    while key is not None and (key := reading.argument.above.get(key)) is not None:
        path.append(key)
    return path[::-1]


def rows_of(reading: Reading, found: list[Entry]) -> list[Row]:
    """Return the outline's entries with their texts, statuses and reasons."""
    sayer = reading.sayer(reading.view_of[entry.key] for entry in found if not entry.elsewhere)
    ends: dict[datetime, str] = {}
    return [_row(reading, entry, sayer, ends) for entry in found]


def _row(reading: Reading, entry: Entry, sayer: Sayer, ends: dict[datetime, str]) -> Row:
    line, view = reading.line_of[entry.key], reading.view_of[entry.key]
    closing = mark_safe("</ul></li>" * entry.closes)
    until = _until(view.until, ends) if view.until is not None and view.stands else ""
    return Row(entry, line, view, reading.holder(line), leaf_reasons(view, sayer), until, closing)


def _until(end: datetime, ends: dict[datetime, str]) -> str:
    """Say until when something reads so; many rows of a large case end together."""
    if end not in ends:
        ends[end] = format_html(_("reads so until %(day)s") % {"day": "{}"}, last_day(end))
    return ends[end]


def leaf_reasons(view: NodeView, sayer: Sayer) -> list[SafeString]:
    """Say why a leaf reads anything but supported; nodes above leaves are explained by these."""
    if view.status is None or view.status is Status.SUPPORTED or any("node" in reason for reason in view.because):
        return []
    return sayer.deciding(view.because, view.status)[:MOST_REASONS]


# The table


@login_required
@require_safe
def table(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the nodes that have a status as a table, filtered and ordered as asked."""
    reading = read(request, authenticated(request), slug)
    wanted = {name: given(request, name) for name in ("status", "holder", "kind", "order", "page")}
    order = wanted["order"] if wanted["order"] in ORDERS else ORDERS[0]
    views = _ordered([view for view in reading.status.nodes if _is_wanted(reading, view, wanted)], order)
    number = int(wanted["page"]) if wanted["page"].isascii() and wanted["page"].isdigit() else 1
    last = max(1, -(-len(views) // ROWS_OF_TABLE))
    number = min(max(number, 1), last)
    page = views[(number - 1) * ROWS_OF_TABLE : number * ROWS_OF_TABLE]
    with timezone.override(reading.case.zone):
        rows = rows_of(reading, [Entry(view.key, 0, False, 0) for view in page])
    used = {
        line.custodian or line.accountable for line in reading.lines if reading.view_of[line.key].status is not None
    }
    context = {
        "rows": rows,
        "total": len(views),
        "statuses": list(Status),
        "holders": [party for pk, party in reading.parties.items() if pk in used],
        "kinds": list(dict.fromkeys(view.kind for view in reading.status.nodes if view.status is not None)),
        "wanted": wanted,
        "orders": ORDERS,
        "page": number,
        "last_page": last,
        "others": _other_pages(request, number, last),
    }
    return show_case(request, reading, "table", context)


def _is_wanted(reading: Reading, view: NodeView, wanted: dict[str, str]) -> bool:
    if view.status is None or (wanted["status"] and view.status.word != wanted["status"]):
        return False
    line = reading.line_of[view.key]
    party = reading.parties.get(line.custodian or line.accountable or 0)
    if wanted["holder"] and (party is None or party.key != wanted["holder"]):
        return False
    return not wanted["kind"] or view.kind == wanted["kind"]


def _ordered(views: list[NodeView], order: str) -> list[NodeView]:
    if order == "worst":
        return sorted(views, key=lambda view: view.status or 0)
    if order == "until":
        return sorted(views, key=lambda view: (view.until is None, view.until))
    return views


def _other_pages(request: HttpRequest, number: int, last: int) -> list[tuple[int, str]]:
    query = request.GET.copy()
    pages = []
    for page in (number - 1, number + 1):
        if 1 <= page <= last:
            query["page"] = str(page)
            pages.append((page, f"?{query.urlencode()}"))
    return pages


# What changed, and what will


class Change(NamedTuple):
    """A change of status in words; ``before`` None: the node came to the case."""

    change: StatusChange
    line: Line | None
    before: Status | None
    after: Status
    reasons: list[SafeString]


@login_required
@require_safe
def changes(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the recorded changes of status, the latest first, as far as they were known and effective."""
    reading = read(request, authenticated(request), slug)
    rows = StatusChange.objects.visible_to(reading.user).filter(
        case=reading.case, effective_at__lte=reading.at, recorded_at__lte=reading.known
    )
    if node := given(request, "node"):
        rows = rows.of_node(node)
    page = page_after(request, rows.select_related("node"), ("effective_at", "pk"), _position, descending=True)
    context = {"changes": changes_in_words(reading, page.rows), "more": page.more, "node": node}
    return show_case(request, reading, "changes", context)


def _position(change: StatusChange) -> list[Any]:
    return [change.effective_at.isoformat(), change.pk]


def changes_in_words(reading: Reading, found: Iterable[StatusChange]) -> list[Change]:
    """Return changes with their reasons in words, in a constant number of queries."""
    listed = list(found)
    names = ReasonNames(reason for change in listed for reason in change.because)
    named = [[names.named(reason) for reason in change.because] for change in listed]
    keys = {reason["artefact"] for reasons in named for reason in reasons if reason.get("artefact")}
    sayer = Sayer(titles_of(keys, reading.language), reading.user, reading.case, reading.language)
    return [
        Change(
            change,
            reading.line_of.get(change.node.judged_key),
            Status(change.before) if change.before is not None else None,
            Status(change.after),
            [sayer.say(reason) for reason in reasons],
        )
        for change, reasons in zip(listed, named, strict=True)
    ]


class Coming(NamedTuple):
    """A change that comes if nobody does anything, in words."""

    change: ForecastView
    line: Line | None
    reasons: list[SafeString]


@login_required
@require_safe
def forecast(request: HttpRequest, slug: str) -> HttpResponse:
    """Show what changes in the days to come if nobody does anything."""
    reading = read(request, authenticated(request), slug)
    asked = given(request, "days")
    days = int(asked) if asked in {str(horizon) for horizon in HORIZONS} else HORIZONS[1]
    found = case_forecast(reading.case, at=clock.now(), days=days, user=reading.user)
    found, left_out = found[:MOST_COMING], max(0, len(found) - MOST_COMING)
    keys = {reason["artefact"] for view in found for reason in view.because if reason.get("artefact")}
    sayer = Sayer(titles_of(keys, reading.language), reading.user, reading.case, reading.language)
    coming = [
        Coming(view, reading.line_of.get(view.key), [sayer.say(reason) for reason in view.because]) for view in found
    ]
    context = {"coming": coming, "left_out": left_out, "days": days, "horizons": HORIZONS}
    return show_case(request, reading, "forecast", context)
