"""The page of a derived leaf: what monitors measured of the target, and the corrective actions for missed periods."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from fractions import Fraction
from typing import Any, NamedTuple

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from dcase_audit import clock
from dcase_audit.accounts import permissions
from dcase_audit.accounts.authentication import authenticated
from dcase_audit.accounts.models import User
from dcase_audit.cases.models import Node, NodeText
from dcase_audit.cases.words import TARGET_PREFIX
from dcase_audit.errors import AuditError
from dcase_audit.pages import find, refusal_text
from dcase_audit.shares import shown
from evidence import services
from evidence.action_forms import ActionForm, ClosingForm
from evidence.charts import Bar, chart, name_of
from evidence.facts import Target
from evidence.measured import measured
from evidence.models import TargetPeriod, TargetRemedy
from evidence.querysets import shown_evidence
from evidence.target_loading import targets_of
from evidence.views.reading import Reading

MOST_PERIODS = 13


class Period(NamedTuple):
    """A measured period of one service; percents are cut off, seconds exact to the millisecond."""

    row: TargetPeriod
    best: str
    worst: str
    required: str
    down: str
    unknown: str
    is_running: bool
    is_missed: bool


class Measurement(NamedTuple):
    """What one monitor measured of a service, looking every ``resolution_ms``: a drawing, the latest periods first."""

    service: str
    source: str
    resolution_ms: int
    drawing: SafeString
    periods: list[Period]


class Missed(NamedTuple):
    """A missed period with its corrective action, if it has one, and what the reader may do about it."""

    start: datetime
    until: datetime
    remedy: TargetRemedy | None
    is_overdue: bool
    is_own: bool
    shows_evidence: bool
    propose: ActionForm | None
    close: ClosingForm | None


def section(reading: Reading, node: int, text: NodeText) -> dict[str, object]:
    """Return what the page of a derived leaf shows beside what every leaf's shows."""
    rows, targets = measured(node, known=reading.known), list(targets_of(text.attributes.get("targets", ())))
    starts = sorted({row.start for row in rows}, reverse=True)[:MOST_PERIODS]
    recent = [row for row in rows if row.start in starts]
    return {
        "measurements": list(_measurements(recent, targets, reading)),
        "missed": list(_missed(reading, node, text, rows, targets)),
    }


def _target(row: TargetPeriod, targets: Iterable[Target]) -> Target | None:
    return next((one for one in targets if row.service in one.services and row.calendar == one.calendar), None)


def _share(row: TargetPeriod, down: int) -> Fraction:
    return 1 - Fraction(down, row.required_ms) if row.required_ms else Fraction(1)


def _seconds(milliseconds: int) -> str:
    return f"{milliseconds // 1000:,}.{milliseconds % 1000:03}"


def _period(row: TargetPeriod, targets: Iterable[Target]) -> Period:
    best, target = _share(row, row.down_ms), _target(row, targets)
    return Period(
        row,
        shown(best, 5),
        shown(_share(row, row.down_ms + row.unknown_ms), 5),
        _seconds(row.required_ms),
        _seconds(row.down_ms),
        _seconds(row.unknown_ms),
        row.as_of < row.until,
        target is not None and not target.met(best),
    )


def _of(target: Target, rows: Iterable[TargetPeriod]) -> list[TargetPeriod]:
    return [row for row in rows if row.service in target.services and row.calendar == target.calendar]


def _measurements(rows: list[TargetPeriod], targets: list[Target], reading: Reading) -> Iterator[Measurement]:
    """Yield what was measured of each service of each target, every monitor and interval by itself."""
    for target in targets:
        found: dict[tuple[str, str, int], list[TargetPeriod]] = {}
        for row in sorted(
            _of(target, rows), key=lambda row: (target.services.index(row.service), row.source, row.start)
        ):
            found.setdefault((row.service, row.source, row.resolution_ms), []).append(row)
        for (service, source, resolution), mine in found.items():
            bars = [bar_of(row, target, reading) for row in mine]
            name = reading.labels.get(service, service)
            # Every text in it is escaped where it is drawn.
            drawing = mark_safe(chart(bars, service=name, language=reading.language))
            yield Measurement(name, source, resolution, drawing, [_period(row, targets) for row in reversed(mine)])


