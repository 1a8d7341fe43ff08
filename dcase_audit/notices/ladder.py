"""When people are told again, and when those above them are: rules over business days and office hours, no rows.

``NOTICE_LADDER`` in the settings overrides single fields of ``Ladder``.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.conf import settings

from dcase_audit.calendars.business_days import IsBusinessDay, add_business_days, business_days
from dcase_audit.calendars.models import organisation_days

OWNER, HEADS, MANAGEMENT = range(3)


class Ladder(NamedTuple):
    """How patient the product is; days are business days.

    ``waits``: without an acknowledgement, until the heads and until management are told. ``before_due``: when people
    are reminded of a day to come. ``repeat``: how often of what has none. ``opens``, ``closes``: the office hours.
    ``digest_above``: how many notices a person gets at a time before they are put into one.
    """

    waits: tuple[int, int] = (3, 5)
    before_due: tuple[int, ...] = (10, 5, 1)
    repeat: int = 10
    opens: time = time(8)
    closes: time = time(20)
    digest_above: int = 3


class Hours(NamedTuple):
    """When people may be told something: from ``opens`` until ``closes`` (excluded) on business days."""

    zone: ZoneInfo
    opens: time
    closes: time
    is_business_day: IsBusinessDay

    def hold(self, at: datetime) -> bool:
        """Tell whether people may be told at ``at``."""
        local = at.astimezone(self.zone)
        return self.is_business_day(local.date()) and self.opens <= local.time() < self.closes

    def next(self, at: datetime) -> datetime:
        """Return ``at`` itself where people may be told then, else the next business morning, in UTC."""
        if self.hold(at):
            return at.astimezone(UTC)
        local = at.astimezone(self.zone)
        return self.morning(add_business_days(local.date(), int(local.time() >= self.opens), self.is_business_day))

    def morning(self, day: date) -> datetime:
        """Return when people may first be told on the business day ``day``, in UTC."""
        return datetime.combine(day, self.opens, self.zone).astimezone(UTC)

    def later(self, at: datetime, days: int) -> datetime:
        """Return the same time of day ``days`` business days after ``at``, within the hours."""
        local = at.astimezone(self.zone)
        day = add_business_days(local.date(), days, self.is_business_day)
        return self.next(datetime.combine(day, local.time(), self.zone))


class Rung(NamedTuple):
    """Where an item is on the ladder: its step, since when the people of that step know, and what is still to come."""

    step: int
    told_at: datetime
    acknowledged: bool
    due_on: date | None


def in_settings() -> Ladder:
    """Return the ladder that the settings ask for."""
    return Ladder(**getattr(settings, "NOTICE_LADDER", {}))


def office_hours(ladder: Ladder) -> Hours:
    """Return the organisation's office hours, in its zone (``TIME_ZONE``); one query."""
    return Hours(ZoneInfo(settings.TIME_ZONE), ladder.opens, ladder.closes, business_days(*organisation_days()))


def escalates_at(rung: Rung, ladder: Ladder, hours: Hours) -> datetime | None:
    """Return when the next step is told; None once somebody acknowledged, or where there is no next step."""
    if rung.acknowledged or rung.step >= MANAGEMENT:
        return None
    return hours.later(rung.told_at, ladder.waits[rung.step])


def comes_up_at(rung: Rung, after: datetime, ladder: Ladder, hours: Hours) -> datetime:
    """Return when the item is to be looked at again, later than ``after``: to remind of it or to escalate it.

    Without a day to come it is repeated until it is closed; so is what even management does not acknowledge.
    """
    moments = [moment for moment in due_reminders(rung.due_on, ladder, hours) if moment > after]
    if not moments or (rung.step == MANAGEMENT and not rung.acknowledged):
        moments.append(hours.later(after, ladder.repeat))
    escalation = escalates_at(rung, ladder, hours)
    return min(moments if escalation is None else [*moments, escalation])


def due_reminders(due_on: date | None, ladder: Ladder, hours: Hours) -> list[datetime]:
    """Return the mornings on which people are reminded of a day to come."""
    if due_on is None:
        return []
    return [hours.morning(add_business_days(due_on, -days, hours.is_business_day)) for days in ladder.before_due]
