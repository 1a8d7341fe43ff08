from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from dcase_audit.calendars.durations import Duration, parse, parse_or_none

TOKYO = ZoneInfo("Asia/Tokyo")
NEW_YORK = ZoneInfo("America/New_York")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")  # half an hour of summer time

zones = st.sampled_from([TOKYO, NEW_YORK, LORD_HOWE, ZoneInfo("UTC")])
START = datetime(1990, 1, 1, tzinfo=UTC)
moments = st.timedeltas(timedelta(0), timedelta(days=70 * 365)).map(lambda passed: START + passed)
exact = st.timedeltas(timedelta(0), timedelta(days=400))
durations = st.builds(Duration, st.integers(0, 240), st.integers(0, 4000), exact)


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("P1Y", Duration(months=12)),
        ("P1Y6M", Duration(months=18)),
        ("P100D", Duration(days=100)),
        ("P2W", Duration(days=14)),
        ("P1W1D", Duration(days=8)),
        ("PT15M", Duration(exact=timedelta(minutes=15))),
        ("PT0.999S", Duration(exact=timedelta(milliseconds=999))),
        ("PT0.000001S", Duration(exact=timedelta(microseconds=1))),
        ("P1M1DT1H1M1S", Duration(1, 1, timedelta(hours=1, minutes=1, seconds=1))),
        ("P0D", Duration()),
        ("P1000Y", Duration(months=12000)),
    ],
)
def test_a_duration_is_read(text: str, duration: Duration) -> None:
    assert parse(text) == duration


@pytest.mark.parametrize(
    "text",
    ["", "P", "PT", "P1", "1Y", "P1YT", "P-1D", "p1y", "P1.5Y", "PT1,5S", "P1D1M", "P1M1Y", "PT1S1M", "P1Y ", " P1Y",
     "P1Y\n", "P１Y", "P१Y", "PT0.0000001S", "PT.5S", "P1001Y", "P9999Y12M", "P99999Y"],
)  # fmt: skip
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="duration|thousand years"):
        parse(text)


def test_an_empty_field_sets_no_limit() -> None:
    assert parse_or_none("") is None
    assert parse_or_none(None) is None
    assert parse_or_none("P1D") == Duration(days=1)


@pytest.mark.parametrize(
    ("start", "text", "end"),
    [
        ("2026-01-31", "P1M", "2026-02-28"),
        ("2024-01-31", "P1M", "2024-02-29"),
        ("2024-02-29", "P1Y", "2025-02-28"),
        ("2024-02-29", "P4Y", "2028-02-29"),
        ("2025-12-31", "P2M", "2026-02-28"),
        ("2026-08-31", "P1M1D", "2026-10-01"),
        ("2026-03-31", "P100D", "2026-07-09"),
        ("2026-11-20", "P1Y6M", "2028-05-20"),
    ],
)
def test_months_and_days_are_counted_on_the_calendar_there(start: str, text: str, end: str) -> None:
    midnight = datetime.fromisoformat(start).replace(tzinfo=TOKYO)

    assert parse(text).after(midnight, TOKYO) == datetime.fromisoformat(end).replace(tzinfo=TOKYO)


@pytest.mark.parametrize(
    ("start", "text", "end"), [("2026-03-31", "P1M", "2026-02-28"), ("2028-02-29", "P1Y", "2027-02-28")]
)
def test_counting_back_stays_within_the_month(start: str, text: str, end: str) -> None:
    midnight = datetime.fromisoformat(start).replace(tzinfo=TOKYO)

    assert parse(text).before(midnight, TOKYO) == datetime.fromisoformat(end).replace(tzinfo=TOKYO)


def test_the_day_is_the_zones_and_not_that_of_utc() -> None:
    late_evening_in_utc = datetime(2026, 1, 30, 15, 30, tzinfo=UTC)  # 31 January, 00:30 in Tokyo

    assert parse("P1M").after(late_evening_in_utc, TOKYO) == datetime(2026, 2, 27, 15, 30, tzinfo=UTC)
    assert parse("P1M").after(late_evening_in_utc, ZoneInfo("UTC")) == datetime(2026, 2, 28, 15, 30, tzinfo=UTC)


