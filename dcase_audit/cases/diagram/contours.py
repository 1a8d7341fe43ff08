"""Outlines of sub-trees, by which siblings are moved together as close as their shapes allow.

A ``Contour`` holds the left and right edge of a sub-tree in rows of ``ROW`` px, the lowest row first: the upper ends
of siblings, which lie at one height, then meet at the end of the lists, where lists are cheap to change.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from dcase_audit.cases.diagram.geometry import Rectangle

ROW = 8.0


@dataclass
class Contour:
    """Edges relative to the middle of the topmost node, which is at ``-shift`` of the stored numbers."""

    left: list[float]
    right: list[float]
    shift: float = 0.0

    def crowned(self, upper: Contour) -> Contour:
        """Put ``upper`` on top, in place: a contour belongs to one parent and is not asked again."""
        self.left.extend([edge - self.shift for edge in upper.left])
        self.right.extend([edge - self.shift for edge in upper.right])
        return self


def rows(height: float) -> int:
    """Return how many rows ``height`` px take."""
    return ceil(height / ROW)


def band(left: float, right: float, height: float) -> Contour:
    """Return a rectangle's contour."""
    return Contour([left] * rows(height), [right] * rows(height))


def outline(rectangles: Sequence[Rectangle], rise: float) -> Contour:
    """Return the contour around ``rectangles`` from ``rise`` px above 0 downwards; an empty row is a line at 0."""
    height = rise + max(rectangle.bottom for rectangle in rectangles)
    left = [0.0] * rows(height)
    right = [0.0] * rows(height)
    for rectangle in rectangles:
        for row in range(int((rectangle.top + rise) // ROW), rows(rectangle.bottom + rise)):
            left[-1 - row] = min(left[-1 - row], rectangle.left)
            right[-1 - row] = max(right[-1 - row], rectangle.right)
    return Contour(left, right)


def spread(contours: Sequence[Contour], gap: float) -> list[float]:
    """Return the middles of siblings in their order, at least ``gap`` apart, 0 midway between first and last.

    The mean of packing all to the left and all to the right: small sub-trees between two large ones are spaced
    evenly. Both packings keep every distance, and so does their mean.
    """
    if len(contours) < 2:
        return [0.0] * len(contours)
    upper = _upper(contours)
    leftmost = _pack(upper, gap)
    mirrored = [Contour([-edge for edge in c.right], [-edge for edge in c.left], -c.shift) for c in reversed(upper)]
    rightmost = [-position for position in reversed(_pack(mirrored, gap))]
    span = leftmost[-1]
    return [(left + right + span) / 2 - span / 2 for left, right in zip(leftmost, rightmost, strict=True)]


def union(contours: Sequence[Contour], positions: Sequence[float]) -> Contour:
    """Return the contour of siblings at ``positions``; the deepest one's lists are changed and taken over."""
    deepest, at = max(zip(contours, positions, strict=True), key=lambda pair: len(pair[0].left))
    move = deepest.shift + at
    if len(contours) > 1:
        left, right = _merge(_upper(contours), positions)
        deepest.left[-len(left) :] = [edge - move for edge in left]
        deepest.right[-len(right) :] = [edge - move for edge in right]
    return Contour(deepest.left, deepest.right, move)


def _upper(contours: Sequence[Contour]) -> list[Contour]:
    """Return the rows that siblings share: below the second deepest there is nobody to keep away from.

    What is below stays untouched, or each level of a deep case would copy all that is under it.
    """
    shared = sorted(len(contour.left) for contour in contours)[-2]
    return [Contour(contour.left[-shared:], contour.right[-shared:], contour.shift) for contour in contours]


def _pack(contours: Sequence[Contour], gap: float) -> list[float]:
    """Return the smallest middles, the first at 0."""
    edge: list[float] = [value + contours[0].shift for value in contours[0].right]
    positions = [0.0]
    for contour in contours[1:]:
        shared = min(len(edge), len(contour.left))
        distance = max(right - left for right, left in zip(edge[-shared:], contour.left[-shared:], strict=True))
        position = distance - contour.shift + gap
        positions.append(position)
        moved = [value + contour.shift + position for value in contour.right]
        edge[-shared:] = moved[-shared:]
        edge[:0] = moved[:-shared]
    return positions


def _merge(contours: Sequence[Contour], positions: Sequence[float]) -> tuple[list[float], list[float]]:
    """Return the left edges of the first and the right edges of the last contour to have each row."""
    left: list[float] = []
    right: list[float] = []
    for contour, position in zip(contours, positions, strict=True):
        move = contour.shift + position
        shared = min(len(left), len(contour.left))
        deeper = len(contour.left) - shared
        left[:0] = [edge + move for edge in contour.left[:deeper]]
        right[:0] = [edge + move for edge in contour.right[:deeper]]
        right[len(right) - shared :] = [edge + move for edge in contour.right[deeper:]]
    return left, right
