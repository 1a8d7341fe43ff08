"""The store on a disk: written once, whole or not at all, in little memory, and honest about damage."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import resource
import signal
import stat
import subprocess
import sys
import threading
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from evidence.storage import ObjectDamaged, ObjectMissing, StoreFull, StoreUnavailable, TooLarge, object_store
from evidence.storage.local import LocalStore
from evidence.storage.objects import _store_at

LIMIT = 1 << 20
BYTES = "夜間の切替わり訓練".encode()
SHA256 = hashlib.sha256(BYTES).hexdigest()


class Zeros(io.RawIOBase):
    """A stream of so many zero bytes that exists nowhere in full."""

    def __init__(self, size: int) -> None:
        self.left = size

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        size = self.left if size < 0 else min(size, self.left)
        self.left -= size
        return bytes(size)


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "objects")


def put(store: LocalStore, data: bytes = BYTES, limit: int = LIMIT) -> str:
    return store.put(io.BytesIO(data), limit=limit).sha256


def files_in(store: LocalStore) -> list[Path]:
    return [path for path in store.root.rglob("*") if path.is_file()]


def test_bytes_come_back_under_their_digest(store: LocalStore) -> None:
    stored = store.put(io.BytesIO(BYTES), limit=LIMIT)

    assert stored == (SHA256, len(BYTES))
    with store.open(SHA256) as stream:
        assert stream.read() == BYTES
    assert store.exists(SHA256)
    assert store.size(SHA256) == len(BYTES)
    store.verify(SHA256)
    assert list(store.digests()) == [SHA256]


def test_an_object_is_one_read_only_file_and_nothing_stays_in_tmp(store: LocalStore) -> None:
    put(store)

    assert files_in(store) == [store.root / SHA256[:2] / SHA256[2:4] / SHA256]
    found = store.path(SHA256).stat()
    assert stat.S_IMODE(found.st_mode) == 0o400
    assert found.st_nlink == 1


def test_the_same_bytes_again_leave_the_first_file_alone(store: LocalStore) -> None:
    put(store)
    before = store.path(SHA256).stat()

    put(store)

    after = store.path(SHA256).stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert len(files_in(store)) == 1


def test_other_bytes_under_the_name_are_reported_and_kept_as_they_are(store: LocalStore) -> None:
    put(store)
    store.path(SHA256).chmod(0o600)
    store.path(SHA256).write_bytes(b"forged")

    with pytest.raises(ObjectDamaged, match=SHA256):
        put(store)

    assert store.path(SHA256).read_bytes() == b"forged"
    assert len(files_in(store)) == 1


def test_verify_names_a_changed_byte_and_a_missing_file(store: LocalStore) -> None:
    put(store)
    store.path(SHA256).chmod(0o600)
    store.path(SHA256).write_bytes(BYTES[:-1] + b"\x00")

    with pytest.raises(ObjectDamaged, match=SHA256):
        store.verify(SHA256)
    store.path(SHA256).unlink()
    with pytest.raises(ObjectMissing, match=SHA256):
        store.verify(SHA256)
    with pytest.raises(ObjectMissing):
        store.size(SHA256)
    assert not store.exists(SHA256)


def test_a_link_in_the_place_of_an_object_is_not_followed(store: LocalStore, tmp_path: Path) -> None:
    put(store)
    (tmp_path / "elsewhere").write_bytes(BYTES)
    store.path(SHA256).unlink()
    store.path(SHA256).symlink_to(tmp_path / "elsewhere")

    with pytest.raises(ObjectDamaged, match="link"):
        store.open(SHA256)
    with pytest.raises(ObjectDamaged):
        store.verify(SHA256)
    assert not store.exists(SHA256)


@pytest.mark.parametrize(
    "name", ["", "..", "../../etc/passwd", SHA256.upper(), SHA256 + "0", SHA256[:-1] + "/", SHA256 + "\n"]
)
def test_what_is_no_digest_never_becomes_a_path(store: LocalStore, name: str) -> None:
    with pytest.raises(ValueError, match="not a SHA-256"):
        store.open(name)


def test_an_empty_file_is_a_file(store: LocalStore) -> None:
    assert store.put(io.BytesIO(b""), limit=0).size == 0


def test_one_byte_beyond_the_limit_is_a_413_and_leaves_nothing(store: LocalStore) -> None:
    assert put(store, b"12345", limit=5)
    with pytest.raises(TooLarge) as refused:
        put(store, b"123456", limit=5)

    assert refused.value.status == 413
    assert len(files_in(store)) == 1


def test_memory_stays_flat_however_large_the_file(store: LocalStore) -> None:
    size = 48 << 20
    tracemalloc.start()
    try:
        store.put(Zeros(size), limit=size)  # type: ignore[arg-type]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 6 << 20


def test_twenty_at_once_make_one_file(store: LocalStore) -> None:
    barrier = threading.Barrier(20)
    digests: list[str] = []

    def put_together() -> None:
        barrier.wait()
        digests.append(put(store))

    threads = [threading.Thread(target=put_together) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert digests == [SHA256] * 20
    assert len(files_in(store)) == 1


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Have the kernel refuse to write files beyond ``size``, as it does when there is no room."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_no_room_is_a_507_leaves_nothing_torn_and_passes(store: LocalStore) -> None:
    put(store)
    with largest_file(100_000), pytest.raises(StoreFull) as refused:
        put(store, bytes(300_000))

    assert refused.value.status == 507
    assert files_in(store) == [store.path(SHA256)]
    store.verify(SHA256)
    assert put(store, bytes(300_000))


@pytest.mark.parametrize(
    ("number", "status"), [(errno.ENOSPC, 507), (errno.EDQUOT, 507), (errno.EIO, 503), (errno.EROFS, 503)]
)
def test_what_fails_before_the_bytes_are_on_disk_publishes_nothing(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch, number: int, status: int
) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(StoreUnavailable) as refused:
        put(store)

    assert refused.value.status == status
    assert files_in(store) == []


def test_a_store_that_cannot_be_written_is_a_503(tmp_path: Path) -> None:
    (tmp_path / "objects").write_text("a file where a directory should be")

    with pytest.raises(StoreUnavailable) as refused:
        put(LocalStore(tmp_path / "objects"))

    assert refused.value.status == 503


def test_a_sender_that_breaks_off_is_no_fault_of_the_store(store: LocalStore) -> None:
    class Broken(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            raise ConnectionResetError(errno.ECONNRESET, "reset by peer")

    with pytest.raises(ConnectionResetError):
        store.put(Broken(), limit=LIMIT)  # type: ignore[arg-type]

    assert files_in(store) == []


KILLED = """
import os, sys
from pathlib import Path
import django
django.setup()
from evidence.storage.local import LocalStore
class HalfAStream:
    def read(self, size):
        if not hasattr(self, "told"):
            self.told = True
            return b"x" * size
        print("half way", flush=True)
        sys.stdin.read()
