"""Drills: what was planned, what was held, and how it went."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from dcase_audit.reports.contents.actions import CorrectiveAction
from dcase_audit.reports.contents.case import Target

DrillKind = Literal["tabletop", "component", "functional", "full-scale", "unannounced", "live-incident"]
Met = Literal["met", "missed", "too_coarse", "not_comparable", "not_measured"]
SignRole = Literal["observer", "verifier", "responsible"]
Severity = Literal["minor", "major", "critical"]
FindingState = Literal["open", "acting", "overdue", "awaits_retest", "closed", "annulled"]
SETTLED: frozenset[FindingState] = frozenset({"closed", "annulled"})
Place = Literal["production", "recovery", "test"]
Shift = Literal["day", "night", "holiday"]
DrillVerdict = Literal["passed", "failed", "inconclusive"]
Outcome = Literal["planned", "held", "cancelled", "not_reported"]
DrillFormat = Literal["native", "chaostoolkit", "junit", "ctrf", "in-toto"]
DrillSignature = Literal["unsigned", "verified"]
CheckOutcome = Literal["pass", "remark", "fail", "not_run", "not_applicable"]

Doubt = Literal[
    "time_unknown",
    "counts_differ",
    "times_differ",
    "deviated",
    "ended_failed",
    "not_completed",
    "dry_run",
    "no_hypothesis",
    "hypothesis_unchecked",
    "no_rollbacks",
    "suite_failed",
    "stated_failed",
    "empty_subject",
    "zone_by_rule",
    "no_zone",
    "times_stated",
]


@dataclass(frozen=True, kw_only=True)
class Check:
    """A checkpoint of a drill: what was expected, what was observed, and how the evaluator judged it."""

    number: int
    text: str
    outcome: CheckOutcome
    expected: str = ""
    observed: str = ""
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Achieved:
    """A target beside what was measured; ``value`` is empty where nothing was.

    ``outcome`` says whether it was met. ``unit`` is of numbers; ``resolution`` how far the true value may lie from it.
    """

    target: Target
    value: str
    outcome: Met
    unit: str = ""
    method: str = ""
    resolution: str = ""


@dataclass(frozen=True, kw_only=True)
class Player:
    """Somebody of a party at a drill; ``person`` is a pseudonymous id, ``outside``: of no department of ours."""

    party: str
    role: str = ""
    person: str = ""
    shift: Shift | None = None
    present: bool = True
    outside: bool = False
    stands_in_for: str = ""


@dataclass(frozen=True, kw_only=True)
class Moment:
    """A line of a drill's time line or one of its injects: what was planned, what happened, or both."""

    text: str
    planned_at: datetime | None
    at: datetime | None
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Holding:
    """How a drill was held, as its record says; whatever it leaves out is empty."""

    scenario: str = ""
    objectives: tuple[str, ...] = ()
    preconditions: tuple[str, ...] = ()
    abort_criteria: tuple[str, ...] = ()
    runbooks: tuple[str, ...] = ()
    place: Place | None = None
    environment: str = ""
    differs: str = ""
    observer: str = ""
    verifier: str = ""
    independence: str = ""
    clock: str = ""
    people: tuple[Player, ...] = ()
    timeline: tuple[Moment, ...] = ()
    injects: tuple[Moment, ...] = ()
    lessons: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SignOff:
    """A signature under the record of a result; it covers the bytes with the result's ``raw_sha256``."""

    role: SignRole
    by: str
    at: datetime
    statement: str = ""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What a drill brought to light, where that stood at the report's moment, and what answered it.

    ``text`` is empty and ``failed_at`` is when the drill was held, where the failure itself opened it.
    """

    number: int
    severity: Severity
    state: FindingState
    opened_at: datetime
    opened_by: str = ""
    text: str = ""
    cause: str = ""
    failed_at: datetime | None = None
    retest_at: datetime | None = None
    actions: tuple[CorrectiveAction, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Result:
    """What came in about one holding of a drill, and the number of the revision that it became.

    ``claimed_verdict`` is the sender's where it differs from the one derived. ``started_at`` and ``ended_at`` are None
    where nobody said when it was held. ``doubts`` are codes of what the reader of the format saw. ``signature`` is
    what came of it at receipt, ``signer`` who signed, of which party.
    """

    verdict: DrillVerdict
    started_at: datetime | None
    ended_at: datetime | None
    received_at: datetime
    received_from: str
    revision: int
    raw_sha256: str
    kind: DrillKind | None = None
    holding: Holding = Holding()
    format: DrillFormat = "native"
    producer: str = ""
    signature: DrillSignature = "unsigned"
    signer: str = ""
    doubts: tuple[Doubt, ...] = ()
    claimed_verdict: str = ""
    sign_offs: tuple[SignOff, ...] = ()
    checks: tuple[Check, ...] = ()
    achieved: tuple[Achieved, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Occurrence:
    """One planned date of a drill, recorded at ``recorded_at``; a cancelled one gives its ``reason``."""

    planned_at: datetime
    report_by: datetime
    recorded_at: datetime
    outcome: Outcome
    reason: str = ""
    cancelled_by: str = ""
    results: tuple[Result, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Drill:
    """A drill, the artefact that its results become revisions of, and the occurrences of the period under review.

    ``unplanned`` are results that answer no planned date.
    """

    key: str
    title: str
    kind: DrillKind
    artefact: str
    department: str
    scenario: str = ""
    recurrence: str = ""
    covers: tuple[str, ...] = ()
    occurrences: tuple[Occurrence, ...] = ()
    unplanned: tuple[Result, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def results(self) -> list[Result]:
        return [result for occurrence in self.occurrences for result in occurrence.results] + list(self.unplanned)
