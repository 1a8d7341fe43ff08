"""How long a revision is kept, as a plain value that pages, the API and commands show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from evidence.models import FAR, Kind, Revision


@dataclass(frozen=True)
class Keeping:
    """What a revision was promised at submission, and what that comes to.

    ``floor`` is an ISO 8601 duration (empty: none), counted from ``counts_from`` in ``zone``. ``at_least`` is never put
    back; ``until`` is None while the revision is valid and nothing says until when: its end then counts.
    """

    floor: str
    counts_from: str
    zone: str
    basis: str
    text_ja: str
    text_en: str
    at_least: datetime
    until: datetime | None

    @property
    def basis_word(self) -> str:
        """What kind of basis it is, in the active language."""
        return str(dict(Kind.Basis.choices).get(self.basis, self.basis))

    @property
    def counts_anew(self) -> bool:
        """Tell whether the whole floor is still to come once the validity ends."""
        return bool(self.floor) and self.until is None and self.counts_from == Kind.CountsFrom.VALIDITY_END


def keeping_of(revision: Revision) -> Keeping | None:
    """Return how long a revision, read ``with_kept_until``, is kept; None of a draft."""
    kept: datetime | None = getattr(revision, "kept_until", None)
    if kept is None or revision.retain_until is None:
        return None
    said = revision.retention
    return Keeping(
        floor=said.get("floor", ""),
        counts_from=said.get("from", ""),
        zone=said.get("zone", ""),
        basis=said.get("basis", ""),
        text_ja=said.get("ja", ""),
        text_en=said.get("en", ""),
        at_least=revision.retain_until,
        until=kept if kept < FAR else None,
    )
