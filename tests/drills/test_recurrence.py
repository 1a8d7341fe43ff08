"""When drills are due: wall-clock time of their zone, over changes of summer time, and nothing without an end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from drills import recurrence
from drills.recurrence import InvalidRecurrence
from tests.timing import within

TOKYO, BERLIN = ZoneInfo("Asia/Tokyo"), ZoneInfo("Europe/Berlin")
START = datetime(2026, 1, 16, 22, tzinfo=TOKYO)


def local(rule: str, start: datetime = START, zone: ZoneInfo = TOKYO, days: int = 90) -> list[str]:
    found = recurrence.moments(rule, starts_at=start, zone=zone, since=start, until=start + timedelta(days=days))
    return [moment.astimezone(zone).isoformat(timespec="minutes") for moment in found]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("", ["2026-01-16T22:00+09:00"]),
        (
            "FREQ=MONTHLY;BYDAY=3FR",
            ["2026-01-16T22:00+09:00", "2026-02-20T22:00+09:00", "2026-03-20T22:00+09:00"],
        ),
        ("FREQ=MONTHLY;BYMONTHDAY=31", ["2026-01-31T22:00+09:00", "2026-03-31T22:00+09:00"]),
        ("FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=2", ["2026-01-31T22:00+09:00", "2026-02-28T22:00+09:00"]),
        (
            "FREQ=WEEKLY;INTERVAL=2;COUNT=3",
            ["2026-01-16T22:00+09:00", "2026-01-30T22:00+09:00", "2026-02-13T22:00+09:00"],
        ),
        ("FREQ=DAILY;UNTIL=20260118T000000Z", ["2026-01-16T22:00+09:00", "2026-01-17T22:00+09:00"]),
        ("FREQ=YEARLY;BYMONTH=3,9;BYDAY=1SU", ["2026-03-01T22:00+09:00"]),
    ],
)
def test_rules_are_counted_on_the_wall_clock(rule: str, expected: list[str]) -> None:
    assert local(rule) == expected


def test_a_drill_stays_at_its_hour_when_summer_time_begins_and_ends() -> None:
    start = datetime(2026, 3, 27, 22, tzinfo=BERLIN)

    assert local("FREQ=DAILY;COUNT=3", start, BERLIN) == [
        "2026-03-27T22:00+01:00",
        "2026-03-28T22:00+01:00",
        "2026-03-29T22:00+02:00",
    ]


def test_an_hour_that_summer_time_skips_is_read_with_the_offset_from_before() -> None:
    start = datetime(2026, 3, 28, 2, 30, tzinfo=BERLIN)

    found = recurrence.moments(
        "FREQ=DAILY;COUNT=2", starts_at=start, zone=BERLIN, since=start, until=start + timedelta(days=9)
    )

    assert found == [datetime(2026, 3, 28, 1, 30, tzinfo=UTC), datetime(2026, 3, 29, 1, 30, tzinfo=UTC)]


def test_only_the_asked_span_comes_back_and_it_holds_both_its_ends() -> None:
    since, until = START + timedelta(days=7), START + timedelta(days=14)

    found = recurrence.moments("FREQ=WEEKLY", starts_at=START, zone=TOKYO, since=since, until=until)

    assert found == [since, until]
    assert recurrence.moments("", starts_at=START, zone=TOKYO, since=since, until=until) == []


@pytest.mark.parametrize(
    "rule",
    [
        "MONTHLY",
        "INTERVAL=2",
        "FREQ=",
        "FREQ=SECONDLY",
        "FREQ=MINUTELY",
        "FREQ=HOURLY",
        "FREQ=DAILY;BYHOUR=1,2",
        "FREQ=DAILY;BYSECOND=1",
        "FREQ=DAILY;BYEASTER=0",
        "FREQ=DAILY;FREQ=DAILY",
        "FREQ=DAILY;",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;INTERVAL=-1",
        "FREQ=DAILY;COUNT=0",
        "FREQ=DAILY;COUNT=99999",
        "FREQ=DAILY;UNTIL=20260120",
        "FREQ=DAILY;UNTIL=20260120T000000",
        "FREQ=DAILY;UNTIL=20261399T000000Z",
        "FREQ=MONTHLY;BYDAY=9FR",
        "FREQ=MONTHLY;BYDAY=XX",
        "FREQ=MONTHLY;BYMONTHDAY=32",
        "FREQ=MONTHLY;BYMONTH=13",
        "RRULE:FREQ=DAILY",
        "FREQ=DAILY\nEXDATE:20260116T130000Z",
        "freq=daily",
    ],
)
def test_what_is_no_rule_of_a_drill_is_a_422(rule: str) -> None:
    with pytest.raises(InvalidRecurrence) as refused:
        recurrence.check(rule, starts_at=START, zone=TOKYO)

    assert (refused.value.status, refused.value.pointer) == (422, "/recurrence")


@pytest.mark.parametrize("rule", ["FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=DAILY;UNTIL=20200101T000000Z"])
def test_a_rule_that_never_comes_true_is_refused_when_it_is_made(rule: str) -> None:
    with within(1.5), pytest.raises(InvalidRecurrence, match="never"):
        recurrence.check(rule, starts_at=START, zone=TOKYO)


@pytest.mark.parametrize(
    "rule", ["", "FREQ=DAILY", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "FREQ=WEEKLY;WKST=SU"]
)
def test_rules_that_drills_have_are_taken(rule: str) -> None:
    recurrence.check(rule, starts_at=START, zone=TOKYO)