def test_a_day_may_have_23_or_25_hours_and_24_hours_never_do() -> None:
    before_spring = datetime(2026, 3, 7, 12, tzinfo=NEW_YORK)
    before_autumn = datetime(2026, 10, 31, 12, tzinfo=NEW_YORK)

    assert parse("P1D").after(before_spring, NEW_YORK).astimezone(UTC) - before_spring == timedelta(hours=23)
    assert parse("P1D").after(before_autumn, NEW_YORK).astimezone(UTC) - before_autumn == timedelta(hours=25)
    assert parse("PT24H").after(before_autumn, NEW_YORK).astimezone(UTC) - before_autumn == timedelta(hours=24)


def test_a_time_that_does_not_exist_becomes_the_one_that_the_clock_jumps_to() -> None:
    day_before = datetime(2026, 3, 7, 2, 30, tzinfo=NEW_YORK)

    landed = parse("P1D").after(day_before, NEW_YORK)

    assert landed.isoformat() == "2026-03-08T03:30:00-04:00"
    assert landed.astimezone(UTC) == datetime(2026, 3, 8, 7, 30, tzinfo=UTC)


def test_a_time_that_comes_twice_is_the_first() -> None:
    day_before = datetime(2026, 10, 31, 1, 30, tzinfo=NEW_YORK)

    assert parse("P1D").after(day_before, NEW_YORK).astimezone(UTC) == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)


@given(moments, durations, zones)
@example(datetime(2026, 3, 8, 6, 30, tzinfo=UTC), Duration(0, 0, timedelta(hours=1)), NEW_YORK)
@example(datetime(2026, 11, 1, 5, 30, tzinfo=UTC), Duration(0, 1), NEW_YORK)
def test_the_zone_that_a_moment_is_written_in_makes_no_difference(
    moment: datetime, duration: Duration, zone: ZoneInfo
) -> None:
    written_there = moment.astimezone(zone)

    assert duration.after(written_there, zone).astimezone(UTC) == duration.after(moment, zone)
    assert duration.before(written_there, zone).astimezone(UTC) == duration.before(moment, zone)


@given(moments, exact, zones)
def test_elapsed_time_is_added_and_taken_back_exactly(moment: datetime, amount: timedelta, zone: ZoneInfo) -> None:
    duration = Duration(exact=amount)

    assert duration.after(moment, zone) - moment == amount
    assert duration.before(duration.after(moment, zone), zone) == moment


@given(moments, st.integers(0, 4000), zones)
def test_days_go_there_and_back_where_the_clock_time_exists_once(moment: datetime, days: int, zone: ZoneInfo) -> None:
    duration = Duration(days=days)
    landed = duration.after(moment, zone)
    assume(_is_plain(moment, zone))
    assume(_is_plain(landed, zone) and landed.astimezone(zone).time() == moment.astimezone(zone).time())

    assert (landed.astimezone(zone).date() - moment.astimezone(zone).date()).days == days
    assert duration.before(landed, zone) == moment


@given(moments, st.integers(0, 240), zones)
def test_months_keep_the_day_or_give_the_last_one(moment: datetime, months: int, zone: ZoneInfo) -> None:
    start = moment.astimezone(zone)
    landed = Duration(months=months).after(start, zone)
    assume(landed.time() == start.time())

    assert (landed.year * 12 + landed.month) - (start.year * 12 + start.month) == months
    assert landed.day == start.day or (landed.day < start.day and (landed + timedelta(days=1)).day == 1)


@given(moments, durations, zones)
def test_after_never_goes_back_and_before_never_forward(moment: datetime, duration: Duration, zone: ZoneInfo) -> None:
    # An hour that comes twice is read as the first, so the second one may move back to it.
    slack = timedelta(hours=1)

    assert duration.after(moment, zone) >= moment - slack
    assert duration.before(moment, zone) <= moment + slack


@given(moments, zones)
def test_the_longest_duration_stays_within_the_calendar(moment: datetime, zone: ZoneInfo) -> None:
    longest = parse("P1000Y9999W99999DT999999H9999999M99999999S")

    assert longest.before(moment, zone) < moment < longest.after(moment, zone)


def _is_plain(moment: datetime, zone: ZoneInfo) -> bool:
    local = moment.astimezone(zone)
    return local.fold == 0 and local.replace(fold=1).utcoffset() == local.utcoffset()
