"""The rules of a target, as examples and as properties over random figures."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from dcase_audit.calendars.durations import Duration
from dcase_audit.cases.words import Status
from evidence.facts import Measured, Remedy, Target, TargetFacts
from evidence.leaf_status import Verdict
from evidence.slots import Because
from evidence.target_status import MEASURED_WITHIN, TargetLeaf

INSTANT = timedelta(microseconds=1)
DAY = 24 * 60 * 60 * 1000
# Four nines of a day: 8.64 s. Periods of a day, so that a grid of six hours visits every instant that matters.
TARGET = Target(Fraction("0.9999"), Duration(days=1), "24x7", ("cash",))
BUDGET = 8_640
START = datetime(2026, 1, 1, tzinfo=UTC)
DAYS = 6
STEP = timedelta(hours=6)


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def row(
    number: int,
    *,
    down: int = 0,
    unknown: int = 0,
    upto: float | None = None,
    at: float | None = None,
    every: int = 100,
) -> Measured:
    """Return the day ``number`` as measured up to ``upto`` (default: its end), recorded ``at`` (default: then)."""
    as_of = day(number + 1) if upto is None else day(upto)
    ahead = int((day(number + 1) - as_of) / timedelta(milliseconds=1))
    recorded = as_of + timedelta(minutes=1) if at is None else day(at)
    return Measured(
        "cash", "log", "24x7", day(number), day(number + 1), as_of, DAY, down, unknown, ahead, every, recorded
    )


def status(
    *rows: Measured, at: float, known: float | None = None, remedies: tuple[Remedy, ...] = ()
) -> tuple[Status, Because]:
    facts = TargetFacts(ZoneInfo("UTC"), (TARGET,), rows, remedies)
    return TargetLeaf(facts, day(at if known is None else known)).status(day(at))


def remedied(number: int, at: float) -> tuple[Remedy, ...]:
    return (Remedy(day(number), day(number + 1), day(at)),)


def reason(found: tuple[Status, Because]) -> tuple[str, list[str]]:
    return found[0].word, [each["reason"] for each in found[1]]


# Examples


def test_nothing_measured_is_missing() -> None:
    assert reason(status(at=1)) == ("missing", ["target_none"])
    assert reason(status(row(0, upto=0.5), at=0.6)) == ("missing", ["target_open"])


def test_a_closed_period_that_met_the_target_supports() -> None:
    assert status(row(0, down=BUDGET), at=1.1) == (Status.SUPPORTED, ())


def test_one_millisecond_more_than_the_budget_refutes() -> None:
    found = status(row(0, down=BUDGET + 1), at=1.1)

    assert reason(found) == ("refuted", ["target_missed"])
    assert found[1][0]["waits"] == ["period", "remedy"]
    assert (found[1][0]["best"], found[1][0]["limit"]) == ("99.9899", "99.99")


def test_the_open_period_may_only_refute() -> None:
    good, spent = row(0), row(1, down=BUDGET + 1, upto=1.5)

    assert status(good, row(1, down=BUDGET, upto=1.5), at=1.6)[0] is Status.SUPPORTED
    assert reason(status(good, spent, at=1.6)) == ("refuted", ["target_spent"])


def test_unknown_time_that_decides_is_stale() -> None:
    assert status(row(0, unknown=BUDGET), at=1.1)[0] is Status.SUPPORTED
    assert reason(status(row(0, unknown=BUDGET + 1), at=1.1)) == ("stale", ["target_unknown"])
    assert reason(status(row(0, down=BUDGET + 1, unknown=5), at=1.1)) == ("refuted", ["target_missed"])


def test_a_missed_period_needs_a_full_period_that_is_met_and_its_remedy() -> None:
    missed, met, unsure = row(0, down=DAY), row(1), row(1, unknown=DAY)

    assert status(missed, met, at=2.1)[1][0]["waits"] == ["remedy"]
    assert status(missed, at=1.5, remedies=remedied(0, 1.2))[1][0]["waits"] == ["period"]
    assert status(missed, unsure, at=2.1, remedies=remedied(0, 1.2))[0] is Status.REFUTED
    assert status(missed, met, at=2.1, remedies=remedied(0, 1.2))[0] is Status.SUPPORTED
    assert status(missed, met, at=2.1, remedies=remedied(0, 2.2))[0] is Status.REFUTED
    assert status(missed, met, at=2.1, remedies=remedied(1, 1.2))[0] is Status.REFUTED


def test_a_period_met_before_the_missed_one_answers_nothing() -> None:
    assert status(row(0), row(1, down=DAY), at=2.1, remedies=remedied(1, 2.05))[0] is Status.REFUTED


def test_what_is_measured_late_counts_from_when_it_was_recorded() -> None:
    first, later = row(0), row(0, down=DAY, at=1.5)

    assert status(first, later, at=1.4, known=3)[0] is Status.SUPPORTED
    assert status(first, later, at=1.5, known=3)[0] is Status.REFUTED
    assert status(first, later, at=1.6, known=1.4)[0] is Status.SUPPORTED


def test_a_period_that_nobody_measured_is_stale_after_a_day() -> None:
    late = 2 + MEASURED_WITHIN / timedelta(days=1)

    assert status(row(0), row(1, upto=1.5), at=late - 0.01)[0] is Status.SUPPORTED
    assert reason(status(row(0), row(1, upto=1.5), at=late)) == ("stale", ["target_late"])


def test_a_source_that_looks_too_seldom_proves_nothing_and_may_refute() -> None:
    assert status(row(0, every=864), at=1.1)[0] is Status.SUPPORTED
    assert reason(status(row(0, every=865), at=1.1)) == ("stale", ["target_coarse"])
    assert status(row(0, every=865, down=DAY), at=1.1)[0] is Status.REFUTED


def test_the_forecast_of_a_missed_period_is_the_close_of_the_first_full_one() -> None:
    facts = TargetFacts(ZoneInfo("UTC"), (TARGET,), (row(0, down=DAY),), remedies=remedied(0, 1.2))

    timeline = TargetLeaf(facts, day(1.5)).timeline(day(1.5))

    assert [(verdict.at, verdict.status) for verdict in timeline] == [
        (day(1.5), Status.REFUTED),
        (day(2), Status.SUPPORTED),
    ]


def test_another_target_is_judged_anew_by_what_was_measured() -> None:
    facts = TargetFacts(ZoneInfo("UTC"), (TARGET._replace(limit=Fraction("0.99999")),), (row(0, down=BUDGET),))

    assert TargetLeaf(facts, day(1.1)).status(day(1.1))[0] is Status.REFUTED


# Properties

steps = st.integers(0, 4 * DAYS)


@st.composite
def measured(draw: st.DrawFn) -> Measured:
    number = draw(st.integers(0, DAYS - 1))
    as_of = draw(st.sampled_from([0.25, 0.5, 1.0, 1.0]))
    amounts = st.sampled_from([0, 0, 0, BUDGET, BUDGET + 1])
    at = number + as_of + draw(st.integers(0, 8)) / 4
    found = row(number, down=draw(amounts), unknown=draw(amounts), upto=number + as_of, at=at)
    return found._replace(source=draw(st.sampled_from(["log", "log", "other"])))


facts_of_targets = st.builds(
    lambda rows, remedies: TargetFacts(ZoneInfo("UTC"), (TARGET,), tuple(rows), tuple(remedies)),
    st.lists(measured(), max_size=8, unique_by=lambda row: (row.source, row.start, row.recorded_at)),
    st.lists(
        st.builds(lambda n, at: Remedy(day(n), day(n + 1), day(at / 4)), st.integers(0, DAYS - 1), steps), max_size=4
    ),
)
moments = steps.map(lambda step: START + step * STEP)


def read(timeline: list[Verdict], at: datetime) -> Verdict:
    return [verdict for verdict in timeline if verdict.at <= at][-1]


@given(facts_of_targets, moments, moments)
@settings(max_examples=60)
def test_the_timeline_says_at_each_moment_what_the_rule_says(
    facts: TargetFacts, start: datetime, known: datetime
) -> None:
    leaf = TargetLeaf(facts, known)
    timeline = leaf.timeline(start)

    for step in range(4 * (DAYS + 3)):
        for at in (START + step * STEP, START + step * STEP + INSTANT, START + (step + 1) * STEP - INSTANT):
            if at >= start:
                verdict = read(timeline, at)
                assert (verdict.status, verdict.because) == leaf.status(at)


@given(facts_of_targets, moments, moments)
def test_only_what_was_recorded_by_known_counts(facts: TargetFacts, at: datetime, known: datetime) -> None:
    seen = facts._replace(
        measured=tuple(row for row in facts.measured if row.recorded_at <= known),
        remedies=tuple(remedy for remedy in facts.remedies if remedy.closed_at <= known),
    )

    assert TargetLeaf(seen, known).status(at) == TargetLeaf(facts, known).status(at)


@given(facts_of_targets, moments)
@settings(max_examples=60)
def test_what_is_stored_is_asked_again_before_time_alone_makes_it_wrong(facts: TargetFacts, known: datetime) -> None:
    """Whatever the forecast of ``known`` says holds until the next asking, if nothing is recorded in between."""
    seen = facts._replace(
        measured=tuple(row for row in facts.measured if row.recorded_at <= known),
        remedies=tuple(remedy for remedy in facts.remedies if remedy.closed_at <= known),
    )
    leaf = TargetLeaf(seen, known)
    until = leaf.asked_at(known) or known + timedelta(days=9)
    timeline = leaf.timeline(known)

    for step in range(4 * (DAYS + 3)):
        at = START + step * STEP
        if known <= at < until:
            assert TargetLeaf(seen, at).status(at) == (read(timeline, at).status, read(timeline, at).because)


@given(facts_of_targets, moments)
def test_without_new_facts_it_improves_only_where_a_period_closes(facts: TargetFacts, known: datetime) -> None:
    closes = {day(number) for number in range(DAYS + 4)}

    for before, after in pairwise(TargetLeaf(facts, known).timeline(known)):
        assert after.status <= before.status or after.at in closes


@given(facts_of_targets, moments)
def test_what_does_not_stand_says_why(facts: TargetFacts, at: datetime) -> None:
    found, because = TargetLeaf(facts, at).status(at)

    assert found.stands or because
