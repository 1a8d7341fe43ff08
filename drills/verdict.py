"""The verdict on a drill, derived from what was checked and measured; what the sender claims has no part in it.

Failed: a check item failed, a target was missed, a confirmation was contradicted by a second observation, or the reader
of the file saw what fails a drill.
Inconclusive: not failed, and a target has no comparable measure or one too coarse to show that it was met, a check item
was not run, nothing was checked, nobody said when the drill was held, or the reader saw what keeps it from passing
(counts that contradict the cases).
Passed: everything else. So nothing that is left out, and nothing added that went wrong, can improve a verdict.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from drills.members import NAME, Members
from drills.results import OPERATORS, Bound, Check, Event, Measure, Measured, ParsedResult, Weight

PASSED, FAILED, INCONCLUSIVE = "passed", "failed", "inconclusive"
CONTRADICTED = "contradicted"
REFUTING = frozenset({"check_failed", "target_missed", "contradicted"})

Because = dict[str, Any]


class Target(NamedTuple):
    """A bound on a measure; ``kind``: on measures of that class alone; ``per_item``: each covered item needs one."""

    measure: str
    op: str
    value: Measured
    sent: str | float
    kind: str = ""
    per_item: bool = False


class Comparison(NamedTuple):
    """A target beside one measure: met, missed, not_comparable (a time and a number), too_coarse, or not_measured."""

    target: Target
    item: str
    measure: Measure | None
    outcome: str


class Judgement(NamedTuple):
    """The verdict and everything that decides against passing."""

    verdict: str
    because: tuple[Because, ...]


def targets_of(rows: Sequence[object]) -> tuple[Target, ...]:
    """Read the targets of a drill's plan: ``{measure, op, value, class?, per?}``.

    Raises:
        Malformed: a row is none; the pointer begins with ``/targets`` (422).
    """
    return Members({"targets": list(rows)}, "").each("targets", _target)


def bound_of(members: Members) -> Bound:
    """Read what a record itself says that a measure was to be."""
    return Bound(members.choice("op", OPERATORS), members.measured("value"), members.take("value"))


def _target(members: Members) -> Target:
    return Target(
        measure=members.named("measure", NAME),
        op=members.choice("op", OPERATORS),
        value=members.measured("value"),
        sent=members.take("value"),
        kind=members.text("class", 100, default=""),
        per_item=members.choice("per", ("item",), default="") == "item",
    )


def measures_of(rows: Sequence[object]) -> tuple[Measure, ...]:
    """Read again the measures that are kept with a result, of whatever format it came in."""
    return Members({"measures": list(rows)}, "").each("measures", _kept)


def _kept(members: Members) -> Measure:
    return Measure(
        name=members.text("measure", 2000),
        value=members.measured("value"),
        sent=members.take("value"),
        kind=members.text("class", 2000, default=""),
        item=members.text("item", 2000, default=""),
        method=members.text("method", 2000, default=""),
        unit=members.text("unit", 20, default=""),
        resolution=members.measured("resolution") if "resolution" in members.members else None,
        resolution_sent=members.take("resolution", ""),
        bound=members.maybe("target", bound_of),
    )


def judge(result: ParsedResult, targets: Sequence[Target], covers: Sequence[str]) -> Judgement:
    """Derive the verdict on a result that covers ``covers`` against the targets of its drill."""
    because = (
        *_of_checks(result.checks),
        *_of_targets(compare(targets, result.measures, covers)),
        *_of_timeline(result.timeline),
        *_of_reading(result),
    )
    fails = any(doubt.weight == Weight.FAILS for doubt in result.doubts)
    if fails or any(one["reason"] in REFUTING for one in because):
        return Judgement(FAILED, because)
    return Judgement(INCONCLUSIVE if because else PASSED, because)


def compare(targets: Sequence[Target], measures: Sequence[Measure], covers: Sequence[str]) -> Iterator[Comparison]:
    """Put each target beside every measure that it bounds, and beside none where there should be one.

    What a record says by itself that a measure was to be comes last: it may only fail a drill, for the plan's targets
    are looked at all the same.
    """
    for target in targets:
        bounded = [one for one in measures if one.name == target.measure and target.kind in {"", one.kind}]
        for measure in bounded:
            yield Comparison(target, measure.item, measure, _outcome(target, measure))
        measured = {measure.item for measure in bounded}
        wanted = covers if target.per_item else ()
        for item in wanted:
            if item not in measured:
                yield Comparison(target, item, None, "not_measured")
        if not bounded and not wanted:
            yield Comparison(target, "", None, "not_measured")
    for measure in measures:
        if measure.bound is not None:
            target = Target(measure.name, *measure.bound, kind=measure.kind)
            yield Comparison(target, measure.item, measure, _outcome(target, measure))


def _outcome(target: Target, measure: Measure) -> str:
    bound, value = target.value, measure.value
    if isinstance(bound, timedelta) != isinstance(value, timedelta):
        return "not_comparable"
    if not _holds(target.op, value, bound):
        return "missed"
    # A probe every r seconds cannot prove what is finer than r.
    if measure.resolution is not None and target.op != "==":
        coarse = value + measure.resolution if target.op == "<=" else value - measure.resolution  # type: ignore[operator]
        if not _holds(target.op, coarse, bound):
            return "too_coarse"
    return "met"


def _holds(op: str, value: Measured, bound: Measured) -> bool:
    holds = {">=": value >= bound, "<=": value <= bound, "==": value == bound}  # type: ignore[operator]
    return holds[op]


def _of_checks(checks: Sequence[Check]) -> Iterator[Because]:
    if all(check.outcome == "not_applicable" for check in checks):
        yield {"reason": "nothing_checked"}
    for check in checks:
        if check.outcome in {"fail", "not_run"}:
            reason = "check_failed" if check.outcome == "fail" else "check_not_run"
            yield {"reason": reason, "number": check.number, "text": check.text}


def _of_targets(comparisons: Iterator[Comparison]) -> Iterator[Because]:
    for target, item, measure, outcome in comparisons:
        if outcome == "met":
            continue
        because = {
            "reason": "target_missed" if outcome == "missed" else outcome,
            "measure": target.measure,
            "class": target.kind,
            "item": item,
            "op": target.op,
            "target": target.sent,
            "measured": measure.sent if measure else "",
            "resolution": measure.resolution_sent if measure and outcome == "too_coarse" else "",
        }
        yield {name: value for name, value in because.items() if value != ""}


def _of_timeline(timeline: Sequence[Event]) -> Iterator[Because]:
    """A second observation that contradicts a confirmation outweighs it, whenever it came.

    In 2012 a diagnosis was read as "switched" five hours before it was found that nothing had switched.
    """
    for event in timeline:
        if event.name == CONTRADICTED:
            yield {"reason": CONTRADICTED, "at": event.at.isoformat(), "text": event.text}


def _of_reading(result: ParsedResult) -> Iterator[Because]:
    if result.started_at is None:
        yield {"reason": "time_unknown"}
    for doubt in result.doubts:
        if doubt.weight != Weight.NOTED:
            because = {"reason": doubt.code, "text": doubt.detail, "place": doubt.place}
            yield {name: value for name, value in because.items() if value}
