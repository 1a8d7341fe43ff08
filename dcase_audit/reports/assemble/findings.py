"""The findings of a drill as they stood at the report's moment."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from dcase_audit.reports.assemble.actions import action_of
from dcase_audit.reports.assemble.names import Names
from dcase_audit.reports.contents import Finding
from dcase_audit.reports.contents.drills import FindingState, Severity
from drills import models
from drills.findings import Standing, State, standings

Period = tuple[datetime, datetime]
SETTLED = (State.CLOSED, State.ANNULLED)


def findings_of(drill: models.Drill, names: Names, *, period: Period) -> tuple[Finding, ...]:
    """Return the findings that were opened in the period, and those of before that were not settled at its end."""
    start, known = period
    rows = drill.findings.whole().filter(opened_at__lte=known).order_by("opened_at", "pk")
    stood = standings(rows, at=known)
    return tuple(
        _finding(one, names, known) for one in stood if one.finding.opened_at >= start or one.state not in SETTLED
    )


def _finding(standing: Standing, names: Names, known: datetime) -> Finding:
    row, retest = standing.finding, standing.retest
    return Finding(
        number=row.pk,
        severity=cast(Severity, row.severity),
        state=cast(FindingState, str(standing.state)),
        opened_at=row.opened_at,
        opened_by=names.person(row.opened_by_id),
        text=row.text,
        cause=row.cause,
        failed_at=row.result.held_or_received_at if row.result else None,
        retest_at=retest.started_at if retest else None,
        actions=tuple(action_of(action, names, known) for action in row.actions.all() if action.added_at <= known),
    )
