"""Sharing a large case out to pages, each the sub-argument of one goal.

A page begins at its goal and is opened downwards, level by level and the smallest sub-argument first, as long as the
layout itself still fits: full upper pages, few pages. A goal with few nodes under it is cut off only where its page
would be too wide otherwise.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from dcase_audit.cases.diagram import phrases
from dcase_audit.cases.diagram.argument import Argument, read
from dcase_audit.cases.diagram.columns import MOST_IN_A_ROW
from dcase_audit.cases.diagram.crossings import place
from dcase_audit.cases.diagram.drawing import render
from dcase_audit.cases.diagram.figures import Figure, fit
from dcase_audit.cases.diagram.model import DiagramLink, DiagramNode, DiagramPage
from dcase_audit.cases.words import NodeKind

NEVER_CUT = 6
UNKNOWN_PAGE = "000"  # as wide as the number of a page, which is known only when all pages are


@dataclass
class _Sheet:
    """A page before it is drawn: its root, and the goals at which it stops."""

    root: str
    parent: int | None
    cut: set[str] = field(default_factory=set)
    in_a_row: int = MOST_IN_A_ROW
    never_cut: int = NEVER_CUT


def pages(
    nodes: Sequence[DiagramNode],
    links: Iterable[DiagramLink],
    *,
    language: str,
    title: str,
    width: float = 2020,
    height: float = 1240,
) -> tuple[DiagramPage, ...]:
    """Return the case as pages of at most ``width`` by ``height`` px, depth first, numbered from 1.

    A page whose nodes cannot be cut any more may be larger. At scale 0.75 the default is an A3 page in landscape.
    """
    argument = read(nodes, links)
    paginator = _Paginator(argument, {node.key: fit(node, language) for node in nodes}, language, (width, height))
    sheets = paginator.sheets()
    return tuple(paginator.page(number, sheets, title) for number in range(1, len(sheets) + 1))


class _Paginator:
    def __init__(
        self, argument: Argument, figures: dict[str, Figure], language: str, limits: tuple[float, float]
    ) -> None:
        self._argument, self._figures, self._language, self._limits = argument, figures, language, limits
        self._hidden = argument.descendants()
        self._homes: dict[str, int] = {}
        self._labels = dict.fromkeys(self._hidden, phrases.page(UNKNOWN_PAGE, language))

    def sheets(self) -> list[_Sheet]:
        """Return the pages in reading order; a goal that is cut gets the page of its own right behind."""
        waiting: list[tuple[str, int | None]] = [(root, None) for root in reversed(self._argument.roots)]
        found: list[_Sheet] = []
        while waiting:
            root, parent = waiting.pop()
            sheet = _Sheet(root, parent)
            self._open(sheet)
            found.append(sheet)
            cut_here = [key for key in self._part(sheet).reading_order() if key in sheet.cut]
            waiting += [(key, len(found)) for key in reversed(cut_here)]
        for number, sheet in enumerate(found, 1):
            for key in self._part(sheet).reading_order():
                if key not in sheet.cut:
                    self._homes[key] = number
        self._labels = {key: phrases.page(number, self._language) for key, number in self._homes.items()}
        return found

    def _open(self, sheet: _Sheet) -> None:
        """Cut at the first goals below the root, then open them as far as there is room."""
        level = self._closed(sheet)
        while level:
            below: list[str] = []
            for goal in sorted(level, key=lambda key: self._hidden[key]):
                inner = self._goals_below(goal, sheet.never_cut)
                tried = replace(sheet, cut=(sheet.cut - {goal}) | set(inner))
                if self._fits(tried):
                    sheet.cut = tried.cut
                    below += inner
            level = below

    def _closed(self, sheet: _Sheet) -> list[str]:
        """Cut at the first goals, and return them; where even that is too wide, fold the row, then cut small goals."""
        for sheet.never_cut in (NEVER_CUT, 0):
            first = self._goals_below(sheet.root, sheet.never_cut)
            sheet.cut = set(first)
            for sheet.in_a_row in range(MOST_IN_A_ROW, 0, -1):
                if self._fits(sheet):
                    return first
        return first

    def _goals_below(self, key: str, never_cut: int) -> list[str]:
        """Return the nearest goals under ``key`` at which a page may stop."""
        found = []
        waiting = self._argument.children(key)[::-1]
        while waiting:
            child = waiting.pop()
            if self._figures[child].node.kind is NodeKind.GOAL and self._hidden[child] > never_cut:
                found.append(child)
            else:
                waiting += reversed(self._argument.children(child))
        return found

    def _fits(self, sheet: _Sheet) -> bool:
        figures = ChainMap(self._marked(sheet, {}), self._figures)
        layout, _, _ = place(self._part(sheet), figures, self._language, in_a_row=sheet.in_a_row)
        return layout.width <= self._limits[0] and layout.height <= self._limits[1]

    def _part(self, sheet: _Sheet) -> Argument:
        """Return what the page shows; a crossing to another page is named by that page."""
        return self._argument.restricted(sheet.root, sheet.cut, self._labels)

    def _marked(self, sheet: _Sheet, numbers: Mapping[str, int]) -> dict[str, Figure]:
        """Return the figures that this page draws with a reference: the root to its parent, the cut goals to theirs."""
        marked = {}
        if sheet.parent is not None:
            crown = f"▲ {phrases.page(sheet.parent, self._language)}"
            marked[sheet.root] = self._figures[sheet.root].marked(crown=crown)
        for key in sheet.cut:
            where = phrases.page(numbers.get(key, UNKNOWN_PAGE), self._language)
            badge = self._figures[key].pill or f"+{self._hidden[key]}"
            marked[key] = self._figures[key].marked(pill=f"▼ {where}  {badge}")
        return marked

    def page(self, number: int, sheets: Sequence[_Sheet], title: str) -> DiagramPage:
        """Draw one of ``sheets``, now that the number of every page is known."""
        sheet = sheets[number - 1]
        numbers = {other.root: place_ for place_, other in enumerate(sheets, 1)}
        part = self._part(sheet)
        elsewhere = {crossing.target for crossing in part.crossings() if crossing.label}
        drawing = render(
            part,
            ChainMap(self._marked(sheet, numbers), self._figures),
            language=self._language,
            title=phrases.page_title(title, number, len(sheets), sheet.root, self._language),
            in_a_row=sheet.in_a_row,
        )
        continues = {key: numbers[key] for key in sorted(sheet.cut)}
        continues |= {key: self._homes[key] for key in sorted(elsewhere)}
        return DiagramPage(number, sheet.root, drawing, sheet.parent, continues)
