"""The arithmetic of availability: the examples of the field exactly, and every rule against counting by hand."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcase_audit.calendars.exchange import tokyo_exchange
from dcase_audit.calendars.service_time import ServiceCalendar, spans
from dcase_audit.shares import shown
from drills.availability.figures import (
    Outage,
    Window,
    can_prove,
    figure,
    lost,
    service_down,
)
from drills.availability.spans import Span, common, in_at_least, length, milliseconds, moment_of, united, without

TOKYO = ZoneInfo("Asia/Tokyo")
FIVE_NINES = Fraction(99_999, 100_000)
FOUR_NINES = Fraction(9_999, 10_000)
EXCHANGE = tokyo_exchange(range(2019, 2028))
LATER = milliseconds(datetime(2030, 1, 1, tzinfo=UTC))


def at(text: str) -> int:
    return milliseconds(datetime.fromisoformat(text).replace(tzinfo=TOKYO))


def agreed(calendar: ServiceCalendar, first: str, after: str) -> list[Span]:
    """Return the agreed time from the beginning of one day in Tokyo until the beginning of another."""
    start, end = (datetime.fromisoformat(day).replace(tzinfo=TOKYO) for day in (first, after))
    return united((milliseconds(one), milliseconds(other)) for one, other in spans(calendar, start, end))


ALWAYS = ServiceCalendar(TOKYO)
THE_LOST_DAY = [Outage(at("2020-10-01T07:04"), at("2020-10-02T07:00"))]


# What the field's tables say


@pytest.mark.parametrize(
    ("calendar", "first", "after", "seconds", "budget"),
    [
        (ALWAYS, "2026-02-01", "2026-03-01", 2_419_200, "24.192"),
        (ALWAYS, "2026-11-01", "2026-12-01", 2_592_000, "25.920"),
        (ALWAYS, "2026-10-01", "2026-11-01", 2_678_400, "26.784"),
        (ALWAYS, "2026-01-01", "2026-04-01", 7_776_000, "77.76"),
        (ALWAYS, "2026-04-01", "2026-07-01", 7_862_400, "78.624"),
        (ALWAYS, "2026-07-01", "2026-10-01", 7_948_800, "79.488"),
        (ALWAYS, "2026-01-01", "2027-01-01", 31_536_000, "315.36"),
        (ALWAYS, "2024-01-01", "2025-01-01", 31_622_400, "316.224"),
        (EXCHANGE, "2024-01-01", "2025-01-01", 4_482_000, "44.82"),
        (EXCHANGE, "2025-01-01", "2026-01-01", 4_811_400, "48.114"),
        (EXCHANGE, "2026-01-01", "2027-01-01", 4_791_600, "47.916"),
        (EXCHANGE, "2024-11-01", "2024-12-01", 394_200, "3.942"),
        (EXCHANGE, "2026-09-01", "2026-10-01", 376_200, "3.762"),
        (EXCHANGE, "2026-01-01", "2026-04-01", 1_148_400, "11.484"),
    ],
)
def test_the_budget_of_a_period(calendar: ServiceCalendar, first: str, after: str, seconds: int, budget: str) -> None:
    found = figure(agreed(calendar, first, after), [], as_of=LATER)

    assert found.required == seconds * 1000
    assert found.budget(FIVE_NINES) == Fraction(budget) * 1000
    assert found.budget(FOUR_NINES) == Fraction(budget) * 10_000


@pytest.mark.parametrize(
    ("first", "after", "minutes", "percent"),
    [
        ("2020-10-01", "2020-11-01", 6_600, "95.4545"),
        ("2020-10-01", "2021-01-01", 18_900, "98.4126"),
        ("2020-01-01", "2021-01-01", 72_900, "99.5884"),
    ],
)
def test_a_day_lost_to_an_outage_stays_in_the_calendar(first: str, after: str, minutes: int, percent: str) -> None:
    found = figure(agreed(EXCHANGE, first, after), THE_LOST_DAY, as_of=LATER)

    assert (found.required, found.down) == (minutes * 60_000, 300 * 60_000)
    assert shown(found.best, 4) == percent
    assert found.outages == 1


@pytest.mark.parametrize(("year", "sessions"), [(2020, 243), (2024, 245), (2025, 243), (2026, 242)])
def test_the_sessions_of_a_year(year: int, sessions: int) -> None:
    days = [date(year, 1, 1) + timedelta(days=n) for n in range(366)]

    assert sum(bool(EXCHANGE.hours(day)) for day in days if day.year == year) == sessions


def test_a_session_is_lost_when_all_of_it_was_down() -> None:
    days = [agreed(EXCHANGE, f"2020-10-0{day}", f"2020-10-0{day + 1}") for day in (1, 2, 3)]
    until_noon = [Outage(at("2020-10-01T07:04"), at("2020-10-02T12:00"))]

    assert lost(days, united((o.start, o.end or 0) for o in THE_LOST_DAY)) == 1
    assert lost(days, united((o.start, o.end or 0) for o in until_noon)) == 1


@pytest.mark.parametrize(
    ("share", "digits", "text"),
    [
        ("0.999989996", 3, "99.998"),
        ("0.99998999999", 3, "99.998"),
        ("0.99999", 3, "99.999"),
        ("1", 3, "100.000"),
        ("0", 3, "0.000"),
        ("0.9999", 0, "99"),
        ("0.05", 1, "5.0"),
    ],
)
def test_a_share_is_cut_off_and_never_rounded_up(share: str, digits: int, text: str) -> None:
    assert shown(Fraction(share), digits) == text


# What counts, and what does not


def test_overlapping_outages_count_once() -> None:
    hour = agreed(ALWAYS, "2026-11-20", "2026-11-21")
    found = figure(hour, [Outage(hour[0][0], hour[0][0] + 60), Outage(hour[0][0] + 30, hour[0][0] + 90)], as_of=LATER)

    assert (found.down, found.outages, found.longest) == (90, 1, 90)


def test_an_outage_across_the_end_of_a_month_is_split_without_loss() -> None:
    outage = [Outage(at("2026-10-31T23:59:30"), at("2026-11-01T00:00:45"))]
    october = figure(agreed(ALWAYS, "2026-10-01", "2026-11-01"), outage, as_of=LATER)
    november = figure(agreed(ALWAYS, "2026-11-01", "2026-12-01"), outage, as_of=LATER)

    assert (october.down, november.down) == (30_000, 45_000)


def test_an_outage_within_the_lunch_break_is_none() -> None:
    outage = [
        Outage(at("2026-11-20T11:30"), at("2026-11-20T12:30")),
        Outage(at("2026-11-20T15:30"), at("2026-11-20T16:00")),
    ]
    found = figure(agreed(EXCHANGE, "2026-11-01", "2026-12-01"), outage, as_of=LATER)

    assert (found.down, found.outages, found.longest) == (0, 0, 0)


def test_an_outage_over_the_lunch_break_is_one_outage() -> None:
    outage = [Outage(at("2026-11-20T11:00"), at("2026-11-20T13:00"))]
    found = figure(agreed(EXCHANGE, "2026-11-01", "2026-12-01"), outage, as_of=LATER)

    assert (found.down, found.outages, found.longest) == (3_600_000, 1, 3_600_000)
    assert found.to_restoration == 3_600_000


def test_an_instant_is_no_outage_and_an_end_before_the_start_is_refused() -> None:
    day = agreed(ALWAYS, "2026-11-20", "2026-11-21")
    start = day[0][0]

    assert figure(day, [Outage(start, start)], as_of=LATER).outages == 0
    with pytest.raises(ValueError, match="ends before"):
        figure(day, [Outage(start + 1, start)], as_of=LATER)


def test_an_open_outage_lasts_until_now_and_makes_the_figure_provisional() -> None:
    day = agreed(ALWAYS, "2026-11-20", "2026-11-21")
    now = day[0][0] + 10_000
    found = figure(day, [Outage(now - 1_000, None)], as_of=now)

    assert (found.required, found.down, found.provisional) == (10_000, 1_000, True)
    assert not figure(day, [], as_of=LATER).provisional


@pytest.mark.parametrize(("approved", "excused"), [("2026-11-19T17:00", 3_600_000), ("2026-11-20T10:00", 0), (None, 0)])
def test_a_window_excuses_only_if_it_was_approved_before_it_began(approved: str | None, excused: int) -> None:
    window = Window(at("2026-11-20T10:00"), at("2026-11-20T11:00"), at(approved) if approved else None)
    outage = [Outage(at("2026-11-20T10:15"), at("2026-11-20T11:15"))]
    found = figure(agreed(ALWAYS, "2026-11-20", "2026-11-21"), outage, windows=[window], as_of=LATER)

    assert found.excused == excused
    assert found.down == (900_000 if excused else 3_600_000)
    assert found.without_windows == 1 - Fraction(3_600_000, 86_400_000)


def test_windows_excuse_up_to_their_allowance_of_agreed_time() -> None:
    windows = [
        Window(at("2026-11-20T11:00"), at("2026-11-20T13:00"), 0),
        Window(at("2026-11-20T14:00"), at("2026-11-20T15:00"), 0),
    ]
    found = figure(agreed(EXCHANGE, "2026-11-20", "2026-11-21"), [], windows=windows, as_of=LATER, allowance=4_500_000)

    # Half an hour before and half an hour after the break, and then a quarter of an hour.
    assert found.excused == 4_500_000


def test_time_in_which_nobody_looked_is_shown_as_worst_and_best() -> None:
    day = agreed(ALWAYS, "2026-11-20", "2026-11-21")
    start = day[0][0]
    found = figure(day, [Outage(start, start + 1_000)], unknown=[(start + 500, start + 3_000)], as_of=LATER)

    assert (found.down, found.unknown) == (1_000, 2_000)
    assert (found.best, found.worst) == (1 - Fraction(1_000, 86_400_000), 1 - Fraction(3_000, 86_400_000))
    assert found.left(FIVE_NINES) == (Fraction(-136), Fraction(-2_136))


def test_a_leap_day_counts() -> None:
    outage = [Outage(at("2024-02-29T00:00"), at("2024-03-01T00:00"))]

    assert figure(agreed(ALWAYS, "2024-02-01", "2024-03-01"), outage, as_of=LATER).best == Fraction(28, 29)


def test_a_monitor_elsewhere_does_not_move_the_agreed_time() -> None:
    new_york = datetime(2026, 11, 1, 1, 30, tzinfo=ZoneInfo("America/New_York"), fold=1)
    start = milliseconds(new_york)
    found = figure(agreed(ALWAYS, "2026-11-01", "2026-11-02"), [Outage(start, start + 60_000)], as_of=LATER)

    assert moment_of(start) == datetime(2026, 11, 1, 6, 30, tzinfo=UTC)
    assert found.down == 60_000


@pytest.mark.parametrize(
    ("days", "seconds", "provable"),
    [(30, Fraction("2.592"), True), (30, Fraction("2.593"), False), (30, 60, False)],
)
def test_a_probe_proves_no_outage_shorter_than_its_interval(days: int, seconds: Fraction, provable: bool) -> None:
    assert can_prove(FIVE_NINES, days * 86_400_000, int(seconds * 1000)) is provable


def test_a_minute_s_polling_proves_three_nines_of_a_month() -> None:
    month = 30 * 86_400_000

    assert can_prove(Fraction(999, 1000), month, 60_000)
    assert not can_prove(FOUR_NINES, month, 60_000)


def test_a_triple_is_down_when_its_quorum_is_lost() -> None:
    first, second, third = [Outage(0, 100)], [Outage(50, 150)], [Outage(120, None)]

    assert service_down([first, second, third], needed=2, as_of=200) == [Outage(50, 100), Outage(120, 150)]
    assert service_down([first, second, third], needed=1, as_of=200) == []
    assert service_down([first, second, third], needed=3, as_of=200) == [Outage(0, None)]
    with pytest.raises(ValueError, match="components"):
        service_down([first], needed=2, as_of=200)


# Every rule against counting

moments = st.integers(0, 60)
pieces = st.tuples(moments, moments).map(lambda pair: (min(pair), max(pair)))
many = st.lists(pieces, max_size=12)


def covered(spans: list[Span]) -> set[int]:
    return {moment for start, end in spans for moment in range(start, end)}


def is_a_set(spans: list[Span]) -> bool:
    return all(start < end for start, end in spans) and all(
        one[1] < other[0] for one, other in itertools.pairwise(spans)
    )


@given(many)
def test_united(spans: list[Span]) -> None:
    assert is_a_set(united(spans))
    assert covered(united(spans)) == covered(spans)
    assert length(united(spans)) == len(covered(spans))


@given(many, many)
def test_common_and_without(one: list[Span], other: list[Span]) -> None:
    mine, theirs = united(one), united(other)

    assert covered(common(mine, theirs)) == covered(one) & covered(other)
    assert covered(without(mine, theirs)) == covered(one) - covered(other)
    assert is_a_set(without(mine, theirs))


@given(st.lists(many, min_size=1, max_size=5), st.integers(1, 5))
def test_in_at_least(sets: list[list[Span]], count: int) -> None:
    each = [covered(spans) for spans in sets]
    found = in_at_least(count, [united(spans) for spans in sets])

    assert is_a_set(found)
    assert covered(found) == {moment for moment in range(61) if sum(moment in one for one in each) >= count}


@given(many, many, many, many, moments)
def test_a_figure_is_what_counting_milliseconds_gives(
    hours: list[Span], down: list[Span], unseen: list[Span], planned: list[Span], now: int
) -> None:
    windows = [Window(start, end, -1) for start, end in planned]
    found = figure(united(hours), [Outage(*span) for span in down], windows=windows, unknown=unseen, as_of=now)
    counted = {moment for moment in covered(hours) if moment < now}
    required = counted - covered(planned)

    assert found.required == len(required)
    assert found.down == len(required & covered(down))
    assert found.unknown == len((required & covered(unseen)) - covered(down))
    assert found.excused == len(counted & covered(planned))
    assert found.outages == sum(bool(required & covered([span])) for span in united(down))
    assert 0 <= found.worst <= found.best <= 1
