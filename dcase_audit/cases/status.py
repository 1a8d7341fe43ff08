"""Leaf statuses in, all statuses out: how a status travels up the argument, and when it will change.

A timeline is what holds from a first moment on and each later change, equal neighbours merged.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from dcase_audit.cases.words import Status

RULES_VERSION = 2

Timeline = Sequence[tuple[datetime, Status]]


class Argument(NamedTuple):
    """What of a graph the roll-up reads: for each node that has a status, in reading order, what supports it.

    ``takes_best`` holds the nodes whose support rule is *any*. A node without support and without a given status
    is undeveloped.
    """

    supports: Mapping[int, Sequence[int]]
    takes_best: frozenset[int] = frozenset()


def children_first(supports: Mapping[int, Sequence[int]]) -> list[int]:
    """Return the nodes ordered so that each comes after all that support it; ValueError on a circle."""
    done: dict[int, bool] = {}
    ordered: list[int] = []
    for root in supports:
        stack = [root]
        while stack:
            node = stack[-1]
            if done.get(node):
                stack.pop()
                continue
            waiting = [child for child in supports.get(node, ()) if not done.get(child)]
            if not waiting:
                done[node] = True
                ordered.append(stack.pop())
                continue
            if node in done:
                raise ValueError("the argument supports itself")
            done[node] = False
            stack.extend(waiting)
    return ordered


def roll_up(argument: Argument, leaves: Mapping[int, Status]) -> dict[int, Status]:
    """Return the status of every node at one moment, given those of the leaves at that moment."""
    found = dict(leaves)
    for node in children_first(argument.supports):
        if node in found:
            continue
        below = [found[child] for child in argument.supports[node]]
        best_or_worst = max if node in argument.takes_best else min
        found[node] = best_or_worst(below, default=Status.UNDEVELOPED)
    return found


def roll_up_timelines(
    argument: Argument, leaves: Mapping[int, Timeline], start: datetime, order: Sequence[int] = ()
) -> dict[int, Timeline]:
    """Return the timeline of every node, given those of the leaves, all beginning at ``start``.

    ``order``: what ``children_first`` says, where the caller has it already.
    """
    found: dict[int, Timeline] = dict(leaves)
    for node in order or children_first(argument.supports):
        if node not in found:
            below = [found[child] for child in argument.supports[node]]
            found[node] = combine(below, best=node in argument.takes_best, start=start)
    return found


def combine(timelines: Sequence[Timeline], *, best: bool, start: datetime) -> Timeline:
    """Return the worst (or ``best``) of several timelines at each moment; of none, undeveloped from ``start`` on."""
    if not timelines:
        return [(start, Status.UNDEVELOPED)]
    if len(timelines) == 1:
        return timelines[0]
    count = [0] * len(Status)
    current = [timeline[0][1] for timeline in timelines]
    for status in current:
        count[status] += 1
    pick = _highest if best else _lowest
    found = [(start, pick(count))]
    changes = sorted((at, index, status) for index, timeline in enumerate(timelines) for at, status in timeline[1:])
    for position, (at, index, status) in enumerate(changes):
        count[current[index]] -= 1
        count[status] += 1
        current[index] = status
        last_of_moment = position + 1 == len(changes) or changes[position + 1][0] > at
        if last_of_moment and (now := pick(count)) != found[-1][1]:
            found.append((at, now))
    return found


def _lowest(count: list[int]) -> Status:
    return Status(next(index for index, number in enumerate(count) if number))


def _highest(count: list[int]) -> Status:
    return Status(next(index for index in range(len(count) - 1, -1, -1) if count[index]))


def status_at(timeline: Timeline, at: datetime) -> Status:
    """Return what the timeline says at ``at``, which is not before its start."""
    return next(status for moment, status in reversed(timeline) if moment <= at)


class Below(NamedTuple):
    """What stands below a node: leaves (undeveloped goals among them) by status, and those that do not stand."""

    counts: dict[Status, int]
    because: tuple[int, ...]
    counter_evidence: tuple[int, ...] = ()


def look_below(argument: Argument, statuses: Mapping[int, Status], order: Sequence[int] = ()) -> dict[int, Below]:
    """Return for every node what stands below it; a leaf reached on several ways is counted once.

    ``counter_evidence``: refuted leaves under an alternative (*any*) that the node does not depend on.
    Leaves are kept as bits of an integer, so that shared subtrees cost nothing.
    """
    ordered = order or children_first(argument.supports)
    leaves = [node for node in ordered if not argument.supports.get(node)]
    bit = {node: 1 << index for index, node in enumerate(leaves)}
    masks = {status: _mask(bit[n] for n in leaves if statuses[n] is status) for status in Status}
    shaky = masks[Status.REFUTED] | _mask(mask for status, mask in masks.items() if not status.stands)
    below: dict[int, int] = {}
    refuted_alternatives: dict[int, int] = {}
    for node in ordered:
        children = argument.supports.get(node) or ()
        below[node] = bit[node] if not children else _mask(below[child] for child in children)
        carried = _mask(refuted_alternatives[child] for child in children)
        if node in argument.takes_best and statuses[node] is not Status.REFUTED:
            carried |= _mask(below[child] & masks[Status.REFUTED] for child in children)
        refuted_alternatives[node] = carried
    return {
        node: Below({statuses[node]: 1}, (node,) if bit[node] & shaky else ())
        if node in bit
        else Below(
            {status: number for status, mask in masks.items() if (number := (below[node] & mask).bit_count())},
            _nodes(below[node] & shaky, leaves),
            _nodes(refuted_alternatives[node], leaves),
        )
        for node in ordered
    }


def _mask(bits: Iterable[int]) -> int:
    found = 0
    for bit in bits:
        found |= bit
    return found


def _nodes(mask: int, leaves: list[int]) -> tuple[int, ...]:
    found = []
    while mask:
        low = mask & -mask
        found.append(leaves[low.bit_length() - 1])
        mask ^= low
    return tuple(found)
