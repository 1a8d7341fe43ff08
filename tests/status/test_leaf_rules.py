"""Each rule of ``docs/status.md`` section 1 and 2 as a property of its own."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from dcase_audit.calendars.durations import Duration
from dcase_audit.cases.words import Status
from evidence.facts import NEVER, LeafFacts, Revision, SubjectVersion
from evidence.leaf_status import Leaf, leaf_status
from evidence.periods import is_accepted, own_span
from evidence.slots import RANK
from tests.status_strategies import END, START, STEP, STEPS, grid, leaf_facts, moments

INSTANT = timedelta(microseconds=1)
FAR = END + timedelta(days=40)


def changed(facts: LeafFacts, revision: Revision, **values: object) -> LeafFacts:
    """Return the facts with one revision replaced."""
    new = revision._replace(**values)  # type: ignore[arg-type]
    return facts._replace(revisions=tuple(new if r.id == revision.id else r for r in facts.revisions))


def reasons(facts: LeafFacts, at: datetime, known: datetime = FAR) -> list[str]:
    return [reason["reason"] for reason in leaf_status(facts, at, known)[1]]


def status(facts: LeafFacts, at: datetime, known: datetime = FAR) -> Status:
    return leaf_status(facts, at, known)[0]


def recorded_by(facts: LeafFacts, known: datetime) -> LeafFacts:
    """Drop whatever was recorded after ``known``: what a database of that time would hold."""

    def decided(moment: datetime | None) -> datetime | None:
        return moment if moment is not None and moment <= known else None

    return facts._replace(
        supports=tuple(s._replace(unlinked_at=decided(s.unlinked_at)) for s in facts.supports if s.linked_at <= known),
        revisions=tuple(
            r._replace(
                accepted_at=decided(r.accepted_at),
                returned_at=decided(r.returned_at),
                withdrawn_at=decided(r.withdrawn_at),
                withdrawn_from=r.withdrawn_from if decided(r.withdrawn_at) else None,
                voided_at=decided(r.voided_at),
                annulled_at=decided(r.annulled_at),
            )
            for r in facts.revisions
            if r.submitted_at <= known
        ),
        subject_versions=tuple(v for v in facts.subject_versions if v.recorded_at <= known),
    )


@given(leaf_facts(), moments, moments)
def test_only_what_was_recorded_by_known_counts(facts: LeafFacts, at: datetime, known: datetime) -> None:
    assert leaf_status(facts, at, known) == leaf_status(recorded_by(facts, known), at, known)


@given(leaf_facts(), moments)
def test_counter_evidence_counts_from_receipt(facts: LeafFacts, at: datetime) -> None:
    leaf = Leaf(facts, FAR)
    linked = {support.artefact for support in leaf.linked(at)}
    for revision in facts.revisions:
        received = revision.verdict == "refutes" and revision.submitted_at <= at and revision.artefact in linked
        annulled = revision.annulled_at is not None and revision.annulled_at <= at
        if received and not annulled and leaf.answered_at(revision, at) is None:
            assert status(facts, at) is Status.REFUTED


@given(leaf_facts(), moments)
def test_support_counts_only_from_acceptance(facts: LeafFacts, at: datetime) -> None:
    found = status(facts, at)

    if found in (Status.SUPPORTED, Status.EXPIRING, Status.STALE):
        accepted = [
            r for r in facts.revisions if is_accepted(r, FAR) and r.accepted_at is not None and r.accepted_at <= at
        ]
        assert accepted


@given(leaf_facts())
def test_inconclusive_neither_supports_nor_supersedes_nor_answers(facts: LeafFacts) -> None:
    gone = facts._replace(revisions=tuple(r for r in facts.revisions if r.verdict != "inconclusive"))

    for at in grid()[::5]:
        assert status(facts, at) == status(gone, at)


@given(leaf_facts())
def test_a_refutation_never_ends_by_itself(facts: LeafFacts) -> None:
    leaf = Leaf(facts, END)
    refuted_at_end = {r["revision"] for r in leaf.refutations(END)}

    later = {r["revision"] for r in leaf.refutations(END + timedelta(days=3650))}

    accepted_later = [r for r in facts.revisions if is_accepted(r, END) and (r.valid_from or START) > END]
    assert refuted_at_end == later or accepted_later


@given(leaf_facts(), moments)
def test_a_refutation_stays_with_the_node_after_unlinking(facts: LeafFacts, at: datetime) -> None:
    refuted = {r["revision"] for r in Leaf(facts, FAR).refutations(at)}
    unlinked = facts._replace(
        supports=tuple(s._replace(unlinked_at=at + INSTANT) if s.linked_at <= at else s for s in facts.supports)
    )

    assert {r["revision"] for r in Leaf(unlinked, FAR).refutations(at + STEP)} >= {
        revision
        for revision in refuted
        if Leaf(facts, FAR).answered_at(next(r for r in facts.revisions if r.id == revision), at + STEP) is None
        and not any(r.id == revision and r.annulled_at and r.annulled_at <= at + STEP for r in facts.revisions)
    }


@given(leaf_facts(), moments)
def test_only_a_later_accepted_support_that_covers_what_failed_answers(facts: LeafFacts, at: datetime) -> None:
    leaf = Leaf(facts, FAR)
    for failed in (r for r in facts.revisions if r.verdict == "refutes"):
        if leaf.answered_at(failed, at) is not None:
            until = failed.proves_until or failed.submitted_at
            assert [
                r
                for r in facts.revisions
                if r.artefact == failed.artefact
                and is_accepted(r, FAR)
                and failed.covers <= r.covers
                and r.proves_from is not None
                and r.proves_from > until
                and r.accepted_at is not None
                and r.accepted_at <= at
                and not (r.withdrawn_from and r.withdrawn_from <= at)
            ]


@given(leaf_facts(), moments)
def test_one_refuting_artefact_refutes_the_leaf_whatever_else_supports_it(facts: LeafFacts, at: datetime) -> None:
    leaf = Leaf(facts, FAR)
    if any(True for _ in leaf.refutations(at)):
        assert leaf.status(at)[0] is Status.REFUTED
    else:
        assert leaf.status(at)[0] is not Status.REFUTED


@given(leaf_facts(), moments)
def test_a_revision_voided_was_never_in_force_in_hindsight(facts: LeafFacts, at: datetime) -> None:
    leaf = Leaf(facts, FAR)
    for support in leaf.linked(at):
        filling = leaf.filling(support, None, at)
        if filling.status in (Status.SUPPORTED, Status.EXPIRING, Status.STALE, Status.EXPIRED):
            assert filling.revision is not None
            assert filling.revision.voided_at is None


@given(leaf_facts(), moments)
def test_until_it_was_voided_it_was_in_force_as_known_then(facts: LeafFacts, at: datetime) -> None:
    for revision in facts.revisions:
        if revision.voided_at is not None:
            kept = changed(facts, revision, voided_at=None)
            before = revision.voided_at - INSTANT
            assert status(facts, at, before) == status(kept, at, before)


@given(leaf_facts(), moments, st.integers(1, 9))
def test_withdrawal_acts_from_its_moment_on(facts: LeafFacts, at: datetime, steps: int) -> None:
    accepted = [r for r in facts.revisions if r.verdict == "supports" and r.withdrawn_at is None]
    later = at + steps * STEP
    for revision in accepted:
        withdrawn = changed(facts, revision, withdrawn_at=later, withdrawn_from=later)

        # What is withdrawn later may read as expiring before; it is in force all the same.
        in_force = (Status.SUPPORTED, Status.EXPIRING)
        before, without = status(withdrawn, at), status(facts, at)
        assert before == without or (before in in_force and without in in_force)


@given(leaf_facts())
def test_late_acceptance_fills_no_gap(facts: LeafFacts) -> None:
    for revision in facts.revisions:
        if is_accepted(revision, FAR):
            span = own_span(revision, facts.criterion, None, facts.zone, FAR)
            assert revision.accepted_at is not None
            assert span.start >= revision.accepted_at


@given(leaf_facts())
def test_age_counts_from_what_is_proved_and_never_from_receipt(facts: LeafFacts) -> None:
    facts = facts._replace(criterion=facts.criterion._replace(max_age=facts.criterion.max_age or Duration(days=3)))
    for revision in facts.revisions:
        if is_accepted(revision, FAR) and revision.age_base is not None:
            earlier = revision._replace(submitted_at=START - STEP)
            end = own_span(revision, facts.criterion, None, facts.zone, FAR).end
            assert end == own_span(earlier, facts.criterion, None, facts.zone, FAR).end
            assert facts.criterion.max_age is not None
            assert end <= facts.criterion.max_age.after(revision.age_base, facts.zone)


@given(leaf_facts(), moments)
def test_a_roll_back_of_a_subject_restores_what_was_exercised(facts: LeafFacts, at: datetime) -> None:
    facts = facts._replace(criterion=facts.criterion._replace(subjects=("firmware",)))
    none_changed = facts._replace(subject_versions=())
    rolled_back = facts._replace(
        subject_versions=(
            SubjectVersion("firmware", "9", "", START, START),
            SubjectVersion("firmware", "1", "", START + STEP, START),
        )
    )

    all_on_one = all(r.subjects in ({}, {"firmware": ("1", "")}) for r in facts.revisions)
    if all_on_one and at >= START + STEP:
        assert status(rolled_back, at) == status(none_changed, at)


@given(leaf_facts(), moments)
def test_a_subject_without_any_version_stales_nothing(facts: LeafFacts, at: datetime) -> None:
    assert "subject" not in reasons(facts._replace(subject_versions=()), at)


@given(leaf_facts(), moments)
def test_a_revision_that_does_not_record_a_named_subject_supports_nothing(facts: LeafFacts, at: datetime) -> None:
    facts = facts._replace(criterion=facts.criterion._replace(subjects=("firmware",)))
    unrecorded = facts._replace(revisions=tuple(r._replace(subjects={}) for r in facts.revisions))

    assert not status(unrecorded, at).stands
    assert status(unrecorded, at) is not Status.STALE


@given(leaf_facts(), moments)
def test_the_absence_of_failures_is_not_silence_and_once_silent_stays_silent_until_heard(
    facts: LeafFacts, at: datetime
) -> None:
    facts = facts._replace(criterion=facts.criterion._replace(silence=4 * STEP))
    leaf = Leaf(facts, FAR)
    for support in leaf.linked(at):
        heard = facts.hearings.get(support.artefact)
        if heard is not None and at >= heard.last:
            for period in leaf.periods(support.artefact, None):
                if period.start <= at < period.end:
                    silent = any(True for _ in leaf._silence(support, period, at))
                    quiet_for = at - max(heard.last, period.start)
                    assert silent == (quiet_for >= 4 * STEP)


@given(leaf_facts(), moments)
def test_a_leaf_is_as_bad_as_its_worst_slot(facts: LeafFacts, at: datetime) -> None:
    leaf = Leaf(facts, FAR)
    slots = leaf._slots(leaf.linked(at), at)

    if not any(True for _ in leaf.refutations(at)):
        assert leaf.status(at)[0] == min(filling.status for _, filling in slots)
    assert sorted(item for items, _ in slots for item in items) == sorted(facts.criterion.must_cover)


@given(leaf_facts(), moments)
def test_each_item_is_filled_as_if_it_were_asked_for_alone(facts: LeafFacts, at: datetime) -> None:
    leaf = Leaf(facts, FAR)
    fitting = [support for support in leaf.linked(at) if leaf.fits(support)]

    for items, filling in leaf._slots(leaf.linked(at), at):
        for item in items:
            alone = [leaf.filling(support, item, at).status for support in fitting]
            assert filling.status is min(alone, key=RANK.__getitem__, default=Status.MISSING)


@given(leaf_facts(), moments)
def test_too_few_artefacts_are_missing(facts: LeafFacts, at: datetime) -> None:
    leaf = Leaf(facts, FAR)
    fitting = [support for support in leaf.linked(at) if leaf.fits(support)]
    if len(fitting) < facts.criterion.minimum:
        assert not leaf.status(at)[0].stands


@given(leaf_facts(), moments)
def test_what_was_never_in_force_reads_missing_or_pending_and_what_was_reads_expired(
    facts: LeafFacts, at: datetime
) -> None:
    leaf = Leaf(facts, FAR)
    for support in leaf.linked(at):
        filling = leaf.filling(support, None, at)
        spans = leaf.periods(support.artefact, None)
        in_force = any(span.start <= at < span.end for span in spans)
        before = any(span.end <= at for span in spans)
        if filling.status in (Status.EXPIRED, Status.PENDING):
            assert not in_force
        if filling.status is Status.EXPIRED:
            assert before
        if filling.status is Status.MISSING and not in_force:
            assert not before


@given(leaf_facts(), moments)
def test_expiring_begins_warn_before_the_end_and_not_when_a_successor_touches(facts: LeafFacts, at: datetime) -> None:
    leaf = Leaf(facts, FAR)
    for support in leaf.linked(at):
        filling = leaf.filling(support, None, at)
        if filling.status is Status.EXPIRING:
            assert filling.ends_at is not None and filling.ends_at < NEVER
            assert leaf.warning(filling.ends_at) <= at < filling.ends_at
            touching = [p for p in leaf.periods(support.artefact, None) if p.start == filling.ends_at]
            assert not touching
        if filling.status is Status.SUPPORTED and filling.ends_at is not None:
            assert at < leaf.warning(filling.ends_at)


@given(leaf_facts(), moments)
def test_without_new_facts_a_status_improves_only_for_reasons_that_were_known(facts: LeafFacts, now: datetime) -> None:
    timeline = Leaf(facts, now).timeline(now)

    for before, after in pairwise(timeline):
        if after.status > before.status:
            leaf = Leaf(facts, now)
            starts = {span.start for support in leaf.supports for span in leaf.spans(support.artefact)}
            planned = {v.since for v in facts.subject_versions if v.recorded_at <= now}
            assert after.at in starts | planned


@given(leaf_facts(), moments)
def test_every_leaf_that_does_not_stand_says_why(facts: LeafFacts, at: datetime) -> None:
    found, because = leaf_status(facts, at, FAR)

    assert found.stands or because


@pytest.mark.no_cover
def test_the_strategies_reach_every_status() -> None:
    """Guard the guards: random facts that never expire would prove nothing about expiry."""
    reached: set[Status] = set()

    @settings(max_examples=500, derandomize=True, database=None, phases=[Phase.generate])
    @given(leaf_facts())
    def look(facts: LeafFacts) -> None:
        reached.update(status(facts, START + step * STEP) for step in range(0, STEPS, 2))

    look()

    assert reached == set(Status) - {Status.UNDEVELOPED}
