"""The store on a disk: written once, whole or not at all, in little memory, and honest about damage."""

from __future__ import annotations

import errno
import os
import resource
import signal
import stat
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings

from evidence.storage import ObjectDamaged, StoreFull, StoreUnavailable
from evidence.storage.local import LocalStore
from tests.storage.conftest import BYTES, SHA256, Zeros, put


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "objects")


def files_in(store: LocalStore) -> list[Path]:
    return [path for path in store.root.rglob("*") if path.is_file()]


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


def test_N19_memory_stays_flat_however_large_the_file(store: LocalStore) -> None:
    size = 48 << 20
    tracemalloc.start()
    try:
        store.put(Zeros(size), limit=size)  # type: ignore[arg-type]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 6 << 20


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
