"""Points and rectangles, in the pixels of the drawing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """The middle of the upper edge of a figure."""

    x: float
    y: float


@dataclass(frozen=True)
class Rectangle:
    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: Rectangle, gap: float = 0.0) -> bool:
        """Tell whether the two share more than an edge, or come closer than ``gap``."""
        return (
            self.left < other.right + gap
            and other.left < self.right + gap
            and self.top < other.bottom + gap
            and other.top < self.bottom + gap
        )

    def contains(self, x: float, y: float, gap: float = 0.0) -> bool:
        """Tell whether the point lies inside, or nearer than ``gap``."""
        return self.left - gap < x < self.right + gap and self.top - gap < y < self.bottom + gap
