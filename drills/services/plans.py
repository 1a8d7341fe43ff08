"""Drills are planned and ended."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db import transaction

from dcase_audit.accounts.models import Party, User
from dcase_audit.calendars import durations
from dcase_audit.errors import Invalid
from dcase_audit.trail.events import record
from drills import planning, recurrence, verdict
from drills.models import Drill, Occurrence, Scenario
from evidence.models import Artefact


@transaction.atomic
def create_drill(
    *,
    key: str,
    title_ja: str = "",
    title_en: str = "",
    kind: str = Drill.Kind.FUNCTIONAL,
    scenario: Scenario | None = None,
    artefact: Artefact,
    department: Party,
    timezone: str = "Asia/Tokyo",
    starts_at: datetime,
    rule: str = "",
    report_within: str = "P5D",
    covers: Sequence[str] = (),
    targets: Sequence[dict[str, Any]] = (),
    valid_for: str = "",
    actor: User | None,
    at: datetime,
) -> Drill:
    """Plan a drill, once or by the recurrence ``rule``, and write its occurrences of the next 90 days.

    Raises:
        Invalid: a field cannot hold its value, or the key is taken (422).
        InvalidRecurrence: the rule cannot be read or never comes true (422).
        Malformed: a target cannot be read (422).
    """
    drill = Drill(
        key=key,
        title_ja=title_ja,
        title_en=title_en,
        kind=kind,
        scenario=scenario,
        artefact=artefact,
        department=department,
        timezone=timezone,
        starts_at=starts_at,
        recurrence=rule,
        report_within=report_within,
        covers=list(covers),
        targets=list(targets),
        valid_for=valid_for,
    )
    _check_plan(drill)
    drill.save(force_insert=True)
    record("drill.planned", f"drill:{drill.pk}", key=key, by=actor.pk if actor else None)
    planning.plan_drill(drill, at=at)
    return drill


def _check_plan(drill: Drill) -> None:
    try:
        drill.full_clean()
    except ValidationError as error:
        name, messages = next(iter(error.message_dict.items()))
        raise Invalid(messages[0], pointer=f"/{name}") from None
    try:
        zone = ZoneInfo(drill.timezone)
    except (KeyError, ValueError, OSError):
        raise Invalid("There is no such time zone.", pointer="/timezone") from None
    for name in ("report_within", "valid_for"):
        try:
            durations.parse_or_none(getattr(drill, name))
        except ValueError as error:
            raise Invalid(str(error), pointer=f"/{name}") from None
    recurrence.check(drill.recurrence, starts_at=drill.starts_at, zone=zone)
    verdict.targets_of(drill.targets)


@transaction.atomic
def end_drill(*, drill: Drill, actor: User | None, at: datetime, reason: str) -> Drill:
    """End a drill for good: what it had planned from ``at`` on is cancelled for the same reason.

    Raises:
        Invalid: no reason, or one of more than 300 characters (422).
        NotPlanned: the drill has ended already (409).
    """
    reason = planning.needed(reason)
    current = Drill.objects.select_for_update(no_key=True).get(pk=drill.pk)
    if current.ends_at is not None:
        raise planning.NotPlanned("This drill has ended already.")
    for occurrence in current.occurrences.filter(state=Occurrence.State.PLANNED, planned_at__gte=at):
        planning.cancel(occurrence=occurrence, actor=actor, at=at, reason=reason)
    current.ends_at = at
    current.save(update_fields=["ends_at"])
    record("drill.ended", f"drill:{current.pk}", key=current.key, by=actor.pk if actor else None, reason=reason)
    return current
