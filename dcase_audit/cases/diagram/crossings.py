"""Links to a node that has its place elsewhere: a line where a reader can follow it, a stub where not."""

from __future__ import annotations

from collections.abc import Mapping
from math import hypot

from dcase_audit.cases.diagram import phrases
from dcase_audit.cases.diagram.argument import Argument, Crossing, Slot
from dcase_audit.cases.diagram.columns import MOST_IN_A_ROW
from dcase_audit.cases.diagram.figures import Figure, Sized, Stub, stub, surrounding
from dcase_audit.cases.diagram.geometry import Place, Rectangle
from dcase_audit.cases.diagram.layout import ARRIVAL, Layout, arrange
from dcase_audit.cases.diagram.text import clean
from dcase_audit.cases.words import LinkKind

LONGEST = 500.0
FLATTEST = 3.0  # sideways to downwards
CLEARANCE = 5.0
SAMPLES = 24
ROUNDS = 3

Curve = tuple[Place, Place]
"""From the lower edge of the source to the upper edge of the target."""


def place(
    argument: Argument, figures: Mapping[str, Figure], language: str, *, in_a_row: int = MOST_IN_A_ROW
) -> tuple[Layout, dict[Slot, Sized], dict[Crossing, Curve]]:
    """Arrange ``argument``; return the layout, the size of all that is placed in it, and the crossings drawn as lines.

    A stub takes room and moves what was a clear line before, so lines are judged again until none is lost; what is
    still undecided after some rounds becomes a stub.
    """
    open_ = {crossing for crossing in argument.crossings() if _drawable(crossing, argument)}
    for round_ in range(ROUNDS + 1):
        if round_ == ROUNDS:
            open_ = set()
        part, sizes = _with_stubs(argument, figures, open_, language)
        layout = arrange(part, sizes, in_a_row)
        curves = {crossing: curve for crossing in open_ if (curve := _curve(crossing, layout, sizes))}
        if len(curves) == len(open_):
            break
        open_ = set(curves)
    return layout, sizes, {crossing: curves[crossing] for crossing in argument.crossings() if crossing in curves}


def _drawable(crossing: Crossing, argument: Argument) -> bool:
    """Tell whether a line may be tried: a shared context, or a link that a context has, is always named."""
    return crossing.kind is LinkKind.SUPPORTED_BY and crossing.source in argument.below and not crossing.label


def _with_stubs(
    argument: Argument, figures: Mapping[str, Figure], open_: set[Crossing], language: str
) -> tuple[Argument, dict[Slot, Sized]]:
    """Return ``argument`` without the crossings that are tried as lines, and the sizes of what remains."""
    sizes: dict[Slot, Sized] = {key: figures[key] for key in argument.reading_order()}
    for crossing in argument.crossings():
        if crossing not in open_:
            sizes[crossing] = _stub(crossing, argument, language)
    part = Argument(
        roots=argument.roots,
        below={key: [slot for slot in slots if slot in sizes] for key, slots in argument.below.items()},
        beside={key: [slot for slot in slots if slot in sizes] for key, slots in argument.beside.items()},
        above=argument.above,
    )
    return part, sizes


def _stub(crossing: Crossing, argument: Argument, language: str) -> Stub:
    where = crossing.label or phrases.listed_under(argument.above.get(crossing.target, ""), language)
    # No line leads from a context, so the stub beside it says whose link it is.
    whose = "" if crossing.source in argument.below else f"{clean(crossing.source)} → "
    return stub(f"{whose}{clean(crossing.target)} ↗ {where}".rstrip())


def _curve(crossing: Crossing, layout: Layout, sizes: Mapping[Slot, Sized]) -> Curve | None:
    """Return the line of ``crossing`` if it is short, leads downwards and touches nothing on its way."""
    source, target = layout.places[crossing.source], layout.places[crossing.target]
    size = sizes[crossing.source]
    start = Place(source.x, source.y + size.height + size.below)
    down, aside = target.y - start.y, abs(target.x - start.x)
    if down < ARRIVAL or hypot(down, aside) > LONGEST or aside > FLATTEST * down:
        return None
    ends = {crossing.source, crossing.target}
    reach = Rectangle(min(start.x, target.x), start.y, max(start.x, target.x), target.y)
    obstacles = [
        rectangle
        for slot, place_ in layout.places.items()
        if slot not in ends and (rectangle := surrounding(sizes[slot], place_)).overlaps(reach, CLEARANCE)
    ]
    points = [_point(start, target, step / SAMPLES) for step in range(SAMPLES + 1)]
    if any(rectangle.contains(x, y, CLEARANCE) for rectangle in obstacles for x, y in points):
        return None
    return start, target


def _point(start: Place, end: Place, t: float) -> tuple[float, float]:
    """Return the point at ``t`` (0 to 1) of the curve that leaves and arrives vertically."""
    middle = (start.y + end.y) / 2
    a, b, c, d = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3
    return (a + b) * start.x + (c + d) * end.x, a * start.y + (b + c) * middle + d * end.y
