from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcase_audit.calendars.business_days import add_business_days, business_days, business_days_between, holidays_of

# The Cabinet Office's list (国民の祝日), substitute holidays and the day between two holidays included.
HOLIDAYS = {
    2024: ["01-01", "01-08", "02-11", "02-12", "02-23", "03-20", "04-29", "05-03", "05-04", "05-05", "05-06", "07-15",
           "08-11", "08-12", "09-16", "09-22", "09-23", "10-14", "11-03", "11-04", "11-23"],
    2025: ["01-01", "01-13", "02-11", "02-23", "02-24", "03-20", "04-29", "05-03", "05-04", "05-05", "05-06", "07-21",
           "08-11", "09-15", "09-23", "10-13", "11-03", "11-23", "11-24"],
    2026: ["01-01", "01-12", "02-11", "02-23", "03-20", "04-29", "05-03", "05-04", "05-05", "05-06", "07-20", "08-11",
           "09-21", "09-22", "09-23", "10-12", "11-03", "11-23"],
    2027: ["01-01", "01-11", "02-11", "02-23", "03-21", "03-22", "04-29", "05-03", "05-04", "05-05", "07-19", "08-11",
           "09-20", "09-23", "10-11", "11-03", "11-23"],
}  # fmt: skip

COUNTRY = business_days(frozenset(), frozenset())
dates = st.dates(date(2024, 1, 1), date(2027, 12, 31))


@pytest.mark.parametrize("year", HOLIDAYS)
def test_the_public_holidays_are_known(year: int) -> None:
    expected = {date.fromisoformat(f"{year}-{day}") for day in HOLIDAYS[year]}

    assert holidays_of(range(year, year + 1)) == expected
    assert not any(COUNTRY(day) for day in expected)


def test_every_other_weekday_is_a_business_day() -> None:
    known = holidays_of(range(2024, 2028))
    days = [date(2024, 1, 1) + timedelta(days=n) for n in range(4 * 365 + 1)]

    assert [day for day in days if COUNTRY(day)] == [day for day in days if day.weekday() < 5 and day not in known]


def test_the_organisation_closes_at_new_year_and_makes_up_on_a_saturday() -> None:
    closed = frozenset([date(2026, 12, 31), date(2027, 1, 2), date(2027, 1, 3)])
    rule = business_days(closed, frozenset([date(2026, 12, 26), date(2026, 11, 23)]))

    assert not rule(date(2026, 12, 31))
    assert rule(date(2026, 12, 26))  # a Saturday
    assert rule(date(2026, 11, 23))  # a public holiday on which the organisation works


@pytest.mark.parametrize(
    ("day", "count", "expected"),
    [
        ("2026-04-28", 1, "2026-04-30"),  # over Showa Day
        ("2026-04-30", 2, "2026-05-07"),  # over Golden Week with its substitute holiday
        ("2026-05-07", -1, "2026-05-01"),
        ("2026-12-31", 1, "2027-01-04"),
        ("2026-09-18", 1, "2026-09-24"),  # over the day between two holidays
        ("2026-11-21", 0, "2026-11-24"),  # Saturday, Sunday, Labour Thanksgiving Day
        ("2026-11-20", 0, "2026-11-20"),
        ("2026-11-22", -1, "2026-11-20"),
        ("2026-11-22", 1, "2026-11-24"),
    ],
)
def test_business_days_are_counted_over_holidays(day: str, count: int, expected: str) -> None:
    assert add_business_days(date.fromisoformat(day), count, COUNTRY) == date.fromisoformat(expected)


@given(dates, st.integers(-60, 60).filter(bool))
def test_counting_gives_what_was_added(day: date, count: int) -> None:
    landed = add_business_days(day, count, COUNTRY)

    assert COUNTRY(landed)
    assert business_days_between(day, landed, COUNTRY) == (count if count > 0 or COUNTRY(day) else count + 1)


@given(dates, dates, dates)
def test_counts_add_up(first: date, second: date, third: date) -> None:
    def count(start: date, end: date) -> int:
        return business_days_between(start, end, COUNTRY)

    assert count(first, second) + count(second, third) == count(first, third)
    assert count(first, second) == -count(second, first)
