"""What the rules of status know of a leaf: plain values, each with the moment at which we recorded it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction
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


# Targets


class Target(NamedTuple):
    """A limit for the availability of services over each period of a length; ``above``: it has to be more."""

    limit: Fraction
    period: Duration
    calendar: str
    services: tuple[str, ...]
    above: bool = False

    def met(self, share: Fraction) -> bool:
        """Tell whether an availability keeps the limit."""
        return share > self.limit if self.above else share >= self.limit


class Measured(NamedTuple):
    """What one source measured of a service over [start, until), as far as up to ``as_of``.

    ``required`` is the agreed time of the whole period, ``down`` and ``unknown`` what of it up to ``as_of`` was down
    and unseen, ``ahead`` what of it lies after ``as_of``; all in milliseconds, as is ``resolution``, the longest time
    between two looks of the source. Of one period, the last recorded counts.
    """

    service: str
    source: str
    calendar: str
    start: datetime
    until: datetime
    as_of: datetime
    required: int
    down: int
    unknown: int
    ahead: int
    resolution: int
    recorded_at: datetime

    @property
    def is_whole(self) -> bool:
        """Tell whether the period was over when it was measured."""
        return self.as_of >= self.until

    @property
    def best(self) -> Fraction:
        """The availability of the whole period if all that is not known is up; 1 where nothing was required."""
        return self._share(self.down)

    @property
    def worst(self) -> Fraction:
        """The availability if what nobody saw was down; what lies ahead is taken as up."""
        return self._share(self.down + self.unknown)

    def _share(self, down: int) -> Fraction:
        return 1 - Fraction(down, self.required) if self.required else Fraction(1)


class Remedy(NamedTuple):
    """That the corrective action for a missed period was closed, recorded then."""

    start: datetime
    until: datetime
    closed_at: datetime


class TargetFacts(NamedTuple):
    """All that is known of the targets of one context under one edition."""

    zone: ZoneInfo
    targets: tuple[Target, ...]
    measured: tuple[Measured, ...] = ()
    remedies: tuple[Remedy, ...] = ()
    # Monitors are judged by themselves, on coverage and silence: of what else leaves have, a target has nothing.
    supports: tuple[Support, ...] = ()
    hearings: dict[int, Hearing] = {}
