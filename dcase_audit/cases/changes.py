"""What a draft changes in the edition in force, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from dcase_audit.cases.graph import Graph, LinkValue


@dataclass(frozen=True)
class Changes:
    """The difference between two states of a case, by keys of nodes; the order of links counts for ``any`` alone."""

    before: Graph
    after: Graph

    @property
    def any(self) -> bool:
        """Tell whether anything differs, and be it the order of links."""
        return self.before.nodes != self.after.nodes or self.before.links != self.after.links

    @cached_property
    def added(self) -> list[str]:
        return [key for key in self.after.by_key if key not in self.before.by_key]

    @cached_property
    def retired(self) -> list[str]:
        return [key for key in self.before.by_key if key not in self.after.by_key]

    @cached_property
    def edited(self) -> list[str]:
        """The nodes in both states whose text or criterion differs."""
        before = self.before.by_key
        return [key for key, node in self.after.by_key.items() if key in before and before[key] != node]

    @cached_property
    def links(self) -> set[LinkValue]:
        """The links that are in one of the states only."""
        return set(self.before.links) ^ set(self.after.links)

    @cached_property
    def touched(self) -> set[str]:
        """The nodes that are not what they were: added, retired, edited, or with another link at either end."""
        ends = {end for link in self.links for end in (link.source, link.target)}
        return ends.union(self.added, self.retired, self.edited)

    @cached_property
    def holders(self) -> set[str]:
        """The keys of the parties that held or would hold a touched node."""
        nodes = (graph.by_key.get(key) for key in self.touched for graph in (self.before, self.after))
        return {party for node in nodes if node is not None for party in node.holders}
