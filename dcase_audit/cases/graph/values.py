"""The values themselves.

Keys, never ids, tie them together, so that a graph read from a file equals the one that was stored from it; ids of rows
ride along uncompared.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from functools import cached_property
from typing import Any

from dcase_audit.cases.labels import Labels
from dcase_audit.cases.words import CONTEXT_KINDS, LEAF_KINDS, LinkKind, NodeKind


@dataclass(frozen=True, kw_only=True)
class CriterionValue:
    """What a leaf asks of its evidence; an empty field sets no limit. Durations are ISO 8601 texts."""

    kinds: tuple[str, ...] = ()
    minimum: int = 1
    must_cover: tuple[str, ...] = ()
    max_age: str = ""
    warn_before: str = ""
    silence: str = ""
    calendar: str = ""
    subjects: tuple[str, ...] = ()
    targets: tuple[Mapping[str, Any], ...] = ()
    refuted_when: str = ""


@dataclass(frozen=True)
class PointedGoal:
    """The goal of another case that an external node stands for."""

    case: str
    key: str
    id: int | None = field(default=None, compare=False)


@dataclass(frozen=True, kw_only=True)
class NodeValue:
    """A node with its text and, for a leaf, its criterion. Holders are keys of parties, empty where nobody is named."""

    key: str
    kind: NodeKind
    statement_ja: str = ""
    statement_en: str = ""
    accountable: str = ""
    custodian: str = ""
    verifier: str = ""
    support_rule: str = "all"
    undeveloped: bool = False
    attributes: Mapping[str, Any] = field(default_factory=dict)
    points_at: PointedGoal | None = None
    criterion: CriterionValue | None = None
    id: int | None = field(default=None, compare=False)

    @property
    def is_leaf(self) -> bool:
        return self.kind in LEAF_KINDS

    @property
    def is_context(self) -> bool:
        return self.kind in CONTEXT_KINDS

    @property
    def holders(self) -> frozenset[str]:
        """The keys of the parties that answer for it, keep its evidence or verify it."""
        return frozenset({self.accountable, self.custodian, self.verifier} - {""})

    def statement(self, language: str) -> str:
        """Return the statement in ``language``, in the other one where it has none."""
        both = (self.statement_ja, self.statement_en) if language == "ja" else (self.statement_en, self.statement_ja)
        return both[0] or both[1]


@dataclass(frozen=True)
class LinkValue:
    """``source`` is supported by, or in context of, ``target``."""

    source: str
    kind: LinkKind
    target: str
    id: int | None = field(default=None, compare=False)


@dataclass(frozen=True, kw_only=True)
class PartyValue:
    """A party that the case names."""

    key: str
    name_ja: str
    name_en: str
    kind: str = "department"
    symbol: str = ""
    holds_ja: str = ""
    holds_en: str = ""
    id: int | None = field(default=None, compare=False)


@dataclass(frozen=True, kw_only=True)
class CalendarValue:
    """The hours that a criterion counts in: always, or from ``opens`` until ``closes`` on the days of the rule."""

    key: str
    always: bool = False
    opens: time | None = None
    closes: time | None = None
    days: str = "every"


@dataclass(frozen=True, kw_only=True)
class Graph:
    """A case under one edition. Nodes come in the author's order, links by source node and then in the author's order.

    ``edition`` is the edition's number; of a draft, the number that it would get; 0 outside of the database.
    """

    slug: str
    nodes: tuple[NodeValue, ...] = ()
    links: tuple[LinkValue, ...] = ()
    title_ja: str = ""
    title_en: str = ""
    timezone: str = "Asia/Tokyo"
    reading_notes: tuple[str, ...] = ()
    limits_are_assumptions: bool = False
    labels: Labels = field(default_factory=dict)
    parties: Mapping[str, PartyValue] = field(default_factory=dict)
    calendars: Mapping[str, CalendarValue] = field(default_factory=dict)
    edition: int = field(default=0, compare=False)

    @cached_property
    def by_key(self) -> dict[str, NodeValue]:
        return {node.key: node for node in self.nodes}

    @cached_property
    def links_out(self) -> dict[str, list[LinkValue]]:
        """The links below and beside each node, in the author's order."""
        found: dict[str, list[LinkValue]] = {node.key: [] for node in self.nodes}
        for link in self.links:
            found[link.source].append(link)
        return found

    @cached_property
    def links_in(self) -> dict[str, list[LinkValue]]:
        """The links that lead to each node."""
        found: dict[str, list[LinkValue]] = {node.key: [] for node in self.nodes}
        for link in self.links:
            found[link.target].append(link)
        return found
