"""The link matrix of D-Case Editor, as its validator has it.

Source: d-case/d-case_editor, NodeType.java and DcaseValidator.java. Its nodes Action, Pattern, Module and Contract do
not occur here; its node Undeveloped is the mark of a goal. It has no rule about leaves or roots, and draws a link to a
context as *in context of* and every other as *supported by*, so that assumptions and justifications pass with either.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from dcase_audit.cases.grammar.findings import Finding, finding
from dcase_audit.cases.graph import Graph, LinkValue, NodeValue
from dcase_audit.cases.presentation import Words
from dcase_audit.cases.words import LinkKind, NodeKind

GOAL, STRATEGY, CONTEXT, ASSUMPTION, JUSTIFICATION, EVIDENCE, MONITOR, EXTERNAL = (
    NodeKind.GOAL,
    NodeKind.STRATEGY,
    NodeKind.CONTEXT,
    NodeKind.ASSUMPTION,
    NodeKind.JUSTIFICATION,
    NodeKind.EVIDENCE,
    NodeKind.MONITOR,
    NodeKind.EXTERNAL,
)
KINDS = frozenset({GOAL, STRATEGY, CONTEXT, ASSUMPTION, JUSTIFICATION, EVIDENCE, MONITOR, EXTERNAL})
# An assumption may be below anything but an external, and anything below an assumption.
BELOW: dict[NodeKind, frozenset[NodeKind]] = {
    GOAL: frozenset({STRATEGY, EVIDENCE, MONITOR, CONTEXT, JUSTIFICATION, EXTERNAL, ASSUMPTION}),
    STRATEGY: frozenset({GOAL, CONTEXT, EXTERNAL, ASSUMPTION}),
    EVIDENCE: frozenset({CONTEXT, EXTERNAL, ASSUMPTION}),
    MONITOR: frozenset({CONTEXT, EXTERNAL, ASSUMPTION}),
    CONTEXT: frozenset({ASSUMPTION}),
    JUSTIFICATION: frozenset({ASSUMPTION}),
    EXTERNAL: frozenset({CONTEXT}),
    ASSUMPTION: KINDS,
}
ONE_OF_THESE = (STRATEGY, EVIDENCE, MONITOR)
ARGUED_OVER = frozenset({GOAL, STRATEGY, EVIDENCE, MONITOR})
UNDEVELOPED = Words("未展開", "undeveloped")
EITHER_LINK = frozenset({ASSUMPTION, JUSTIFICATION})


def check_nodes(graph: Graph) -> Iterator[Finding]:
    """What each node may have below it, and how often."""
    for node in graph.nodes:
        if node.kind not in KINDS:
            yield finding("DE-KIND", node.key, kind=node.kind)
        if node.kind == GOAL:
            yield from _below_goal(graph, node)
        if node.kind in {CONTEXT, JUSTIFICATION}:
            yield from _parents(graph, node)


def check_links(graph: Graph) -> Iterator[Finding]:
    """Which kind may be below which, by which kind of link."""
    for link in graph.links:
        parent, child = graph.by_key[link.source], graph.by_key[link.target]
        if parent.kind in KINDS and child.kind in KINDS and child.kind not in BELOW[parent.kind]:
            yield finding("DE-CHILD", parent.key, kind=parent.kind, child=child.key, child_kind=child.kind)
        yield from _kind_of_link(link, child)


def _kind_of_link(link: LinkValue, child: NodeValue) -> Iterator[Finding]:
    expected = LinkKind.IN_CONTEXT_OF if child.kind == CONTEXT else LinkKind.SUPPORTED_BY
    if child.kind in KINDS - EITHER_LINK and link.kind != expected:
        yield finding("DE-LINK", child.key, parent=link.source, kind=child.kind, expected=expected.replace("_", "-"))


def _below_goal(graph: Graph, goal: NodeValue) -> Iterator[Finding]:
    below = [graph.by_key[link.target] for link in graph.links_out[goal.key]]
    count = Counter(child.kind for child in below)
    for kind in ONE_OF_THESE:
        if count[kind] > 1:
            named = [child.key for child in below if child.kind == kind]
            yield finding("DE-MANY", goal.key, child_kind=kind, count=count[kind], children=named)
    kinds = [*(kind for kind in ONE_OF_THESE if count[kind]), *[UNDEVELOPED] * goal.undeveloped]
    if len(kinds) > 1:
        yield finding("DE-MIX", goal.key, kinds=kinds)
    if count[EVIDENCE] or count[MONITOR]:
        for child in below:
            if child.kind == JUSTIFICATION:
                yield finding("DE-JUSTIFICATION", goal.key, child=child.key)


def _parents(graph: Graph, node: NodeValue) -> Iterator[Finding]:
    """A context is below one node and one external besides, a justification below one goal."""
    above = [graph.by_key[link.source] for link in graph.links_in[node.key]]
    counted = ARGUED_OVER if node.kind == CONTEXT else {GOAL}
    for kinds in (counted, {EXTERNAL}):
        keys = [parent.key for parent in above if parent.kind in kinds]
        if len(keys) > 1:
            yield finding("DE-PARENTS", node.key, count=len(keys), parents=keys)
