"""The goal structure as pages of a landscape diagram, with links laid over it.

A link inside an SVG is none in the PDF, so each node's box is covered by an empty HTML link.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.utils.safestring import SafeString, mark_safe

from dcase_audit.cases.diagram import DiagramLink, DiagramNode, DiagramPage, Drawing, pages
from dcase_audit.cases.diagram.legend import legend
from dcase_audit.cases.words import Status
from dcase_audit.reports.contents import Node, ReportContents
from dcase_audit.reports.words import Wording

# An A3 page in landscape within its margins, and what stands above a drawing there, in CSS pixels.
PAGE = (1474.0, 1020.0)
HEADINGS = 130.0
# How far a drawing may be shrunk: its 12 px text is then printed at 7.2 points.
SMALLEST_SCALE = 0.8
# The width of a text page.
TEXT_WIDTH = 657.0
# The same legend stands on several pages, where its ids would be there twice.
NAMED = re.compile(r' (?:id|aria-labelledby|aria-describedby)="diagram-[0-9a-f]+-[^"]*"')


@dataclass(frozen=True)
class Picture:
    """An SVG and the size at which it is placed, in CSS pixels."""

    svg: SafeString
    width: float
    height: float


@dataclass(frozen=True)
class Overlay:
    """A link over a node, in CSS pixels of the page."""

    anchor: str
    label: str
    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True)
class StructurePage:
    """One page of the diagram, ready to be placed; ``continues`` are (node, page of the diagram)."""

    number: int
    root: Node
    parent: int | None
    picture: Picture
    left: float
    overlays: list[Overlay]
    continues: list[tuple[str, int]]


def diagram_pages(contents: ReportContents, wording: Wording, legend_height: float) -> list[StructurePage]:
    """Return the diagram of the whole case, as many pages as it needs; each leaves room for the legend."""
    room = (PAGE[0], PAGE[1] - HEADINGS - legend_height)
    drawn = pages(
        [
            DiagramNode(
                key=node.key,
                kind=node.kind,
                text=node.statement,
                status=Status.of(node.status) if node.judged else None,
                undeveloped=node.undeveloped,
                holder=node.accountable,
            )
            for node in contents.nodes
        ],
        [DiagramLink(link.source, link.target, link.kind) for link in contents.links],
        language=wording.language,
        title=contents.header.case_title,
        width=room[0] / SMALLEST_SCALE,
        height=room[1] / SMALLEST_SCALE,
    )
    return [_page(contents, wording, page, room) for page in drawn]


def diagram_legend(language: str, room: float) -> Picture:
    """Return the key to the diagram in ``language``, shrunk to ``room`` CSS pixels where it is wider."""
    drawing = legend(language)
    return _picture(drawing, min(SMALLEST_SCALE, room / drawing.width))


def _picture(drawing: Drawing, scale: float) -> Picture:
    # The diagram escapes every text that it draws. A browser finds the title by its id; the PDF takes the first title.
    return Picture(
        mark_safe(NAMED.sub("", drawing.svg)), round(drawing.width * scale, 1), round(drawing.height * scale, 1)
    )


def _page(contents: ReportContents, wording: Wording, page: DiagramPage, room: tuple[float, float]) -> StructurePage:
    drawing = page.drawing
    scale = min(1.0, room[0] / drawing.width, room[1] / drawing.height)
    overlays = [
        Overlay(
            anchor=f"node-{box.key}" if contents.node_by_key[box.key].judged else f"row-{box.key}",
            label=wording.say("to_node", key=box.key),
            left=round(box.x * scale, 1),
            top=round(box.y * scale, 1),
            width=round(box.width * scale, 1),
            height=round(box.height * scale, 1),
        )
        for box in (*drawing.boxes, *drawing.references)
    ]
    return StructurePage(
        number=page.number,
        root=contents.node_by_key[page.root],
        parent=page.parent,
        picture=_picture(drawing, scale),
        left=round((room[0] - drawing.width * scale) / 2, 1),
        overlays=overlays,
        continues=list(page.continues.items()),
    )
