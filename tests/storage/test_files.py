"""Stored files as rows: one row a digest, whoever sends it, however many at once, and rows compared with the store."""

from __future__ import annotations

import hashlib
import io
import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction
from pytest_django import Settings

from dcase_audit.trail.context import acting
from evidence.models import StoredFile
from evidence.storage import ObjectStore, StoreFull, TooLarge, damaged, object_store, orphans, store_file
from tests.storage.conftest import Kept

AT = datetime(2026, 11, 20, 6, tzinfo=UTC)
BYTES = "%PDF-1.7 訓練の記録".encode()
SHA256 = hashlib.sha256(BYTES).hexdigest()


@pytest.fixture(autouse=True)
def kind(kept: Kept, settings: Settings) -> Kept:
    settings.OBJECT_STORE_URL = kept.url
    return kept


def store(data: bytes = BYTES, at: datetime = AT) -> StoredFile:
    return store_file(io.BytesIO(data), media_type="application/pdf", at=at)


@pytest.mark.django_db
def test_a_file_has_a_row_and_the_same_bytes_keep_it() -> None:
    first = store()
    again = store(at=AT + timedelta(days=1))

    assert again == first
    assert (first.sha256, first.size, first.media_type, first.stored_at) == (SHA256, len(BYTES), "application/pdf", AT)
    assert list(orphans()) == []


@pytest.mark.django_db
def test_the_content_decides_on_the_media_type() -> None:
    assert store(b"<html><script>alert(1)</script>").media_type == "application/octet-stream"


@pytest.mark.django_db
def test_the_limit_is_the_installation_s_or_the_caller_s(settings: Settings) -> None:
    settings.UPLOAD_LIMIT = 10
    with pytest.raises(TooLarge):
        store(b"x" * 11)
    with pytest.raises(TooLarge):
        store_file(io.BytesIO(b"x" * 6), media_type="", at=AT, limit=5)

    assert not StoredFile.objects.exists()
    assert list(object_store().digests()) == []


@pytest.mark.django_db(transaction=True)
def test_a_rolled_back_upload_leaves_an_orphan_that_the_next_upload_takes_up() -> None:
    with transaction.atomic():
        store()
        transaction.set_rollback(True)

    assert list(orphans()) == [SHA256]
    store()
    assert list(orphans()) == []


@pytest.mark.django_db(transaction=True)
def test_twelve_uploads_of_the_same_bytes_at_once_get_one_row() -> None:
    barrier = threading.Barrier(12, timeout=60)
    rows: list[int] = []

    def upload() -> None:
        try:
            with acting("test"), transaction.atomic():
                barrier.wait()
                rows.append(store().pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=upload) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert rows == [StoredFile.objects.get().pk] * 12


@pytest.mark.django_db
def test_a_full_store_makes_no_row(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: ObjectStore, stream: object, *, limit: int) -> None:
        raise StoreFull

    monkeypatch.setattr(type(object_store()), "put", full)
    with pytest.raises(StoreFull):
        store()

    assert not StoredFile.objects.exists()


@pytest.mark.django_db
def test_files_that_are_missing_or_changed_are_named(kept: Kept) -> None:
    sound, changed, missing = store(b"sound"), store(b"changed"), store(b"missing")
    kept.change(changed.sha256, b"Changed")
    kept.take_away(missing.sha256)

    found = {row: wrong.slug for row, wrong in damaged()}

    assert found == {changed: "object-damaged", missing: "object-missing"}
    assert sound not in found
