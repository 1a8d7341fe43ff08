from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcase_audit.calendars.business_days import business_days
from dcase_audit.notices.ladder import Hours, Ladder, Rung, comes_up_at, due_reminders, escalates_at, in_settings

TOKYO = ZoneInfo("Asia/Tokyo")
NEW_YEAR = frozenset([date(2026, 12, 31), date(2027, 1, 2), date(2027, 1, 3)])
HOURS = Hours(TOKYO, time(8), time(20), business_days(NEW_YEAR, frozenset()))
LADDER = Ladder()

START = datetime(2026, 1, 1, tzinfo=UTC)
moments = st.timedeltas(timedelta(0), timedelta(days=730)).map(lambda passed: START + passed)
rungs = st.builds(
    Rung,
    st.integers(0, 2),
    moments.map(HOURS.next),
    st.booleans(),
    st.none() | st.dates(date(2026, 1, 1), date(2028, 6, 1)),
)


def tokyo(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=TOKYO)


@pytest.mark.parametrize(
    ("at", "told_at"),
    [
        ("2026-11-20T08:00", "2026-11-20T08:00"),
        ("2026-11-20T19:59:59", "2026-11-20T19:59:59"),
        ("2026-11-20T07:59", "2026-11-20T08:00"),
        ("2026-11-20T20:00", "2026-11-24T08:00"),  # Friday evening, over a three-day weekend
        ("2026-11-20T23:59", "2026-11-24T08:00"),  # 14:59 UTC: still Friday in Tokyo
        ("2026-11-21T00:00", "2026-11-24T08:00"),  # 15:00 UTC on Friday: Saturday in Tokyo
        ("2026-11-24T00:00", "2026-11-24T08:00"),  # 15:00 UTC on the holiday: Tuesday in Tokyo
        ("2026-04-28T21:00", "2026-04-30T08:00"),  # Showa Day
        ("2026-05-01T20:00", "2026-05-07T08:00"),  # Golden Week
        ("2026-12-30T20:00", "2027-01-04T08:00"),  # New Year
    ],
)
def test_people_are_told_in_office_hours_on_business_days(at: str, told_at: str) -> None:
    assert HOURS.next(tokyo(at)) == tokyo(told_at)


@pytest.mark.parametrize(
    ("step", "told_at", "escalates"),
    [
        (0, "2026-11-16T09:30", "2026-11-19T09:30"),
        (0, "2026-11-20T09:30", "2026-11-26T09:30"),  # over the weekend and Labour Thanksgiving Day
        (1, "2026-11-16T09:30", "2026-11-24T09:30"),
        (2, "2026-11-16T09:30", None),
        (0, "2026-04-28T19:59", "2026-05-07T19:59"),  # 30 April, 1 May, 7 May
        (1, "2026-04-30T08:00", "2026-05-12T08:00"),
        (0, "2026-12-28T10:00", "2027-01-04T10:00"),  # 29 and 30 December, 4 January
        (1, "2026-12-29T10:00", "2027-01-07T10:00"),
    ],
)
def test_the_next_step_is_told_after_the_present_ones_business_days(
    step: int, told_at: str, escalates: str | None
) -> None:
    rung = Rung(step, tokyo(told_at), False, None)

    assert escalates_at(rung, LADDER, HOURS) == (tokyo(escalates) if escalates else None)
    assert escalates_at(rung._replace(acknowledged=True), LADDER, HOURS) is None


@pytest.mark.parametrize(
    ("due_on", "days"),
    [
        ("2026-11-20", ["2026-11-06", "2026-11-13", "2026-11-19"]),
        ("2026-11-22", ["2026-11-09", "2026-11-16", "2026-11-20"]),  # a Sunday
        ("2027-01-04", ["2026-12-17", "2026-12-24", "2026-12-30"]),
        ("2026-05-07", ["2026-04-17", "2026-04-24", "2026-05-01"]),
    ],
)
def test_a_day_to_come_is_called_to_mind_ten_five_and_one_business_day_before(due_on: str, days: list[str]) -> None:
    mornings = [tokyo(f"{day}T08:00") for day in days]

    assert due_reminders(date.fromisoformat(due_on), LADDER, HOURS) == mornings


@pytest.mark.parametrize(
    ("rung", "comes_up"),
    [
        # Unacknowledged, nothing to come: the ladder first, at its end every ten business days.
        (Rung(0, tokyo("2026-11-16T09:00"), False, None), "2026-11-19T09:00"),
        (Rung(1, tokyo("2026-11-16T09:00"), False, None), "2026-11-24T09:00"),
        (Rung(2, tokyo("2026-11-16T09:00"), False, None), "2026-12-01T09:00"),
        # Acknowledged: reminded every ten business days.
        (Rung(0, tokyo("2026-11-16T09:00"), True, None), "2026-12-01T09:00"),
        # A day far ahead: nobody is bothered about it until ten business days before, once somebody acknowledged.
        (Rung(0, tokyo("2026-11-16T09:00"), True, date(2027, 3, 31)), "2027-03-16T08:00"),
        (Rung(1, tokyo("2026-11-16T09:00"), False, date(2027, 3, 31)), "2026-11-24T09:00"),
        (Rung(2, tokyo("2026-11-16T09:00"), False, date(2027, 3, 31)), "2026-12-01T09:00"),
        # The day before comes earlier than the next step; a day that has passed is no day to come.
        (Rung(0, tokyo("2026-11-16T09:00"), False, date(2026, 11, 18)), "2026-11-17T08:00"),
        (Rung(0, tokyo("2026-11-16T09:00"), True, date(2026, 11, 16)), "2026-12-01T09:00"),
    ],
)
def test_when_an_item_comes_up_again(rung: Rung, comes_up: str) -> None:
    assert comes_up_at(rung, tokyo("2026-11-16T09:00"), LADDER, HOURS) == tokyo(comes_up)


@given(rungs, moments)
def test_an_item_always_comes_up_again_later_and_in_office_hours(rung: Rung, passed: datetime) -> None:
    after = HOURS.next(passed)
    escalation = escalates_at(rung, LADDER, HOURS)
    if escalation is not None and escalation <= after:
        rung = rung._replace(told_at=after)  # what is overdue has just climbed

    comes_up = comes_up_at(rung, after, LADDER, HOURS)

    assert comes_up > after
    assert HOURS.hold(comes_up)
    # Weekends, Golden Week and New Year make ten business days three weeks at most; only a day to come waits longer.
    assert comes_up <= after + timedelta(days=21) or (rung.due_on is not None and rung.due_on > after.date())


@pytest.mark.parametrize(
    ("asked", "waits"),
    [({}, (3, 5)), ({"waits": (1, 2)}, (1, 2)), ({"repeat": 20}, (3, 5))],
)
def test_the_settings_override_single_fields(settings: Any, asked: dict[str, object], waits: tuple[int, int]) -> None:
    settings.NOTICE_LADDER = asked

    assert in_settings().waits == waits
