"""Reading a drawing back: its shapes, texts and lines as numbers, from nothing but the SVG."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import hypot
from xml.etree.ElementTree import Element

from defusedxml.ElementTree import fromstring

from dcase_audit.cases.diagram import Box, Drawing
from dcase_audit.cases.diagram.text import text_width

SVG = "{http://www.w3.org/2000/svg}"
Point = tuple[float, float]


@dataclass
class DrawnNode:
    """A node as found in the SVG; ``corners`` is a polygon, None for an ellipse, which fills its box."""

    key: str
    name: str
    corners: list[Point] | None
    ellipse: tuple[float, float, float, float] | None
    texts: list[tuple[str, float, float, float]]
    element: Element

    def holds(self, point: Point) -> bool:
        """Tell whether ``point`` lies inside the shape."""
        if self.ellipse:
            x, y, rx, ry = self.ellipse
            return hypot((point[0] - x) / rx, (point[1] - y) / ry) <= 1
        assert self.corners is not None
        return _inside(self.corners, point)

    def crossed_by(self, points: list[Point]) -> bool:
        """Tell whether a line along ``points`` goes more than a pixel into the shape."""
        around = [(1, 0), (-1, 0), (0, 1), (0, -1)]
        return any(all(self.holds((x + dx, y + dy)) for dx, dy in around) for x, y in points)


def nodes_of(drawing: Drawing, language: str) -> list[DrawnNode]:
    """Return the nodes in document order, each with its statement and key as (text, left, right, baseline)."""
    found = []
    for element in fromstring(drawing.svg).iter():
        key = element.get("data-key")
        if key is not None:
            corners, ellipse = _shape(next(child for child in element if child.get("class") == "shape"))
            texts = [_text(text, language) for text in element.findall(f"{SVG}text") if _is_statement(text)]
            found.append(DrawnNode(key, element.get("aria-label", ""), corners, ellipse, texts, element))
    return found


def lines_of(drawing: Drawing) -> Iterator[list[Point]]:
    """Yield every stroke between nodes as points along it."""
    lines = next(child for child in fromstring(drawing.svg).iter() if child.get("aria-hidden") == "true")
    for path in lines.findall(f"{SVG}path"):
        if path.get("fill") == "none":
            yield from strokes(path.get("d", ""))


def strokes(data: str) -> list[list[Point]]:
    """Return the points along each stroke of path data made of M, H, V, L, Q, C and Z, curves in steps."""
    found: list[list[Point]] = []
    for command, rest in re.findall(r"([MHVLQCZ])([^MHVLQCZ]*)", data):
        numbers = [float(value) for value in re.findall(r"-?[\d.]+", rest)]
        if command == "M":
            found.append([(numbers[0], numbers[1])])
            continue
        start = found[-1][-1]
        if command == "H":
            found[-1] += _straight(start, (numbers[0], start[1]))
        elif command == "V":
            found[-1] += _straight(start, (start[0], numbers[0]))
        elif command == "L":
            found[-1].append((numbers[0], numbers[1]))
        elif command in "QC":
            found[-1] += _curve([start, *zip(numbers[::2], numbers[1::2], strict=True)])
    return found


def enters(points: list[Point], box: Box, shrink: float = 1.0) -> bool:
    """Tell whether one of ``points`` lies inside ``box``, its rim left out."""
    left, top, right, bottom = box.x + shrink, box.y + shrink, box.x + box.width - shrink, box.y + box.height - shrink
    across, down = [x for x, _ in points], [y for _, y in points]
    if max(across) <= left or min(across) >= right or max(down) <= top or min(down) >= bottom:
        return False
    return any(left < x < right and top < y < bottom for x, y in points)


def _shape(element: Element) -> tuple[list[Point] | None, tuple[float, float, float, float] | None]:
    def value(name: str) -> float:
        return float(element.get(name, "0"))

    if element.tag == f"{SVG}ellipse":
        return None, (value("cx"), value("cy"), value("rx"), value("ry"))
    if element.tag == f"{SVG}rect":
        left, top, right, bottom = value("x"), value("y"), value("x") + value("width"), value("y") + value("height")
        return [(left, top), (right, top), (right, bottom), (left, bottom)], None
    return strokes(element.get("d", ""))[0], None


def _is_statement(text: Element) -> bool:
    """Tell the statement and the key from tag, pill and the letter outside an assumption."""
    return text.get("font-size") is None and text.text not in ("A", "J")


def _text(text: Element, language: str) -> tuple[str, float, float, float]:
    said = text.text or ""
    bold = text.get("font-weight") == "700"
    width = text_width(said, 12, "ja" if bold else language, bold=bold)
    x, y = float(text.get("x", "0")), float(text.get("y", "0"))
    left = x - width / 2 if text.get("text-anchor") == "middle" else x
    return said, left, left + width, y


def _straight(start: Point, end: Point) -> list[Point]:
    steps = max(1, int(hypot(end[0] - start[0], end[1] - start[1]) / 4))
    return [
        (start[0] + (end[0] - start[0]) * i / steps, start[1] + (end[1] - start[1]) * i / steps)
        for i in range(1, steps + 1)
    ]


def _curve(controls: list[Point]) -> list[Point]:
    """Return points along a Bezier curve, by de Casteljau's construction."""
    found = []
    for step in range(1, 25):
        t, points = step / 24, controls
        while len(points) > 1:
            points = [(a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t) for a, b in pairwise(points)]
        found.append(points[0])
    return found


def _inside(corners: list[Point], point: Point) -> bool:
    """Tell whether ``point`` lies in the polygon, by counting the sides that a ray to the right meets."""
    x, y = point
    inside = False
    for (x1, y1), (x2, y2) in zip(corners, [*corners[1:], corners[0]], strict=True):
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) * (x2 - x1) / (y2 - y1):
            inside = not inside
    return inside
