"""Drills: what was planned, what was held, and how it went."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from dcase_audit.reports.contents.case import Target

DrillKind = Literal["tabletop", "component", "functional", "full-scale"]
DrillVerdict = Literal["passed", "failed", "inconclusive"]
Outcome = Literal["planned", "held", "cancelled", "not_reported"]
CheckOutcome = Literal["pass", "remark", "fail", "not_run", "not_applicable"]


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
    """A target beside what was measured; an empty ``value`` was not measured and ``met`` is then None."""

    target: Target
    value: str
    met: bool | None


@dataclass(frozen=True, kw_only=True)
class Result:
    """What came in about one holding of a drill, and the number of the revision that it became.

    ``claimed_verdict`` is the sender's where it differs from the one derived.
    """

    verdict: DrillVerdict
    started_at: datetime
    ended_at: datetime
    received_at: datetime
    received_from: str
    revision: int
    raw_sha256: str
    claimed_verdict: str = ""
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

    @property
    def results(self) -> list[Result]:
        return [result for occurrence in self.occurrences for result in occurrence.results] + list(self.unplanned)
