"""The rules of a leaf's status: facts and a moment in, status and reasons out, with ``periods`` and ``slots``.

No other place has rules. Intervals are half-open: at the instant at which something ends, it has ended.
``docs/status.md`` states the rules.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from dcase_audit.calendars.service_time import ServiceCalendar, used_up
from dcase_audit.cases.words import Status
from evidence.facts import NEVER, LeafFacts, Revision, SubjectVersion, Support
from evidence.periods import InForce, Period, cover_alike, in_force, is_accepted, order, own_span, periods
from evidence.slots import RANK, Because, Filling, Slot, best, gathered


class Verdict(NamedTuple):
    """What holds from a moment on."""

    at: datetime
    status: Status
    because: Because


def leaf_status(facts: LeafFacts, at: datetime, known: datetime) -> tuple[Status, Because]:
    """Return the leaf's status at ``at`` as far as recorded by ``known``, with every reason that applies."""
    return Leaf(facts, known).status(at)


def leaf_timeline(facts: LeafFacts, start: datetime, known: datetime) -> list[Verdict]:
    """Return what holds from ``start`` on and each later change, as far as recorded by ``known``, if nothing is done.

    A monitor is presumed to go on being heard after ``known``; see ``Leaf.silent_at`` for when it would fall silent.
    """
    return Leaf(facts, known).timeline(start)