LocalStore(Path(sys.argv[1])).put(HalfAStream(), limit=1 << 30)
"""


def test_a_process_killed_half_way_leaves_no_object_and_its_remains_are_swept(store: LocalStore) -> None:
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"}
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(store.root)],
        cwd=settings.BASE_DIR,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"half way\n"
        process.kill()

    (remains,) = files_in(store)
    assert remains.parent == store.temporary
    assert list(store.digests()) == []
    assert store.discard_abandoned(older_than=timedelta(days=1)) == 0
    os.utime(remains, (0, 0))
    assert store.discard_abandoned(older_than=timedelta(days=1)) == 1
    assert files_in(store) == []


def test_the_setting_names_a_directory_by_its_url(tmp_path: Path, settings: Settings) -> None:
    root = tmp_path / "証拠 の置き場"
    settings.OBJECT_STORE_URL = root.as_uri()

    object_store().put(io.BytesIO(BYTES), limit=LIMIT)

    assert (root / SHA256[:2] / SHA256[2:4] / SHA256).is_file()


@pytest.mark.parametrize("url", ["s3://bucket/prefix", "/var/lib/objects", "file://host/objects", "", "file:"])
def test_a_setting_that_names_no_directory_is_refused(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="OBJECT_STORE_URL"):
        _store_at(url)
