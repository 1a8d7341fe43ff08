"""Rules about the graph as a whole: one top goal, everything reachable, no circles, only what supports supports."""

from __future__ import annotations

from collections.abc import Iterator

from dcase_audit.cases.grammar.findings import Finding, finding
from dcase_audit.cases.graph import Graph, LinkValue, find_circle, roots
from dcase_audit.cases.words import LinkKind, NodeKind


def top(graph: Graph) -> Iterator[Finding]:
    """One top goal, and a way from the top to every node."""
    if not graph.nodes:
        yield finding("CASE-EMPTY")
        return
    tops = roots(graph)
    goals = [key for key in tops if graph.by_key[key].kind == NodeKind.GOAL]
    if not goals:
        yield finding("CASE-NOROOT")
    for key in tops:
        if key not in goals:
            yield finding("NODE-ORPHAN", key)
    for key in goals[1:]:
        yield finding("CASE-ROOTS", key, top=goals[0])
    reached = _reached(graph, tops)
    for key in graph.by_key:
        if key not in reached:
            yield finding("NODE-UNREACHABLE", key)


def circles(graph: Graph) -> Iterator[Finding]:
    """No circle of links of either kind; one is named, there may be more."""
    circle = find_circle({key: [link.target for link in links] for key, links in graph.links_out.items()})
    if circle is not None:
        shown = " > ".join(circle[:10]) + (" > …" if len(circle) > 10 else "")
        yield finding("LINK-CYCLE", circle[0], circle=shown)


def links(graph: Graph) -> Iterator[Finding]:
    """Each link joins kinds of nodes that it can join."""
    for link in graph.links:
        yield from _support(graph, link) if link.kind == LinkKind.SUPPORTED_BY else _beside(graph, link)


def _support(graph: Graph, link: LinkValue) -> Iterator[Finding]:
    parent, child = graph.by_key[link.source], graph.by_key[link.target]
    if child.is_context:
        yield finding("LINK-CONTEXT", child.key, parent=parent.key, kind=child.kind)
    elif parent.is_context:
        yield finding("LINK-CONTEXTOUT", parent.key, child=child.key, kind=parent.kind)
    elif parent.is_leaf:
        yield finding("LINK-LEAF", parent.key, child=child.key)
    elif parent.kind == NodeKind.EXTERNAL:
        yield finding("EXT-SUPPORT", parent.key, child=child.key)


def _beside(graph: Graph, link: LinkValue) -> Iterator[Finding]:
    child = graph.by_key[link.target]
    if not child.is_context:
        yield finding("LINK-BESIDE", child.key, parent=link.source, kind=child.kind)


def _reached(graph: Graph, starts: list[str]) -> set[str]:
    found = set(starts)
    waiting = list(starts)
    while waiting:
        for link in graph.links_out[waiting.pop()]:
            if link.target not in found:
                found.add(link.target)
                waiting.append(link.target)
    return found
