"""Forgetting what a field of the log says, for good: its commitment stays, and so does the log's proof."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection, transaction

from dcase_audit.errors import Invalid


@transaction.atomic
def redact(*, entry: int, fields: Sequence[str], reason: str) -> int:
    """Forget the texts and salts of ``fields`` (``row.title_ja``, ``context.reason``) of the entry; return how many.

    An event of the trail says who did it and why. Keys, what the database added and the hash of the row before stay.
    The row itself and other entries that say the same are not touched, nor are backups and bundles handed out before.

    Raises:
        Invalid: no reason, or nothing that could be forgotten (422).
    """
    if not reason.strip():
        raise Invalid("A redaction wants a reason.", pointer="/reason")
    with connection.cursor() as cursor:
        cursor.execute("SELECT trail.redact(%s, %s, %s)", [entry, list(fields), reason])
        forgotten: int = cursor.fetchone()[0]
    if not forgotten:
        raise Invalid("The entry says nothing in these fields that could be forgotten.", pointer="/fields")
    return forgotten
