"""The argument as a report shows it: who is asked, what is claimed, what stands and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from dcase_audit.cases.words import CONTEXT_KINDS, LEAF_KINDS, LinkKind, NodeKind, Status

Language = Literal["ja", "en"]


@dataclass(frozen=True, kw_only=True)
class Witness:
    """Somebody who cosigned a checkpoint; one that the operator runs itself is not independent."""

    name: str
    independent: bool
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """A checkpoint of the audit log that covers all that the report rests on.

    ``note`` is the signed note, as a verifier's file of a known checkpoint; ``root`` is base64.
    """

    size: int
    root: str
    note: str
    witnesses: tuple[Witness, ...]


@dataclass(frozen=True, kw_only=True)
class Header:
    """What the cover says. Digests are lower-case hexadecimal, moments aware, ``timezone`` an IANA name."""

    report_id: str
    language: Language
    case_slug: str
    case_title: str
    edition_number: int
    edition_sha256: str
    edition_published_at: datetime
    at: datetime
    known: datetime
    period_from: datetime
    made_at: datetime
    timezone: str
    issuer: str
    rules_version: int
    limits_are_assumptions: bool
    demo: bool
    checkpoint: Checkpoint


@dataclass(frozen=True, kw_only=True)
class Reason:
    """One reason behind a status; ``words`` has a sentence for each ``code``, the other fields fill it.

    ``items`` are what must be covered, ``subject`` is what was compared, ``node`` and ``status`` name a leaf that
    decides the status of a node above it, ``before`` and ``after`` are versions of the subject. The last seven say what
    a target came to: shares in percent, the resolution in milliseconds, and what a missed period still waits for.
    """

    code: str
    items: tuple[str, ...] = ()
    subject: str = ""
    artefact: str = ""
    revision: int | None = None
    party: str = ""
    before: str = ""
    after: str = ""
    at: datetime | None = None
    node: str = ""
    status: str = ""
    period_from: datetime | None = None
    period_until: datetime | None = None
    best: str = ""
    worst: str = ""
    limit: str = ""
    resolution: str = ""
    waits: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Label:
    """What is printed in place of a key of the case: of an item to cover, a measure, a class, a calendar."""

    key: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Target:
    """A limit for something measured: ``op`` is one of ``<= >= < > =``, ``value`` a number or a duration.

    ``per_item``: each item that is covered has to keep it.
    """

    measure: str
    op: str
    value: str
    scope: str = ""
    per_item: bool = False


@dataclass(frozen=True, kw_only=True)
class Criterion:
    """What a leaf asks of its evidence. Durations are ISO 8601; an empty field sets no limit."""

    kinds: tuple[str, ...]
    minimum: int
    must_cover: tuple[str, ...] = ()
    max_age: str = ""
    warn_before: str = ""
    silence: str = ""
    calendar: str = ""
    subjects: tuple[str, ...] = ()
    refuted_when: str = ""
    targets: tuple[Target, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Node:
    """A node with its status at the report's moment; contexts are not judged and have an empty ``status``.

    Holders are the names of parties, empty where nobody is named. ``until`` is the first moment at which the
    status differs, None if no such moment is known. ``elsewhere``: it stands for a goal of another case, which is not
    named: whoever reads the report need not see that case.
    """

    key: str
    kind: NodeKind
    statement: str
    status: str = ""
    since: datetime | None = None
    until: datetime | None = None
    because: tuple[Reason, ...] = ()
    accountable: str = ""
    custodian: str = ""
    verifier: str = ""
    support_rule: Literal["all", "any"] = "all"
    undeveloped: bool = False
    criterion: Criterion | None = None
    elsewhere: bool = False

    @property
    def judged(self) -> bool:
        return bool(self.status)

    @property
    def stands(self) -> bool:
        """Tell whether it holds at the report's moment; a node that is not judged does not say so."""
        return self.judged and Status.of(self.status).stands

    @property
    def takes_evidence(self) -> bool:
        return self.kind in LEAF_KINDS

    @property
    def is_context(self) -> bool:
        return self.kind in CONTEXT_KINDS


@dataclass(frozen=True, kw_only=True)
class Link:
    """From the element above (``source``) to the one below or beside it (``target``), by node keys."""

    source: str
    target: str
    kind: LinkKind


@dataclass(frozen=True, kw_only=True)
class ForecastChange:
    """A later change of status that follows from what is known; it holds from ``at`` on."""

    at: datetime
    node: str
    status: str
    because: tuple[Reason, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Party:
    """A department, vendor or institution, with the name it had at the report's moment."""

    key: str
    name: str
    symbol: str = ""
    holds: str = ""


@dataclass(frozen=True, kw_only=True)
class ReadingNote:
    """What the reader of the source added to it, in the language in which it was written."""

    text: str
    language: Language
