"""What the rules of status know of a leaf: plain values, each with the moment at which we recorded it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from dcase_audit.calendars.durations import Duration
from dcase_audit.calendars.service_time import ServiceCalendar

NEVER = datetime(9999, 12, 31, tzinfo=UTC)


class Criterion(NamedTuple):
    """What the leaf asks. ``kinds`` empty: every kind fits; a limit that is None is not set."""

    kinds: frozenset[str] = frozenset()
    minimum: int = 1
    must_cover: tuple[str, ...] = ()
    max_age: Duration | None = None
    warn_before: Duration | None = None
    silence: timedelta | None = None
    calendar: ServiceCalendar | None = None
    subjects: tuple[str, ...] = ()


class Revision(NamedTuple):
    """One submitted revision with the decisions about it; a decision's moment is when it was recorded.

    ``withdrawn_from`` is when the withdrawal takes effect, which may lie after ``withdrawn_at``.
    """

    id: int
    artefact: int
    number: int
    verdict: str
    submitted_at: datetime
    covers: frozenset[str] = frozenset()
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    proves_from: datetime | None = None
    proves_until: datetime | None = None
    subjects: dict[str, tuple[str, str]] = {}
    accepted_at: datetime | None = None
    returned_at: datetime | None = None
    withdrawn_at: datetime | None = None
    withdrawn_from: datetime | None = None
    voided_at: datetime | None = None
    annulled_at: datetime | None = None

    @property
    def age_base(self) -> datetime | None:
        """Return what age counts from: the end of what it proves, for documents the day they began to apply."""
        return self.proves_until or self.valid_from


class Support(NamedTuple):
    """That an artefact was linked to the leaf from ``linked_at`` until ``unlinked_at``."""

    artefact: int
    kind: str
    linked_at: datetime
    unlinked_at: datetime | None = None
    review_interval: Duration | None = None


class SubjectVersion(NamedTuple):
    """That a subject is in (version, digest) since a moment, recorded at another."""

    subject: str
    version: str
    digest: str
    since: datetime
    recorded_at: datetime


class Hearing(NamedTuple):
    """When a monitor was heard: first, last, and the spans between in which it was not for too long."""

    first: datetime
    last: datetime
    gaps: tuple[tuple[datetime, datetime | None], ...] = ()


class LeafFacts(NamedTuple):
    """All that is known of one leaf under one edition."""

    zone: ZoneInfo
    criterion: Criterion
    supports: tuple[Support, ...] = ()
    revisions: tuple[Revision, ...] = ()
    subject_versions: tuple[SubjectVersion, ...] = ()
    hearings: dict[int, Hearing] = {}
