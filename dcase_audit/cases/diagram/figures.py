"""The size of a node: its text broken into lines, and the smallest shape of its kind that holds them.

All positions in a figure are relative to the middle of its top edge, x to the right and y downwards.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import hypot

from dcase_audit.cases.diagram.geometry import Place, Rectangle
from dcase_audit.cases.diagram.model import DiagramNode
from dcase_audit.cases.diagram.text import Paragraph, clean, text_width
from dcase_audit.cases.words import NodeKind

FONT_SIZE = 12.0
LINE = 16.0
HEADER = 18.0  # the line of the key
TAG_SIZE = 9.5
TAG_HEIGHT = 13.0
PILL_SIZE = 10.5
PILL_HEIGHT = 18.0
PILL_OVERLAP = 5.0
STUB_HEIGHT = 22.0
DIAMOND = 7.0  # half its diagonal
BADGE_ROOM = 12.0  # what the status badge covers of a box's upper right corner
PULSE = 22.0  # the heart-beat line of a monitor, its gap included
SKEW = 14.0  # of a strategy's sides
POINT = 10.0  # how far the sides of a target reach out
CORNER = 12.0  # cut off an external's lower corners and a responsibility's upper right one
GLYPH_ABOVE, GLYPH_BELOW = 10.5, 3.5  # what a glyph of FONT_SIZE reaches above and below its baseline

ROUND_KINDS = {
    NodeKind.EVIDENCE: 1.0,
    NodeKind.MONITOR: 1.4,
    NodeKind.ASSUMPTION: 1.6,
    NodeKind.JUSTIFICATION: 1.6,
}
"""Width to height of the kinds that are drawn as circles and ellipses."""

_TEXT_WIDTHS = {NodeKind.RESPONSIBILITY: (96.0, 128.0)}
_DEFAULT_WIDTHS = (112.0, 128.0, 144.0, 160.0, 184.0, 208.0, 232.0)
_ROUND_WIDTHS = tuple(range(48, 137, 8))
_SIDE = {NodeKind.STRATEGY: SKEW + 7.0, NodeKind.CONTEXT: 12.0, NodeKind.TARGET: POINT + 8.0}
_COMFORTABLE_LINES, _MOST_LINES = 3, 8
_MOST_ROUND_LINES = 7
_WIDEST_UNIT = 240.0
_SMALLEST_RADIUS = 38.0
_BROKEN_PHRASE = 12.0  # how much larger a circle may be to keep a phrase on one line


@dataclass(frozen=True)
class Line:
    """A piece of text: ``x`` is its middle if ``centred``, else its left edge; ``y`` is its baseline."""

    text: str
    x: float
    y: float
    width: float
    centred: bool = False


@dataclass(frozen=True)
class Tag:
    """The small label that names who holds a node."""

    text: str
    x: float
    y: float
    width: float


@dataclass(frozen=True)
class Figure:
    """A node with its size; ``above`` and ``below`` is what stands out of its shape: diamond, tag, pills."""

    node: DiagramNode
    width: float
    height: float
    key: Line
    lines: tuple[Line, ...]
    tag: Tag | None = None
    crown: str = ""
    pill: str = ""

    @property
    def above(self) -> float:
        return PILL_HEIGHT + 8 if self.crown else 0.0

    @property
    def tag_overhang(self) -> float:
        return max(0.0, self.tag.y + TAG_HEIGHT - self.height) if self.tag else 0.0

    @property
    def pill_top(self) -> float:
        """Return where the pill begins: astride the lower edge, or under what hangs there."""
        hanging = 2 * DIAMOND if self.node.undeveloped else self.tag_overhang
        return self.height + hanging + 2 if hanging else self.height - PILL_OVERLAP

    @property
    def below(self) -> float:
        hanging = max(self.tag_overhang, 2 * DIAMOND if self.node.undeveloped else 0.0)
        return max(hanging, self.pill_top + PILL_HEIGHT - self.height if self.pill else 0.0)

    @property
    def extent(self) -> float:
        """Return half of the width that the figure needs, pills and tag included."""
        widths = [self.width, *(pill_width(text) for text in (self.crown, self.pill) if text)]
        return max([*widths, self.tag.width if self.tag else 0.0]) / 2

    def marked(self, *, crown: str = "", pill: str = "") -> Figure:
        """Return the figure with a ``pill`` at its lower edge and a ``crown``, a pill above its upper edge."""
        return replace(self, crown=crown, pill=pill)


@dataclass(frozen=True)
class Stub:
    """What stands for a node that is drawn elsewhere: a dashed pill with its key and where to find it."""

    text: str
    width: float
    height: float = STUB_HEIGHT
    above: float = 0.0
    below: float = 0.0

    @property
    def extent(self) -> float:
        return self.width / 2


Sized = Figure | Stub


def surrounding(size: Sized, place: Place) -> Rectangle:
    """Return the rectangle around all that is drawn for ``size`` at ``place``."""
    return Rectangle(
        place.x - size.extent,
        place.y - size.above,
        place.x + size.extent,
        place.y + size.height + size.below,
    )


def stub(text: str) -> Stub:
    return Stub(text, text_width(text, PILL_SIZE, "ja") + 18)


def pill_width(text: str) -> float:
    """Return the width of a pill around ``text``, digits and signs measured as wide as in Japanese."""
    return text_width(text, PILL_SIZE, "ja", bold=True) + 14


def tag_width(text: str, language: str) -> float:
    return text_width(text, TAG_SIZE, language) + 14


def fit(node: DiagramNode, language: str) -> Figure:
    """Return the figure of ``node``; its badge, if it has one, becomes the pill."""
    paragraph = Paragraph(clean(node.text), FONT_SIZE, language)
    sized = _fit_round if node.kind in ROUND_KINDS else _fit_box
    return replace(sized(node, paragraph, language), pill=clean(node.badge))


def _fit_box(node: DiagramNode, paragraph: Paragraph, language: str) -> Figure:
    key, tag_text = clean(node.key), clean(node.holder)
    key_width = text_width(key, FONT_SIZE, "ja", bold=True)
    wide_tag = tag_width(tag_text, language) if tag_text else 0.0
    header = key_width + (8 + wide_tag if tag_text else 0.0) + (BADGE_ROOM if node.status is not None else 0.0)
    lines = _box_lines(node, paragraph, header)
    widths = [text_width(line, FONT_SIZE, language) for line in lines]
    inner = max([*widths, header, 64.0])
    side, top = _SIDE.get(node.kind, 10.0), 7.0
    bottom = CORNER + 1 if node.kind is NodeKind.EXTERNAL else 8.0
    left = -inner / 2
    return Figure(
        node=node,
        width=inner + 2 * side,
        height=top + HEADER + LINE * len(lines) + bottom,
        key=Line(key, left, top + 12, key_width),
        lines=tuple(
            Line(line, left, top + HEADER + LINE * index + 12, width)
            for index, (line, width) in enumerate(zip(lines, widths, strict=True))
        ),
        tag=Tag(tag_text, left + key_width + 8, top + 1.5, wide_tag) if tag_text else None,
    )


def _box_lines(node: DiagramNode, paragraph: Paragraph, header: float) -> list[str]:
    """Return the lines at the first width that needs few of them; at the widest, cut what is still too long."""
    if not paragraph.text:
        return []
    least = max(header, min(paragraph.widest_unit, _WIDEST_UNIT))
    widths = _TEXT_WIDTHS.get(node.kind, _DEFAULT_WIDTHS)
    for width in widths:
        lines = paragraph.lines(max(width, least))
        if len(lines) <= _COMFORTABLE_LINES:
            return lines
    return paragraph.cut_lines(max(widths[-1], least), _MOST_LINES)


def _fit_round(node: DiagramNode, paragraph: Paragraph, language: str) -> Figure:
    aspect = ROUND_KINDS[node.kind]
    key, tag_text = clean(node.key), clean(node.holder)
    key_width = text_width(key, FONT_SIZE, "ja", bold=True)
    header = key_width + (PULSE if node.kind is NodeKind.MONITOR else 0.0)
    lines, radius = _roundest(paragraph, header + (BADGE_ROOM if node.status is not None else 0.0), aspect, language)
    first = radius - LINE * (1 + len(lines)) / 2 + 12
    wide_tag = tag_width(tag_text, language) if tag_text else 0.0
    return Figure(
        node=node,
        width=2 * radius * aspect,
        height=2 * radius,
        key=Line(key, (header - key_width) / 2, first, key_width, centred=True),
        lines=tuple(
            Line(line, 0.0, first + LINE * (index + 1), text_width(line, FONT_SIZE, language), centred=True)
            for index, line in enumerate(lines)
        ),
        tag=Tag(tag_text, -wide_tag / 2, 2 * radius - TAG_HEIGHT / 2, wide_tag) if tag_text else None,
    )


def _roundest(paragraph: Paragraph, header: float, aspect: float, language: str) -> tuple[list[str], float]:
    """Return the lines whose ellipse is smallest, and half its height."""
    if not paragraph.text:
        return [], max(_SMALLEST_RADIUS, _radius([header], aspect))
    unit = min(paragraph.widest_unit, _WIDEST_UNIT / 2)
    widths = sorted({max(unit, float(width)) for width in _ROUND_WIDTHS})

    def radius(lines: list[str]) -> float:
        return _radius([header, *(text_width(line, FONT_SIZE, language) for line in lines)], aspect)

    whole = [
        (radius(lines) + _BROKEN_PHRASE * paragraph.broken_phrases(width), lines)
        for width in widths
        if len(lines := paragraph.lines(width)) <= _MOST_ROUND_LINES
    ]
    best = min(whole)[1] if whole else paragraph.cut_lines(widths[-1], _MOST_ROUND_LINES)
    return best, max(_SMALLEST_RADIUS, radius(best))


def _radius(widths: list[float], aspect: float) -> float:
    """Return half the height of the ellipse around centred lines of these widths, one above the other."""
    top = -LINE * len(widths) / 2
    farthest = 0.0
    for index, width in enumerate(widths):
        baseline = top + LINE * index + 12
        reach = max(abs(baseline - GLYPH_ABOVE), abs(baseline + GLYPH_BELOW))
        farthest = max(farthest, hypot(width / 2 / aspect, reach))
    return farthest + 5.0
