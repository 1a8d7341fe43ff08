"""What an artefact's standing reads at a moment; ``ArtefactQuerySet.in_standing`` asks the database the same."""

from __future__ import annotations

from datetime import datetime

from dcase_audit.cases.models import Case, Settlement
from dcase_audit.cases.words import Status
from evidence.models import FAR, Standing


def status_of(standing: Standing, *, at: datetime) -> Status:
    """Return the status at ``at``: the state, and for what is supported what its two moments say."""
    state = Status.of(standing.state)
    if state is not Status.SUPPORTED or at < standing.warn_at:
        return state
    return Status.EXPIRING if at < standing.due_at else Status.EXPIRED


def present_of(case: Case, *, now: datetime) -> datetime:
    """Return the moment to show the case at: ``now``, or that of its last settling where events crowd one instant.

    Facts of a case have one order, so that what is written at one reading of the clock lies some microseconds apart.
    """
    settled_at = Settlement.objects.filter(case=case).values_list("settled_at", flat=True).first()
    return max(now, settled_at) if settled_at else now


def moment_or_none(moment: datetime) -> datetime | None:
    """Return the moment, or None for the far date that stands for never."""
    return None if moment >= FAR else moment
