"""Stored files as rows: get or create by digest, and compare the rows with the store."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import BinaryIO, NamedTuple

from django.conf import settings
from django.db import connection, transaction

from dcase_audit.errors import AuditError
from dcase_audit.trail.events import Event, record_many
from dcase_audit.trail.statements import written
from evidence.models import Disposal, StoredFile
from evidence.storage.media_types import HEAD, media_type_of
from evidence.storage.objects import ObjectDamaged, ObjectMissing, Stored, object_store


class ToStore(NamedTuple):
    """Bytes to be stored: what ``stream`` (seekable) still holds; ``media_type`` is what the sender claims."""

    stream: BinaryIO
    media_type: str
    limit: int | None = None


def store_file(stream: BinaryIO, *, media_type: str, at: datetime, limit: int | None = None) -> StoredFile:
    """Store what ``stream`` (seekable) still holds and return its row; the same bytes have one row, whoever sends them.

    ``media_type`` is what the sender claims; the content decides. If the caller's transaction is rolled back the bytes
    stay in the store without a row, which harms nothing (``orphans``). Bytes that were disposed of are there again.
    From here to the end of the caller's transaction no disposal takes them. Where the store keeps versions, the log
    is told which one it is.

    Raises:
        TooLarge: more than ``limit`` bytes, or than ``UPLOAD_LIMIT`` where none is given (413).
        StoreFull: no room (507). StoreUnavailable: the store cannot be written (503).
    """
    return store_files([ToStore(stream, media_type, limit)], at=at)[0]


def store_files(files: Sequence[ToStore], *, at: datetime) -> list[StoredFile]:
    """Store each as ``store_file`` does and return their rows, in the order of the files and in a few statements."""
    if not files:
        return []
    digests: list[str] = []
    puts: dict[str, _Put] = {}
    for file in files:
        put = _put(file)
        digests.append(put.stored.sha256)
        puts.setdefault(put.stored.sha256, put)
    with transaction.atomic(savepoint=False):
        # In one order, so that two who bring the same files wait for each other and not both.
        rows = _added([puts[sha256].row(at) for sha256 in sorted(puts)])
        new = set(rows)
        if known := {row.sha256: row for row in StoredFile.objects.filter(sha256__in=puts.keys() - new)}:
            rows |= known
            for sha256 in _restored(known.values(), at=at):
                # A disposal may have removed what was put just now, and from now on none does.
                puts[sha256].file.stream.seek(puts[sha256].start)
                puts[sha256] = _put(puts[sha256].file)
                new.add(sha256)
        versions = {sha256: puts[sha256].stored.version for sha256 in sorted(new)}
        record_many(
            [
                Event("file.stored", f"file:{rows[sha256].pk}", {"sha256": sha256, "version": version})
                for sha256, version in versions.items()
                if version
            ]
        )
    return [rows[sha256] for sha256 in digests]


class _Put(NamedTuple):
    """A file that is in the store by now, and where its bytes begin in the stream."""

    file: ToStore
    start: int
    kind: str
    stored: Stored

    def row(self, at: datetime) -> StoredFile:
        return StoredFile(sha256=self.stored.sha256, size=self.stored.size, media_type=self.kind, stored_at=at)


def _put(file: ToStore) -> _Put:
    start = file.stream.tell()
    limit = settings.UPLOAD_LIMIT if file.limit is None else file.limit
    kind = media_type_of(file.stream.read(HEAD), file.media_type)
    file.stream.seek(start)
    return _Put(file, start, kind, object_store().put(file.stream, limit=limit))


def _added(files: Sequence[StoredFile]) -> dict[str, StoredFile]:
    """Add the files that have no row yet and return them by digest; until this transaction ends nobody sees them."""
    columns = [[file.sha256, file.size, file.media_type, file.stored_at] for file in files]
    made = written(
        "INSERT INTO evidence_storedfile (sha256, size, media_type, stored_at)"
        " SELECT * FROM unnest(%s::text[], %s::bigint[], %s::text[], %s::timestamptz[])"
        " ON CONFLICT DO NOTHING RETURNING sha256, id",
        [list(column) for column in zip(*columns, strict=True)],
    )
    numbers = dict(made)
    found = {file.sha256: file for file in files if file.sha256 in numbers}
    for sha256, file in found.items():
        file.pk, file._state.adding = numbers[sha256], False
    return found


def _restored(files: Collection[StoredFile], *, at: datetime) -> list[str]:
    """Keep disposals off the files for this transaction, and undo those that stand; return of which digests."""
    used = sorted(file.pk for file in files)
    with connection.cursor() as cursor:
        cursor.execute("SELECT evidence_use_file(f) FROM unnest(%s::bigint[]) f", [used])
    standing = list(Disposal.objects.standing().filter(file__in=used).select_related("file"))
    if standing:
        Disposal.objects.filter(pk__in=[disposal.pk for disposal in standing]).update(restored_at=at)
    record_many(
        [
            Event("file.restored", f"file:{one.file_id}", {"sha256": one.file.sha256, "disposal": one.pk})
            for one in standing
        ]
    )
    return [disposal.file.sha256 for disposal in standing]


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
