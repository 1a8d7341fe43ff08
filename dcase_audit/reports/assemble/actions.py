"""A corrective action as it stood at the report's moment."""

from __future__ import annotations

from datetime import datetime

from dcase_audit.reports.assemble.names import Names
from dcase_audit.reports.contents import CorrectiveAction
from evidence.models import Action


def action_of(row: Action, names: Names, known: datetime) -> CorrectiveAction:
    """Return what is done, by whom and until when, and on what it was closed, if it was by ``known``."""
    evidence = row.evidence if row.is_closed(at=known) else None
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
