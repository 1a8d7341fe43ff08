"""Moments, ends and durations as pages write them, in the language and the time zone that are active.

Intervals are half-open inside and inclusive on pages: what ends on 1 April at midnight holds until 31 March.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils import dateformat, timezone
from django.utils.translation import get_language, ngettext

from dcase_audit.calendars import durations

DAY_FORMATS = {"ja": "Y年n月j日", "en": "j M Y"}


def language() -> str:
    """Return the active language as the models spell it: ``ja`` or ``en``."""
    return "ja" if (get_language() or "").startswith("ja") else "en"


def day_text(day: date) -> str:
    """Return a day in words; of a moment, its day in the active zone."""
    if isinstance(day, datetime):
        day = timezone.localtime(day).date()
    return dateformat.format(day, DAY_FORMATS[language()])


def moment_text(moment: datetime) -> str:
    """Return day, time and the zone's name."""
    local = timezone.localtime(moment)
    return f"{day_text(local)} {local:%H:%M} {local.tzname()}"


def precise_moment_text(moment: datetime) -> str:
    """Return day, time to the millisecond and the zone's name."""
    local = timezone.localtime(moment)
    return f"{day_text(local)} {local:%H:%M:%S}.{local.microsecond // 1000:03} {local.tzname()}"


def first_day_text(start: datetime) -> str:
    """Return the day of ``start``; where it is no midnight, with its time."""
    local = timezone.localtime(start)
    return day_text(local) if local.time() == time() else f"{day_text(local)} {local:%H:%M}"


def last_day_text(end: datetime) -> str:
    """Return the last day before ``end``; where the end is no midnight, its day and time."""
    local = timezone.localtime(end)
    if local.time() == time():
        return day_text(local.date() - timedelta(days=1))
    return f"{day_text(local)} {local:%H:%M}"


def clock_text(moment: datetime) -> str:
    """Return the time of day alone."""
    return f"{timezone.localtime(moment):%H:%M}"


def is_within_a_day(start: datetime, end: datetime) -> bool:
    """Tell whether both are times of one day, which then need not be named twice."""
    first, last = timezone.localtime(start), timezone.localtime(end)
    return first.date() == last.date() and time() not in (first.time(), last.time())


def starts_at(day: date | None, zone: ZoneInfo) -> datetime | None:
    """Return the moment at which a day that somebody entered begins."""
    return datetime.combine(day, time(), zone) if day is not None else None


def ends_after(day: date | None, zone: ZoneInfo) -> datetime | None:
    """Return the moment at which a last day that somebody entered has ended."""
    return starts_at(day + timedelta(days=1), zone) if day is not None else None


def duration_text(iso: str) -> str:
    """Return an ISO 8601 duration in words."""
    parsed = durations.parse(iso)
    years, months = divmod(parsed.months, 12)
    hours, rest = divmod(parsed.exact, timedelta(hours=1))
    minutes, rest = divmod(rest, timedelta(minutes=1))
    parts = [
        ngettext("%d year", "%d years", years) % years if years else "",
        ngettext("%d month", "%d months", months) % months if months else "",
        ngettext("%d day", "%d days", parsed.days) % parsed.days if parsed.days else "",
        ngettext("%d hour", "%d hours", hours) % hours if hours else "",
        ngettext("%d minute", "%d minutes", minutes) % minutes if minutes else "",
        _seconds(rest) if rest or not (parsed.months or parsed.days or parsed.exact) else "",
    ]
    return ("" if language() == "ja" else " ").join(part for part in parts if part)


def _seconds(rest: timedelta) -> str:
    number = f"{rest.total_seconds():.6f}".rstrip("0").rstrip(".")
    return ngettext("%s second", "%s seconds", 1 if number == "1" else 2) % number
