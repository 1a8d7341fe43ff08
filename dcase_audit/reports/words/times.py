"""Moments, periods and durations in words. Intervals are half-open inside and inclusive in print."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from dcase_audit.calendars import durations
from dcase_audit.reports.words.catalogue import Catalogue

# Not from the machine's locale, which would reach the page.
ENGLISH_MONTHS = (
    "", "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def exact(moment: datetime) -> str:
    """Return the moment as RFC 3339 in UTC, with no more digits than it needs."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


@dataclass(frozen=True)
class Times:
    """Prints moments in the case's zone, in one language."""

    catalogue: Catalogue
    zone: ZoneInfo

    def abbreviation(self, moment: datetime) -> str:
        """Return the zone's short name at ``moment``: JST."""
        return moment.astimezone(self.zone).tzname() or str(self.zone)

    def day(self, moment: datetime) -> str:
        """Return the date of ``moment`` in words."""
        return self._day(moment.astimezone(self.zone).date())

    def moment(self, moment: datetime) -> str:
        """Return date, time and zone in words."""
        local = moment.astimezone(self.zone)
        return self.catalogue.moment.format(
            day=self._day(local.date()), time=_clock(local), zone=self.abbreviation(moment)
        )

    def short_day(self, moment: datetime) -> str:
        """Return the date for a table: 2026-11-20."""
        return moment.astimezone(self.zone).date().isoformat()

    def short_moment(self, moment: datetime) -> str:
        """Return date and time for a table; the page names the zone."""
        local = moment.astimezone(self.zone)
        return f"{local.date().isoformat()} {_clock(local)}"

    def said(self, moment: datetime) -> str:
        """Return date and time in words, for a sentence; the page names the zone."""
        local = moment.astimezone(self.zone)
        if _is_midnight(local):
            return self._day(local.date())
        return self.catalogue.day_and_time.format(day=self._day(local.date()), time=_clock(local))

    def until(self, moment: datetime) -> str:
        """Return *until* the last day before ``moment``; with the time if ``moment`` is no midnight."""
        local = moment.astimezone(self.zone)
        if _is_midnight(local):
            return self.catalogue.until_day.format(day=self._day(_day_before(local)))
        return self.catalogue.until_moment.format(day=self._day(local.date()), time=_clock(local))

    def last(self, moment: datetime) -> str:
        """Return the last day before ``moment`` in words; the moment itself if it is no midnight."""
        local = moment.astimezone(self.zone)
        return self._day(_day_before(local)) if _is_midnight(local) else self.moment(moment)

    def short_last(self, moment: datetime) -> str:
        """Return the last day before ``moment`` for a table; the moment itself if it is no midnight."""
        local = moment.astimezone(self.zone)
        return _day_before(local).isoformat() if _is_midnight(local) else self.short_moment(moment)

    def period(self, start: datetime | None, end: datetime | None) -> str:
        """Return a half-open period with inclusive dates, for a table."""
        if start is None and end is None:
            return self.catalogue.unbounded
        template = self.catalogue.period
        if start is None:
            template = self.catalogue.open_start
        elif end is None:
            template = self.catalogue.open_end
        first, last = self._short_first(start, end) if start else "", self.short_last(end) if end else ""
        if first == last:
            return first
        return template.format(start=first, end=_without_day(last, of=first))

    def span(self, start: datetime, end: datetime) -> str:
        """Return from when until when something went on, for a table; the day once if it is the same."""
        first, last = self.short_moment(start), self.short_moment(end)
        return self.catalogue.period.format(start=first, end=_without_day(last, of=first))

    def duration(self, iso: str) -> str:
        """Return an ISO 8601 duration in words."""
        parsed = durations.parse(iso)
        years, months = divmod(parsed.months, 12)
        hours, rest = divmod(parsed.exact, timedelta(hours=1))
        minutes, rest = divmod(rest, timedelta(minutes=1))
        numbers = {
            "years": str(years),
            "months": str(months),
            "days": str(parsed.days),
            "hours": str(hours),
            "minutes": str(minutes),
            "seconds": f"{rest.total_seconds():.6f}".rstrip("0").rstrip("."),
        }
        parts = [self._counted(unit, number) for unit, number in numbers.items() if number != "0"]
        return self.catalogue.duration_joint.join(parts) or self._counted("seconds", "0")

    def _counted(self, unit: str, number: str) -> str:
        one, several = self.catalogue.duration[unit]
        return (one if number == "1" else several).format(number)

    def _day(self, day: date) -> str:
        return self.catalogue.day.format(day=day, month=ENGLISH_MONTHS[day.month])

    def _short_first(self, moment: datetime, end: datetime | None) -> str:
        """Return the start of a period: with its time, unless it begins, and if it ends ends, with a day."""
        whole = all(_is_midnight(one.astimezone(self.zone)) for one in (moment, end) if one is not None)
        return self.short_day(moment) if whole else self.short_moment(moment)


def _is_midnight(local: datetime) -> bool:
    return (local.hour, local.minute, local.second, local.microsecond) == (0, 0, 0, 0)


def _without_day(moment: str, *, of: str) -> str:
    """Leave out the day of ``moment`` where both have a time and ``of`` names the same day."""
    (day, _, time), (other, _, since) = moment.partition(" "), of.partition(" ")
    return time if time and since and day == other else moment


def _day_before(local: datetime) -> date:
    return local.date() - timedelta(days=1)


def _clock(local: datetime) -> str:
    """Return hours and minutes, and seconds where there are some."""
    return f"{local:%H:%M:%S}" if local.second else f"{local:%H:%M}"
