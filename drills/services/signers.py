"""Whose signatures under test results count: keys are registered, and revoked for good."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from psycopg.errors import UniqueViolation

from dcase_audit.accounts.models import Party, User
from dcase_audit.errors import AuditError, Invalid
from dcase_audit.trail.events import record
from drills.models import SignerKey
from drills.planning import needed
from drills.signatures import Key, read_public_key


class AlreadyRevoked(AuditError):
    """The key was revoked before, at another moment or for another reason."""

    slug = "already-revoked"
    title = "This key was revoked already"


@transaction.atomic
def register_signer_key(
    *,
    key: str,
    holder: str,
    party: Party,
    pem: str,
    keyid: str = "",
    valid_from: datetime,
    valid_until: datetime | None = None,
    actor: User | None,
    at: datetime,
) -> SignerKey:
    """Register a public key: signatures by it count from ``valid_from`` until ``valid_until``, as of receipt.

    ``keyid`` is what its signatures call it; its fingerprint is taken, too.

    Raises:
        Invalid: no public key that is read here, one that is registered, or values that the fields refuse (422).
    """
    public = read_public_key(pem)
    if valid_until is not None and valid_until <= valid_from:
        raise Invalid("It would end before it begins.", pointer="/valid_until")
    made = SignerKey(
        key=key,
        holder=holder,
        party=party,
        keyid=keyid,
        algorithm=public.algorithm,
        pem=public.pem,
        fingerprint=public.fingerprint,
        valid_from=valid_from,
        valid_until=valid_until,
        registered_by=actor,
        registered_at=at,
    )
    try:
        made.clean_fields(exclude=["party", "registered_by"])
        with transaction.atomic():
            made.save(force_insert=True)
    except ValidationError as error:
        field, (message, *_) = next(iter(error.message_dict.items()))
        raise Invalid(message, pointer=f"/{field}") from error
    except IntegrityError as error:
        if not isinstance(error.__cause__, UniqueViolation):
            raise
        raise Invalid("This key, or one of this name, is registered.", pointer="/key") from error
    record("signer_key.registered", f"signer_key:{made.pk}", key=key, party=party.key, fingerprint=public.fingerprint)
    return made


@transaction.atomic
def revoke_signer_key(*, key: SignerKey, actor: User | None, at: datetime, reason: str) -> SignerKey:
    """Revoke a key for good: what comes signed by it from now on is refused. What came before stays as it was decided.

    Repeating it with the same reason changes nothing.

    Raises:
        Invalid: no reason, or one of more than 300 characters (422).
        AlreadyRevoked: it was revoked for another reason (409).
    """
    reason = needed(reason)
    current = SignerKey.objects.select_for_update(no_key=True).get(pk=key.pk)
    if current.revoked_at is not None:
        if current.revoked_reason != reason:
            raise AlreadyRevoked(f"It was revoked: {current.revoked_reason}")
        return current
    current.revoked_at, current.revoked_reason, current.revoked_by = at, reason, actor
    current.save(update_fields=["revoked_at", "revoked_reason", "revoked_by"])
    record("signer_key.revoked", f"signer_key:{current.pk}", key=current.key, revoked_at=at, reason=reason)
    return current


def registered_keys() -> list[Key]:
    """Return every key that was ever registered, so that one not in force is told from one not known."""
    return [
        Key(
            pk=row.pk,
            names=frozenset({row.fingerprint, row.keyid} - {""}),
            pem=row.pem,
            valid_from=row.valid_from,
            valid_until=row.valid_until,
            revoked_at=row.revoked_at,
        )
        for row in SignerKey.objects.order_by("pk")
    ]
