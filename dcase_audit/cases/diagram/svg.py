"""Writing the drawing as one SVG element that a strict page and the PDF both take.

Only presentation attributes: a ``style`` would be refused by the content security policy of the pages, and the style
sheet of a report does not reach into an SVG. The family names are without spaces between them, which WeasyPrint
would take as part of a name.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from html import escape

from dcase_audit.cases.diagram import phrases
from dcase_audit.cases.diagram.argument import Crossing
from dcase_audit.cases.diagram.figures import (
    DIAMOND,
    FONT_SIZE,
    PILL_HEIGHT,
    PILL_SIZE,
    PULSE,
    TAG_HEIGHT,
    TAG_SIZE,
    Figure,
    Line,
    Stub,
    Tag,
    pill_width,
)
from dcase_audit.cases.diagram.geometry import Place
from dcase_audit.cases.diagram.marks import MARKS
from dcase_audit.cases.diagram.model import DiagramNode
from dcase_audit.cases.diagram.shapes import badge_place, number, outline, polygon
from dcase_audit.cases.diagram.text import clean
from dcase_audit.cases.presentation import STATUS_STYLES
from dcase_audit.cases.words import NodeKind, Status

INK = "#111"
PLAIN_BORDER, PLAIN_FILL = "#5f6368", "#fff"
QUIET = "#3c4043"
# For keys: the underscore of BIZ UDPGothic is so short that G_1 reads like G 1.
KEY_FONT = ' font-family="Noto Sans JP,BIZ UDPGothic,sans-serif"'
KEY_BOLD = f'{KEY_FONT} font-weight="700"'
FONTS = {"ja": "BIZ UDPGothic,Noto Sans JP,sans-serif", "en": "Noto Sans JP,Arial,Helvetica,sans-serif"}


def document(content: str, *, width: float, height: float, title: str, description: str, language: str) -> str:
    """Return the SVG element; its identifiers are made from its content, so that several may share one page."""
    lang = "ja" if phrases.in_japanese(language) else "en"
    title = clean(title)
    name = "diagram-" + sha256(f"{title}\0{description}\0{content}".encode()).hexdigest()[:12]
    size = f'width="{number(width)}" height="{number(height)}" viewBox="0 0 {number(width)} {number(height)}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="group" lang="{lang}" '
        f'aria-labelledby="{name}-title {name}-desc">'
        f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-desc">{escape(description)}</desc>'
        f'<g font-family="{FONTS[lang]}" font-size="{number(FONT_SIZE)}" fill="{INK}">{content}</g></svg>\n'
    )


def hidden(parts: Iterable[str]) -> str:
    """Return ``parts`` as a group that a screen reader passes over."""
    return f'<g aria-hidden="true">{"".join(parts)}</g>'


def linked(name: str, href: str, data: str, content: str, *, first: bool) -> str:
    """Return ``content`` as a link, or as an image where it leads nowhere; only the first is a tab stop."""
    said = escape(name)
    common = f'aria-label="{said}" tabindex="{0 if first else -1}" {data}><title>{said}</title>{content}'
    return f'<a href="{_attribute(href)}" {common}</a>' if href else f'<g role="img" {common}</g>'


def node_element(figure: Figure, place: Place, *, above: str, language: str, first: bool) -> str:
    """Return a node with all that is attached to its shape."""
    node = figure.node
    data = f'data-key="{_attribute(node.key)}"' + (f' data-above="{_attribute(above)}"' if above else "")
    return linked(phrases.name_of(node, language), node.href, data, node_drawing(figure, place), first=first)


def node_drawing(figure: Figure, place: Place) -> str:
    """Return the shape of a node, its text, and its marks, without a name."""
    node = figure.node
    border, fill, width, dashes = _paint(node.status)
    parts = [f'{outline(figure, place)} class="shape" fill="{fill}" stroke="{border}" stroke-width="{width}"{dashes}/>']
    parts.append(_text(figure.key, place, KEY_BOLD))
    parts += [_text(line, place) for line in figure.lines]
    if node.kind is NodeKind.MONITOR:
        parts.append(_pulse(figure, place, border))
    if node.kind in (NodeKind.ASSUMPTION, NodeKind.JUSTIFICATION):
        letter = "A" if node.kind is NodeKind.ASSUMPTION else "J"
        parts.append(_letter(letter, place.x + figure.width * 0.44, place.y + figure.height))
    if figure.tag:
        parts.append(tag_drawing(figure.tag, place))
    if node.undeveloped:
        parts.append(_diamond(place.x, place.y + figure.height + DIAMOND, border))
    if figure.pill:
        parts.append(pill(figure.pill, place.x, place.y + figure.pill_top))
    if figure.crown:
        top = place.y - figure.above
        line = f"M{number(place.x)} {number(top + PILL_HEIGHT)}V{number(place.y)}"
        parts.append(f'<path d="{line}" stroke="{QUIET}" stroke-width="1.2"/>' + pill(figure.crown, place.x, top))
    if node.status is not None:
        parts.append(status_badge(node.status, badge_place(figure, place)))
    return "".join(parts)


def stub_element(crossing: Crossing, stub: Stub, place: Place, target: DiagramNode, language: str) -> str:
    """Return the stub of ``crossing``, which leads where its target leads."""
    data = f'data-reference="{_attribute(crossing.target)}" data-above="{_attribute(crossing.source)}"'
    name = phrases.reference_to(target, stub.text, language)
    return linked(name, target.href, data, stub_drawing(stub, place), first=False)


def stub_drawing(stub: Stub, place: Place) -> str:
    rectangle = f'x="{number(place.x - stub.width / 2)}" y="{number(place.y)}" width="{number(stub.width)}"'
    return (
        f'<rect {rectangle} height="{number(stub.height)}" rx="{number(stub.height / 2)}" class="shape" fill="#fff" '
        f'stroke="{PLAIN_BORDER}" stroke-width="1.2" stroke-dasharray="3 2.5"/>'
        f'<text x="{number(place.x)}" y="{number(place.y + stub.height / 2 + 3.8)}" text-anchor="middle" '
        f'font-size="{number(PILL_SIZE)}"{KEY_FONT}>{escape(stub.text)}</text>'
    )


def status_badge(status: Status, centre: Place) -> str:
    """Return the glyph of ``status`` in a disc of its colour."""
    move = f'transform="translate({number(centre.x)} {number(centre.y)})"'
    return (
        f'<g {move} aria-hidden="true"><circle r="8.5" fill="{STATUS_STYLES[status].border}" stroke="#fff"/>'
        f'<path d="{MARKS[status]}" fill="none" stroke="#fff" stroke-width="1.9" stroke-linecap="round" '
        'stroke-linejoin="round"/></g>'
    )


def pill(text: str, x: float, top: float) -> str:
    """Return a rounded label with its middle at ``x``."""
    width = pill_width(text)
    return (
        f'<rect x="{number(x - width / 2)}" y="{number(top)}" width="{number(width)}" height="{number(PILL_HEIGHT)}" '
        f'rx="{number(PILL_HEIGHT / 2)}" fill="#fff" stroke="{QUIET}" stroke-width="1.3"/>'
        f'<text x="{number(x)}" y="{number(top + PILL_HEIGHT / 2 + 3.8)}" text-anchor="middle" '
        f'font-size="{number(PILL_SIZE)}"{KEY_BOLD}>{escape(text)}</text>'
    )


def label(text: str, x: float, y: float, *, bold: bool = False, size: float = FONT_SIZE) -> str:
    """Return a line of text that begins at ``x`` on the baseline ``y``."""
    weight = ' font-weight="700"' if bold else ""
    font = f' font-size="{number(size)}"' if size != FONT_SIZE else ""
    return f'<text x="{number(x)}" y="{number(y)}"{font}{weight}>{escape(text)}</text>'


def _attribute(value: str) -> str:
    return escape(clean(value))


def _paint(status: Status | None) -> tuple[str, str, str, str]:
    """Return border, fill, border width and dashes."""
    if status is None:
        return PLAIN_BORDER, PLAIN_FILL, "1.3", ""
    style = STATUS_STYLES[status]
    width = "2.6" if status is Status.REFUTED else "1.8"
    return style.border, style.fill, width, ' stroke-dasharray="6 3.5"' if style.dashed else ""


def _text(line: Line, place: Place, font: str = "") -> str:
    if not line.text:
        return ""
    anchor = ' text-anchor="middle"' if line.centred else ""
    x, y = number(place.x + line.x), number(place.y + line.y)
    return f'<text x="{x}" y="{y}"{anchor}{font}>{escape(line.text)}</text>'


def _letter(letter: str, x: float, y: float) -> str:
    return f'<text x="{number(x)}" y="{number(y)}" font-weight="700">{letter}</text>'


def _pulse(figure: Figure, place: Place, colour: str) -> str:
    """Return the heart-beat line that tells a monitor from other evidence, to the left of its key."""
    left = place.x + figure.key.x - figure.key.width / 2 - PULSE
    return (
        f'<path d="M{number(left)} {number(place.y + figure.key.y - 4)}h4l2.5-5 3.5 9 2.5-4h4.5" fill="none" '
        f'stroke="{colour}" stroke-width="1.6" stroke-linejoin="round"/>'
    )


def tag_drawing(tag: Tag, place: Place) -> str:
    """Return the label of the holder, its upper right corner cut like a luggage tag's."""
    left, top, cut = place.x + tag.x, place.y + tag.y, 4.0
    right, bottom = left + tag.width, top + TAG_HEIGHT
    corners = [(left, top), (right - cut, top), (right, top + cut), (right, bottom), (left, bottom)]
    return (
        f'<path d="{polygon(corners)}" fill="#fff" stroke="{PLAIN_BORDER}" stroke-width="0.9"/>'
        f'<text x="{number(left + tag.width / 2)}" y="{number(bottom - 3.2)}" text-anchor="middle" '
        f'font-size="{number(TAG_SIZE)}">{escape(tag.text)}</text>'
    )


def _diamond(x: float, y: float, colour: str) -> str:
    corners = [(x, y - DIAMOND), (x + DIAMOND, y), (x, y + DIAMOND), (x - DIAMOND, y)]
    return f'<path d="{polygon(corners)}" fill="#fff" stroke="{colour}" stroke-width="1.6"/>'
