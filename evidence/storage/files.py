"""Stored files as rows: get or create by digest, and compare the rows with the store."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import BinaryIO

from django.conf import settings

from dcase_audit.errors import AuditError
from evidence.models import StoredFile
from evidence.storage.media_types import HEAD, media_type_of
from evidence.storage.objects import ObjectDamaged, ObjectMissing, object_store


def store_file(stream: BinaryIO, *, media_type: str, at: datetime, limit: int | None = None) -> StoredFile:
    """Store what ``stream`` still holds and return its row; the same bytes have one row, whoever sends them when.

    ``media_type`` is what the sender claims; the content decides. If the caller's transaction is rolled back the bytes
    stay in the store without a row, which harms nothing (``orphans``).

    Raises:
        TooLarge: more than ``limit`` bytes, or than ``UPLOAD_LIMIT`` where none is given (413).
        StoreFull: no room (507). StoreUnavailable: the store cannot be written (503).
    """
    store = object_store()
    stored = store.put(stream, limit=settings.UPLOAD_LIMIT if limit is None else limit)
    with store.open(stored.sha256) as content:
        kind = media_type_of(content.read(HEAD), media_type)
    row = StoredFile(sha256=stored.sha256, size=stored.size, media_type=kind, stored_at=at)
    StoredFile.objects.bulk_create([row], ignore_conflicts=True)
    return StoredFile.objects.get(sha256=stored.sha256)


def orphans() -> Iterator[str]:
    """Yield digests in the store that no row names: of refused or rolled-back uploads, and of those still under way."""
    digests = object_store().digests()
    while some := set(islice(digests, 1000)):
        yield from sorted(some - set(StoredFile.objects.filter(sha256__in=some).values_list("sha256", flat=True)))


def damaged() -> Iterator[tuple[StoredFile, AuditError]]:
    """Re-read every stored file and yield those that are missing or changed, with what is wrong."""
    store = object_store()
    for row in StoredFile.objects.order_by("pk").iterator():
        try:
            store.verify(row.sha256)
        except (ObjectMissing, ObjectDamaged) as wrong:
            yield row, wrong
