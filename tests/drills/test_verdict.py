"""The verdict on a drill: a table of cases, and that nothing that went wrong, and nothing left out, improves it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drills.formats import native
from drills.results import Bound, Check, Event, Malformed, Measure, ParsedResult
from drills.verdict import Judgement, Target, judge, targets_of
from tests.drills.samples import as_bytes
from tests.drills.samples import native as sample

CONFIRMED = {"measure": "switch_over_confirmed", "op": "<=", "value": "PT15M"}
MILLISECOND = {"measure": "switch_over", "class": "millisecond", "op": "<=", "value": "PT0.999S"}
SECOND = {"measure": "switch_over", "class": "second", "op": "<=", "value": "PT30S"}
HEALTHY = {"measure": "healthy_units", "per": "item", "op": ">=", "value": 3}


def judged(*targets: dict[str, Any], covers: tuple[str, ...] = (), **changes: Any) -> Judgement:
    return judge(native.parse(as_bytes(sample(**changes))), targets_of(targets), covers)


def reasons(judgement: Judgement) -> list[str]:
    return [one["reason"] for one in judgement.because]


def measured(value: Any, **more: Any) -> dict[str, Any]:
    return {"measure": "switch_over_confirmed", "value": value} | more


def item(result: str, **more: Any) -> dict[str, Any]:
    return {"text": "x", "result": result} | more


PASSED, FAILED, INCONCLUSIVE = "passed", "failed", "inconclusive"


@pytest.mark.parametrize(
    ("items", "verdict", "because"),
    [
        ([item("pass")], PASSED, []),
        ([item("pass"), item("remark")], PASSED, []),
        ([item("pass"), item("not_applicable", reason="no participants")], PASSED, []),
        ([item("not_applicable", reason="nothing to see")], INCONCLUSIVE, ["nothing_checked"]),
        ([], INCONCLUSIVE, ["nothing_checked"]),
        ([item("pass"), item("not_run")], INCONCLUSIVE, ["check_not_run"]),
        ([item("pass"), item("fail")], FAILED, ["check_failed"]),
        ([item("not_run"), item("fail")], FAILED, ["check_not_run", "check_failed"]),
    ],
)
def test_check_items_decide(items: list[dict[str, Any]], verdict: str, because: list[str]) -> None:
    judgement = judged(check_items=items)

    assert judgement.verdict == verdict
    assert reasons(judgement) == because


@pytest.mark.parametrize(
    ("target", "measures", "verdict", "because"),
    [
        (CONFIRMED, [measured("PT9M")], PASSED, []),
        (CONFIRMED, [measured("PT15M")], PASSED, []),
        (CONFIRMED, [measured("PT15M0.000001S")], FAILED, ["target_missed"]),
        (CONFIRMED, [measured("PT9M"), measured("PT16M")], FAILED, ["target_missed"]),
        (CONFIRMED, [], INCONCLUSIVE, ["not_measured"]),
        (CONFIRMED, [{"measure": "forced_switch", "value": "PT1M"}], INCONCLUSIVE, ["not_measured"]),
        (CONFIRMED, [measured(540)], INCONCLUSIVE, ["not_comparable"]),
        (CONFIRMED, [measured(540), measured("PT16M")], FAILED, ["not_comparable", "target_missed"]),
        ({**CONFIRMED, "op": ">="}, [measured("PT15M")], PASSED, []),
        ({**CONFIRMED, "op": ">="}, [measured("PT14M59S")], FAILED, ["target_missed"]),
        ({**CONFIRMED, "op": "=="}, [measured("PT900S")], PASSED, []),
        ({**CONFIRMED, "op": "=="}, [measured("PT901S")], FAILED, ["target_missed"]),
        ({**CONFIRMED, "op": ">=", "value": 2.5}, [measured(3)], PASSED, []),
        ({**CONFIRMED, "op": ">=", "value": 2.5}, [measured(2)], FAILED, ["target_missed"]),
        ({**CONFIRMED, "op": ">=", "value": 3}, [measured("PT3S")], INCONCLUSIVE, ["not_comparable"]),
    ],
)
def test_measures_are_compared_with_targets(
    target: dict[str, Any], measures: list[dict[str, Any]], verdict: str, because: list[str]
) -> None:
    judgement = judged(target, measures=measures)

    assert judgement.verdict == verdict
    assert reasons(judgement) == because


@pytest.mark.parametrize(
    ("measures", "verdict"),
    [
        ([("millisecond", "PT0.4S"), ("second", "PT12S")], PASSED),
        ([("millisecond", "PT12S"), ("second", "PT12S")], FAILED),
        ([("millisecond", "PT0.4S")], INCONCLUSIVE),
        ([("", "PT0.4S"), ("second", "PT12S")], INCONCLUSIVE),
    ],
)
def test_a_target_of_a_class_bounds_the_measures_of_that_class(measures: list[tuple[str, str]], verdict: str) -> None:
    sent = [{"measure": "switch_over", "class": kind, "value": value} for kind, value in measures]

    assert judged(MILLISECOND, SECOND, measures=sent).verdict == verdict


@pytest.mark.parametrize(
    ("measures", "verdict", "items"),
    [
        ({"database": 3, "trading": 4}, PASSED, []),
        ({"database": 3}, INCONCLUSIVE, ["trading"]),
        ({}, INCONCLUSIVE, ["database", "trading"]),
        ({"database": 3, "trading": 2}, FAILED, ["trading"]),
        ({"database": 3, "trading": 3, "enquiry": 1}, FAILED, ["enquiry"]),
    ],
)
def test_a_target_per_item_wants_a_measure_for_each_item_covered(
    measures: dict[str, int], verdict: str, items: list[str]
) -> None:
    sent = [{"measure": "healthy_units", "item": name, "value": value} for name, value in measures.items()]
    judgement = judged(HEALTHY, covers=("database", "trading"), measures=sent)

    assert judgement.verdict == verdict
    assert [one["item"] for one in judgement.because] == items


def test_a_target_per_item_of_a_drill_that_covers_nothing_still_wants_a_measure() -> None:
    assert judged(HEALTHY).verdict == INCONCLUSIVE


def test_a_confirmation_contradicted_by_a_second_observation_fails_however_fast_it_came() -> None:
    timeline = [
        {"at": "2026-11-20T01:09:00+09:00", "event": "confirmed", "text": "診断は「切替わり済み」"},
        {"at": "2026-11-20T01:50:00+09:00", "event": "contradicted", "text": "現用系のまま"},
    ]

    judgement = judged(CONFIRMED, measures=[measured("PT9M")], timeline=timeline, verdict="passed")

    assert judgement.verdict == FAILED
    assert judgement.because == ({"reason": "contradicted", "at": "2026-11-19T16:50:00+00:00", "text": "現用系のまま"},)


def test_a_reason_says_what_was_wanted_and_what_was_found() -> None:
    judgement = judged(MILLISECOND, measures=[{"measure": "switch_over", "class": "millisecond", "value": "PT2S"}])

    assert judgement.because == (
        {
            "reason": "target_missed",
            "measure": "switch_over",
            "class": "millisecond",
            "op": "<=",
            "target": "PT0.999S",
            "measured": "PT2S",
        },
    )


@pytest.mark.parametrize("claimed", ["passed", "failed", "inconclusive", None])
def test_what_the_sender_claims_changes_nothing(claimed: str | None) -> None:
    assert judged(verdict=claimed).verdict == PASSED
    assert judged(verdict=claimed, check_items=[item("fail")]).verdict == FAILED
    assert judged(verdict=claimed, check_items=[]).verdict == INCONCLUSIVE


@pytest.mark.parametrize(
    ("row", "pointer"),
    [
        ("switch_over <= PT30S", "/targets/0"),
        ({**CONFIRMED, "op": "<"}, "/targets/0/op"),
        ({**CONFIRMED, "value": "30 s"}, "/targets/0/value"),
        ({**CONFIRMED, "per": "unit"}, "/targets/0/per"),
        ({**CONFIRMED, "unit": "s"}, "/targets/0/unit"),
        ({"op": "<=", "value": 1}, "/targets/0/measure"),
    ],
)
def test_targets_that_cannot_be_read_are_refused_with_their_place(row: object, pointer: str) -> None:
    with pytest.raises(Malformed) as refused:
        targets_of([row])

    assert refused.value.pointer == pointer


WHEN = datetime(2026, 11, 20, tzinfo=UTC)
ORDER = [FAILED, INCONCLUSIVE, PASSED]
NAMES = st.sampled_from(["a", "b"])
VALUES = st.integers(0, 4) | st.integers(0, 4).map(lambda n: timedelta(seconds=n))
CHECKS = st.builds(Check, st.integers(1, 99), st.just("x"), st.sampled_from(native.OUTCOMES))
OPERATORS = st.sampled_from([">=", "<=", "=="])
MEASURES = st.builds(
    Measure,
    NAMES,
    VALUES,
    st.just("x"),
    kind=st.sampled_from(["", "k"]),
    item=st.sampled_from(["", "i"]),
    resolution=st.none(),
    bound=st.none() | st.builds(Bound, OPERATORS, VALUES, st.just("x")),
)
TARGETS = st.builds(Target, NAMES, OPERATORS, VALUES, st.just("x"), st.sampled_from(["", "k"]), st.booleans())
RESULTS = st.builds(
    ParsedResult,
    st.just(WHEN),
    st.just(WHEN),
    checks=st.lists(CHECKS, max_size=3).map(tuple),
    measures=st.lists(MEASURES, max_size=3).map(tuple),
    timeline=st.lists(st.builds(Event, st.just(WHEN), st.sampled_from(["confirmed", "contradicted"])), max_size=2).map(
        tuple
    ),
)


@given(RESULTS, st.lists(TARGETS, max_size=3), st.sampled_from([(), ("i",), ("i", "j")]), st.data())
def test_adding_a_failure_never_improves_the_verdict(
    result: ParsedResult, targets: list[Target], covers: tuple[str, ...], data: st.DataObject
) -> None:
    before = judge(result, targets, covers)
    worse = data.draw(
        st.sampled_from(
            [
                replace(result, checks=(*result.checks, Check(100, "x", "fail"))),
                replace(result, checks=(*result.checks, Check(100, "x", "not_run"))),
                replace(result, timeline=(*result.timeline, Event(WHEN, "contradicted"))),
                *(
                    replace(result, measures=(*result.measures, Measure(one.measure, missed(one), "x", one.kind)))
                    for one in targets
                ),
            ]
        )
    )

    assert ORDER.index(judge(worse, targets, covers).verdict) <= ORDER.index(before.verdict)


def missed(target: Target) -> Any:
    """Return a value that misses the target."""
    one = timedelta(seconds=1) if isinstance(target.value, timedelta) else 1
    return target.value - one if target.op == ">=" else target.value + one  # type: ignore[operator]


@given(RESULTS, st.lists(TARGETS, max_size=3), TARGETS, st.sampled_from([(), ("i",), ("i", "j")]))
def test_another_target_never_improves_the_verdict(
    result: ParsedResult, targets: list[Target], more: Target, covers: tuple[str, ...]
) -> None:
    before = judge(result, targets, covers)

    assert ORDER.index(judge(result, [*targets, more], covers).verdict) <= ORDER.index(before.verdict)


@given(RESULTS, st.lists(TARGETS, max_size=3), st.sampled_from([(), ("i",), ("i", "j")]))
def test_whatever_passed_was_measured_for_every_target_and_item(
    result: ParsedResult, targets: list[Target], covers: tuple[str, ...]
) -> None:
    if judge(result, targets, covers).verdict == PASSED:
        for target in targets:
            found = {
                one.item for one in result.measures if one.name == target.measure and target.kind in {"", one.kind}
            }
            assert found
            assert not target.per_item or found >= set(covers)


@given(RESULTS, st.lists(TARGETS, max_size=3), st.sampled_from([(), ("i",)]))
def test_a_pass_has_no_reason_and_everything_else_has_one(
    result: ParsedResult, targets: list[Target], covers: tuple[str, ...]
) -> None:
    judgement = judge(result, targets, covers)

    assert bool(judgement.because) == (judgement.verdict != PASSED)
