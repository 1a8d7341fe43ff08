"""Corrective actions, as a report says them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, kw_only=True)
class CorrectiveAction:
    """What is done; ``closed_at`` is None while it is open, ``evidence`` is artefact and revision."""

    text: str
    owner: str
    due_on: date
    closed_at: datetime | None = None
    closed_by: str = ""
    evidence: str = ""
