"""Consecutive periods of one length, on the calendar of a zone: months, quarters, years, weeks, days, hours."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from dcase_audit.calendars.durations import Duration

# A Monday: weeks begin there, and whatever else is counted in days.
FIRST_DAY = date(2000, 1, 3)
FIRST_INSTANT = datetime(2000, 1, 3, tzinfo=UTC)


def term_of(length: Duration, zone: ZoneInfo, at: datetime) -> tuple[datetime, datetime]:
    """Return the period of this length that ``at`` lies in, its end excluded, in UTC.

    Months are counted from January, so that quarters and halves are those of the calendar; a fiscal year that begins
    in April has the same quarters.

    Raises:
        ValueError: months, days and hours are mixed, or it has no length.
    """
    local = at.astimezone(zone)
    if length.months and not length.days and not length.exact:
        first = (local.year * 12 + local.month - 1) // length.months * length.months
        return _midnight(_month(first), zone), _midnight(_month(first + length.months), zone)
    if length.days and not length.months and not length.exact:
        first_day = FIRST_DAY + timedelta(days=(local.date() - FIRST_DAY).days // length.days * length.days)
        return _midnight(first_day, zone), _midnight(first_day + timedelta(days=length.days), zone)
    if length.exact and not length.months and not length.days:
        start = FIRST_INSTANT + (at - FIRST_INSTANT) // length.exact * length.exact
        return start, start + length.exact
    raise ValueError("a period is of months, of days, or of hours")


def _month(number: int) -> date:
    return date(number // 12, number % 12 + 1, 1)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)
