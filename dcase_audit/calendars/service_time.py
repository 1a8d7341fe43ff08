"""Time that counts: how much of a span lies within a calendar's hours, and when a given amount of it is used up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

HORIZON = timedelta(days=3660)

# From when until when on a day; a second time at or before the first one lies on the next day.
Hours = tuple[time, time]


class ServiceCalendar(NamedTuple):
    """The hours that count, in one zone: always, or from ``opens`` until ``closes`` on each day that counts.

    ``closes`` at or before ``opens`` lies on the next day (22:00 to 06:00 belongs to the day on which it opens).
    ``weekdays`` are those that count (Monday is 0), ``closed`` the days that do not count all the same, ``opened`` the
    days that count whatever else is said. ``sessions``, in order of their days, replace ``opens`` and ``closes`` from
    each day on: a morning and an afternoon, later ones after a change of rules. ``special`` days have hours of their
    own, none where they are closed.
    """

    zone: ZoneInfo
    always: bool = True
    opens: time = time(0)
    closes: time = time(0)
    weekdays: frozenset[int] = frozenset(range(7))
    closed: frozenset[date] = frozenset()
    opened: frozenset[date] = frozenset()
    sessions: tuple[tuple[date, tuple[Hours, ...]], ...] = ()
    special: Mapping[date, tuple[Hours, ...]] = {}

    def counts(self, day: date) -> bool:
        """Tell whether the day's hours count."""
        return day in self.opened or (day.weekday() in self.weekdays and day not in self.closed)

    def hours(self, day: date) -> tuple[Hours, ...]:
        """Return the hours of ``day`` that count, in order."""
        if self.special and day in self.special:
            return self.special[day]
        if not self.counts(day):
            return ()
        found: tuple[Hours, ...] = ((self.opens, self.closes),)
        for since, hours in self.sessions:
            if since <= day:
                found = hours
        return found


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
        for opens, closes in spans_of(calendar, day):
            # A night may reach into a day with special hours: what both say counts once.
            opens, closes = max(opens, start), min(closes, end)
            if opens < closes:
                yield opens, closes
                start = closes
        day += timedelta(days=1)


def spans_of(calendar: ServiceCalendar, day: date) -> Iterator[tuple[datetime, datetime]]:
    """Yield when the hours of ``day`` begin and end, in UTC."""
    for opens, closes in calendar.hours(day):
        next_day = day if closes > opens else day + timedelta(days=1)
        begins = datetime.combine(day, opens, calendar.zone)
        yield begins.astimezone(UTC), datetime.combine(next_day, closes, calendar.zone).astimezone(UTC)


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
