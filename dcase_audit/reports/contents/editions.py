"""What editions of the case made easier to claim, and who consented."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from dcase_audit.reports.contents.case import Target

# How a change makes it easier for a node to stand: the words of ``cases.loosening``.
Change = Literal[
    "minimum", "max_age", "silence", "calendar", "must_cover", "subjects", "kinds", "kinds_any", "targets",
    "refuted_when", "support_rule", "alternative_added", "child_retired", "support_removed", "target_removed",
    "points_at", "undeveloped_added", "undeveloped_removed",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Consent:
    """That ``by`` agreed to an edition for ``party``, both by name."""

    party: str
    by: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Loosening:
    """One change of an edition by which it is easier for ``node`` to stand.

    ``before`` and ``after`` hold what the limit was and became, durations as ISO 8601; either is empty where there is
    nothing to name, which for a limit means that there is none. ``consents`` are those that the edition was given.
    """

    edition: int
    published_at: datetime
    node: str
    change: Change
    before: tuple[str | Target, ...] = ()
    after: tuple[str | Target, ...] = ()
    consents: tuple[Consent, ...] = ()
