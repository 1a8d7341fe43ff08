"""Decisions about a revision: each is one row, taken by a person who may, and counts from its moment on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import NamedTuple

from django.db import transaction

from dcase_audit.accounts import permissions
from dcase_audit.accounts.models import User
from dcase_audit.errors import Invalid
from dcase_audit.trail.events import Event, record_many
from dcase_audit.trail.statements import written
from evidence import telling
from evidence.models import Decision, Revision
from evidence.refusals import NotSubmitted, NotYours, Refuting, SelfApproval
from evidence.services.locking import have_locked
from evidence.settling import Settling, settling

Kind = Decision.Kind


class Submission(NamedTuple):
    """A draft that is handed in; without ``awaits`` it is accepted in the same transaction.

    ``is_new``: it was added in this transaction, so that nobody has decided on it.
    """

    revision: Revision
    awaits: bool = True
    is_new: bool = False


class Choice(NamedTuple):
    """What is decided about a revision: why, by which rule where nobody does, and from when on."""

    revision: Revision
    reason: str = ""
    by_rule: str = ""
    effective_at: datetime | None = None


@transaction.atomic
def submit(*, revision: Revision, actor: User | None, at: datetime, awaits: bool = True) -> Decision:
    """Hand a draft in; from here on it never changes. Counter-evidence counts at once, support once accepted.

    Without ``awaits`` no approver is told of it: it is accepted in the same transaction. Repeating the call returns the
    submission.

    Raises:
        NotYours: ``actor`` does not belong to the department (403).
    """
    return submit_all([Submission(revision, awaits)], actor=actor, at=at)[0]


@transaction.atomic(savepoint=False)
def submit_all(submissions: Sequence[Submission], *, actor: User | None, at: datetime) -> list[Decision]:
    """Hand each draft in as ``submit`` does, all at one moment and settled once."""
    revisions = [submission.revision for submission in submissions]
    for revision in revisions:
        _check_writer(revision, actor)
    # Before the cases are locked: whoever waits for one waits less.
    _tell_of([each for each in submissions if each.is_new], actor, at)
    with _settling(Kind.SUBMITTED, revisions, at) as work:
        taken = _taken_of([each.revision for each in submissions if not each.is_new])
        new = [each for each in submissions if Kind.SUBMITTED not in taken[each.revision.pk]]
        made = _decide_all([Choice(each.revision) for each in new], Kind.SUBMITTED, actor, work.moment)
        _mark_submitted([each.revision for each in new], work.moment)
        _tell_of([each for each in new if not each.is_new], actor, work.moment)
    found = {decision.revision_id: decision for decision in made}
    return [found.get(each.pk) or taken[each.pk][Kind.SUBMITTED] for each in revisions]


def _tell_of(submissions: Sequence[Submission], actor: User | None, at: datetime) -> None:
    """Tell the approvers what waits for them."""
    waiting = [each.revision for each in submissions if each.awaits]
    supporting = [revision for revision in waiting if revision.verdict == Revision.Verdict.SUPPORTS]
    telling.open_waiting(supporting, by=actor, at=at)


def _mark_submitted(revisions: Sequence[Revision], moment: datetime) -> None:
    """Close the drafts; from here on it is promised how long they are kept, which the database works out."""
    if not revisions:
        return
    closed = written(
        "UPDATE evidence_revision SET submitted_at = %s WHERE id = ANY(%s) RETURNING id, retention, retain_until",
        [moment, [revision.pk for revision in revisions]],
    )
    promised = {pk: (retention, until) for pk, retention, until in closed}
    for revision in revisions:
        revision.submitted_at = moment
        revision.retention, revision.retain_until = promised[revision.pk]


@transaction.atomic
def accept(*, revision: Revision, actor: User | None, at: datetime, reason: str = "", by_rule: str = "") -> Decision:
    """Accept a submitted revision; it supersedes the one in force for what it covers.

    ``by_rule`` names the rule that people published where nobody decides on this one: ``actor`` is None then. Repeating
    the call returns the decision already taken.

    Raises:
        NotYours: ``actor`` is no approver of the department (403).
        SelfApproval: ``actor`` wrote or submitted it (409).
        NotSubmitted: it is not waiting for a decision (409).
    """
    return accept_all([Choice(revision, reason, by_rule)], actor=actor, at=at)[0]


def accept_all(choices: Sequence[Choice], *, actor: User | None, at: datetime) -> list[Decision]:
    """Accept each as ``accept`` does, all at one moment and settled once. Refusing one, it accepts none."""
    return _judge(choices, Kind.ACCEPTED, actor, at)


@transaction.atomic
def return_revision(*, revision: Revision, actor: User | None, at: datetime, reason: str) -> Decision:
    """Return a submitted revision to its author, who adds a new one. Refuses and repeats as ``accept`` does.

    Raises:
        Invalid: no reason is given (422).
    """
    return _judge([Choice(revision, _needed(reason))], Kind.RETURNED, actor, at)[0]


@transaction.atomic(savepoint=False)
def _judge(choices: Sequence[Choice], kind: Kind, actor: User | None, at: datetime) -> list[Decision]:
    revisions = [choice.revision for choice in choices]
    for revision in revisions:
        _check_approver(revision, actor)
    with _settling(kind, revisions, at) as work:
        taken = _taken_of(revisions)
        new = [choice for choice in choices if not _is_judged(choice.revision, taken, kind, actor)]
        made = _decide_all(new, kind, actor, work.moment)
        telling.close_waiting([choice.revision for choice in new], at=work.moment)
    found = {decision.revision_id: decision for decision in made}
    return [found.get(each.pk) or taken[each.pk][kind] for each in revisions]


def _is_judged(revision: Revision, taken: dict[int, dict[str, Decision]], kind: Kind, actor: User | None) -> bool:
    """Tell whether the same person decided so before; refuse what does not wait for a decision by ``actor``."""
    mine = taken[revision.pk]
    if kind in mine and mine[kind].by_id == _id(actor):
        return True
    if set(mine) != {Kind.SUBMITTED}:
        raise NotSubmitted(f"it is {_state(mine)}")
    _check_another(revision, mine[Kind.SUBMITTED], actor)
    return False


@transaction.atomic
def withdraw(
    *, revision: Revision, actor: User | None, at: datetime, reason: str, effective_at: datetime | None = None
) -> Decision:
    """Take a revision back from its moment on (default: now); the past in which it was in force stays.

    Raises:
        NotYours, Invalid: no reason, or a moment in the past (422).
        Refuting: counter-evidence cannot be withdrawn (409).
        NotSubmitted: it was never submitted, or was returned or withdrawn before (409).
    """
    _check_writer(revision, actor)
    if revision.verdict == Revision.Verdict.REFUTES:
        raise Refuting()
    if effective_at is not None and effective_at < at:
        raise Invalid("a withdrawal acts from now on; what was false from the start is voided", pointer="/effective_at")
    return _undo(revision, Kind.WITHDRAWN, actor, at, _needed(reason), effective_at)


@transaction.atomic
def void(*, revision: Revision, actor: User | None, at: datetime, reason: str) -> Decision:
    """Declare an accepted revision false from the start: in hindsight it was never in force.

    Raises:
        NotYours, SelfApproval: only another approver than those who wrote and submitted it (403, 409).
        Refuting: counter-evidence is annulled, by two persons (409).
        NotSubmitted: it was not accepted (409).
    """
    _check_approver(revision, actor)
    if revision.verdict == Revision.Verdict.REFUTES:
        raise Refuting()
    return _undo(revision, Kind.VOIDED, actor, at, _needed(reason))


def _undo(
    revision: Revision, kind: Kind, actor: User | None, at: datetime, reason: str, effective_at: datetime | None = None
) -> Decision:
    with settling(at=at, cause=f"revision.{kind.value}:{revision.pk}", artefacts=[revision.artefact_id]) as work:
        taken = _taken(revision)
        if kind in taken and taken[kind].by_id == _id(actor):
            return taken[kind]
        undone = taken.keys() & {Kind.RETURNED, Kind.WITHDRAWN, Kind.VOIDED}
        if Kind.SUBMITTED not in taken or undone or (kind is Kind.VOIDED and Kind.ACCEPTED not in taken):
            raise NotSubmitted(f"it is {_state(taken)}")
        if kind is Kind.VOIDED:
            _check_another(revision, taken[Kind.SUBMITTED], actor)
        decision = _decide(revision, kind, actor, work.moment, reason=reason, effective_at=effective_at)
        telling.close_waiting([revision], at=work.moment)
    return decision


@transaction.atomic
def propose_annulment(*, revision: Revision, actor: User | None, at: datetime, reason: str) -> Decision:
    """Propose to annul counter-evidence; nothing changes until another person decides so.

    Raises:
        NotYours: ``actor`` is no approver of the department (403).
        NotSubmitted: it does not refute, or was annulled (409).
    """
    _check_approver(revision, actor)
    with settling(at=at, cause=f"revision.annulment_proposed:{revision.pk}", artefacts=[revision.artefact_id]) as work:
        taken = _taken(revision)
        if Kind.ANNULMENT_PROPOSED in taken and taken[Kind.ANNULMENT_PROPOSED].by_id == _id(actor):
            return taken[Kind.ANNULMENT_PROPOSED]
        if (
            revision.verdict != Revision.Verdict.REFUTES
            or Kind.SUBMITTED not in taken
            or Kind.ANNULMENT_PROPOSED in taken
        ):
            raise NotSubmitted("only counter-evidence is annulled, and one proposal is enough")
        return _decide(revision, Kind.ANNULMENT_PROPOSED, actor, work.moment, reason=_needed(reason))


@transaction.atomic
def annul(*, revision: Revision, actor: User | None, at: datetime, reason: str) -> Decision:
    """Annul counter-evidence that another person proposed to annul; it stays listed.

    Raises:
        NotYours: ``actor`` is no approver of the department (403).
        SelfApproval: ``actor`` proposed it, or wrote or submitted the revision (409).
        NotSubmitted: nobody proposed it (409).
    """
    _check_approver(revision, actor)
    with settling(at=at, cause=f"revision.annulled:{revision.pk}", artefacts=[revision.artefact_id]) as work:
        taken = _taken(revision)
        if Kind.ANNULLED in taken and taken[Kind.ANNULLED].by_id == _id(actor):
            return taken[Kind.ANNULLED]
        if Kind.ANNULMENT_PROPOSED not in taken or Kind.ANNULLED in taken:
            raise NotSubmitted("its annulment is not proposed")
        if actor is not None and actor.pk == taken[Kind.ANNULMENT_PROPOSED].by_id:
            raise SelfApproval("another person must decide on the annulment")
        _check_another(revision, taken[Kind.SUBMITTED], actor)
        return _decide(revision, Kind.ANNULLED, actor, work.moment, reason=_needed(reason))


def _settling(kind: Kind, revisions: Sequence[Revision], at: datetime) -> AbstractContextManager[Settling]:
    """Settle decisions of a kind; the cause names the first of several."""
    more = f" and {len(revisions) - 1} more" if len(revisions) > 1 else ""
    cause = f"revision.{kind.value}:{revisions[0].pk}{more}"
    return settling(at=at, cause=cause, artefacts=[revision.artefact_id for revision in revisions])


def _decide(
    revision: Revision,
    kind: Kind,
    actor: User | None,
    moment: datetime,
    *,
    reason: str = "",
    effective_at: datetime | None = None,
) -> Decision:
    return _decide_all([Choice(revision, reason, effective_at=effective_at)], kind, actor, moment)[0]


def _decide_all(choices: Sequence[Choice], kind: Kind, actor: User | None, moment: datetime) -> list[Decision]:
    decisions = Decision.objects.bulk_create(
        Decision(
            revision=choice.revision,
            kind=kind,
            by=actor,
            by_rule=choice.by_rule or ("" if actor else "operator"),
            at=moment,
            effective_at=max(choice.effective_at or moment, moment),
            reason=choice.reason,
        )
        for choice in choices
    )
    record_many(
        [
            Event(f"revision.{kind.value}", f"revision:{one.revision_id}", {"decision": one.pk, "reason": one.reason})
            for one in decisions
        ]
    )
    for artefact in sorted({choice.revision.artefact_id for choice in choices}):
        have_locked(artefact)
    return decisions


def _taken(revision: Revision) -> dict[str, Decision]:
    """Return the decisions by kind; the artefact's lock is held, so none is added meanwhile."""
    return _taken_of([revision])[revision.pk]


