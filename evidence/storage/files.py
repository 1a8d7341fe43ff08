"""Stored files as rows: get or create by digest, and compare the rows with the store."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import BinaryIO

from django.conf import settings
from django.db import connection, transaction

from dcase_audit.errors import AuditError
from dcase_audit.trail.events import record
from evidence.models import Disposal, StoredFile
from evidence.storage.media_types import HEAD, media_type_of
from evidence.storage.objects import ObjectDamaged, ObjectMissing, object_store


def store_file(stream: BinaryIO, *, media_type: str, at: datetime, limit: int | None = None) -> StoredFile:
    """Store what ``stream`` (seekable) still holds and return its row; the same bytes have one row, whoever sends them.

    ``media_type`` is what the sender claims; the content decides. If the caller's transaction is rolled back the bytes
    stay in the store without a row, which harms nothing (``orphans``). Bytes that were disposed of are there again.
    From here to the end of the caller's transaction no disposal takes them.

    Raises:
        TooLarge: more than ``limit`` bytes, or than ``UPLOAD_LIMIT`` where none is given (413).
        StoreFull: no room (507). StoreUnavailable: the store cannot be written (503).
    """
    store, start = object_store(), stream.tell()
    limit = settings.UPLOAD_LIMIT if limit is None else limit
    kind = media_type_of(stream.read(HEAD), media_type)
    stream.seek(start)
    stored = store.put(stream, limit=limit)
    with transaction.atomic():
        row = StoredFile(sha256=stored.sha256, size=stored.size, media_type=kind, stored_at=at)
        StoredFile.objects.bulk_create([row], ignore_conflicts=True)
        found = StoredFile.objects.get(sha256=stored.sha256)
        if _restored(found, at=at):
            # A disposal may have removed what was put just now, and from now on none does.
            stream.seek(start)
            store.put(stream, limit=limit)
    return found


def _restored(file: StoredFile, *, at: datetime) -> bool:
    """Keep disposals off the file for this transaction, and undo one that stands; tell whether there was one."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT evidence_use_file(%s)", [file.pk])
    disposal = Disposal.objects.standing().filter(file=file).first()
    if disposal is None:
        return False
    disposal.restored_at = at
    disposal.save(update_fields=["restored_at"])
    record("file.restored", f"file:{file.pk}", sha256=file.sha256, disposal=disposal.pk)
    return True


def orphans() -> Iterator[str]:
    """Yield digests in the store that no row names: of refused or rolled-back uploads, and of those still under way."""
    digests = object_store().digests()
    while some := set(islice(digests, 1000)):
        yield from sorted(some - set(StoredFile.objects.filter(sha256__in=some).values_list("sha256", flat=True)))


def damaged() -> Iterator[tuple[StoredFile, AuditError]]:
    """Re-read every stored file that was not disposed of; yield those missing or changed, with what is wrong."""
    store = object_store()
    kept = StoredFile.objects.exclude(pk__in=Disposal.objects.standing().values("file"))
    for row in kept.order_by("pk").iterator():
        try:
            store.verify(row.sha256)
        except (ObjectMissing, ObjectDamaged) as wrong:
            yield row, wrong
