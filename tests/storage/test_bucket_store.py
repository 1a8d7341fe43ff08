"""The store in a bucket: versions outlast whoever writes over them, locks are respected, and outages are refusals."""

from __future__ import annotations

import hashlib
import io
import socket
import threading
import time
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dcase_audit.buckets import CONNECTIONS, Address, Bucket
from evidence.storage import ObjectDamaged, ObjectLocked, ObjectMissing, StoreFull, StoreUnavailable, TooLarge
from evidence.storage import bucket as module
from evidence.storage.bucket import BucketStore
from tests.buckets import IMPATIENCE, REGION, S3, Asked, Place
from tests.storage.conftest import BYTES, KEY, LIMIT, SHA256, Zeros, put


@pytest.fixture
def store(place: Place) -> BucketStore:
    return BucketStore(place.bucket)


def impatient(place: Place) -> BucketStore:
    return BucketStore(Bucket(Address.parse(place.impatient)))


def versions_of(place: Place, key: str = KEY) -> list[str]:
    return [version for found, version in place.versions() if found == key]


# Versions


def test_the_version_is_told_and_the_same_bytes_again_make_no_other(store: BucketStore, place: Place) -> None:
    first = store.put(io.BytesIO(BYTES), limit=LIMIT)
    again = store.put(io.BytesIO(BYTES), limit=LIMIT)

    assert first.version and again == first
    assert place.versions() == [(KEY, first.version)]


