"""The rules of a target: what was measured of it and a moment in, status and reasons out. ``docs/status.md`` section 3.

Closed periods judge, and the open one may only refute. What was measured counts from when it was recorded.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

from dcase_audit.cases.words import Status
from dcase_audit.shares import exact_percent, shown
from evidence.facts import Measured, Target, TargetFacts
from evidence.leaf_status import Verdict
from evidence.slots import Because, Filling, Slot, best, gathered

INSTANT = timedelta(microseconds=1)
# How long after its end a period may go without having been measured to it.
MEASURED_WITHIN = timedelta(days=1)
# A source that looks every r cannot prove an outage shorter than r: it looks this often within the budget at least.
LOOKS_WITHIN_BUDGET = 10


class Source(NamedTuple):
    """What one source measured of one service, by period; the last recorded of each."""

    name: str
    rows: list[Measured]


class TargetLeaf:
    """The targets of one context as recorded by ``known``; ``Leaf`` is to evidence what this is to figures."""

    def __init__(self, facts: TargetFacts, known: datetime) -> None:
        self.facts = facts
        self.known = known

    # The status

    def status(self, at: datetime) -> tuple[Status, Because]:
        """Return status and reasons at ``at``: a missed period that is not answered refutes, else the worst service."""
        slots: list[Slot] = []
        refutations: list[dict[str, Any]] = []
        for target in self.facts.targets:
            for service in target.services:
                sources = self._sources(target, service, at)
                refutations += [reason for source in sources for reason in self._missed(target, source, at)]
                fillings = [self._filling(target, source, at) for source in sources]
                slots.append(((service,), best(fillings, ()) if fillings else _unmeasured()))
        status = min((filling.status for _, filling in slots), default=Status.MISSING)
        return Status.REFUTED if refutations else status, (*refutations, *gathered(slots))

    def timeline(self, start: datetime) -> list[Verdict]:
        """Return what holds from ``start`` on and each later change, if nothing fails and all is measured."""
        found: list[Verdict] = []
        for moment in [start, *self.moments(after=start)]:
            status, because = self.status(moment)
            if not found or (found[-1].status, found[-1].because) != (status, because):
                found.append(Verdict(moment, status, because))
        return found

    def moments(self, after: datetime) -> list[datetime]:
        """Return every moment after ``after`` at which something could change. One too many does no harm."""
        found = {remedy.closed_at for remedy in self.facts.remedies}
        for target in self.facts.targets:
            for row in self._rows(target):
                found |= {row.recorded_at, row.until, row.until + MEASURED_WITHIN}
                for _, until in self._following(target, row):
                    found |= {until, until + MEASURED_WITHIN}
        return sorted(moment for moment in found if moment > after)

    def asked_at(self, after: datetime) -> datetime | None:
        """Return when the facts must be asked again: whether a period that ends was measured is no matter of time."""
        found: list[datetime] = []
        for target in self.facts.targets:
            last = {(row.service, row.source): row for row in sorted(self._rows(target), key=_position)}
            for row in last.values():
                ends = [until for _, until in self._following(target, row)]
                for end in ends if row.is_whole else [row.until, *ends]:
                    found += [end - INSTANT, end + MEASURED_WITHIN]
        return min((moment for moment in found if moment > after), default=None)

    # What was measured

    def _rows(self, target: Target) -> list[Measured]:
        """Return what was recorded by ``known`` of the target's calendar and periods."""
        return [
            row
            for row in self.facts.measured
            if row.recorded_at <= self.known
            and row.service in target.services
            and row.calendar == target.calendar
            and target.period.after(row.start, self.facts.zone) == row.until
        ]

    def _sources(self, target: Target, service: str, at: datetime) -> list[Source]:
        """Return each source with its periods in order, and those that will have been measured by ``at``."""
        latest: dict[str, dict[datetime, Measured]] = {}
        for row in sorted(self._rows(target), key=lambda row: row.recorded_at):
            if row.service == service and row.recorded_at <= at:
                latest.setdefault(row.source, {})[row.start] = row
        found = []
        for name, by_start in sorted(latest.items()):
            rows = [by_start[start] for start in sorted(by_start)]
            found.append(Source(name, [*rows[:-1], *self._presumed(target, rows[-1], at)]))
        return found

    def _presumed(self, target: Target, last: Measured, at: datetime) -> Iterator[Measured]:
        """Yield the last period, and after it those that ``at`` will find over, if nothing more fails or is missed."""
        row = self._closed(last, at)
        yield row
        for start, until in self._following(target, last):
            if not row.is_whole:
                return
            row = last._replace(start=start, until=until, as_of=start, down=0, unknown=0, ahead=last.required)
            row = self._closed(row, at)
            if row.is_whole:
                yield row

    def _closed(self, row: Measured, at: datetime) -> Measured:
        """Return the period as it reads at ``at``: only what ends after ``known`` is presumed to be measured then."""
        if row.is_whole or at < row.until or self.known >= row.until - INSTANT:
            return row
        return row._replace(as_of=row.until, ahead=0)

    def _following(self, target: Target, row: Measured) -> list[tuple[datetime, datetime]]:
        ends = [row.until]
        for _ in range(2):
            ends.append(target.period.after(ends[-1], self.facts.zone))
        return list(pairwise(ends))

    # What it comes to

    def _missed(self, target: Target, source: Source, at: datetime) -> Iterator[dict[str, Any]]:
        """Yield each missed period that is not answered by a later one, met in full, and by a closed remedy."""
        for row in source.rows:
            if target.met(row.best):
                continue
            is_met = any(
                later.start >= row.until and later.is_whole and self._is_met(target, later) for later in source.rows
            )
            is_remedied = any(
                (remedy.start, remedy.until) == (row.start, row.until) and remedy.closed_at <= min(at, self.known)
                for remedy in self.facts.remedies
            )
            if not (is_met and is_remedied):
                said = {"reason": "target_missed" if row.is_whole else "target_spent", "items": [row.service]}
                waits = [*([] if is_met else ["period"]), *([] if is_remedied else ["remedy"])]
                yield {**said, **_figures(target, row), "since": row.recorded_at.isoformat(), "waits": waits}

    def _is_met(self, target: Target, row: Measured) -> bool:
        return target.met(row.worst) and _can_prove(target, row)

    def _filling(self, target: Target, source: Source, at: datetime) -> Filling:
        """Return what the source's last closed period says; missed ones are said by ``_missed``."""
        closed = [row for row in source.rows if row.is_whole]
        if not closed:
            first = source.rows[0]
            return Filling(Status.MISSING, ({"reason": "target_open", "ends_at": first.until.isoformat()},))
        row = closed[-1]
        figures = _figures(target, row)
        overdue = target.period.after(row.until, self.facts.zone)
        if overdue + MEASURED_WITHIN <= min(at, self.known):
            return Filling(Status.STALE, ({"reason": "target_late", "ended_at": overdue.isoformat()},))
        if not _can_prove(target, row):
            return Filling(Status.STALE, ({"reason": "target_coarse", **figures, "resolution": row.resolution},))
        if target.met(row.best) and not target.met(row.worst):
            return Filling(Status.STALE, ({"reason": "target_unknown", **figures},))
        return Filling(Status.SUPPORTED)


def _position(row: Measured) -> tuple[datetime, datetime]:
    return row.start, row.recorded_at


def _unmeasured() -> Filling:
    return Filling(Status.MISSING, ({"reason": "target_none"},))


def _can_prove(target: Target, row: Measured) -> bool:
    return row.resolution * LOOKS_WITHIN_BUDGET <= (1 - target.limit) * row.required


def _figures(target: Target, row: Measured) -> dict[str, Any]:
    return {
        "period_from": row.start.isoformat(),
        "period_until": row.until.isoformat(),
        "best": shown(row.best, 4),
        "worst": shown(row.worst, 4),
        "limit": exact_percent(target.limit),
    }
