from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcase_audit.calendars.service_time import HORIZON, ServiceCalendar, elapsed, spans, used_up

TOKYO = ZoneInfo("Asia/Tokyo")
NEW_YORK = ZoneInfo("America/New_York")
ALWAYS = ServiceCalendar(TOKYO)
NIGHT = ServiceCalendar(TOKYO, False, time(22), time(6))
DAY = ServiceCalendar(TOKYO, False, time(6), time(22), frozenset(range(5)))
HOUR = timedelta(hours=1)

START = datetime(2024, 1, 1, tzinfo=UTC)
moments = st.timedeltas(timedelta(0), timedelta(days=4 * 365)).map(lambda passed: START + passed)
times = st.times().map(lambda moment: moment.replace(microsecond=0))
days = st.dates(date(2024, 1, 1), date(2028, 1, 1))
# A morning and an afternoon, or no hours at all.
day_of_sessions = st.lists(times, min_size=4, max_size=4, unique=True).map(sorted).map(
    lambda found: ((found[0], found[1]), (found[2], found[3]))
) | st.just(())
calendars = st.builds(
    ServiceCalendar,
    st.sampled_from([TOKYO, NEW_YORK]),
    st.booleans(),
    times,
    times,
    st.frozensets(st.integers(0, 6), min_size=1),
    st.frozensets(days, max_size=20),
    st.frozensets(days, max_size=5),
    st.lists(st.tuples(days, day_of_sessions), max_size=3).map(lambda found: tuple(sorted(found))),
    st.dictionaries(days, day_of_sessions, max_size=5),
)


def tokyo(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=TOKYO)


@pytest.mark.parametrize(
    ("calendar", "start", "end", "hours"),
    [
        (ALWAYS, "2026-11-20T00:00", "2026-11-21T12:00", 36),
        (NIGHT, "2026-11-20T00:00", "2026-11-21T00:00", 8),
        (NIGHT, "2026-11-20T21:00", "2026-11-21T07:00", 8),
        (NIGHT, "2026-11-20T23:00", "2026-11-21T01:00", 2),
        (NIGHT, "2026-11-21T05:59", "2026-11-21T22:01", 2 / 60),
        (NIGHT, "2026-11-21T06:00", "2026-11-21T22:00", 0),
        (DAY, "2026-11-20T00:00", "2026-11-24T00:00", 32),  # Friday and Monday
        (DAY, "2026-11-21T00:00", "2026-11-23T00:00", 0),  # a weekend
    ],
)
def test_only_time_within_the_hours_counts(calendar: ServiceCalendar, start: str, end: str, hours: float) -> None:
    assert elapsed(calendar, tokyo(start), tokyo(end)) == timedelta(hours=hours)


def test_a_night_belongs_to_the_day_on_which_it_opens() -> None:
    weeknights = NIGHT._replace(weekdays=frozenset(range(5)))

    # Friday's night lasts until Saturday morning; Sunday's does not open.
    assert elapsed(weeknights, tokyo("2026-11-20T22:00"), tokyo("2026-11-21T06:00")) == 8 * HOUR
    assert elapsed(weeknights, tokyo("2026-11-22T22:00"), tokyo("2026-11-23T06:00")) == timedelta()


def test_a_day_that_opens_counts_on_a_weekend_and_on_a_holiday() -> None:
    saturday = date(2026, 11, 21)

    assert DAY._replace(opened=frozenset([saturday])).counts(saturday)
    assert DAY._replace(opened=frozenset([saturday]), closed=frozenset([saturday])).counts(saturday)
    assert not DAY._replace(closed=frozenset([date(2026, 11, 20)])).counts(date(2026, 11, 20))


def test_the_monitor_of_the_night_is_silent_in_the_night_after_twelve_hours_of_it() -> None:
    heard = tokyo("2026-11-20T05:00")

    assert used_up(NIGHT, heard, 12 * HOUR) == tokyo("2026-11-22T01:00")


def test_an_amount_used_up_at_the_end_of_the_hours_is_used_up_then_and_not_at_the_next_opening() -> None:
    assert used_up(DAY, tokyo("2026-11-20T06:00"), 16 * HOUR) == tokyo("2026-11-20T22:00")


def test_no_time_at_all_is_used_up_at_once() -> None:
    assert used_up(NIGHT, tokyo("2026-11-20T12:00"), timedelta()) == tokyo("2026-11-20T12:00")


def test_what_never_counts_is_never_used_up() -> None:
    never = DAY._replace(weekdays=frozenset())

    assert used_up(never, tokyo("2026-11-20T12:00"), HOUR) is None


def test_the_hours_follow_the_clock_on_the_wall() -> None:
    night = NIGHT._replace(zone=NEW_YORK)
    spring, autumn = datetime(2026, 3, 7, 22, tzinfo=NEW_YORK), datetime(2026, 10, 31, 22, tzinfo=NEW_YORK)

    assert elapsed(night, spring, datetime(2026, 3, 8, 6, tzinfo=NEW_YORK)) == 7 * HOUR
    assert elapsed(night, autumn, datetime(2026, 11, 1, 6, tzinfo=NEW_YORK)) == 9 * HOUR


def test_hours_that_the_clock_skips_do_not_count() -> None:
    skipped = ServiceCalendar(NEW_YORK, False, time(2), time(3))
    day = datetime(2026, 3, 8, tzinfo=NEW_YORK)

    assert elapsed(skipped, day, day + timedelta(days=1)) == timedelta()


@given(calendars, st.lists(moments, min_size=3, max_size=3).map(sorted))
def test_elapsed_time_adds_up(calendar: ServiceCalendar, three: list[datetime]) -> None:
    start, middle, end = three
    start, end = max(start, middle - timedelta(days=60)), min(end, middle + timedelta(days=60))

    whole = elapsed(calendar, start, end)

    assert whole == elapsed(calendar, start, middle) + elapsed(calendar, middle, end)
    assert timedelta() <= whole <= end - start
    assert elapsed(calendar, end, start) == timedelta()


@given(calendars, moments)
def test_spans_come_in_order_and_apart(calendar: ServiceCalendar, start: datetime) -> None:
    found = list(spans(calendar, start, start + timedelta(days=30)))

    edges = [edge for span in found for edge in span]
    assert edges == sorted(edges)
    assert all(opens < closes for opens, closes in found)


@given(calendars, moments, st.timedeltas(timedelta(seconds=1), timedelta(days=10)))
def test_used_up_is_the_inverse_of_elapsed(calendar: ServiceCalendar, start: datetime, amount: timedelta) -> None:
    moment = used_up(calendar, start, amount)

    if moment is None:
        assert elapsed(calendar, start, start + HORIZON) < amount
    else:
        assert elapsed(calendar, start, moment) == amount
        assert elapsed(calendar, start, moment - timedelta(microseconds=1)) < amount


@given(calendars, moments, st.timedeltas(timedelta(0), timedelta(days=10)))
def test_the_zone_that_a_moment_is_written_in_makes_no_difference(
    calendar: ServiceCalendar, start: datetime, amount: timedelta
) -> None:
    assert used_up(calendar, start.astimezone(NEW_YORK), amount) == used_up(calendar, start, amount)
