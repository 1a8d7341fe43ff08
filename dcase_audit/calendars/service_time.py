"""Time that counts: how much of a span lies within a calendar's hours, and when a given amount of it is used up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

HORIZON = timedelta(days=3660)


class ServiceCalendar(NamedTuple):
    """The hours that count, in one zone: always, or from ``opens`` until ``closes`` on each day that counts.

    ``closes`` at or before ``opens`` lies on the next day (22:00 to 06:00 belongs to the day on which it opens).
    ``weekdays`` are those that count (Monday is 0), ``closed`` the days that do not count all the same, ``opened`` the
    days that count whatever else is said.
    """

    zone: ZoneInfo
    always: bool = True
    opens: time = time(0)
    closes: time = time(0)
    weekdays: frozenset[int] = frozenset(range(7))
    closed: frozenset[date] = frozenset()
    opened: frozenset[date] = frozenset()

    def counts(self, day: date) -> bool:
        """Tell whether the day's hours count."""
        return day in self.opened or (day.weekday() in self.weekdays and day not in self.closed)


def spans(calendar: ServiceCalendar, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yield the parts of [start, end) that count, as half-open spans in UTC, in order."""
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    if calendar.always:
        if start < end:
            yield start, end
        return
    day = start.astimezone(calendar.zone).date() - timedelta(days=1)
    last = end.astimezone(calendar.zone).date()
    while day <= last:
        if calendar.counts(day):
            opens, closes = hours_of(calendar, day)
            if max(opens, start) < min(closes, end):
                yield max(opens, start), min(closes, end)
        day += timedelta(days=1)


def hours_of(calendar: ServiceCalendar, day: date) -> tuple[datetime, datetime]:
    """Return when the hours of ``day`` begin and end, in UTC."""
    opens = datetime.combine(day, calendar.opens, calendar.zone)
    next_day = day if calendar.closes > calendar.opens else day + timedelta(days=1)
    return opens.astimezone(UTC), datetime.combine(next_day, calendar.closes, calendar.zone).astimezone(UTC)


def elapsed(calendar: ServiceCalendar, start: datetime, end: datetime) -> timedelta:
    """Return how much of [start, end) counts."""
    return sum((b - a for a, b in spans(calendar, start, end)), timedelta())


def used_up(calendar: ServiceCalendar, start: datetime, amount: timedelta) -> datetime | None:
    """Return when ``amount`` of counted time has passed since ``start``, in UTC; None if not within ten years."""
    start = start.astimezone(UTC)
    if calendar.always or not amount:
        return start + amount
    for opens, closes in spans(calendar, start, start + HORIZON):
        if closes - opens >= amount:
            return opens + amount
        amount -= closes - opens
    return None
