"""Outlines of the kinds of node, after the GSN Community Standard and the D-Case tools; kind is told by shape alone."""

from __future__ import annotations

from dcase_audit.cases.diagram.figures import CORNER, POINT, ROUND_KINDS, SKEW, Figure, Sized
from dcase_audit.cases.diagram.geometry import Place
from dcase_audit.cases.words import NodeKind

ROUNDING = 14.0


def number(value: float) -> str:
    """Return ``value`` to a tenth of a pixel, as short as it can be written."""
    return f"{round(value, 1) or 0.0:.1f}".removesuffix(".0")  # "or" turns -0.0 into 0.0


def polygon(points: list[tuple[float, float]]) -> str:
    """Return the path data of a closed figure."""
    return "M" + "L".join(f"{number(x)} {number(y)}" for x, y in points) + "Z"


def outline(figure: Figure, place: Place) -> str:
    """Return the shape of ``figure`` as the beginning of an SVG element, still open for its paint."""
    x, y, width, height = place.x - figure.width / 2, place.y, figure.width, figure.height
    kind = figure.node.kind
    if kind in ROUND_KINDS:
        return (
            f'<ellipse cx="{number(place.x)}" cy="{number(y + height / 2)}" '
            f'rx="{number(width / 2)}" ry="{number(height / 2)}"'
        )
    corners = _corners(kind, x, y, x + width, y + height)
    if corners:
        return f'<path d="{polygon(corners)}"'
    rounding = f' rx="{number(ROUNDING)}"' if kind is NodeKind.CONTEXT else ""
    return f'<rect x="{number(x)}" y="{number(y)}" width="{number(width)}" height="{number(height)}"{rounding}'


def _corners(kind: NodeKind, left: float, top: float, right: float, bottom: float) -> list[tuple[float, float]]:
    if kind is NodeKind.STRATEGY:
        return [(left + SKEW, top), (right, top), (right - SKEW, bottom), (left, bottom)]
    if kind is NodeKind.EXTERNAL:
        raised = bottom - CORNER
        upper = [(left, raised), (left, top), (right, top), (right, raised)]
        return [*upper, (right - CORNER, bottom), (left + CORNER, bottom)]
    if kind is NodeKind.TARGET:
        middle = (top + bottom) / 2
        upper, lower = [(left + POINT, top), (right - POINT, top)], [(right - POINT, bottom), (left + POINT, bottom)]
        return [(left, middle), *upper, (right, middle), *lower]
    if kind is NodeKind.RESPONSIBILITY:
        return [(left, top), (right - CORNER, top), (right, top + CORNER), (right, bottom), (left, bottom)]
    return []


def flank(size: Sized) -> float:
    """Return how far the side of the shape is from its middle, half-way down."""
    slanted = isinstance(size, Figure) and size.node.kind is NodeKind.STRATEGY
    return size.width / 2 - (SKEW / 2 if slanted else 0.0)


def badge_place(figure: Figure, place: Place) -> Place:
    """Return the centre of the status badge: on the upper right of the outline."""
    half = figure.width / 2
    if figure.node.kind in ROUND_KINDS:
        return Place(place.x + half * 0.7071 + 1.5, place.y + figure.height / 2 * (1 - 0.7071) - 1.5)
    return Place(place.x + half - 3, place.y + 1)
