"""How statuses travel up an argument, over random arguments with shared parts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcase_audit.cases.status import (
    Argument,
    Timeline,
    children_first,
    look_below,
    roll_up,
    roll_up_timelines,
    status_at,
)
from dcase_audit.cases.words import Status

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


@st.composite
def arguments(draw: st.DrawFn) -> Argument:
    """Nodes 0..n-1; a node is supported by later ones only, so that there is no circle; the last ones are leaves."""
    size = draw(st.integers(1, 12))
    supports = {}
    for node in range(size):
        later = list(range(node + 1, size))
        supports[node] = draw(st.lists(st.sampled_from(later), unique=True, max_size=4)) if later else []
    return Argument(supports, frozenset(draw(st.sets(st.integers(0, size - 1)))))


@st.composite
def timelines(draw: st.DrawFn) -> Timeline:
    days = sorted(set(draw(st.lists(st.integers(1, 20), max_size=4))))
    found = [(START, draw(st.sampled_from(Status)))]
    for day in days:
        status = draw(st.sampled_from(Status))
        if status is not found[-1][1]:
            found.append((START + day * DAY, status))
    return found


@st.composite
def rolled(draw: st.DrawFn) -> tuple[Argument, dict[int, Timeline]]:
    argument = draw(arguments())
    leaves = {node: draw(timelines()) for node, below in argument.supports.items() if not below and draw(st.booleans())}
    return argument, leaves


@given(rolled())
def test_a_rolled_up_timeline_says_at_each_moment_what_rolling_up_then_says(
    world: tuple[Argument, dict[int, Timeline]],
) -> None:
    argument, leaves = world

    found = roll_up_timelines(argument, leaves, START)

    for day in range(22):
        for at in (START + day * DAY, START + (day + 1) * DAY - timedelta(microseconds=1)):
            now = roll_up(argument, {node: status_at(timeline, at) for node, timeline in leaves.items()})
            assert {node: status_at(timeline, at) for node, timeline in found.items()} == now


@given(rolled())
def test_until_is_the_first_moment_at_which_the_status_differs(world: tuple[Argument, dict[int, Timeline]]) -> None:
    argument, leaves = world

    found = roll_up_timelines(argument, leaves, START)

    for node, timeline in found.items():
        until = timeline[1][0] if len(timeline) > 1 else None
        by_day = [
            roll_up(argument, {n: status_at(t, START + d * DAY) for n, t in leaves.items()})[node] for d in range(22)
        ]
        brute = next((START + day * DAY for day, status in enumerate(by_day) if status is not by_day[0]), None)
        assert until == brute


@given(rolled())
def test_all_takes_the_worst_and_any_the_best_of_what_supports_a_node(
    world: tuple[Argument, dict[int, Timeline]],
) -> None:
    argument, leaves = world

    found = roll_up(argument, {node: timeline[0][1] for node, timeline in leaves.items()})

    for node, below in argument.supports.items():
        if below:
            assert found[node] == (max if node in argument.takes_best else min)(found[child] for child in below)
        elif node not in leaves:
            assert found[node] is Status.UNDEVELOPED


def leaves_below(argument: Argument, node: int) -> set[int]:
    below = argument.supports[node]
    return set().union(*(leaves_below(argument, child) for child in below)) if below else {node}


@given(rolled())
def test_each_node_counts_every_leaf_below_once_and_names_those_that_do_not_stand(
    world: tuple[Argument, dict[int, Timeline]],
) -> None:
    argument, leaves = world
    statuses = roll_up(argument, {node: timeline[0][1] for node, timeline in leaves.items()})

    found = look_below(argument, statuses)

    for node in argument.supports:
        below = leaves_below(argument, node)
        assert sum(found[node].counts.values()) == len(below)
        assert set(found[node].because) == {leaf for leaf in below if not statuses[leaf].stands}
        for status, number in found[node].counts.items():
            assert number == sum(statuses[leaf] is status for leaf in below)


@given(rolled())
def test_refuted_alternatives_are_carried_upward(world: tuple[Argument, dict[int, Timeline]]) -> None:
    argument, leaves = world
    statuses = roll_up(argument, {node: timeline[0][1] for node, timeline in leaves.items()})

    found = look_below(argument, statuses)

    for node, below in argument.supports.items():
        for child in below:
            assert set(found[child].counter_evidence) <= set(found[node].counter_evidence)
        if node in argument.takes_best and statuses[node] is not Status.REFUTED:
            refuted = {leaf for leaf in leaves_below(argument, node) if statuses[leaf] is Status.REFUTED}
            assert refuted <= set(found[node].counter_evidence)


def test_an_argument_that_supports_itself_is_refused() -> None:
    with pytest.raises(ValueError, match="supports itself"):
        children_first({1: [2], 2: [3], 3: [1]})
