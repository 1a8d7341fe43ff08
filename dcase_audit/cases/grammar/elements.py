"""Rules about single nodes: what each has to say, marks, criteria, holders."""

from __future__ import annotations

from collections.abc import Iterator

from dcase_audit.cases.grammar.findings import Finding, finding
from dcase_audit.cases.graph import CriterionValue, Graph, NodeValue, children
from dcase_audit.cases.words import NodeKind

ARGUED = frozenset({NodeKind.GOAL, NodeKind.STRATEGY})


def texts(graph: Graph) -> Iterator[Finding]:
    """Every node says something, and an external points somewhere."""
    for node in graph.nodes:
        if not node.statement("ja").strip():
            yield finding("NODE-TEXT", node.key)
        if node.kind == NodeKind.EXTERNAL and node.points_at is None:
            yield finding("EXT-TARGET", node.key)


def undeveloped(graph: Graph) -> Iterator[Finding]:
    """The mark stands exactly where support is missing."""
    for node in graph.nodes:
        supported = bool(children(graph, node.key))
        if node.undeveloped and node.kind not in ARGUED:
            yield finding("UNDEV-KIND", node.key)
        elif node.undeveloped and supported:
            yield finding("UNDEV-SUPPORT", node.key)
        elif node.kind in ARGUED and not node.undeveloped and not supported:
            yield finding("UNDEV-UNMARKED", node.key)


def criteria(graph: Graph) -> Iterator[Finding]:
    """What leaves ask for can be judged, and ends."""
    for node in graph.nodes:
        if node.is_leaf and node.criterion is None:
            yield finding("EV-DEFAULT", node.key)
        elif node.is_leaf and node.criterion is not None:
            yield from _criterion(graph, node, node.criterion)


def holders(graph: Graph) -> Iterator[Finding]:
    """Somebody answers for every node and keeps every leaf's evidence."""
    for node in graph.nodes:
        if not node.accountable:
            yield finding("NODE-ACCOUNTABLE", node.key)
        if node.is_leaf and not node.custodian:
            yield finding("LEAF-CUSTODIAN", node.key)
        if node.verifier and node.verifier == node.custodian:
            yield finding("LEAF-VERIFIER", node.key)


def _criterion(graph: Graph, node: NodeValue, asked: CriterionValue) -> Iterator[Finding]:
    # What has to be heard again and again ends by silence.
    if not asked.max_age and not asked.silence:
        yield finding("EV-NOEND", node.key)
    if node.kind == NodeKind.MONITOR and not asked.silence:
        yield finding("MON-SILENCE", node.key)
    if asked.calendar and asked.calendar not in graph.calendars:
        yield finding("EV-CALENDAR", node.key, calendar=asked.calendar)
