"""Where everything goes: a tidy tree that keeps the author's order.

Depth decides y: a row is as high as its tallest node or stack of contexts. Going up from the leaves, siblings are moved
together by their contours and each parent is put midway over its children. Runs of leaves fold into double columns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import ceil

from dcase_audit.cases.diagram import contours
from dcase_audit.cases.diagram.argument import Argument, Slot
from dcase_audit.cases.diagram.columns import Column, fold
from dcase_audit.cases.diagram.contours import ROW, Contour
from dcase_audit.cases.diagram.figures import Sized, surrounding
from dcase_audit.cases.diagram.geometry import Place, Rectangle

MARGIN = 14.0
SIBLING_GAP = 22.0
ROW_GAP = 36.0
ARRIVAL = 22.0  # from the line that joins siblings down to them
ABOVE_BUS, BELOW_BUS = 12.0, 8.0  # what that line keeps free of a row above it and of contexts below it
HIGHEST_STACK = 32.0  # how far a stack of contexts may stand above its node
STRAIGHTENED = 24.0  # a middle child nearer than this to its parent's middle is put there: the line runs straight
CONTEXT_GAP = 28.0
STACK_GAP = 12.0


@dataclass
class Block:
    """A node with its contexts, placed relative to the middle of its upper edge, and what it takes above and below."""

    places: dict[Slot, Place]
    rectangles: list[Rectangle]

    @property
    def above(self) -> float:
        return -min(rectangle.top for rectangle in self.rectangles)

    @property
    def below(self) -> float:
        return max(rectangle.bottom for rectangle in self.rectangles)


@dataclass
class Trunk:
    """The lines from a node to what supports it: ``bus`` is the height at which they part."""

    bus: float
    children: list[Slot] = field(default_factory=list)
    columns: list[tuple[float, Column]] = field(default_factory=list)


@dataclass
class Layout:
    places: dict[Slot, Place]
    trunks: dict[str, Trunk]
    width: float
    height: float


def arrange(argument: Argument, sizes: Mapping[Slot, Sized], in_a_row: int) -> Layout:
    """Place every node and stub of ``argument``; more than ``in_a_row`` leaves side by side fold into columns."""
    return _Arrangement(argument, sizes, in_a_row).layout()


class _Arrangement:
    def __init__(self, argument: Argument, sizes: Mapping[Slot, Sized], in_a_row: int) -> None:
        self._argument, self._sizes, self._in_a_row = argument, sizes, in_a_row
        self._order: list[str] = []
        self._depth: dict[str, int] = {}
        self._blocks: dict[Slot, Block] = {}
        self._units: dict[str, list[Slot | Column]] = {}
        self._middles: dict[str, list[float]] = {}
        self._contours: dict[Slot, Contour] = {}

    def layout(self) -> Layout:
        self._walk()
        self._tops = self._row_tops()
        for key in reversed(self._order):
            self._contours[key] = self._subtree(key)
        roots = [self._contours[key] for key in self._argument.roots]
        return self._settle(dict(zip(self._argument.roots, contours.spread(roots, 2 * SIBLING_GAP), strict=True)))

    def _walk(self) -> None:
        """Go down the tree: order, depth, blocks, and which children fold into columns."""
        stack = [(key, 0) for key in reversed(self._argument.roots)]
        while stack:
            key, depth = stack.pop()
            self._order.append(key)
            self._depth[key] = depth
            self._blocks[key] = self._block(key)
            self._units[key] = fold(self._argument, key, self._sizes, self._in_a_row)
            stack += [(unit, depth + 1) for unit in reversed(self._units[key]) if isinstance(unit, str)]

    def _block(self, key: str) -> Block:
        """Stack the contexts beside the node, the next one always on the lower stack, the right one first."""
        node = self._sizes[key]
        stacks: dict[int, list[Slot]] = {1: [], -1: []}
        heights = {1: 0.0, -1: 0.0}
        for slot in self._argument.beside.get(key, ()):
            side = 1 if heights[1] <= heights[-1] else -1
            stacks[side].append(slot)
            heights[side] += self._sizes[slot].height + self._sizes[slot].below + STACK_GAP
        places: dict[Slot, Place] = {key: Place(0.0, 0.0)}
        for side, slots in stacks.items():
            # Level with the node, as in the standard's figures; a tall stack hangs down rather than stand up.
            y = max(-HIGHEST_STACK, (node.height - heights[side] + STACK_GAP) / 2)
            for slot in slots:
                size = self._sizes[slot]
                places[slot] = Place(side * (node.width / 2 + CONTEXT_GAP + size.extent), y)
                y += size.height + size.below + STACK_GAP
        return Block(places, [surrounding(self._sizes[slot], place) for slot, place in places.items()])

    def _row_tops(self) -> list[float]:
        """Return the upper edges of the nodes of each depth, whole multiples of a contour's row."""
        rows = max(self._depth.values(), default=0) + 2
        above, below = [0.0] * rows, [0.0] * rows
        for key, depth in self._depth.items():
            above[depth] = max(above[depth], self._blocks[key].above)
            below[depth] = max(below[depth], self._blocks[key].below)
            for unit in self._units[key]:
                if not isinstance(unit, str):
                    first = unit.first_row if isinstance(unit, Column) else self._sizes[unit].height
                    below[depth + 1] = max(below[depth + 1], first)
        self._rises = [ceil(rise / ROW) * ROW for rise in above]
        tops = [self._rises[0]]
        for rise, height in zip([*self._rises[1:], 0.0], below, strict=True):
            gap = max(ROW_GAP, rise + ABOVE_BUS + BELOW_BUS)
            tops.append(ceil((tops[-1] + height + gap) / ROW) * ROW)
        return tops

    def _bus(self, depth: int) -> float:
        """Return the height of the lines that lead to the nodes at ``depth``: clear of what stands beside them."""
        return self._tops[depth] - max(ARRIVAL, self._rises[depth] + BELOW_BUS)

    def _unit_contour(self, unit: Slot | Column, depth: int) -> Contour:
        """Return the contour of what stands at ``depth``, from the highest context of that row downwards."""
        if isinstance(unit, str):
            return self._contours.pop(unit)
        if isinstance(unit, Column):
            contour = contours.band(unit.left, unit.right, unit.height)
        else:
            size = self._sizes[unit]
            contour = contours.band(-size.extent, size.extent, size.height)
        return contour.crowned(contours.band(0.0, 0.0, self._rises[depth]))

    def _subtree(self, key: str) -> Contour:
        depth = self._depth[key]
        upper, lower = (self._tops[row] - self._rises[row] for row in (depth, depth + 1))
        block = contours.outline(self._blocks[key].rectangles, self._rises[depth])
        units = [self._unit_contour(unit, depth + 1) for unit in self._units[key]]
        if not units:
            return block
        middles = self._middles[key] = _straightened(contours.spread(units, SIBLING_GAP))
        bus = contours.rows(lower - self._bus(depth + 1)) + 1
        stem = contours.rows(lower - upper) - len(block.left) - bus
        return (
            contours.union(units, middles)
            .crowned(contours.band(middles[0], middles[-1], bus * ROW))
            .crowned(contours.band(0.0, 0.0, stem * ROW))
            .crowned(block)
        )

    def _settle(self, roots: dict[str, float]) -> Layout:
        """Go down the tree again and turn distances from the parent into places on the page."""
        middle: dict[str, float] = dict(roots)
        places: dict[Slot, Place] = {}
        trunks: dict[str, Trunk] = {}
        for key in self._order:
            top, below = self._tops[self._depth[key]], self._tops[self._depth[key] + 1]
            for slot, place in self._blocks[key].places.items():
                places[slot] = Place(middle[key] + place.x, top + place.y)
            if not self._units[key]:
                continue
            trunk = trunks[key] = Trunk(bus=self._bus(self._depth[key] + 1))
            for unit, offset in zip(self._units[key], self._middles[key], strict=True):
                x = middle[key] + offset
                if isinstance(unit, Column):
                    trunk.columns.append((x, unit))
                    places.update({slot: Place(x + place.x, below + place.y) for slot, place in unit.places.items()})
                else:
                    trunk.children.append(unit)
                    places[unit] = Place(x, below)
                    if isinstance(unit, str):
                        middle[unit] = x
        return self._cropped(places, trunks)

    def _cropped(self, places: dict[Slot, Place], trunks: dict[str, Trunk]) -> Layout:
        """Move everything so that the margins are equal, and round: the same model gives the same bytes."""
        rectangles = [surrounding(self._sizes[slot], place) for slot, place in places.items()]
        left = min((rectangle.left for rectangle in rectangles), default=0.0) - MARGIN
        right = max((rectangle.right for rectangle in rectangles), default=0.0) + MARGIN
        bottom = max((rectangle.bottom for rectangle in rectangles), default=0.0) + MARGIN
        for trunk in trunks.values():
            trunk.bus = round(trunk.bus + MARGIN, 1)
            trunk.columns = [(round(x - left, 1), column) for x, column in trunk.columns]
        return Layout(
            places={slot: Place(round(p.x - left, 1), round(p.y + MARGIN, 1)) for slot, p in places.items()},
            trunks=trunks,
            width=ceil(right - left),
            height=ceil(bottom + MARGIN),
        )


def _straightened(middles: list[float]) -> list[float]:
    """Bring the middle one of an odd number under the parent, by widening one gap on the side that is too narrow."""
    half, odd = divmod(len(middles), 2)
    off = middles[half]
    if not odd or abs(off) > STRAIGHTENED:
        return middles
    if off > 0:
        return [x - off for x in middles[: half + 1]] + [x + off for x in middles[half + 1 :]]
    return [x + off for x in middles[:half]] + [x - off for x in middles[half:]]
