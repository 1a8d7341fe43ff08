"""Moments of the made-up year, counted back from its end, so that any end gives a year of the same shape."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from dcase_audit.calendars.business_days import IsBusinessDay, add_business_days, business_days

MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY, SUNDAY = range(7)

# A week more than a year, so that even after a long holiday all is in place when the year begins.
FIRST_DAY = -372


class Year:
    """The year that ends at ``now``, as the people of ``zone`` count its days. Moments are given in UTC.

    Days and weeks are counted from the day of ``now`` (0); those before it are negative.
    """

    def __init__(self, now: datetime, zone: ZoneInfo) -> None:
        self.now = now.astimezone(UTC)
        self.zone = zone
        self.today = now.astimezone(zone).date()
        self.is_business_day: IsBusinessDay = business_days(frozenset(self.closed_days()), frozenset())

    def closed_days(self) -> list[date]:
        """Return the days around New Year on which the exchange is closed beside the public holidays."""
        years = range(self.today.year - 1, self.today.year + 2)
        return [day for year in years for day in (date(year, 1, 2), date(year, 1, 3), date(year, 12, 31))]

    def day(self, days: int, clock: str = "00:00") -> datetime:
        """Return the time of day ``clock`` on a day, business day or not."""
        return self.at(self.today + timedelta(days=days), clock)

    def office(self, days: int, clock: str) -> datetime:
        """Return the time of day ``clock`` on the last business day up to a day."""
        day = self.today + timedelta(days=days)
        while not self.is_business_day(day):
            day -= timedelta(days=1)
        return self.at(day, clock)

    def weekday(self, weeks: int, weekday: int, clock: str) -> datetime:
        """Return the time of day ``clock`` on the last such weekday up to ``weeks`` from today."""
        day = self.today + timedelta(weeks=weeks)
        return self.at(day - timedelta(days=(day.weekday() - weekday) % 7), clock)

    def after(self, moment: datetime, days: int, clock: str) -> datetime:
        """Return the time of day ``clock`` on the ``days``-th business day after ``moment``."""
        return self.at(add_business_days(moment.astimezone(self.zone).date(), days, self.is_business_day), clock)

    def opening(self, days: int, clock: str) -> datetime:
        """Return the time of day ``clock`` on the ``days``-th business day after the product's first day."""
        return self.after(self.office(FIRST_DAY, clock), days, clock)

    def before(self, moment: datetime, days: int, clock: str) -> datetime:
        """Return the time of day ``clock`` on the ``days``-th business day before ``moment``."""
        return self.after(moment, -days, clock)

    def fiscal_year_end(self) -> datetime:
        """Return the end of the next 31 March that lies more than 90 days ahead: 1 April, 0:00."""
        year = self.today.year
        while date(year, 3, 31) - self.today <= timedelta(days=90):
            year += 1
        return self.at(date(year, 4, 1), "00:00")

    def at(self, day: date, clock: str) -> datetime:
        """Return the time of day ``clock`` on ``day``."""
        return datetime.combine(day, time.fromisoformat(clock), self.zone).astimezone(UTC)

    def local(self, moment: datetime) -> str:
        """Write a moment as the exchange's own records do."""
        return moment.astimezone(self.zone).isoformat(timespec="seconds")
