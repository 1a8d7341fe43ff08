"""The key to the diagram: every shape, status, line and mark that it uses, as a drawing of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from dcase_audit.cases.diagram import edges, phrases, svg
from dcase_audit.cases.diagram.figures import FONT_SIZE, ROUND_KINDS, Figure, Line, Tag, stub, tag_width
from dcase_audit.cases.diagram.geometry import Place
from dcase_audit.cases.diagram.model import DiagramNode, Drawing
from dcase_audit.cases.diagram.shapes import number
from dcase_audit.cases.diagram.text import text_width
from dcase_audit.cases.presentation import Words, kind_word, status_word
from dcase_audit.cases.words import NodeKind, Status

WIDTH = 1040.0
MARGIN = 12.0
ROW = 36.0
HEADING = 90.0
GAP = 15.0
SYMBOL_GAP = 8.0

TITLE = Words("凡例", "Legend")
HEADINGS = (Words("要素", "Nodes"), Words("状態", "Status"), Words("線と印", "Lines, marks"))
SUPPORTED_BY = Words("下の要素が上を支える", "supported by the node below")
IN_CONTEXT_OF = Words("横の要素を前提とする", "in the context of the node beside")
UNDEVELOPED = Words("これから展開する", "still to be developed")
HOLDER = Words("責任をもつ部署", "who answers for it")
HOLDER_SAMPLE = Words("部署", "dept.")
COLLAPSED = Words("下に隠れた要素の数", "nodes hidden below")
STUB = Words("別の場所に描いた要素", "node drawn elsewhere")
CONTINUED = Words("続きの図・元の図", "continued in, comes from")


@dataclass(frozen=True)
class _Item:
    """A symbol of a given width, drawn around a point, and what it means."""

    caption: str
    width: float
    draw: Callable[[Place], str]


def legend(language: str) -> Drawing:
    """Return the legend in ``language``, as wide as the text of a page in landscape."""
    parts: list[str] = []
    y = MARGIN
    for heading, items in zip(HEADINGS, (_kinds(language), _statuses(language), _lines(language)), strict=True):
        parts.append(svg.label(heading.into(language), MARGIN, y + ROW / 2 + 4, bold=True))
        x = MARGIN + HEADING
        for item in items:
            caption = text_width(item.caption, FONT_SIZE, language)
            if x + item.width + SYMBOL_GAP + caption > WIDTH - MARGIN:
                x, y = MARGIN + HEADING, y + ROW
            parts.append(svg.hidden([item.draw(Place(x + item.width / 2, y + ROW / 2))]))
            parts.append(svg.label(item.caption, x + item.width + SYMBOL_GAP, y + ROW / 2 + 4))
            x += item.width + SYMBOL_GAP + caption + GAP
        y += ROW
    height = y + MARGIN
    said = "、" if phrases.in_japanese(language) else ", "
    content = svg.document(
        "".join(parts),
        width=WIDTH,
        height=height,
        title=TITLE.into(language),
        description=said.join(heading.into(language) for heading in HEADINGS),
        language=language,
    )
    return Drawing(content, WIDTH, height)


def _kinds(language: str) -> Iterator[_Item]:
    for kind in NodeKind:
        width = 38.0 if ROUND_KINDS.get(kind) != 1.0 else 26.0
        yield _Item(kind_word(kind, language), width, _node_symbol(DiagramNode("", kind, ""), width, 26.0))


def _statuses(language: str) -> Iterator[_Item]:
    for status in reversed(Status):
        node = DiagramNode("", NodeKind.GOAL, "", status=status)
        yield _Item(status_word(status, language), 35.0, _node_symbol(node, 28.0, 19.0))


def _lines(language: str) -> Iterator[_Item]:
    yield _Item(SUPPORTED_BY.into(language), 12.0, _downwards)
    yield _Item(IN_CONTEXT_OF.into(language), 34.0, _sideways)
    undeveloped = DiagramNode("", NodeKind.GOAL, "", undeveloped=True)
    yield _Item(UNDEVELOPED.into(language), 36.0, _node_symbol(undeveloped, 36.0, 12.0, -7.0))
    sample = HOLDER_SAMPLE.into(language)
    yield _Item(HOLDER.into(language), tag_width(sample, language), _tag_symbol(sample, language))
    yield _Item(COLLAPSED.into(language), 44.0, lambda at: svg.pill("+12", at.x, at.y - 9))
    yield _Item(STUB.into(language), 70.0, lambda at: svg.stub_drawing(stub("E_1 ↗"), Place(at.x, at.y - 11)))
    page = phrases.page(2, language)
    yield _Item(CONTINUED.into(language), 140.0, lambda at: _both_pills(at, page))


def _node_symbol(node: DiagramNode, width: float, height: float, move: float = 0.0) -> Callable[[Place], str]:
    figure = Figure(node, width, height, key=Line("", 11.0, height / 2 + 4, 0.0), lines=())
    return lambda at: svg.node_drawing(figure, Place(at.x, at.y - height / 2 + move))


def _tag_symbol(text: str, language: str) -> Callable[[Place], str]:
    width = tag_width(text, language)
    return lambda at: svg.tag_drawing(Tag(text, -width / 2, -6.5, width), at)


def _both_pills(at: Place, page: str) -> str:
    return svg.pill(f"▼ {page}", at.x - 36, at.y - 9) + svg.pill(f"▲ {page}", at.x + 36, at.y - 9)


def _downwards(at: Place) -> str:
    line = f'<path d="M{number(at.x)} {number(at.y - 14)}V{number(at.y + 6)}" {edges.PAINT}/>'
    return line + edges.head_down(Place(at.x, at.y + 14))


def _sideways(at: Place) -> str:
    line = f'<path d="M{number(at.x - 17)} {number(at.y)}H{number(at.x + 9)}" {edges.PAINT}/>'
    return line + f'<path d="{edges.head_aside(Place(at.x + 17, at.y), 1)}" {edges.HOLLOW}/>'