def test_bytes_that_were_written_over_are_read_all_the_same_and_reported(
    store: BucketStore, place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    first = store.put(io.BytesIO(BYTES), limit=LIMIT)
    place.lay_over(KEY, b"forged")

    with store.open(SHA256) as content:
        assert content.read() == BYTES
    assert store.size(SHA256) == len(BYTES)
    assert store.put(io.BytesIO(BYTES), limit=LIMIT) == first
    assert f"{SHA256} was written over or deleted" in caplog.text
    with pytest.raises(ObjectDamaged, match=SHA256):
        store.verify(SHA256)


def test_bytes_that_were_deleted_are_read_from_their_version_and_reported(store: BucketStore, place: Place) -> None:
    put(store)
    place.mark_deleted(KEY)

    with store.open(SHA256) as content:
        assert content.read() == BYTES
    assert store.exists(SHA256)
    assert list(store.digests()) == []
    with pytest.raises(ObjectMissing, match=SHA256):
        store.verify(SHA256)


def test_bytes_that_were_deleted_and_come_again_are_shown_again(store: BucketStore, place: Place) -> None:
    first = put(store)
    place.mark_deleted(KEY)

    assert put(store) == first

    store.verify(SHA256)
    assert len(place.versions()) == 3


def test_removing_takes_every_version_and_every_mark(store: BucketStore, place: Place) -> None:
    put(store)
    place.lay_over(KEY, b"forged")
    place.mark_deleted(KEY)
    other = put(store, b"another")

    store.remove(SHA256)

    assert versions_of(place) == []
    assert not store.exists(SHA256)
    store.verify(other)


def test_many_versions_are_read_and_removed_whole(store: BucketStore, place: Place, s3: S3) -> None:
    put(store)
    for number in range(12):
        place.lay_over(KEY, str(number).encode())

    with store.open(SHA256) as content:
        assert content.read() == BYTES
    store.remove(SHA256)
    assert versions_of(place) == []


def test_names_beside_the_objects_are_none_of_ours(store: BucketStore, place: Place) -> None:
    put(store)
    for key in ("objects/readme.txt", f"objects/{SHA256}", f"objects/ab/cd/{SHA256}", f"elsewhere/{KEY}"):
        place.lay_over(key, b"something")

    assert list(store.digests()) == [SHA256]


def test_an_object_whose_name_goes_on_is_another(store: BucketStore, place: Place) -> None:
    put(store)
    place.lay_over(f"{KEY}.bak", BYTES)

    store.remove(SHA256)

    assert place.shown() == [f"{KEY}.bak"]


# Locks


def lock(place: Place, until: datetime | None, key: str = KEY) -> None:
    """Lock what is shown: until a moment, or by a legal hold."""
    if until is None:
        place.client.put_object_legal_hold(Bucket=place.name, Key=key, LegalHold={"Status": "ON"})
    else:
        retention = {"Mode": "GOVERNANCE", "RetainUntilDate": until}
        place.client.put_object_retention(Bucket=place.name, Key=key, Retention=retention)


@pytest.mark.parametrize("until", [timedelta(days=2), None], ids=["retention", "legal hold"])
def test_what_the_store_locks_is_not_removed_not_even_in_part(s3: S3, until: timedelta | None) -> None:
    place = s3.place(locks=True)
    store = BucketStore(place.bucket)
    put(store)
    lock(place, datetime.now(UTC) + until if until else None)
    place.lay_over(KEY, b"forged")
    before = place.versions()

    with pytest.raises(ObjectLocked, match=SHA256) as refused:
        store.check_removable(SHA256)
    with pytest.raises(ObjectLocked):
        store.remove(SHA256)

    assert refused.value.status == 409
    assert place.versions() == before


def test_a_lock_that_is_over_is_none(s3: S3) -> None:
    place = s3.place(locks=True)
    store = BucketStore(place.bucket)
    put(store)
    lock(place, None)
    place.client.put_object_legal_hold(Bucket=place.name, Key=KEY, LegalHold={"Status": "OFF"})
    lock(place, datetime.now(UTC) - timedelta(seconds=5))

    store.remove(SHA256)

    assert place.versions() == []


def test_a_bucket_that_locks_by_itself_takes_files_and_keeps_them(s3: S3) -> None:
    place = s3.place(locks=True, retention_days=30)
    store = BucketStore(place.bucket)

    assert put(store) == put(store)

    with pytest.raises(ObjectLocked):
        store.remove(SHA256)


# Bytes


def without_checksum(place: Place, data: bytes) -> None:
    """Put as tools do that copy a directory into a bucket."""
    place.client.put_object(Bucket=place.name, Key=KEY, Body=data)


def test_bytes_that_others_brought_are_read_before_they_are_trusted(store: BucketStore, place: Place) -> None:
    without_checksum(place, BYTES)
    assert put(store) == SHA256
    store.verify(SHA256)

    without_checksum(place, BYTES[::-1])
    with pytest.raises(ObjectDamaged, match=SHA256):
        put(store)


def test_the_end_of_changed_bytes_is_never_given(store: BucketStore, place: Place) -> None:
    data = bytes(3 << 20)
    sha256 = put(store, data, limit=len(data))
    place.client.put_object(
        Bucket=place.name, Key=f"objects/{sha256[:2]}/{sha256[2:4]}/{sha256}", Body=data[:-1] + b"1"
    )

    with store.open(sha256) as content:
        assert content.read(1 << 20) + content.read(1 << 20) == data[: 2 << 20]
        with pytest.raises(ObjectDamaged, match=sha256):
            content.read(1 << 20)


def test_a_connection_that_breaks_is_made_again_where_it_broke(store: BucketStore, s3: S3) -> None:
    data = bytes(range(256)) * 5000
    sha256 = put(store, data, limit=len(data))

    with s3.breaking_off(2), store.open(sha256) as content:
        assert content.read() == data

    assert sum(asked.method == "GET" for asked in s3.asked) == 3


def test_a_connection_that_breaks_again_and_again_is_a_503(store: BucketStore, s3: S3) -> None:
    put(store)

    with s3.breaking_off(50), store.open(SHA256) as content, pytest.raises(StoreUnavailable):
        content.read()


def test_bytes_that_go_while_they_are_read_are_missing(store: BucketStore) -> None:
    put(store)
    with store.open(SHA256) as content:
        store.remove(SHA256)
        with pytest.raises(ObjectMissing):
            content.read()


def test_what_one_request_cannot_take_is_too_large(store: BucketStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGEST", 10)

    with pytest.raises(TooLarge):
        put(store, b"12345678901")


class Sink:
    """An S3 server that takes whatever is put, and keeps nothing of it."""

    def __init__(self) -> None:
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listening.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        connected, _ = self.listening.accept()
        with connected, connected.makefile("rb") as asked:
            headers = list(iter(asked.readline, b"\r\n"))
            connected.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            left = next(int(line.split(b":")[1]) for line in headers if line.lower().startswith(b"content-length"))
            while left:
                left -= len(asked.read1(min(left, 1 << 16)))
            connected.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


def test_memory_stays_flat_however_large_the_file(s3: S3) -> None:
    sink, size = Sink(), 48 << 20
    store = BucketStore(Bucket(Address.parse(f"s3://bucket/?region={REGION}&endpoint_url={sink.url}")))
    # The client itself is large, and made once.
    assert store.bucket._client
    tracemalloc.start()
    try:
        assert store.put(Zeros(size), limit=size).size == size  # type: ignore[arg-type]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        sink.listening.close()

    assert peak < 8 << 20


# Outages

CALLS: dict[str, Callable[[BucketStore], Any]] = {
    "put": put,
    "open": lambda store: store.open(SHA256),
    "size": lambda store: store.size(SHA256),
    "exists": lambda store: store.exists(SHA256),
    "verify": lambda store: store.verify(SHA256),
    "check_removable": lambda store: store.check_removable(SHA256),
    "remove": lambda store: store.remove(SHA256),
    "digests": lambda store: list(store.digests()),
    "check_ready": lambda store: store.check_ready(),
}


@pytest.mark.parametrize("call", CALLS)
def test_a_store_that_is_away_is_a_503(call: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    store = BucketStore(
        Bucket(Address.parse(f"s3://b/p?region={REGION}&endpoint_url=http://127.0.0.1:{port}&timeout=1"))
    )

    with pytest.raises(StoreUnavailable) as refused:
        CALLS[call](store)

    assert refused.value.status == 503
    assert "127.0.0.1" not in refused.value.detail


def test_a_store_that_hangs_is_a_503_before_long(place: Place, s3: S3) -> None:
    began = time.monotonic()

    with s3.hanging(), pytest.raises(StoreUnavailable) as refused:
        put(impatient(place))

    assert refused.value.status == 503
    assert time.monotonic() - began < 20 * IMPATIENCE


REFUSALS = {
    "SlowDown": (503, 503),
    "InternalError": (500, 503),
    "AccessDenied": (403, 503),
    "InvalidAccessKeyId": (403, 503),
    "NoSuchBucket": (404, 503),
    "BadDigest": (400, 503),
    "XMinioStorageFull": (507, 507),
    "QuotaExceeded": (403, 507),
}


@pytest.mark.parametrize("code", REFUSALS)
def test_what_the_store_refuses_is_a_refusal_and_tells_nothing_of_it(
    code: str, store: BucketStore, place: Place, s3: S3
) -> None:
    status, ours = REFUSALS[code]

    with s3.failing(lambda asked: (status, code)), pytest.raises(StoreUnavailable) as refused:
        put(store)

    assert (refused.value.status, refused.value.slug == "store-full") == (ours, ours == 507)
    assert isinstance(refused.value, StoreFull) == (ours == 507)
    assert "secret" not in refused.value.detail
    assert place.versions() == []


def test_a_fault_that_passes_is_not_noticed(store: BucketStore, place: Place, s3: S3) -> None:
    with s3.failing(lambda asked: (503, "SlowDown") if len(s3.asked) == 1 else None):
        put(store)

    store.verify(SHA256)


def test_a_put_that_meets_another_is_tried_again(store: BucketStore, place: Place, s3: S3) -> None:
    def conflict(asked: Asked) -> tuple[int, str] | None:
        is_first = asked.method == "PUT" and sum(one.method == "PUT" for one in s3.asked) == 1
        return (409, "ConditionalRequestConflict") if is_first else None

    with s3.failing(conflict):
        put(store)

    assert len(place.versions()) == 1


def test_a_put_whose_answer_was_lost_is_found(store: BucketStore, place: Place, s3: S3) -> None:
    """The store has it, and the repeat of the request is told that the name is taken."""
    put(store)

    assert store.put(io.BytesIO(BYTES), limit=LIMIT).version == place.versions()[0][1]


def test_without_credentials_it_is_a_503(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    url = place.url.replace("objects", "nobody")

    with pytest.raises(StoreUnavailable, match="NoCredentialsError"):
        put(BucketStore(Bucket(Address.parse(url))))


def test_the_prefix_of_another_installation_is_not_ours(s3: S3, place: Place) -> None:
    here, there = BucketStore(place.bucket), BucketStore(Bucket(Address.parse(place.below("objects-of-others"))))
    put(here)

    assert not there.exists(SHA256)
    assert list(there.digests()) == []


def test_threads_beyond_the_connections_wait_and_are_served(store: BucketStore) -> None:
    digests: list[str] = []
    threads = [
        threading.Thread(target=lambda number=number: digests.append(put(store, str(number).encode())))
        for number in range(CONNECTIONS + 8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(digests) == sorted(hashlib.sha256(str(n).encode()).hexdigest() for n in range(CONNECTIONS + 8))
