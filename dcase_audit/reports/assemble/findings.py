"""The findings of a drill as they stood at the report's moment."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from dcase_audit.reports.assemble.names import Names
from dcase_audit.reports.contents import CorrectiveAction, Finding
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
        actions=tuple(_action(action, names, known) for action in row.actions.all() if action.added_at <= known),
    )


def _action(row: models.CorrectiveAction, names: Names, known: datetime) -> CorrectiveAction:
    evidence = row.evidence if row.closed_at is not None and row.closed_at <= known else None
    if evidence is None:
        return CorrectiveAction(text=row.text, owner=names.person(row.owner_id), due_on=row.due_on)
    return CorrectiveAction(
        text=row.text,
        owner=names.person(row.owner_id),
        due_on=row.due_on,
        closed_at=row.closed_at,
        closed_by=names.person(row.closed_by_id),
        evidence=f"{evidence.artefact.key} {evidence.number}",
    )
