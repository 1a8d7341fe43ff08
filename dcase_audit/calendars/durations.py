"""ISO 8601 durations with calendar arithmetic in a zone: P1M after 31 January is the last day of February there."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

PATTERN = re.compile(
    r"P(?!$)(?:(?P<years>\d{1,4})Y)?(?:(?P<months>\d{1,4})M)?(?:(?P<weeks>\d{1,4})W)?(?:(?P<days>\d{1,5})D)?"
    r"(?:T(?!$)(?:(?P<hours>\d{1,6})H)?(?:(?P<minutes>\d{1,7})M)?(?:(?P<seconds>\d{1,8}(?:\.\d{1,6})?)S)?)?",
    re.ASCII,
)
LONGEST = 12 * 1000  # months; beyond it, moments of our time would leave the calendar that Python knows


class Duration(NamedTuple):
    """A duration whose months and days are counted on the calendar and whose ``exact`` part is elapsed time."""

    months: int = 0
    days: int = 0
    exact: timedelta = timedelta()

    @property
    def at_least(self) -> timedelta:
        """An elapsed time that it is never shorter than, wherever on the calendar and in whatever zone."""
        # A month has 28 days or more; clocks are set forward by a day at the most (Samoa, December 2011).
        return timedelta(days=28 * self.months + self.days - 1) + self.exact

    def after(self, moment: datetime, zone: ZoneInfo) -> datetime:
        """Return the moment this long after ``moment`` (aware), in ``moment``'s own zone."""
        return self._shift(moment, zone, 1)

    def before(self, moment: datetime, zone: ZoneInfo) -> datetime:
        """Return the moment this long before ``moment`` (aware)."""
        return self._shift(moment, zone, -1)

    def _shift(self, moment: datetime, zone: ZoneInfo, sign: int) -> datetime:
        shifted = moment
        if self.months or self.days:
            local = add_months(moment.astimezone(zone).replace(tzinfo=None), sign * self.months)
            if self.days:
                local += timedelta(days=sign * self.days)
            # A wall-clock time that does not exist, or exists twice, is read as fold 0 says (PEP 495).
            shifted = local.replace(tzinfo=zone)
        # By way of UTC: within one zone, Python adds wall-clock time and lets times stand that do not exist.
        return (shifted.astimezone(UTC) + sign * self.exact).astimezone(moment.tzinfo)


def add_months(local: datetime, months: int) -> datetime:
    """Return the same day ``months`` later, or the month's last day where it has no such day."""
    if not months:
        return local
    year, month = divmod(local.year * 12 + local.month - 1 + months, 12)
    return local.replace(year=year, month=month + 1, day=min(local.day, monthrange(year, month + 1)[1]))


def parse(text: str) -> Duration:
    """Parse ``P1Y6M``, ``P100D``, ``P2W``, ``PT15M``, ``PT0.999S``; ValueError for anything else and beyond 1000 years.

    Source: ISO 8601-1 5.5.2.4, with fractions allowed in the seconds only.
    """
    match = PATTERN.fullmatch(text)
    if match is None:
        raise ValueError(f"{text[:40]!r} is not an ISO 8601 duration such as P1Y, P14D or PT5M")
    part = {name: value or "0" for name, value in match.groupdict().items()}
    whole, _, fraction = part["seconds"].partition(".")
    exact = timedelta(
        hours=int(part["hours"]),
        minutes=int(part["minutes"]),
        seconds=int(whole),
        microseconds=int(fraction.ljust(6, "0") or 0),
    )
    months = int(part["years"]) * 12 + int(part["months"])
    if months > LONGEST:
        raise ValueError(f"{text!r} is longer than a thousand years")
    return Duration(months, int(part["weeks"]) * 7 + int(part["days"]), exact)


def parse_or_none(text: str | None) -> Duration | None:
    """Parse where there is a text; a field left empty sets no limit."""
    return parse(text) if text else None
