"""Questions that the shape of a graph answers; each takes time in proportion to what it looks at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import TypeVar

from dcase_audit.cases.graph.values import Graph, LinkValue
from dcase_audit.cases.words import LinkKind

K = TypeVar("K")


def children(graph: Graph, key: str, kind: LinkKind | None = LinkKind.SUPPORTED_BY) -> list[str]:
    """Return the keys that ``key`` has links of ``kind`` to, in the author's order; all its links with None."""
    return [link.target for link in graph.links_out[key] if kind is None or link.kind == kind]


def parents(graph: Graph, key: str, kind: LinkKind | None = LinkKind.SUPPORTED_BY) -> list[str]:
    """Return the keys that have links of ``kind`` to ``key``."""
    return [link.source for link in graph.links_in[key] if kind is None or link.kind == kind]


def ancestors(graph: Graph, keys: Iterable[str]) -> set[str]:
    """Return all that the nodes support, directly or not; without the nodes themselves, unless they lie in a circle."""
    return _reached(graph.links_in, keys, lambda link: link.source)


def descendants(graph: Graph, keys: Iterable[str]) -> set[str]:
    """Return all that supports the nodes, directly or not."""
    return _reached(graph.links_out, keys, lambda link: link.target)


def roots(graph: Graph) -> list[str]:
    """Return the nodes that no link leads to, in the author's order."""
    return [node.key for node in graph.nodes if not graph.links_in[node.key]]


def reading_order(graph: Graph) -> list[str]:
    """Return every key once: from each root depth first, along the links in the author's order.

    What only a circle leads to comes last, in the order of the nodes.
    """
    order: dict[str, None] = {}
    for start in [*roots(graph), *graph.by_key]:
        waiting = [start]
        while waiting:
            key = waiting.pop()
            if key in order:
                continue
            order[key] = None
            waiting.extend(link.target for link in reversed(graph.links_out[key]))
    return list(order)


def bottom_up(graph: Graph) -> list[str]:
    """Return every key after all that supports it or that it is in context of.

    Raises:
        graphlib.CycleError: there is no such order; ``args[1]`` holds one circle, its first key again at the end.
    """
    below = {key: [link.target for link in links] for key, links in graph.links_out.items()}
    return list(TopologicalSorter(below).static_order())


def find_circle(edges: Mapping[K, Iterable[K]]) -> list[K] | None:
    """Return one circle of the directed graph ``edges`` (from -> to), its first element again at the end, or None."""
    try:
        TopologicalSorter(edges).prepare()
    except CycleError as error:
        # graphlib reads the mapping as "needs", so that the circle comes out against the direction of the edges.
        circle: list[K] = error.args[1]
        return circle[::-1]
    return None


def _reached(index: Mapping[str, list[LinkValue]], keys: Iterable[str], end: Callable[[LinkValue], str]) -> set[str]:
    found: set[str] = set()
    waiting = list(keys)
    while waiting:
        for link in index[waiting.pop()]:
            if link.kind == LinkKind.SUPPORTED_BY and end(link) not in found:
                found.add(end(link))
                waiting.append(end(link))
    return found
