"""Forgetting what a field of the log says, for good: its commitment stays, and so does the log's proof."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.db import IntegrityError, connection, transaction
from psycopg.errors import RestrictViolation

from dcase_audit.errors import Invalid, Kept


@transaction.atomic
def redact(*, entry: int, fields: Sequence[str], reason: str, demanded_by: str = "") -> int:
    """Forget the texts and salts of ``fields`` (``row.title_ja``, ``context.reason``) of the entry; return how many.

    An event of the trail says who did it and why. Keys, what the database added and the hash of the row before stay.
    The row itself and other entries that say the same are not touched, nor are backups and bundles handed out before.
    ``demanded_by`` names the law that demands the erasure of personal data: it goes before a retention that is not over
    yet, and before no legal hold.

    Raises:
        Invalid: no reason, or nothing that could be forgotten (422).
        Kept: the evidence that the entry tells of has to be kept (409).
    """
    if not reason.strip():
        raise Invalid("A redaction wants a reason.", pointer="/reason")
    with refusing_what_is_kept(), connection.cursor() as cursor:
        cursor.execute("SELECT trail.redact(%s, %s, %s, %s)", [entry, list(fields), reason, demanded_by.strip()])
        forgotten: int = cursor.fetchone()[0]
    if not forgotten:
        raise Invalid("The entry says nothing in these fields that could be forgotten.", pointer="/fields")
    return forgotten


@contextmanager
def refusing_what_is_kept() -> Iterator[None]:
    """Turn the database's refusal to let go of what has to be kept into ours.

    Raises:
        Kept: (409).
    """
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        cause = error.__cause__
        if not isinstance(cause, RestrictViolation) or cause.diag.constraint_name != "kept":
            raise
        raise Kept(f"{cause.diag.message_primary}.") from error
