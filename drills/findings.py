"""Where a finding stands, derived from its actions and from what was held since; nobody types it in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef

from drills.models import DrillResult, Finding
from evidence.models import Decision


class State(StrEnum):
    """``open``: nobody said what is done about it. ``annulled``: two persons agreed that the result was false."""

    OPEN = "open"
    ACTING = "acting"
    OVERDUE = "overdue"
    AWAITS_RETEST = "awaits_retest"
    CLOSED = "closed"
    ANNULLED = "annulled"


class ActionFacts(NamedTuple):
    """What counts of a corrective action."""

    due_on: date
    is_closed: bool


class Standing(NamedTuple):
    """A finding with its state, and the result that answered it, if one did."""

    finding: Finding
    state: State
    retest: DrillResult | None


def state_of(actions: Sequence[ActionFacts], *, retested: bool, annulled: bool, today: date) -> State:
    """Return where a finding stands on the day ``today`` of the drill's zone; an action is overdue after its day.

    Closed are findings whose actions are all closed and whose drill was passed again since: neither is enough.
    """
    if annulled:
        return State.ANNULLED
    awaited = [action for action in actions if not action.is_closed]
    if any(action.due_on < today for action in awaited):
        return State.OVERDUE
    if awaited:
        return State.ACTING
    if not actions:
        return State.OPEN
    return State.CLOSED if retested else State.AWAITS_RETEST


def standings(findings: Iterable[Finding], *, at: datetime) -> list[Standing]:
    """Return where each finding of ``Finding.objects.whole()`` stood at ``at``, in two queries beside its own."""
    rows = list(findings)
    if not rows:
        return []
    annulled = _annulled(rows, at)
    passed = _passed({finding.drill.artefact_id for finding in rows}, at)
    return [_standing(one, passed, one.result_id in annulled, at) for one in rows]


def _standing(finding: Finding, passed: list[DrillResult], annulled: bool, at: datetime) -> Standing:
    retest = next((result for result in passed if _answers(result, finding)), None)
    state = state_of(
        [
            ActionFacts(action.due_on, action.is_closed(at=at))
            for action in finding.actions.all()
            if action.added_at <= at
        ],
        retested=retest is not None,
        annulled=annulled,
        today=at.astimezone(ZoneInfo(finding.drill.timezone)).date(),
    )
    return Standing(finding, state, retest)


def _annulled(findings: Iterable[Finding], at: datetime) -> set[int]:
    results = [finding.result_id for finding in findings if finding.result_id is not None]
    gone = (Decision.Kind.ANNULLED, Decision.Kind.VOIDED)
    rows = DrillResult.objects.filter(
        pk__in=results, revision__decisions__in=Decision.objects.filter(kind__in=gone, at__lte=at)
    )
    return set(rows.values_list("pk", flat=True))


def _passed(artefacts: Iterable[int], at: datetime) -> list[DrillResult]:
    """Return the results of these artefacts that passed, were accepted and still count, the earliest first."""
    decided = Decision.objects.filter(revision=OuterRef("revision"), at__lte=at)
    gone = (Decision.Kind.WITHDRAWN, Decision.Kind.VOIDED)
    rows = DrillResult.objects.filter(drill__artefact__in=list(artefacts), verdict=DrillResult.Verdict.PASSED)
    rows = rows.filter(Exists(decided.filter(kind=Decision.Kind.ACCEPTED)))
    rows = rows.exclude(Exists(decided.filter(kind__in=gone))).exclude(started_at=None)
    return list(rows.select_related("drill", "revision").order_by("started_at", "pk"))


def _answers(result: DrillResult, finding: Finding) -> bool:
    """Tell whether the drill was passed again: held after what failed, and covering at least that (status.md)."""
    if result.started_at is None or result.drill.artefact_id != finding.drill.artefact_id:
        return False
    failed = finding.result
    since = failed.revision.proves_until if failed and failed.revision.proves_until else finding.opened_at
    wanted = failed.revision.covers if failed else finding.drill.covers
    return result.started_at > since and set(wanted) <= set(result.revision.covers)
