"""Targets: the measured periods, the outages and planned windows behind them, and what was done about misses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from fractions import Fraction

from django.db.models import Q

from dcase_audit.cases.graph import Graph
from dcase_audit.cases.words import TARGET_PREFIX
from dcase_audit.reports.assemble.actions import action_of
from dcase_audit.reports.assemble.names import Names
from dcase_audit.reports.contents import (
    MeasuredTarget,
    PlannedWindow,
    TargetOutage,
    TargetPeriod,
    TargetRemedy,
)
from dcase_audit.reports.contents.targets import Outcome
from dcase_audit.shares import exact_percent, shown
from drills.models import Outage
from drills.models import PlannedWindow as Window
from evidence import models
from evidence.asof import CaseStatus
from evidence.facts import Target
from evidence.measured import measured
from evidence.target_loading import targets_of

MOST_OUTAGES = 200


def measured_targets_of(
    argument: Graph, status: CaseStatus, names: Names, *, period: tuple[datetime, datetime]
) -> tuple[MeasuredTarget, ...]:
    """Return each target of availability with what was measured of it within ``period``, as known by its end."""
    ids = {view.key: view.id for view in status.nodes}
    return tuple(
        _target(ids[node.key], node.key, target, raw, names, period)
        for node in argument.nodes
        if f"{TARGET_PREFIX}{node.key}" in ids
        for raw in node.attributes.get("targets", ())
        for target in targets_of([raw])
    )


def _target(
    node: int, key: str, target: Target, raw: dict[str, str], names: Names, period: tuple[datetime, datetime]
) -> MeasuredTarget:
    since, known = period
    rows = [row for row in measured(node, known=known) if row.until > since and row.calendar == target.calendar]
    rows = [row for row in rows if row.service in target.services]
    monitors = sorted({row.source for row in rows})
    outages = Outage.objects.filter(
        Q(ended_at=None) | Q(ended_at__gt=since), monitor__key__in=monitors, started_at__lt=known
    )
    listed = outages.select_related("monitor").order_by("-started_at", "-pk")[:MOST_OUTAGES]
    return MeasuredTarget(
        node=f"{TARGET_PREFIX}{key}",
        limit=exact_percent(target.limit),
        period=raw.get("period", "P1M"),
        calendar=target.calendar,
        services=target.services,
        periods=tuple(_period(row, target) for row in rows),
        outages=tuple(
            TargetOutage(
                monitor=row.monitor.key, component=row.component, started_at=row.started_at, ended_at=row.ended_at
            )
            for row in listed
        ),
        outages_left_out=max(0, outages.count() - MOST_OUTAGES),
        windows=tuple(_windows(monitors, names, period)),
        remedies=tuple(_remedies(node, names, known)),
    )


def _period(row: models.TargetPeriod, target: Target) -> TargetPeriod:
    best, worst = _share(row, row.down_ms), _share(row, row.down_ms + row.unknown_ms)
    return TargetPeriod(
        service=row.service,
        source=row.source,
        calendar=row.calendar,
        start=row.start,
        until=row.until,
        as_of=row.as_of,
        required_ms=row.required_ms,
        excused_ms=row.excused_ms,
        down_ms=row.down_ms,
        unknown_ms=row.unknown_ms,
        ahead_ms=row.ahead_ms,
        outages=row.outages,
        resolution_ms=row.resolution_ms,
        best=shown(best, 5),
        worst=shown(worst, 5),
        outcome=_outcome(target, best, worst, is_running=row.as_of < row.until),
        recorded_at=row.recorded_at,
    )


def _share(row: models.TargetPeriod, down: int) -> Fraction:
    return 1 - Fraction(down, row.required_ms) if row.required_ms else Fraction(1)


def _outcome(target: Target, best: Fraction, worst: Fraction, *, is_running: bool) -> Outcome:
    if not target.met(best):
        return "spent" if is_running else "missed"
    if is_running:
        return "running"
    return "met" if target.met(worst) else "unknown"


def _windows(monitors: Iterable[str], names: Names, period: tuple[datetime, datetime]) -> Iterator[PlannedWindow]:
    since, known = period
    rows = Window.objects.filter(monitor__key__in=list(monitors), until__gt=since, proposed_at__lte=known)
    for row in rows.select_related("monitor").order_by("start", "pk"):
        approved_at = row.approved_at if row.approved_at is not None and row.approved_at <= known else None
        yield PlannedWindow(
            monitor=row.monitor.key,
            service=row.service,
            start=row.start,
            until=row.until,
            reason=row.reason,
            approved_by=names.person(row.approved_by_id) if approved_at else "",
            approved_at=approved_at,
            excuses=approved_at is not None and approved_at < row.start,
        )


def _remedies(node: int, names: Names, known: datetime) -> Iterator[TargetRemedy]:
    rows = models.TargetRemedy.objects.filter(node=node, added_at__lte=known).select_related("evidence__artefact")
    for row in rows:
        yield TargetRemedy(start=row.start, until=row.until, actions=(action_of(row, names, known),))
