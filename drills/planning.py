"""Plans become occurrences before their dates, and every occurrence ends as held, cancelled or not reported."""

from __future__ import annotations

import logging
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Max

from dcase_audit.accounts.models import User
from dcase_audit.calendars import durations
from dcase_audit.errors import AuditError, Invalid
from dcase_audit.notices.services import close_each, open_item
from dcase_audit.trail.events import Event, record, record_many
from drills import recurrence
from drills.models import Drill, Occurrence
from drills.recurrence import InvalidRecurrence
from evidence.reasons import day

log = logging.getLogger(__name__)

HORIZON = timedelta(days=90)
NOT_REPORTED_ITEM = "drill-not-reported"
AWAITED = (Occurrence.State.PLANNED, Occurrence.State.NOT_REPORTED)


class Planned(NamedTuple):
    """How many occurrences were written, and how many were marked as not reported."""

    written: int
    not_reported: int


class NotPlanned(AuditError):
    """The occurrence has ended already: held, cancelled or not reported."""

    slug = "not-planned"
    title = "This occurrence is not planned any more"


def plan(*, at: datetime) -> Planned:
    """Write what running drills plan up to 90 days after ``at``, and mark what was not reported in time.

    Safe to repeat, and for two at once. A drill whose rule cannot be read is logged and holds up no other.
    """
    written = sum(_write(drill, moments, at=at) for drill, moments in _unwritten(at=at))
    overdue = Occurrence.objects.overdue(at=at).select_related("drill__department", "drill__artefact__owner")
    return Planned(written, sum(_mark_not_reported(occurrence, at=at) for occurrence in overdue))


def _unwritten(*, at: datetime) -> list[tuple[Drill, list[datetime]]]:
    """Return the drills that lack occurrences, with the moments of these, in three queries."""
    latest = dict(Occurrence.objects.values_list("drill_id").annotate(Max("planned_at")))
    known = set(Occurrence.objects.filter(planned_at__gte=at).values_list("drill_id", "planned_at"))
    lacking = []
    for drill in Drill.objects.running(at=at):
        planned = _moments(drill, latest.get(drill.pk), at=at)
        if moments := [moment for moment in planned if (drill.pk, moment) not in known]:
            lacking.append((drill, moments))
    return lacking


def plan_drill(drill: Drill, *, at: datetime) -> int:
    """Write what a new drill plans at once, so that the plan is there before the first date."""
    return _write(drill, _moments(drill, None, at=at), at=at)


def _moments(drill: Drill, latest: datetime | None, *, at: datetime) -> list[datetime]:
    """Return what the plan says from ``at`` on.

    If planning stood still for longer than it looks ahead, it goes on from the last occurrence: what should have been
    held meanwhile is written late, in sight, and ends as not reported.
    """
    since = latest if latest and latest < at else at
    until = min(at + HORIZON, drill.ends_at or at + HORIZON)
    try:
        moments = recurrence.moments(
            drill.recurrence, starts_at=drill.starts_at, zone=ZoneInfo(drill.timezone), since=since, until=until
        )
    except InvalidRecurrence as error:
        log.error("the drill %s is not planned: %s", drill.key, error.detail)
        return []
    return [moment for moment in moments if moment != latest]


@transaction.atomic
def _write(drill: Drill, moments: list[datetime], *, at: datetime) -> int:
    zone, patience = ZoneInfo(drill.timezone), durations.parse(drill.report_within)
    # Two planners take turns at a drill; results and their foreign keys are not held up.
    Drill.objects.select_for_update(no_key=True).get(pk=drill.pk)
    known = set(drill.occurrences.filter(planned_at__in=moments).values_list("planned_at", flat=True))
    occurrences = Occurrence.objects.bulk_create(
        Occurrence(
            drill=drill,
            planned_at=moment,
            planned_on=moment.astimezone(zone).date(),
            report_by=patience.after(moment, zone),
            recorded_at=at,
        )
        for moment in moments
        if moment not in known
    )
    for occurrence in occurrences:
        record("occurrence.planned", f"occurrence:{occurrence.pk}", drill=drill.key, planned_at=occurrence.planned_at)
    return len(occurrences)


@transaction.atomic
def _mark_not_reported(occurrence: Occurrence, *, at: datetime) -> bool:
    """Mark the occurrence, unless its result came or somebody cancelled it meanwhile; tell whose it is."""
    awaited = Occurrence.objects.overdue(at=at).filter(pk=occurrence.pk)
    if not awaited.update(state=Occurrence.State.NOT_REPORTED):
        return False
    drill = occurrence.drill
    record("occurrence.not_reported", f"occurrence:{occurrence.pk}", drill=drill.key, report_by=occurrence.report_by)
    planned = {language: day(occurrence.planned_on, language) for language in ("ja", "en")}
    open_item(
        key=item_key(occurrence),
        kind=NOT_REPORTED_ITEM,
        text_ja=f"訓練「{drill.title('ja')}」（{planned['ja']}予定）の結果が期限までに報告されていません",
        text_en=f"No result of the drill “{drill.title('en')}” planned for {planned['en']} came in time",
        href=f"/drills/{drill.key}",
        party=drill.department,
        owner=drill.artefact.owner,
        at=at,
        due_on=occurrence.report_by.astimezone(ZoneInfo(drill.timezone)).date(),
    )
    return True


@transaction.atomic
def cancel(*, occurrence: Occurrence, actor: User | None, at: datetime, reason: str) -> Occurrence:
    """Call a planned occurrence off, for a reason that reports show. Repeating it with the same reason changes nothing.

    Raises:
        Invalid: no reason, or one of more than 300 characters (422).
        NotPlanned: it was held, cancelled or marked as not reported before (409).
    """
    reason = needed(reason)
    current = Occurrence.objects.select_for_update(no_key=True).select_related("drill").get(pk=occurrence.pk)
    if current.state == Occurrence.State.CANCELLED and current.reason == reason:
        return current
    if current.state != Occurrence.State.PLANNED:
        raise NotPlanned(f"This occurrence is {current.get_state_display()}.")
    current.state, current.reason = Occurrence.State.CANCELLED, reason
    current.cancelled_at, current.cancelled_by = at, actor
    current.save(update_fields=["state", "reason", "cancelled_at", "cancelled_by"])
    record(
        "occurrence.cancelled",
        f"occurrence:{current.pk}",
        drill=current.drill.key,
        planned_at=current.planned_at,
        cancelled_at=at,
        by=actor.pk if actor else None,
        reason=reason,
    )
    return current


def needed(reason: str) -> str:
    """Return the reason without space around it; refuse none, and one that has no room (422)."""
    if not 0 < len(reason.strip()) <= 300:
        raise Invalid("A reason of at most 300 characters is needed.", pointer="/reason")
    return reason.strip()


def hold(occurrences: Collection[Occurrence], *, at: datetime) -> None:
    """Note that results of the occurrences came, late ones included; nothing of those whose result had come before.

    Part of ``record_results``, which has locked their rows, within its transaction.
    """
    awaited = [one for one in occurrences if one.state in AWAITED]
    if not awaited:
        return
    Occurrence.objects.filter(pk__in=[one.pk for one in awaited]).update(state=Occurrence.State.HELD)
    record_many(
        [
            Event("occurrence.held", f"occurrence:{one.pk}", {"received_at": at, "late": at >= one.report_by})
            for one in awaited
        ]
    )
    close_each([item_key(one) for one in awaited], at=at)


def item_key(occurrence: Occurrence) -> str:
    """Return the key of the open item about an occurrence that was not reported."""
    return f"{NOT_REPORTED_ITEM}:{occurrence.pk}"
