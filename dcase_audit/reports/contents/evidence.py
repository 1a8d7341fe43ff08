"""Artefacts, their revisions, files and decisions, and what was refused or came too late."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Verdict = Literal["supports", "refutes", "inconclusive"]
DecisionKind = Literal["submitted", "accepted", "returned", "withdrawn", "voided", "annulment_proposed", "annulled"]
# What asks for a retention.
Basis = Literal["law", "contract", "rule"]
FileRole = Literal["main", "attachment", "translation", "raw", "capture"]
# What a revision counts for at the report's moment.
Standing = Literal[
    "in_force", "upcoming", "waiting", "refuting", "answered", "superseded", "ended", "inconclusive",
    "returned", "withdrawn", "voided", "annulled", "draft",
]  # fmt: skip
# Decisions that take a revision back; each is listed as an exception.
TAKEN_BACK: tuple[DecisionKind, ...] = ("returned", "withdrawn", "voided", "annulment_proposed", "annulled")
# Revisions that bear on a leaf's status now; the others are history and stand in the register only.
BEARING: frozenset[Standing] = frozenset({"in_force", "upcoming", "waiting", "refuting"})


@dataclass(frozen=True, kw_only=True)
class Retention:
    """Until when a revision is kept at least, and which law, contract or rule (``text``) asks for that."""

    at_least: datetime
    basis: Basis
    text: str = ""


@dataclass(frozen=True, kw_only=True)
class Disposal:
    """That a file was disposed of, by whom and why; ``basis`` and ``text`` say what had kept it until then."""

    at: datetime
    by: str
    reason: str
    basis: Basis
    text: str = ""


@dataclass(frozen=True, kw_only=True)
class File:
    """A stored file; ``sha256`` lower-case hexadecimal, ``size`` in bytes, ``name`` as the sender gave it.

    A capture of an address also says where it came from and when it was fetched.
    """

    sha256: str
    size: int
    media_type: str
    name: str
    role: FileRole = "main"
    source_url: str = ""
    fetched_at: datetime | None = None
    disposal: Disposal | None = None


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What somebody, or the rule ``by_rule``, decided; ``effective_at`` where it acts from another moment.

    ``rule_published_by`` and ``rule_published_at``: by whom and when it was published, if it is an acceptance rule.
    """

    kind: DecisionKind
    by: str
    at: datetime
    by_rule: str = ""
    rule_published_by: str = ""
    rule_published_at: datetime | None = None
    effective_at: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class SubjectVersion:
    """The version of a configuration item that a revision was obtained on."""

    subject: str
    version: str


@dataclass(frozen=True, kw_only=True)
class Revision:
    """One version of an artefact. Periods are half-open; ``None`` sets no bound.

    A confidential revision gives the reason, and its files by digest and size only.

    Raises:
        ValueError: a confidential revision names a file.
    """

    number: int
    verdict: Verdict
    standing: Standing
    recorded_at: datetime
    covers: tuple[str, ...] = ()
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    proves_from: datetime | None = None
    proves_until: datetime | None = None
    subjects: tuple[SubjectVersion, ...] = ()
    files: tuple[File, ...] = ()
    decisions: tuple[Decision, ...] = ()
    confidential_reason: str = ""
    corrects: int | None = None
    retention: Retention | None = None
    held_since: datetime | None = None

    def __post_init__(self) -> None:
        if self.confidential_reason and any(file.name or file.source_url for file in self.files):
            raise ValueError(f"revision {self.number} is confidential: its files are shown by digest only")

    @property
    def bears(self) -> bool:
        """Tell whether it decides a leaf's status now, for or against."""
        return self.standing in BEARING


@dataclass(frozen=True, kw_only=True)
class Support:
    """The link from an artefact to a leaf, with why the artefact supports it."""

    node: str
    linked_at: datetime
    unlinked_at: datetime | None = None
    rationale: str = ""


@dataclass(frozen=True, kw_only=True)
class Artefact:
    """A lasting piece of evidence; ``kind`` is the kind's name, revisions are in their order."""

    key: str
    title: str
    kind: str
    owner: str = ""
    custodian: str = ""
    supports: tuple[Support, ...] = ()
    revisions: tuple[Revision, ...] = ()

    def supports_node(self, key: str) -> bool:
        """Tell whether it bears on the leaf: it is linked, or it refutes, which stays with the leaf after unlinking."""
        return self._linked(key) or self.is_unlinked_from(key)

    def is_unlinked_from(self, key: str) -> bool:
        """Tell whether it was unlinked from the leaf and its refutation stays there."""
        was_linked = any(support.node == key for support in self.supports)
        return was_linked and not self._linked(key) and any(item.standing == "refuting" for item in self.revisions)

    @property
    def nodes(self) -> list[str]:
        """The leaves that it is linked to, by key."""
        return [support.node for support in self.supports if support.unlinked_at is None]

    def _linked(self, key: str) -> bool:
        return any(support.node == key and support.unlinked_at is None for support in self.supports)


@dataclass(frozen=True, kw_only=True)
class Gap:
    """A time in which an artefact had nothing in force or a monitor was not heard; open while ``until`` is None.

    ``accepted_late`` is the number of the revision that was accepted only after the gap had begun.
    """

    artefact: str
    start: datetime
    until: datetime | None
    recorded_at: datetime
    accepted_late: int | None = None


@dataclass(frozen=True, kw_only=True)
class RefusedUpload:
    """A result that was turned away; its bytes are not kept, its digest is where it was computed."""

    at: datetime
    by: str
    through: str
    drill: str
    problem: str
    detail: str
    sha256: str = ""
