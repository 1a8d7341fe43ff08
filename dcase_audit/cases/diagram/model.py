"""What goes into the diagram and what comes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dcase_audit.cases.words import LinkKind, NodeKind, Status


@dataclass(frozen=True)
class DiagramNode:
    """A node as it is to be drawn; ``holder`` and ``badge`` are short texts, ``href`` is where a click leads."""

    key: str
    kind: NodeKind
    text: str
    status: Status | None = None
    undeveloped: bool = False
    holder: str = ""
    badge: str = ""
    href: str = ""


@dataclass(frozen=True)
class DiagramLink:
    """``source`` is supported by, or in context of, ``target``; both are keys of nodes."""

    source: str
    target: str
    kind: LinkKind


@dataclass(frozen=True)
class Box:
    """The rectangle around what stands for the node ``key``, in the drawing's own pixels."""

    key: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Drawing:
    """An SVG element, its size, and where its nodes are, in reading order.

    ``references`` are the stubs that stand for a node drawn elsewhere; a PDF lays its links over boxes and references.
    """

    svg: str
    width: float
    height: float
    boxes: tuple[Box, ...] = ()
    references: tuple[Box, ...] = ()


@dataclass(frozen=True)
class DiagramPage:
    """One page of a case that is too large for one: the sub-argument of ``root``, numbered from 1.

    ``parent`` is the page that shows ``root`` cut, None for a top goal. ``continues`` names, for every node that is
    cut here or only referred to, the page on which it is drawn with what supports it.
    """

    number: int
    root: str
    drawing: Drawing
    parent: int | None
    continues: Mapping[str, int]
