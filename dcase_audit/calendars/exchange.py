"""The sessions of the Tokyo Stock Exchange's cash market, as its rules set them; not which of them took place.

A day lost to an outage stays a session: on 1 October 2020 trading was agreed and did not happen. Calendars made from
what was traded call it a holiday, and the year of the longest outage has no outage.

Source: business regulations of the exchange; the afternoon was extended by half an hour on 5 November 2024.
"""

from __future__ import annotations

from datetime import date, time
from zoneinfo import ZoneInfo

from dcase_audit.calendars.business_days import holidays_of
from dcase_audit.calendars.service_time import ServiceCalendar

KEY = "tokyo-exchange"
MORNING = (time(9), time(11, 30))
SESSIONS = (
    (date(2011, 11, 21), (MORNING, (time(12, 30), time(15)))),
    (date(2024, 11, 5), (MORNING, (time(12, 30), time(15, 30)))),
)
NEW_YEAR = ((1, 1), (1, 2), (1, 3), (12, 31))


def tokyo_exchange(years: range) -> ServiceCalendar:
    """Return the agreed sessions of the years: no weekend, public holiday or turn of the year."""
    closed = holidays_of(years) | {date(year, month, day) for year in years for month, day in NEW_YEAR}
    return ServiceCalendar(
        ZoneInfo("Asia/Tokyo"),
        always=False,
        opens=time(9),
        closes=time(15),
        weekdays=frozenset(range(5)),
        closed=closed,
        sessions=SESSIONS,
    )