def bar_of(row: TargetPeriod, target: Target, reading: Reading) -> Bar:
    budget = (1 - target.limit) * row.required_ms
    return Bar(
        name_of(row.start, row.until, reading.case.zone), budget, row.down_ms, row.unknown_ms, row.as_of < row.until
    )


def _missed(
    reading: Reading, node: int, text: NodeText, rows: list[TargetPeriod], targets: list[Target]
) -> Iterator[Missed]:
    spans = sorted({(row.start, row.until) for row in rows if _period(row, targets).is_missed}, reverse=True)
    if not spans:
        return
    remedies = TargetRemedy.objects.filter(node=node).select_related(
        "owner", "added_by", "closed_by", "evidence__artefact"
    )
    seen = shown_evidence(remedies, reading.user)
    by_span = {(remedy.start, remedy.until): remedy for remedy in remedies}
    access, party, user = reading.user.access, text.accountable_id, reading.user
    may_propose = reading.is_present and permissions.may_write_evidence(access, custodian_id=party)
    may_close = reading.is_present and permissions.may_approve_for(access, custodian_id=party)
    today = reading.at.astimezone(reading.case.zone).date()
    for start, until in spans:
        remedy = by_span.get((start, until))
        is_open = remedy is not None and remedy.closed_at is None
        is_own = remedy is not None and is_open and remedy.owner_id == user.pk
        propose = ActionForm(department=party, at=reading.at) if remedy is None and may_propose else None
        close = (
            _closing_form(remedy, reading.case.pk, user)
            if remedy is not None and is_open and may_close and not is_own
            else None
        )
        is_overdue = remedy is not None and remedy.is_overdue(today=today)
        shows_evidence = remedy is not None and remedy.evidence_id in seen
        yield Missed(start, until, remedy, is_overdue, is_own, shows_evidence, propose, close)


def _closing_form(remedy: TargetRemedy, case: int, user: User, data: Any = None) -> ClosingForm:
    return ClosingForm(data, cases=[case], user=user, prefix=f"a{remedy.pk}")


def _context(request: HttpRequest, slug: str, key: str) -> Node:
    nodes = Node.objects.visible_to(authenticated(request)).select_related("case")
    return find(nodes.filter(case__slug=slug, kind="context"), key=key.removeprefix(TARGET_PREFIX))


@login_required
@require_POST
def propose(request: HttpRequest, slug: str, key: str, start: int, until: int) -> HttpResponse:
    """Say what is done about a missed period; ``start`` and ``until`` in seconds since 1970."""
    node, user = _context(request, slug, key), authenticated(request)
    text = NodeText.objects.in_force().filter(node=node).first()
    form = ActionForm(request.POST, department=text.accountable_id if text else None, at=clock.now())
    span = [datetime.fromtimestamp(moment, node.case.zone) for moment in (start, until)]

    def act() -> None:
        services.propose_remedy(
            node=node, start=span[0], until=span[1], actor=user, at=clock.now(), **form.cleaned_data
        )

    return _answer(request, slug, key, form, act, _("The corrective action was added; its owner is told."))


@login_required
@require_POST
def close(request: HttpRequest, slug: str, key: str, pk: int) -> HttpResponse:
    """Close a corrective action that another person carried out."""
    node, user = _context(request, slug, key), authenticated(request)
    remedy = find(TargetRemedy.objects.filter(node=node).select_related("node__case"), pk=pk)
    form = _closing_form(remedy, node.case_id, user, request.POST)

    def act() -> None:
        evidence, note = form.cleaned_data["revision"], form.cleaned_data["note"]
        services.close_remedy(remedy=remedy, evidence=evidence, note=note, actor=user, at=clock.now())

    return _answer(request, slug, key, form, act, _("The corrective action was closed."))


def _answer(
    request: HttpRequest, slug: str, key: str, form: forms.Form, act: Callable[[], None], done: str
) -> HttpResponse:
    """Act on what was entered, and go back to the page with what came of it."""
    if form.is_valid():
        try:
            act()
        except AuditError as refusal:
            messages.error(request, refusal_text(refusal))
        else:
            messages.success(request, done)
    for name, errors in form.errors.items():
        messages.error(request, f"{form.fields[name].label}: {' '.join(map(str, errors))}")
    return redirect("node", slug, key)
