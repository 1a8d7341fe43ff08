"""What the diagram says in words of its own: accessible names, descriptions, stubs and page references."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from dcase_audit.cases.diagram.model import DiagramNode
from dcase_audit.cases.diagram.text import clean
from dcase_audit.cases.presentation import Words, kind_word, status_word
from dcase_audit.cases.words import NodeKind, Status

PAGE = Words("図{0}", "Fig. {0}")
PAGE_TITLE = Words("{0}（図{1}／全{2}図、{3}）", "{0} (Fig. {1} of {2}, {3})")
LISTED_UNDER = Words("{0} の下", "under {0}")
STATUS = Words("状態: {0}", "status: {0}")
REFERENCE = Words("参照: {0} {1}（{2}）", "Reference: {0} {1} ({2})")
DESCRIPTION = Words("要素 {0} 個（{1}）。状態: {2}。", "{0} nodes ({1}). Status: {2}.")


def in_japanese(language: str) -> bool:
    return language.startswith("ja")


def page(number: int | str, language: str) -> str:
    """Return how a page of the diagram is called where another refers to it."""
    return PAGE.into(language).format(number)


def page_title(title: str, number: int, of: int, root: str, language: str) -> str:
    """Return the title of one page of the diagram."""
    return PAGE_TITLE.into(language).format(title, number, of, clean(root))


def listed_under(parent: str, language: str) -> str:
    """Return where a node is drawn, nothing for a top goal."""
    return LISTED_UNDER.into(language).format(clean(parent)) if parent else ""


def name_of(node: DiagramNode, language: str) -> str:
    """Return the accessible name of ``node``: kind, key, whole text, status, and what its marks say."""
    facts = []
    if node.status is not None:
        facts.append(STATUS.into(language).format(status_word(node.status, language)))
    if node.undeveloped and node.status is not Status.UNDEVELOPED:
        facts.append(status_word(Status.UNDEVELOPED, language))
    if node.holder:
        facts.append(f"{kind_word(NodeKind.RESPONSIBILITY, language)}: {clean(node.holder)}")
    if node.badge:
        facts.append(clean(node.badge))
    said = f"{kind_word(node.kind, language)} {clean(node.key)}: {clean(node.text)}"
    if not facts:
        return said
    return f"{said}（{'、'.join(facts)}）" if in_japanese(language) else f"{said} ({', '.join(facts)})"


def reference_to(node: DiagramNode, text: str, language: str) -> str:
    """Return the accessible name of a stub that stands for ``node``."""
    return REFERENCE.into(language).format(kind_word(node.kind, language), clean(node.text), text)


def description(nodes: Sequence[DiagramNode], language: str) -> str:
    """Say what a drawing shows: how many nodes of each kind, how many in each status."""
    kinds = Counter(node.kind for node in nodes)
    statuses = Counter(node.status for node in nodes if node.status is not None)
    of_kinds = _listing([(kind_word(kind, language), kinds[kind]) for kind in NodeKind], language)
    of_statuses = _listing([(status_word(status, language), statuses[status]) for status in Status], language)
    return DESCRIPTION.into(language).format(len(nodes), of_kinds, of_statuses or "–")


def _listing(counts: Iterable[tuple[str, int]], language: str) -> str:
    return ("、" if in_japanese(language) else ", ").join(f"{word} {count}" for word, count in counts if count)
