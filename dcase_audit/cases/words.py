"""The closed vocabularies of a D-Case: kinds of node, kinds of link, statuses."""

from __future__ import annotations

from enum import IntEnum, StrEnum
from functools import cached_property


class NodeKind(StrEnum):
    GOAL = "goal"
    STRATEGY = "strategy"
    CONTEXT = "context"
    ASSUMPTION = "assumption"
    JUSTIFICATION = "justification"
    EVIDENCE = "evidence"
    MONITOR = "monitor"
    EXTERNAL = "external"
    RESPONSIBILITY = "responsibility"
    TARGET = "target"
    """The leaf that a measurable context gives to its goal; no author writes one."""


STATED_KINDS: tuple[NodeKind, ...] = tuple(kind for kind in NodeKind if kind is not NodeKind.TARGET)
LEAF_KINDS = frozenset({NodeKind.EVIDENCE, NodeKind.MONITOR})
CONTEXT_KINDS = frozenset({NodeKind.CONTEXT, NodeKind.ASSUMPTION, NodeKind.JUSTIFICATION, NodeKind.RESPONSIBILITY})

# What the key of a derived leaf begins with; the key of its context follows.
TARGET_PREFIX = "target:"


class LinkKind(StrEnum):
    SUPPORTED_BY = "supported_by"
    IN_CONTEXT_OF = "in_context_of"


class Status(IntEnum):
    """From bad to good, so that the worst of several is their minimum."""

    REFUTED = 0
    UNDEVELOPED = 1
    MISSING = 2
    EXPIRED = 3
    STALE = 4
    PENDING = 5
    EXPIRING = 6
    SUPPORTED = 7

    @cached_property
    def word(self) -> str:
        """Return the status as the API, the trail and the commands spell it."""
        return self.name.lower()

    @cached_property
    def stands(self) -> bool:
        """Tell whether something in this status holds: supported, or expiring but in force."""
        return self >= Status.EXPIRING

    @classmethod
    def of(cls, word: str) -> Status:
        """Return the status that ``word`` spells; KeyError for any other word."""
        return cls[word.upper()]
