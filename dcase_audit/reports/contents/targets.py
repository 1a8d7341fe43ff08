"""What was measured of the case's targets, with all that a reader needs to count it again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from dcase_audit.reports.contents.actions import CorrectiveAction

Outcome = Literal["met", "missed", "unknown", "running", "spent"]


@dataclass(frozen=True, kw_only=True)
class TargetPeriod:
    """A service over [start, until), counted up to ``as_of``. Times in milliseconds.

    ``best`` and ``worst`` are in percent with five decimals, cut off and never rounded up. ``source`` is the key of the
    monitor, ``resolution_ms`` how often it looks.
    """

    service: str
    source: str
    calendar: str
    start: datetime
    until: datetime
    as_of: datetime
    required_ms: int
    excused_ms: int
    down_ms: int
    unknown_ms: int
    ahead_ms: int
    outages: int
    resolution_ms: int
    best: str
    worst: str
    outcome: Outcome
    recorded_at: datetime


@dataclass(frozen=True, kw_only=True)
class TargetOutage:
    """That a component was down over [started_at, ended_at), open while no end is known, as a monitor reported."""

    monitor: str
    component: str
    started_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class PlannedWindow:
    """A planned interruption; ``excuses`` only where another person approved it before it began."""

    monitor: str
    service: str
    start: datetime
    until: datetime
    reason: str
    approved_by: str
    approved_at: datetime | None
    excuses: bool


@dataclass(frozen=True, kw_only=True)
class TargetRemedy:
    """What is done about a missed period."""

    start: datetime
    until: datetime
    actions: tuple[CorrectiveAction, ...]


@dataclass(frozen=True, kw_only=True)
class MeasuredTarget:
    """The limits that one context sets, and what the report's year came to. ``limit`` is in percent.

    ``outages`` are those of the year, the latest first, of which ``outages_left_out`` are not listed.
    """

    node: str
    limit: str
    period: str
    calendar: str
    services: tuple[str, ...]
    periods: tuple[TargetPeriod, ...]
    outages: tuple[TargetOutage, ...]
    outages_left_out: int
    windows: tuple[PlannedWindow, ...]
    remedies: tuple[TargetRemedy, ...]
