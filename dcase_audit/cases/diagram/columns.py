"""Folding a run of leaves into two columns with a line down the middle, read row by row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import ceil

from dcase_audit.cases.diagram.argument import Argument, Slot
from dcase_audit.cases.diagram.figures import Figure, Sized
from dcase_audit.cases.diagram.geometry import Place
from dcase_audit.cases.words import NodeKind

BRANCH = 20.0  # from the line in the middle to the leaves
LEAF_GAP = 14.0
FEWEST_LEAVES = 3
MOST_IN_A_ROW = 8
ROWS = 4
FOLDED_KINDS = frozenset({NodeKind.EVIDENCE, NodeKind.MONITOR, NodeKind.EXTERNAL, NodeKind.TARGET})


@dataclass(frozen=True)
class Column:
    """Leaves in two columns; places are relative to the upper end of the line down the middle."""

    places: Mapping[Slot, Place]
    left: float
    right: float
    height: float
    first_row: float


def fold(argument: Argument, key: str, sizes: Mapping[Slot, Sized], in_a_row: int) -> list[Slot | Column]:
    """Return what stands under ``key``: its slots in their order, runs of leaves folded into columns.

    Three or more pieces of evidence fold; goals and strategies only where so many leaves would make the row too wide.
    """

    def foldable(slot: Slot) -> bool:
        return isinstance(slot, str) and not argument.below[slot] and not argument.beside[slot]

    def evidence(slot: Slot) -> bool:
        size = sizes[slot]
        return isinstance(size, Figure) and size.node.kind in FOLDED_KINDS

    units: list[Slot | Column] = []
    for leaves, run in groupby(argument.below[key], key=foldable):
        slots = list(run)
        if not leaves:
            units += slots
        elif len(slots) > in_a_row:
            units += _columns(slots, sizes)
        else:
            for is_evidence, part in groupby(slots, key=evidence):
                same = list(part)
                units += _columns(same, sizes) if is_evidence and len(same) >= FEWEST_LEAVES else same
    return units


def _columns(slots: Sequence[Slot], sizes: Mapping[Slot, Sized]) -> list[Column]:
    """Share the leaves out evenly, in their order, to double columns of few rows."""
    rows = max(ROWS, ceil(len(slots) / 6))
    number = ceil(len(slots) / (2 * rows))
    shares = [slots[len(slots) * i // number : len(slots) * (i + 1) // number] for i in range(number)]
    return [_column(share, sizes) for share in shares]


def _column(slots: Sequence[Slot], sizes: Mapping[Slot, Sized]) -> Column:
    extents = [max((sizes[slot].extent for slot in slots[side::2]), default=0.0) for side in (0, 1)]
    places: dict[Slot, Place] = {}
    heights = []
    y = 0.0
    for row in range(0, len(slots), 2):
        pair = slots[row : row + 2]
        tallest = max(sizes[slot].height for slot in pair)
        for slot, direction, extent in zip(pair, (-1, 1), extents, strict=False):
            places[slot] = Place(direction * (BRANCH + extent), y + (tallest - sizes[slot].height) / 2)
        heights.append(tallest + max(sizes[slot].below for slot in pair))
        y += heights[-1] + LEAF_GAP
    left, right = (BRANCH + 2 * extent for extent in extents)
    return Column(places, -left, right, y - LEAF_GAP, heights[0])