def _taken_of(revisions: Sequence[Revision]) -> dict[int, dict[str, Decision]]:
    """Return the decisions about each revision by kind; the artefacts' locks are held, so none is added meanwhile."""
    found: dict[int, dict[str, Decision]] = defaultdict(dict)
    for decision in Decision.objects.filter(revision__in=revisions).order_by("at", "id") if revisions else ():
        found[decision.revision_id][decision.kind] = decision
    return found


def _state(taken: dict[str, Decision]) -> str:
    return str(list(taken.values())[-1].get_kind_display()) if taken else "a draft"


def _needed(reason: str) -> str:
    if not reason.strip():
        raise Invalid("this decision wants a reason", pointer="/reason")
    return reason.strip()


def _id(actor: User | None) -> int | None:
    return actor.pk if actor else None


def _check_writer(revision: Revision, actor: User | None) -> None:
    if actor is None:
        return
    custodian_id = revision.artefact.custodian_id
    uploads = custodian_id in actor.access.departments and actor.access.has_scope("drills:write")
    if not (uploads or permissions.may_write_evidence(actor.access, custodian_id=custodian_id)):
        raise NotYours("this evidence is kept by another department")


def _check_another(revision: Revision, submission: Decision, actor: User | None) -> None:
    """Refuse who wrote the revision as well as who handed it in: a colleague's click makes no second pair of eyes."""
    if actor is None:
        return
    if submission.by_id == actor.pk:
        raise SelfApproval()
    if revision.created_by_id == actor.pk:
        raise SelfApproval("You wrote this revision; another person must decide on it")


def _check_approver(revision: Revision, actor: User | None) -> None:
    if actor is not None and not permissions.may_approve_for(actor.access, custodian_id=revision.artefact.custodian_id):
        raise NotYours("only an approver of the department decides on its evidence")
