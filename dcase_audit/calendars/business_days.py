"""Business days of Japan and of the organisation. Source: the ``holidays`` package for the public ones."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from functools import cache

import holidays

IsBusinessDay = Callable[[date], bool]


@cache
def _public(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("JP", years=year))


def holidays_of(years: range) -> frozenset[date]:
    """Return Japan's public holidays of the years."""
    return frozenset().union(*(_public(year) for year in years))


def business_days(closed: frozenset[date], opened: frozenset[date]) -> IsBusinessDay:
    """Return the rule of an organisation that closes on ``closed`` and works on ``opened``, holiday or not."""

    def is_business_day(day: date) -> bool:
        if day in opened:
            return True
        return day.weekday() < 5 and day not in closed and day not in _public(day.year)

    return is_business_day


def add_business_days(day: date, count: int, is_business_day: IsBusinessDay) -> date:
    """Return the ``count``-th business day after ``day`` (negative: before it); 0 gives the day, or the next one."""
    step = timedelta(days=1 if count >= 0 else -1)
    while count == 0 and not is_business_day(day):
        day += step
    for _ in range(abs(count)):
        day += step
        while not is_business_day(day):
            day += step
    return day


def business_days_between(start: date, end: date, is_business_day: IsBusinessDay) -> int:
    """Count the business days after ``start`` up to and with ``end``; negative when ``end`` lies before."""
    if end < start:
        return -business_days_between(end, start, is_business_day)
    return sum(is_business_day(start + timedelta(days=n)) for n in range(1, (end - start).days + 1))
