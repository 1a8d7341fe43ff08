"""People sign the record of a result: who observed, who verified, who answers for it."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from dcase_audit.accounts import permissions
from dcase_audit.accounts.models import User
from dcase_audit.errors import AuditError, Invalid, NotAllowed
from dcase_audit.trail.events import record
from drills.models import Drill, DrillResult, SignOff

LONGEST = 1000


class AnotherRecord(AuditError):
    """What the signer has read is not the record of this result (409)."""

    slug = "another-record"
    title = "This is not the record that was read"


class AlreadySigned(AuditError):
    """Nobody signs twice in one role, with another statement (409)."""

    slug = "already-signed"
    title = "You have signed in this role already"


class NotIndependent(AuditError):
    """The verifier neither sent the record nor signed it in another role (409)."""

    slug = "not-independent"
    title = "An independent verifier has no other part in the drill"


@transaction.atomic
def sign_off(
    *, result: DrillResult, role: str, record_sha256: str, statement: str = "", actor: User, at: datetime
) -> tuple[SignOff, bool]:
    """Sign the record of a result that ``actor`` sees, by its SHA-256; return the signature and whether it is new.

    Raises:
        NotAllowed: the role is not ``actor``'s to sign in (403).
        AnotherRecord: the record of the result is another (409).
        AlreadySigned: ``actor`` signed in this role, with another statement (409).
        NotIndependent: a verifier sent the record or signed in another role; or a verifier signs in another one (409).
        Invalid: no such role; a verifier who does not say why he or she is independent (422).
    """
    if role not in SignOff.Role.values:
        raise Invalid("There is no such role.", pointer="/role")
    if not permissions.may_sign_off(actor.access, role=role, department_id=result.drill.department_id):
        raise NotAllowed("This role is not yours to sign in.")
    # Whoever signs a result of this drill at the same moment waits.
    Drill.objects.select_for_update(no_key=True).get(pk=result.drill_id)
    current = DrillResult.objects.select_related("raw").get(pk=result.pk)
    if record_sha256.lower() != current.raw.sha256:
        raise AnotherRecord(f"The record has the SHA-256 {current.raw.sha256}.", pointer="/sha256")
    statement = _said(statement, role)
    before = {one.role: one for one in current.sign_offs.filter(signed_by=actor)}
    if role in before:
        if before[role].statement == statement:
            return before[role], False
        raise AlreadySigned
    verifies = SignOff.Role.VERIFIER in {role, *before}
    if verifies and (before or current.received_from_id == actor.pk):
        raise NotIndependent
    signed = SignOff.objects.create(
        result=current, role=role, record_sha256=current.raw.sha256, statement=statement, signed_at=at, signed_by=actor
    )
    record(
        "drill_result.signed_off",
        f"drill_result:{current.pk}",
        sign_off=signed.pk,
        role=role,
        by=actor.pk,
        sha256=signed.record_sha256,
    )
    return signed, True


def _said(statement: str, role: str) -> str:
    statement = statement.strip()
    if len(statement) > LONGEST:
        raise Invalid(f"The statement has more than {LONGEST} characters.", pointer="/statement")
    if role == SignOff.Role.VERIFIER and not statement:
        raise Invalid("Say what makes the verification independent.", pointer="/statement")
    return statement
