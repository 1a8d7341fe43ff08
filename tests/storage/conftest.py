"""Each kind of store, with hands behind its back."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Protocol

import pytest

from evidence.storage import ObjectStore
from evidence.storage.bucket import BucketStore
from evidence.storage.local import LocalStore
from tests.buckets import S3, Place

LIMIT = 1 << 20
BYTES = "夜間の切替わり訓練".encode()
SHA256 = hashlib.sha256(BYTES).hexdigest()
KEY = f"objects/{SHA256[:2]}/{SHA256[2:4]}/{SHA256}"


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


class Kept(Protocol):
    """A store, and what only its owner could do to it."""

    store: ObjectStore
    # What OBJECT_STORE_URL says.
    url: str

    def names(self) -> list[str]:
        """Return the names of everything that is there, whatever put it there."""

    def change(self, sha256: str, data: bytes) -> None:
        """Put other bytes under the name."""

    def take_away(self, sha256: str) -> None:
        """Leave nothing under the name."""


class InDirectory:
    def __init__(self, root: Path) -> None:
        self.store: ObjectStore = LocalStore(root)
        self.url = root.as_uri()
        self.root = root

    def names(self) -> list[str]:
        return [str(path.relative_to(self.root)) for path in self.root.rglob("*") if path.is_file()]

    def change(self, sha256: str, data: bytes) -> None:
        path = self.root / key(sha256)
        path.chmod(0o600)
        path.write_bytes(data)

    def take_away(self, sha256: str) -> None:
        (self.root / key(sha256)).unlink()


class InBucket:
    def __init__(self, place: Place) -> None:
        self.store: ObjectStore = BucketStore(place.bucket)
        self.url = place.url
        self.place = place

    def names(self) -> list[str]:
        return [name.removeprefix("objects/") for name in self.place.shown()]

    def change(self, sha256: str, data: bytes) -> None:
        self.place.lay_over(f"objects/{key(sha256)}", data)

    def take_away(self, sha256: str) -> None:
        self.place.mark_deleted(f"objects/{key(sha256)}")


def key(sha256: str) -> str:
    return f"{sha256[:2]}/{sha256[2:4]}/{sha256}"


def put(store: ObjectStore, data: bytes = BYTES, limit: int = LIMIT) -> str:
    return store.put(io.BytesIO(data), limit=limit).sha256


@pytest.fixture(params=["directory", "bucket"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Kept:
    """A store of each kind; the bucket is a plain one, which keeps no versions."""
    if request.param == "directory":
        return InDirectory(tmp_path / "objects")
    s3: S3 = request.getfixturevalue("s3")
    return InBucket(s3.place(versions=False))


@pytest.fixture
def store(kept: Kept) -> ObjectStore:
    return kept.store


@pytest.fixture
def place(s3: S3) -> Place:
    """A bucket that keeps versions."""
    return s3.place()
