"""The agreed service time that a target or a question names by the key of its calendar."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from dcase_audit.calendars import exchange
from dcase_audit.calendars.models import Calendar
from dcase_audit.calendars.service_time import ServiceCalendar

ALWAYS = "24x7"


def calendar_of(key: str, zone: ZoneInfo, start: datetime, end: datetime) -> ServiceCalendar | None:
    """Return the calendar with this key, holidays looked up for [start, end); None where there is none."""
    years = range(start.year - 1, end.year + 2)
    if key == exchange.KEY:
        return exchange.tokyo_exchange(years)
    found = Calendar.objects.filter(key=key).first()
    if found is not None:
        return found.service_calendar(zone, years=years)
    return ServiceCalendar(zone) if key == ALWAYS else None
