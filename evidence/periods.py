"""When a revision is in force for an item, and which spans the accepted revisions of an artefact make together."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from dcase_audit.calendars.durations import Duration
from evidence.facts import NEVER, Criterion, Revision

LONG_AGO = datetime(1, 1, 2, tzinfo=UTC)


class InForce(NamedTuple):
    """[start, end) in which a revision holds, and what ends it: validity, max_age, withdrawn, superseded, none."""

    start: datetime
    end: datetime
    bound: str
    revision: Revision


class Period(NamedTuple):
    """Revisions in force that touch, as one span. ``bound`` says what ends it."""

    start: datetime
    end: datetime
    bound: str
    parts: tuple[InForce, ...]

    def current(self, at: datetime) -> InForce:
        """Return the part in force at ``at``, the one that proves the latest where several are."""
        if len(self.parts) == 1:
            return self.parts[0]
        inside = [part for part in self.parts if part.start <= at < part.end]
        return max(inside, key=lambda part: order(part.revision))


def order(revision: Revision) -> tuple[datetime, int]:
    """Return what decides which of two revisions succeeds the other: what it proves last, then its number."""
    return revision.age_base or LONG_AGO, revision.number


def is_accepted(revision: Revision, known: datetime) -> bool:
    """Tell whether the revision supports and was accepted, and is not known to be false from the start."""
    voided = revision.voided_at is not None and revision.voided_at <= known
    accepted = revision.accepted_at is not None and revision.accepted_at <= known
    return revision.verdict == "supports" and accepted and not voided


def own_span(
    revision: Revision,
    criterion: Criterion,
    review_interval: Duration | None,
    zone: ZoneInfo,
    known: datetime,
    superseded: datetime = NEVER,
) -> InForce:
    """Return when an accepted revision holds, successors aside; the span may be empty.

    An end after ``superseded``, where a successor in everything begins, need not be exact: it will be cut.
    """
    start = revision.accepted_at
    assert start is not None
    if revision.valid_from is not None and revision.valid_from > start:
        start = revision.valid_from
    end, bound = (NEVER, "none") if revision.valid_until is None else (revision.valid_until, "validity")
    base = revision.age_base
    limit = criterion.max_age if criterion.max_age is not None or revision.valid_until is not None else review_interval
    if base is not None and limit is not None and base + limit.at_least < min(end, superseded):
        too_old = limit.after(base, zone)
        if too_old < end:
            end, bound = too_old, "max_age"
    if revision.withdrawn_at is not None and revision.withdrawn_at <= known:
        withdrawn = revision.withdrawn_from or revision.withdrawn_at
        if withdrawn < end:
            end, bound = withdrawn, "withdrawn"
    return InForce(start, end, bound, revision)


def in_force(spans: list[InForce], item: str | None) -> list[InForce]:
    """Cut each span where a successor that covers ``item`` begins (None: where all that it covers is superseded).

    Successors come first in ``spans``, as ``order`` says.
    """
    if item is not None:
        return _cut_by_later([span for span in spans if item in span.revision.covers])
    if cover_alike(spans):
        return _cut_by_later(spans)
    cuts = [_cut(span, _superseded_whole(span, spans)) for span in spans]
    return [cut for cut in cuts if cut.start < cut.end]


def cover_alike(spans: list[InForce]) -> bool:
    """Tell whether all spans cover the same items."""
    return len({span.revision.covers for span in spans}) < 2


def _cut_by_later(spans: list[InForce]) -> list[InForce]:
    """Cut each span where the first of its successors begins; each succeeds all that prove less."""
    cuts, begins = [], NEVER
    for span in spans:
        cut = _cut(span, begins)
        if cut.start < cut.end:
            cuts.append(cut)
        if span.start < begins:
            begins = span.start
    return cuts


def _superseded_at(span: InForce, others: Iterable[InForce]) -> datetime:
    mine = order(span.revision)
    return min((other.start for other in others if order(other.revision) > mine), default=NEVER)


def _superseded_whole(span: InForce, spans: list[InForce]) -> datetime:
    if not span.revision.covers:
        return _superseded_at(span, spans)
    return max(
        _superseded_at(span, [other for other in spans if item in other.revision.covers])
        for item in span.revision.covers
    )


def _cut(span: InForce, at: datetime) -> InForce:
    return span if span.end <= at else InForce(span.start, at, "superseded", span.revision)


def periods(parts: list[InForce]) -> list[Period]:
    """Join parts that touch into spans, in order of time."""
    found: list[Period] = []
    for part in sorted(parts, key=_place) if len(parts) > 1 else parts:
        last = found[-1] if found else None
        if last is None or part.start > last.end:
            found.append(Period(part.start, part.end, part.bound, (part,)))
        else:
            end, bound = (part.end, part.bound) if part.end > last.end else (last.end, last.bound)
            found[-1] = Period(last.start, end, bound, (*last.parts, part))
    return found


def _place(part: InForce) -> tuple[datetime, datetime]:
    return part.start, part.end
