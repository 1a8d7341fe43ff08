"""The lines between nodes: support with a solid head downwards, context with a hollow head sideways."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from dcase_audit.cases.diagram.argument import Argument, Slot
from dcase_audit.cases.diagram.columns import Column
from dcase_audit.cases.diagram.crossings import Curve
from dcase_audit.cases.diagram.figures import Sized
from dcase_audit.cases.diagram.geometry import Place
from dcase_audit.cases.diagram.layout import Layout, Trunk
from dcase_audit.cases.diagram.shapes import flank, number, polygon

HEAD_LENGTH, HEAD_HALF_WIDTH = 9.0, 4.2
BEND = 7.0
LINE_COLOUR = "#4a4f55"
PAINT = f'fill="none" stroke="{LINE_COLOUR}" stroke-width="1.3"'
SOLID = f'fill="{LINE_COLOUR}" stroke="none"'
HOLLOW = f'fill="#fff" stroke="{LINE_COLOUR}" stroke-width="1.2"'


def edges(argument: Argument, layout: Layout, sizes: Mapping[Slot, Sized], curves: Iterable[Curve]) -> Iterator[str]:
    """Yield one path a parent for the lines to what supports it, then contexts and crossings, then the heads."""
    heads: list[str] = []
    for key, trunk in layout.trunks.items():
        place, size = layout.places[key], sizes[key]
        start = Place(place.x, place.y + size.height + size.below)
        yield f'<path d="{_trunk(start, trunk, layout, sizes, heads)}" {PAINT}/>'
    for key, slots in argument.beside.items():
        for slot in slots:
            if isinstance(slot, str) or (slot.source == key and slot in layout.places):
                yield _to_context(key, slot, layout, sizes, heads)
    for start, end in curves:
        middle = number((start.y + end.y) / 2)
        tip = number(end.y - HEAD_LENGTH + 1)
        yield (
            f'<path d="M{number(start.x)} {number(start.y)}C{number(start.x)} {middle} {number(end.x)} {middle} '
            f'{number(end.x)} {tip}" {PAINT}/>'
        )
        heads.append(head_down(end))
    yield from heads


def _trunk(start: Place, trunk: Trunk, layout: Layout, sizes: Mapping[Slot, Sized], heads: list[str]) -> str:
    """Return the lines from ``start`` as one path, so that where they share a stretch it is painted once."""
    parts = []
    for slot in trunk.children:
        end = layout.places[slot]
        parts.append(_elbow(start, trunk.bus, Place(end.x, end.y - HEAD_LENGTH + 1)))
        heads.append(head_down(end))
    for x, column in trunk.columns:
        parts.append(_ladder(start, trunk.bus, x, column, layout, sizes, heads))
    return "".join(parts)


def _elbow(start: Place, bus: float, end: Place) -> str:
    """Return a line down to the bus, along it, and down to ``end``, the last corner rounded."""
    aside = end.x - start.x
    if abs(aside) < 0.5:
        return f"M{number(start.x)} {number(start.y)}V{number(end.y)}"
    bend = min(BEND, abs(aside))
    before = end.x - bend if aside > 0 else end.x + bend
    return (
        f"M{number(start.x)} {number(start.y)}V{number(bus)}H{number(before)}"
        f"Q{number(end.x)} {number(bus)} {number(end.x)} {number(bus + bend)}V{number(end.y)}"
    )


def _ladder(
    start: Place,
    bus: float,
    x: float,
    column: Column,
    layout: Layout,
    sizes: Mapping[Slot, Sized],
    heads: list[str],
) -> str:
    """Return the line down the middle of two columns of leaves, with a branch to each."""
    branches = []
    lowest = bus
    for slot in column.places:
        place, size = layout.places[slot], sizes[slot]
        direction = 1 if place.x > x else -1
        level = place.y + size.height / 2
        side = Place(place.x - direction * flank(size), level)
        lowest = max(lowest, level - BEND)
        # Curved away from the trunk: two level arrows back to back would read as one link between the leaves.
        branches.append(
            f"M{number(x)} {number(level - BEND)}Q{number(x)} {number(level)} {number(x + direction * BEND)} "
            f"{number(level)}H{number(side.x - direction * (HEAD_LENGTH - 1))}"
        )
        heads.append(f'<path d="{head_aside(side, direction)}" {SOLID}/>')
    return _elbow(start, bus, Place(x, lowest)) + "".join(branches)


def _to_context(key: str, slot: Slot, layout: Layout, sizes: Mapping[Slot, Sized], heads: list[str]) -> str:
    node, context = layout.places[key], layout.places[slot]
    direction = 1 if context.x > node.x else -1
    start = Place(node.x + direction * flank(sizes[key]), node.y + sizes[key].height / 2)
    end = Place(context.x - direction * flank(sizes[slot]), context.y + sizes[slot].height / 2)
    neck = end.x - direction * HEAD_LENGTH
    heads.append(f'<path d="{head_aside(end, direction)}" {HOLLOW}/>')
    if abs(end.y - start.y) < 0.5:
        return f'<path d="M{number(start.x)} {number(start.y)}H{number(neck)}" {PAINT}/>'
    middle = number((start.x + neck) / 2)
    return (
        f'<path d="M{number(start.x)} {number(start.y)}C{middle} {number(start.y)} {middle} {number(end.y)} '
        f'{number(neck)} {number(end.y)}" {PAINT}/>'
    )


def head_down(tip: Place) -> str:
    base = tip.y - HEAD_LENGTH
    corners = [(tip.x, tip.y), (tip.x - HEAD_HALF_WIDTH, base), (tip.x + HEAD_HALF_WIDTH, base)]
    return f'<path d="{polygon(corners)}" {SOLID}/>'


def head_aside(tip: Place, direction: int) -> str:
    base = tip.x - direction * HEAD_LENGTH
    return polygon([(tip.x, tip.y), (base, tip.y - HEAD_HALF_WIDTH), (base, tip.y + HEAD_HALF_WIDTH)])