class Leaf:
    """The facts of one leaf as recorded by ``known``, with the periods in force worked out once."""

    def __init__(self, facts: LeafFacts, known: datetime) -> None:
        self.facts = facts
        self.known = known
        self.criterion = facts.criterion
        self.supports = [support for support in facts.supports if support.linked_at <= known]
        self.revisions: dict[int, list[Revision]] = {}
        for revision in facts.revisions:
            if revision.submitted_at <= known:
                self.revisions.setdefault(revision.artefact, []).append(revision)
        self._spans: dict[int, list[InForce]] = {}
        self._periods: dict[tuple[int, str | None], list[Period]] = {}
        self._undecided_now: dict[int, list[Revision]] = {}
        self._hopeless_from: dict[int, datetime] = {}
        self._has_counter_evidence = any(revision.verdict == "refutes" for revision in facts.revisions)

    # What is linked

    def linked(self, at: datetime) -> list[Support]:
        """Return the links open at ``at``, of whatever kind."""
        return [
            support
            for support in self.supports
            if support.linked_at <= at and (support.unlinked_at is None or at < self._unlinked(support))
        ]

    def _unlinked(self, support: Support) -> datetime:
        if support.unlinked_at is None or support.unlinked_at > self.known:
            return NEVER
        return support.unlinked_at

    def fits(self, support: Support) -> bool:
        """Tell whether the criterion names the artefact's kind."""
        return not self.criterion.kinds or support.kind in self.criterion.kinds

    # What is in force

    def spans(self, artefact: int) -> list[InForce]:
        """Return the spans of accepted supporting revisions, successors first; empty ones left out."""
        found = self._spans.get(artefact)
        if found is None:
            accepted = [r for r in self.revisions.get(artefact, ()) if is_accepted(r, self.known)]
            found = self._spans[artefact] = self._own_spans(artefact, accepted)
        return found

    def _own_spans(self, artefact: int, accepted: list[Revision]) -> list[InForce]:
        review = next(support.review_interval for support in self.supports if support.artefact == artefact)
        alike = len({revision.covers for revision in accepted}) == 1
        found: list[InForce] = []
        superseded = NEVER
        for revision in sorted(accepted, key=order, reverse=True):
            span = own_span(revision, self.criterion, review, self.facts.zone, self.known, superseded)
            if span.start < span.end:
                found.append(span)
                superseded = min(superseded, span.start) if alike else NEVER
        return found

    def periods(self, artefact: int, item: str | None) -> list[Period]:
        """Return when the artefact is in force for ``item`` (None: for anything at all)."""
        key = (artefact, item)
        found = self._periods.get(key)
        if found is None:
            if item is not None and self._covers_alike(artefact, (item,)):
                found = self.periods(artefact, None)
            else:
                found = periods(in_force(self.spans(artefact), item))
            self._periods[key] = found
        return found

    def _covers_alike(self, artefact: int, items: tuple[str, ...]) -> bool:
        """Tell whether every span covers the same, ``items`` among it: then they are in force together."""
        spans = self.spans(artefact)
        return not spans or (spans[0].revision.covers.issuperset(items) and cover_alike(spans))

    # The status

    def status(self, at: datetime) -> tuple[Status, Because]:
        """Return status and reasons at ``at``."""
        refutations = tuple(self.refutations(at))
        linked = self.linked(at)
        slots = self._slots(linked, at)
        worst = min(filling.status for _, filling in slots)
        status = Status.REFUTED if refutations else worst
        return status, (*refutations, *gathered(slots))

    def timeline(self, start: datetime) -> list[Verdict]:
        """Return what holds from ``start`` on; neighbours that say the same are one."""
        found: list[Verdict] = []
        for moment in [start, *self.moments(after=start)]:
            status, because = self.status(moment)
            if not found or (found[-1].status, found[-1].because) != (status, because):
                found.append(Verdict(moment, status, because))
        return found

    def _slots(self, linked: list[Support], at: datetime) -> list[Slot]:
        fitting = [support for support in linked if self.fits(support)]
        if len(linked) == len(fitting) == self.criterion.minimum == 1:
            return self._slots_of_one(fitting[0], at)
        misfits = tuple(
            {"reason": "wrong_kind", "artefact": support.artefact, "kind": support.kind}
            for support in linked
            if not self.fits(support)
        )
        whole = sorted((self.filling(support, None, at) for support in fitting), key=lambda f: RANK[f.status])
        slots: list[Slot] = [
            ((item,), best([self.filling(support, item, at) for support in fitting], misfits))
            for item in self.criterion.must_cover
        ]
        if len(whole) >= self.criterion.minimum:
            return [*slots, ((), whole[self.criterion.minimum - 1])]
        reasons = tuple(reason for filling in whole if filling.status is Status.MISSING for reason in filling.reasons)
        return [*slots, ((), Filling(Status.MISSING, (reasons + misfits) or ({"reason": "none"},)))]

    def _slots_of_one(self, support: Support, at: datetime) -> list[Slot]:
        """Do what ``_slots`` does for the common leaf with one artefact: items in the same periods fill alike.

        A submission that waits may cover some of them only.
        """
        whole = self.filling(support, None, at)
        if whole.status is not Status.PENDING and self._covers_alike(support.artefact, self.criterion.must_cover):
            return [(self.criterion.must_cover, whole)]
        return [*(((item,), self.filling(support, item, at)) for item in self.criterion.must_cover), ((), whole)]

    def filling(self, support: Support, item: str | None, at: datetime) -> Filling:
        """Return how one linked artefact fills the slot for ``item`` at ``at``."""
        found = self.periods(support.artefact, item)
        for period in found:
            if period.start <= at < period.end:
                return self._filling_in_force(support, period, item, at)
        waiting = self._waiting(support, item, at)
        if waiting is not None:
            since = {"reason": "waiting", "artefact": support.artefact, "revision": waiting.id}
            return Filling(Status.PENDING, ({**since, "since": waiting.submitted_at.isoformat()},), revision=waiting)
        past = [period for period in found if period.end <= at]
        if past:
            last = past[-1]
            ended = {"reason": last.bound, "artefact": support.artefact, "revision": last.parts[-1].revision.id}
            return Filling(
                Status.EXPIRED, ({**ended, "ended_at": last.end.isoformat()},), last.end, last.parts[-1].revision
            )
        return Filling(Status.MISSING, tuple(self._missing(support, item, at)))

    def _filling_in_force(self, support: Support, period: Period, item: str | None, at: datetime) -> Filling:
        revision = period.current(at).revision
        named = {"artefact": support.artefact, "revision": revision.id}
        doubts: Because = ()
        if self.criterion.subjects:
            unrecorded = [subject for subject in self.criterion.subjects if subject not in revision.subjects]
            if unrecorded:
                reasons = tuple({"reason": "incomplete", **named, "subject": subject} for subject in unrecorded)
                return Filling(Status.MISSING, reasons, revision=revision)
            doubts = tuple(self._changed_subjects(revision, named, at))
        if self.criterion.silence is not None:
            doubts += tuple(self._silence(support, period, at))
        notes = self._accepted_late(period, named)
        if doubts:
            return Filling(Status.STALE, doubts + notes, period.end, revision)
        if self.warning(period.end) <= at:
            ends = {"reason": "ends", **named, "ends_at": period.end.isoformat(), "bound": period.bound}
            return Filling(Status.EXPIRING, (ends, *notes), period.end, revision)
        return Filling(Status.SUPPORTED, notes, period.end, revision)

    def warning(self, end: datetime) -> datetime:
        """Return from when on a period that ends at ``end`` reads *expiring*."""
        if end == NEVER or self.criterion.warn_before is None:
            return end
        return self.criterion.warn_before.before(end, self.facts.zone)

    def _accepted_late(self, period: Period, named: dict[str, Any]) -> Because:
        """Note that the period began later than its first revision claims: acceptance fills no gap."""
        first = period.parts[0].revision
        if first.valid_from is None or period.start <= first.valid_from:
            return ()
        gap = {"gap_from": first.valid_from.isoformat(), "gap_until": period.start.isoformat()}
        return ({"reason": "accepted_late", **named, "revision": first.id, **gap},)

    def _waiting(self, support: Support, item: str | None, at: datetime) -> Revision | None:
        for revision in self._undecided(support.artefact, at):
            if (item is None or item in revision.covers) and self._waits(revision, support, at):
                return revision
        return None

    def _waits(self, revision: Revision, support: Support, at: datetime) -> bool:
        return revision.verdict == "supports" and revision.submitted_at <= at < self._hopeless(revision, support)

    def _undecided(self, artefact: int, at: datetime) -> list[Revision]:
        """Return the artefact's revisions without a decision at ``at``, successors first."""
        if at < self.known:
            return self._without_decision(artefact, at)
        found = self._undecided_now.get(artefact)
        if found is None:
            found = self._undecided_now[artefact] = self._without_decision(artefact, self.known)
        return found

    def _without_decision(self, artefact: int, at: datetime) -> list[Revision]:
        open_ = [revision for revision in self.revisions.get(artefact, ()) if not self._decided_by(revision, at)]
        return sorted(open_, key=order, reverse=True)

    def _hopeless(self, revision: Revision, support: Support) -> datetime:
        """Return from when on the revision would be over if it were accepted; ``support`` is of its artefact."""
        found = self._hopeless_from.get(revision.id)
        if found is None:
            as_accepted = revision._replace(accepted_at=revision.submitted_at, withdrawn_at=None)
            span = own_span(as_accepted, self.criterion, support.review_interval, self.facts.zone, self.known)
            found = self._hopeless_from[revision.id] = span.end
        return found

    def _missing(self, support: Support, item: str | None, at: datetime) -> Iterator[dict[str, Any]]:
        """Say why nothing is and nothing was in force: each reason that applies, or ``none``."""
        named = {"artefact": support.artefact}
        to_come = [period for period in self.periods(support.artefact, item) if period.start > at]
        if to_come:
            yield {"reason": "not_yet", **named, "starts_at": to_come[0].start.isoformat()}
        submitted = [r for r in self.revisions.get(support.artefact, ()) if r.submitted_at <= at]
        last = max(submitted, key=lambda r: (r.submitted_at, r.number), default=None)
        if last is not None and last.returned_at is not None and last.returned_at <= min(at, self.known):
            yield {"reason": "returned", **named, "revision": last.id, "at": last.returned_at.isoformat()}
        elif last is not None and last.verdict == "inconclusive":
            yield {"reason": "inconclusive", **named, "revision": last.id}
        elif not to_come:
            yield {"reason": "none", **named}

    # What it was obtained on

    def _changed_subjects(self, revision: Revision, named: dict[str, Any], at: datetime) -> Iterator[dict[str, Any]]:
        for subject in self.criterion.subjects:
            now = self.subject_at(subject, at)
            then = revision.subjects[subject]
            if now is not None and (now.version, now.digest) != then:
                changed = {"subject": subject, "from": list(then), "to": [now.version, now.digest]}
                yield {"reason": "subject", **named, **changed, "since": now.since.isoformat()}

    def subject_at(self, subject: str, at: datetime) -> SubjectVersion | None:
        """Return the subject's version at ``at``; of two for one moment the later recorded counts."""
        known = [
            v
            for v in self.facts.subject_versions
            if v.subject == subject and v.since <= at and v.recorded_at <= self.known
        ]
        return max(known, key=lambda v: (v.since, v.recorded_at), default=None)

    # Silence

    def _silence(self, support: Support, period: Period, at: datetime) -> Iterator[dict[str, Any]]:
        deadline = self.silent_from(support, period, min(at, self.known))
        if deadline is not None and deadline <= min(at, self.known):
            yield {"reason": "silent", "artefact": support.artefact, "silent_since": deadline.isoformat()}

    def silent_from(self, support: Support, period: Period, at: datetime) -> datetime | None:
        """Return when the monitor is silent if it is not heard after ``at``; None where silence is no matter."""
        if self.criterion.silence is None:
            return None
        calendar = self.criterion.calendar or ServiceCalendar(self.facts.zone)
        return used_up(
            calendar, max(self._heard(support.artefact, at) or period.start, period.start), self.criterion.silence
        )

    def _heard(self, artefact: int, at: datetime) -> datetime | None:
        """Return when the monitor was last heard at ``at``: between two gaps it was heard all the time."""
        hearing = self.facts.hearings.get(artefact)
        if hearing is None or at < hearing.first:
            return None
        if at >= hearing.last:
            return hearing.last
        gap = next((start for start, until in hearing.gaps if start <= at and (until is None or at < until)), None)
        return gap if gap is not None else at

    def asked_at(self, after: datetime) -> datetime | None:
        """Return when the facts must be asked again, which is when a monitor of it may fall silent."""
        return self.silent_at(after) if self.criterion.silence else None

    def silent_at(self, after: datetime) -> datetime | None:
        """Return when a monitor in force would fall silent after ``after`` if it were not heard again, if ever."""
        found = []
        for support in self.linked(after):
            for period in self._periods_of_any_item(support):
                if self.fits(support) and period.start <= after < period.end:
                    deadline = self.silent_from(support, period, after)
                    if deadline is not None and after < deadline < period.end:
                        found.append(deadline)
        return min(found, default=None)

    def _periods_of_any_item(self, support: Support) -> list[Period]:
        whole = self.periods(support.artefact, None)
        if self._covers_alike(support.artefact, self.criterion.must_cover):
            return whole
        found = [*whole]
        for item in self.criterion.must_cover:
            if (periods := self.periods(support.artefact, item)) is not whole:
                found += periods
        return found

    # Counter-evidence

    def refutations(self, at: datetime) -> Iterator[dict[str, Any]]:
        """Yield every refuting revision that is not answered at ``at``: it counts from receipt and has no end."""
        if not self._has_counter_evidence:
            return
        for artefact in dict.fromkeys(support.artefact for support in self.supports):
            links = [support for support in self.supports if support.artefact == artefact and support.linked_at <= at]
            for revision in self.revisions.get(artefact, ()):
                if self._refutes(revision, links, at) and self.answered_at(revision, at) is None:
                    since = max(revision.submitted_at, min(link.linked_at for link in links))
                    yield {
                        "reason": "refuted",
                        "artefact": artefact,
                        "revision": revision.id,
                        "since": since.isoformat(),
                        "covers": sorted(revision.covers),
                    }

    def _refutes(self, revision: Revision, links: list[Support], at: datetime) -> bool:
        if revision.verdict != "refutes" or revision.submitted_at > at:
            return False
        if revision.annulled_at is not None and revision.annulled_at <= min(at, self.known):
            return False
        return any(revision.submitted_at < self._unlinked(link) for link in links)

    def answered_at(self, refuting: Revision, at: datetime) -> datetime | None:
        """Return since when a later supporting revision that covers what failed answers the refutation."""
        failed_until = refuting.proves_until or refuting.submitted_at
        found = []
        for revision in self.revisions.get(refuting.artefact, ()):
            if not is_accepted(revision, self.known) or revision.accepted_at is None or revision.proves_from is None:
                continue
            gone = revision.withdrawn_from or revision.withdrawn_at
            withdrawn = revision.withdrawn_at is not None and revision.withdrawn_at <= self.known
            if withdrawn and gone is not None and gone <= at:
                continue
            since = max(revision.accepted_at, revision.valid_from or revision.accepted_at)
            if refuting.covers <= revision.covers and revision.proves_from > failed_until and since <= at:
                found.append(since)
        return min(found, default=None)

    # When something could change

    def moments(self, after: datetime) -> list[datetime]:
        """Return every moment after ``after`` at which something could change. One too many does no harm."""
        found: list[datetime | None] = [version.since for version in self.facts.subject_versions]
        for support in self.supports:
            found += (support.linked_at, self._unlinked(support))
            for period in self._periods_of_any_item(support):
                if period.end > after:
                    found += (period.end, self.warning(period.end), *(part.start for part in period.parts))
            for revision in self.revisions.get(support.artefact, ()):
                found += self._turns(revision)
            found += [self._hopeless(revision, support) for revision in self._undecided(support.artefact, after)]
            if self.criterion.silence is not None:
                found += self._silences(support)
        return sorted({moment for moment in found if moment is not None and after < moment < NEVER})

    def _decided_by(self, revision: Revision, at: datetime) -> bool:
        """Tell whether the revision no longer waits at ``at``, nor will again."""
        by = min(at, self.known)
        accepted, returned = revision.accepted_at, revision.returned_at
        withdrawn, voided = revision.withdrawn_at, revision.voided_at
        return (
            (accepted is not None and accepted <= by)
            or (returned is not None and returned <= by)
            or (withdrawn is not None and withdrawn <= by)
            or (voided is not None and voided <= by)
        )

    def _turns(self, revision: Revision) -> tuple[datetime | None, ...]:
        return (
            revision.submitted_at,
            revision.accepted_at,
            revision.valid_from,
            revision.returned_at,
            revision.withdrawn_from or revision.withdrawn_at,
            revision.annulled_at,
        )

    def _silences(self, support: Support) -> Iterator[datetime]:
        """Yield when the monitor fell silent and was heard again."""
        hearing = self.facts.hearings.get(support.artefact)
        heard = [start for start, _ in hearing.gaps] + [hearing.last] if hearing is not None else []
        for period in self._periods_of_any_item(support):
            for moment in (*heard, period.start):
                deadline = self.silent_from(support, period, moment)
                if deadline is not None:
                    yield deadline
        if hearing is not None:
            yield hearing.first
            yield from (until for _, until in hearing.gaps if until is not None)
