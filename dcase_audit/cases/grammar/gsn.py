"""What GSN allows to be linked. Source: GSN Community Standard v3 (SCSC-141C), as OntoGSN encodes it.

A monitor is a solution here, and an external an away goal, which is a leaf where it is used. The standard knows no
responsibility. Strategy to solution and strategy to strategy, which some tools accept, are not in the standard.
"""

from __future__ import annotations

from collections.abc import Iterator

from dcase_audit.cases.grammar.findings import Finding, finding
from dcase_audit.cases.graph import Graph
from dcase_audit.cases.words import LinkKind, NodeKind

SUPPORT: dict[NodeKind, frozenset[NodeKind]] = {
    NodeKind.GOAL: frozenset(
        {NodeKind.GOAL, NodeKind.STRATEGY, NodeKind.EVIDENCE, NodeKind.MONITOR, NodeKind.EXTERNAL}
    ),
    NodeKind.STRATEGY: frozenset({NodeKind.GOAL, NodeKind.EXTERNAL}),
}
CONTEXT = frozenset({NodeKind.CONTEXT, NodeKind.ASSUMPTION, NodeKind.JUSTIFICATION})
UNKNOWN = frozenset({NodeKind.RESPONSIBILITY})


def check_kinds(graph: Graph) -> Iterator[Finding]:
    """Only what the standard has."""
    for node in graph.nodes:
        if node.kind in UNKNOWN:
            yield finding("GSN-KIND", node.key, kind=node.kind)


def check_links(graph: Graph) -> Iterator[Finding]:
    """What supports what, and what has which context."""
    for link in graph.links:
        parent, child = graph.by_key[link.source], graph.by_key[link.target]
        if UNKNOWN & {parent.kind, child.kind}:
            continue
        if link.kind == LinkKind.SUPPORTED_BY:
            code, legal = "GSN-SUPPORT", child.kind in SUPPORT.get(parent.kind, ())
        else:
            code, legal = "GSN-CONTEXT", parent.kind in SUPPORT and child.kind in CONTEXT
        if not legal:
            yield finding(code, parent.key, kind=parent.kind, child=child.key, child_kind=child.kind)
