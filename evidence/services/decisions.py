"""Decisions about a revision: each is one row, taken by a person who may, and counts from its moment on."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from dcase_audit.accounts import permissions
from dcase_audit.accounts.models import User
from dcase_audit.errors import Invalid
from dcase_audit.trail.events import record
from evidence import telling
from evidence.models import Decision, Revision
from evidence.refusals import NotSubmitted, NotYours, Refuting, SelfApproval
from evidence.settling import settling

Kind = Decision.Kind


@transaction.atomic
def submit(*, revision: Revision, actor: User | None, at: datetime) -> Decision:
    """Hand a draft in; from here on it never changes. Counter-evidence counts at once, support once accepted.

    Repeating the call returns the submission.

    Raises:
        NotYours: ``actor`` does not belong to the department (403).
    """
    _check_writer(revision, actor)
    with settling(at=at, cause=f"revision.submitted:{revision.pk}", artefacts=[revision.artefact_id]) as work:
        taken = _taken(revision)
        if Kind.SUBMITTED in taken:
            return taken[Kind.SUBMITTED]
        decision = _decide(revision, Kind.SUBMITTED, actor, work.moment)
        revision.submitted_at = work.moment
        revision.save(update_fields=["submitted_at"])
        # From here on it is promised how long it is kept, which the database works out.
        revision.refresh_from_db(fields=["retention", "retain_until"])
        if revision.verdict == Revision.Verdict.SUPPORTS:
            telling.open_waiting(revision, at=work.moment)
    return decision


@transaction.atomic
def accept(*, revision: Revision, actor: User | None, at: datetime, reason: str = "", by_rule: str = "") -> Decision:
    """Accept a submitted revision; it supersedes the one in force for what it covers.

    Repeating the call returns the decision already taken.

    Raises:
        NotYours: ``actor`` is no approver of the department (403).
        SelfApproval: ``actor`` wrote or submitted it (409).
        NotSubmitted: it is not waiting for a decision (409).
    """
    return _judge(revision, Kind.ACCEPTED, actor, at, reason, by_rule)


@transaction.atomic
def return_revision(*, revision: Revision, actor: User | None, at: datetime, reason: str) -> Decision:
    """Return a submitted revision to its author, who adds a new one. Refuses and repeats as ``accept`` does.

    Raises:
        Invalid: no reason is given (422).
    """
    return _judge(revision, Kind.RETURNED, actor, at, _needed(reason))


def _judge(
    revision: Revision, kind: Kind, actor: User | None, at: datetime, reason: str, by_rule: str = ""
) -> Decision:
    _check_approver(revision, actor)
    with settling(at=at, cause=f"revision.{kind.value}:{revision.pk}", artefacts=[revision.artefact_id]) as work:
        taken = _taken(revision)
        if kind in taken and taken[kind].by_id == _id(actor):
            return taken[kind]
        if set(taken) != {Kind.SUBMITTED}:
            raise NotSubmitted(f"it is {_state(taken)}")
        _check_another(revision, taken[Kind.SUBMITTED], actor)
        decision = _decide(revision, kind, actor, work.moment, reason=reason, by_rule=by_rule)
        telling.close_waiting(revision, at=work.moment)
    return decision


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
        telling.close_waiting(revision, at=work.moment)
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


def _decide(
    revision: Revision,
    kind: Kind,
    actor: User | None,
    moment: datetime,
    *,
    reason: str = "",
    by_rule: str = "",
    effective_at: datetime | None = None,
) -> Decision:
    decision = Decision.objects.create(
        revision=revision,
        kind=kind,
        by=actor,
        by_rule=by_rule or ("" if actor else "operator"),
        at=moment,
        effective_at=max(effective_at or moment, moment),
        reason=reason,
    )
    record(f"revision.{kind.value}", f"revision:{revision.pk}", decision=decision.pk, reason=reason)
    return decision


def _taken(revision: Revision) -> dict[str, Decision]:
    """Return the decisions by kind; the artefact's lock is held, so none is added meanwhile."""
    return {decision.kind: decision for decision in revision.decisions.order_by("at", "id")}


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
