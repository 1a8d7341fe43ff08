"""What every store promises, on a disk and in a bucket: written once, whole or not at all, and honest about damage."""

from __future__ import annotations

import errno
import io
import threading

import pytest
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from evidence.storage import ObjectDamaged, ObjectMissing, ObjectStore, TooLarge, object_store
from evidence.storage.objects import _store_at
from tests.storage.conftest import BYTES, LIMIT, SHA256, Kept, key, put


def test_bytes_come_back_under_their_digest(store: ObjectStore) -> None:
    stored = store.put(io.BytesIO(BYTES), limit=LIMIT)

    assert stored == (SHA256, len(BYTES), "")
    with store.open(SHA256) as stream:
        assert stream.read() == BYTES
    assert store.exists(SHA256)
    assert store.size(SHA256) == len(BYTES)
    store.verify(SHA256)
    assert list(store.digests()) == [SHA256]
    store.check_ready()


def test_an_object_is_one_file_by_its_digest(kept: Kept) -> None:
    put(kept.store)

    assert kept.names() == [key(SHA256)]


def test_what_the_stream_still_holds_is_stored(store: ObjectStore) -> None:
    stream = io.BytesIO(b"head" + BYTES)
    stream.seek(4)

    assert store.put(stream, limit=LIMIT).sha256 == SHA256


def test_any_part_can_be_read_in_any_order(store: ObjectStore) -> None:
    data = bytes(range(256)) * 9000
    sha256 = put(store, data, limit=len(data))

    with store.open(sha256) as stream:
        stream.seek(2_000_000)
        assert stream.read(1000) == data[2_000_000:2_001_000]
        stream.seek(5)
        assert stream.read(3) == data[5:8]
        assert stream.read() == data[8:]
        assert stream.read(1) == b""
        stream.seek(0)
        assert stream.read() == data


def test_other_bytes_under_the_name_are_reported_and_kept_as_they_are(kept: Kept) -> None:
    put(kept.store)
    kept.change(SHA256, b"forged")

    with pytest.raises(ObjectDamaged, match=SHA256):
        put(kept.store)

    assert kept.store.size(SHA256) == 6 if kept.url.startswith("file:") else not kept.store.exists(SHA256)
    assert kept.names() == [key(SHA256)]


def test_verify_names_a_changed_byte_and_a_missing_file(kept: Kept) -> None:
    put(kept.store)
    kept.change(SHA256, BYTES[:-1] + b"\x00")

    with pytest.raises(ObjectDamaged, match=SHA256):
        kept.store.verify(SHA256)
    kept.take_away(SHA256)
    with pytest.raises(ObjectMissing, match=SHA256):
        kept.store.verify(SHA256)
    with pytest.raises(ObjectMissing):
        kept.store.size(SHA256)
    with pytest.raises(ObjectMissing):
        kept.store.open(SHA256)
    assert not kept.store.exists(SHA256)


@pytest.mark.parametrize(
    "name", ["", "..", "../../etc/passwd", SHA256.upper(), SHA256 + "0", SHA256[:-1] + "/", SHA256 + "\n"]
)
def test_what_is_no_digest_never_becomes_a_path(store: ObjectStore, name: str) -> None:
    for call in (store.open, store.exists, store.remove, store.check_removable):
        with pytest.raises(ValueError, match="not a SHA-256"):
            call(name)


def test_an_empty_file_is_a_file(store: ObjectStore) -> None:
    stored = store.put(io.BytesIO(b""), limit=0)

    assert stored.size == 0
    with store.open(stored.sha256) as stream:
        assert stream.read() == b""
    store.verify(stored.sha256)


def test_one_byte_beyond_the_limit_is_a_413_and_leaves_nothing(kept: Kept) -> None:
    assert put(kept.store, b"12345", limit=5)
    with pytest.raises(TooLarge) as refused:
        put(kept.store, b"123456", limit=5)

    assert refused.value.status == 413
    assert len(kept.names()) == 1


def test_a_hundred_at_once_make_one_object(kept: Kept) -> None:
    barrier = threading.Barrier(100, timeout=60)
    digests: list[str] = []

    def put_together() -> None:
        barrier.wait()
        digests.append(put(kept.store))

    threads = [threading.Thread(target=put_together) for _ in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert digests == [SHA256] * 100
    assert kept.names() == [key(SHA256)]


def test_what_was_removed_is_gone_and_can_be_put_again(kept: Kept) -> None:
    put(kept.store)
    other = put(kept.store, b"another")

    kept.store.check_removable(SHA256)
    kept.store.remove(SHA256)
    kept.store.remove(SHA256)

    assert not kept.store.exists(SHA256)
    assert kept.names() == [key(other)]
    assert put(kept.store) == SHA256
    kept.store.verify(SHA256)


def test_removing_and_putting_at_once_leave_it_whole_or_gone(kept: Kept) -> None:
    put(kept.store)
    ended = threading.Event()

    def remove_again_and_again() -> None:
        while not ended.is_set():
            kept.store.remove(SHA256)

    remover = threading.Thread(target=remove_again_and_again)
    remover.start()
    for _ in range(20):
        assert put(kept.store) == SHA256
    ended.set()
    remover.join()

    assert put(kept.store) == SHA256
    kept.store.verify(SHA256)


def test_a_sender_that_breaks_off_is_no_fault_of_the_store(kept: Kept) -> None:
    class Broken(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            raise ConnectionResetError(errno.ECONNRESET, "reset by peer")

    with pytest.raises(ConnectionResetError):
        kept.store.put(Broken(), limit=LIMIT)  # type: ignore[arg-type]

    assert kept.names() == []


def test_the_setting_names_the_store_by_its_url(kept: Kept, settings: Settings) -> None:
    settings.OBJECT_STORE_URL = kept.url

    put(object_store())

    assert kept.names() == [key(SHA256)]


@pytest.mark.parametrize(
    "url",
    [
        "/var/lib/objects",
        "file://host/objects",
        "",
        "file:",
        "s3://",
        "s3:///prefix",
        "s3://KEY:SECRET@bucket/prefix",
        "s3://bucket:9000/prefix",
        "s3://bucket/prefix?acl=public-read",
        "s3://bucket/prefix?region=a&region=b",
        "s3://bucket/prefix?timeout=soon",
        "s3://bucket/prefix?timeout=0",
        "s3://bucket/prefix?lock=forever",
        "s3://bucket/prefix?region",
        "s3://bucket/prefix#part",
        "https://bucket.s3.amazonaws.com/",
    ],
)
def test_a_setting_that_names_no_store_is_refused(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="OBJECT_STORE_URL"):
        _store_at(url)
