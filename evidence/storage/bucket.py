"""Objects in an S3 bucket: ``ab/cd/<sha256>``, put by one conditional request that fails where the name exists.

A bucket with versions keeps what was there: an object that others wrote over or deleted is read from the version that
has its bytes, and ``verify`` names it all the same (ADR 0011).
"""

from __future__ import annotations

import hashlib
import io
import logging
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from tempfile import SpooledTemporaryFile
from typing import IO, BinaryIO, cast

from dcase_audit.buckets import ATTEMPTS, LARGEST, Bucket, Found, StoreUnavailable, reading
from evidence.storage.objects import (
    SHA256,
    ObjectDamaged,
    ObjectLocked,
    ObjectMissing,
    Stored,
    TooLarge,
    checked,
    refusing,
)

log = logging.getLogger(__name__)

CHUNK = 1024 * 1024
# Seconds before the next look at an object that another process is putting or disposing of at this moment.
LOOK_AGAIN = 0.2


class BucketStore:
    """An ``ObjectStore`` in a bucket."""

    def __init__(self, bucket: Bucket) -> None:
        self.bucket = bucket
        self.locks = bool(bucket.address.lock)

    def put(self, stream: BinaryIO, *, limit: int) -> Stored:
        # The name is that of the bytes, so all of them have to be seen first.
        with SpooledTemporaryFile(CHUNK) as held:
            sha256, size = _copy(stream, held, min(limit, LARGEST))
            name = _name(sha256)
            for _ in range(ATTEMPTS):
                held.seek(0)
                version = self.bucket.put_once(name, cast("IO[bytes]", held), bytes.fromhex(sha256))
                if version is None:
                    version = self._version_there(sha256)
                if version is not None:
                    return Stored(sha256, size, version)
                time.sleep(LOOK_AGAIN)
        raise StoreUnavailable(f"{StoreUnavailable.title}: {sha256} is being written by another process.")

    def open(self, sha256: str) -> BinaryIO:
        found = self._find(sha256)
        return cast("BinaryIO", io.BufferedReader(_Reading(self.bucket, sha256, found), CHUNK))

    def exists(self, sha256: str) -> bool:
        try:
            self._find(sha256)
        except (ObjectMissing, ObjectDamaged):
            return False
        return True

    def size(self, sha256: str) -> int:
        return self._find(sha256).size

    def verify(self, sha256: str) -> None:
        shown = self.bucket.find(_name(sha256))
        if shown is None:
            raise ObjectMissing(f"{sha256} is not in the store.")
        with io.BufferedReader(_Reading(self.bucket, sha256, shown), CHUNK) as content:
            while content.read(CHUNK):
                pass

    def check_removable(self, sha256: str) -> None:
        for version in self.bucket.versions(_name(sha256)):
            found = None if version.is_marker else self.bucket.find(_name(sha256), version=version.id)
            if found is not None and found.is_locked:
                until = "released" if found.is_held or not found.retained_until else f"{found.retained_until:%F %T %Z}"
                raise ObjectLocked(f"The store locks {sha256} until {until}.")

    def lock(self, sha256: str, *, until: datetime | None, held: bool | None) -> None:
        if not self.locks:
            return
        found = self._find(sha256)
        # Seconds are what a store keeps.
        ends = until.replace(microsecond=0) + timedelta(seconds=bool(until.microsecond)) if until else None
        if ends is not None and (found.retained_until is None or found.retained_until < ends):
            self.bucket.retain(_name(sha256), version=found.version, mode=found.mode, until=ends)
        if held is not None and held != found.is_held:
            self.bucket.hold(_name(sha256), version=found.version, held=held)

    def remove(self, sha256: str) -> None:
        self.check_removable(sha256)
        for version in list(self.bucket.versions(_name(sha256))):
            self.bucket.delete(_name(sha256), version=version.id)

    def digests(self) -> Iterator[str]:
        for name in self.bucket.names():
            sha256 = name.rpartition("/")[2]
            if SHA256.fullmatch(sha256) and name == _name(sha256):
                yield sha256

    def check_ready(self) -> None:
        self.bucket.answers()

    def _find(self, sha256: str) -> Found:
        """Return the version to read: the one that is shown, or where that has other bytes, an older one that has them.

        Raises:
            ObjectMissing, ObjectDamaged, StoreUnavailable.
        """
        name, expected = _name(sha256), bytes.fromhex(checked(sha256))
        shown = self.bucket.find(name)
        # Where the store states no checksum, reading tells.
        if shown is not None and shown.sha256 in (expected, None):
            return shown
        for version in self.bucket.versions(name):
            found = None if version.is_marker else self.bucket.find(name, version=version.id)
            if found is not None and found.sha256 == expected:
                log.critical("%s was written over or deleted in the bucket; it is read from an older version", sha256)
                return found._replace(version=version.id)
        if shown is None:
            raise ObjectMissing(f"{sha256} is not in the store.")
        raise ObjectDamaged(f"The bytes of {sha256} have another SHA-256.")

    def _version_there(self, sha256: str) -> str | None:
        """Return the version of what is there already, once it is known to have the bytes; None where it is gone.

        Raises:
            ObjectDamaged: it has other bytes, and so has every other version.
        """
        try:
            found = self._find(sha256)
        except ObjectMissing:
            # It is being written, or a disposal took it in between.
            return None
        if found.sha256 is None:
            self.verify(sha256)
        return found.version


class _Reading(io.RawIOBase):
    """The bytes of one version. Read from the beginning to the end, they are hashed, and the last of them are given
    only if they are those of the name. A connection that breaks is made again where it broke."""

    def __init__(self, bucket: Bucket, sha256: str, found: Found) -> None:
        self._bucket = bucket
        self._sha256 = sha256
        self._found = found
        self._at = 0
        self._body: IO[bytes] | None = None
        self._digest = hashlib.sha256()
        self._is_hashed = True

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        target = max(0, offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._found.size}[whence])
        if target != self._at:
            self._drop()
            self._at, self._is_hashed = target, target == 0
            self._digest = hashlib.sha256()
        return self._at

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        wanted = min(len(view), self._found.size - self._at)
        if wanted <= 0:
            # Of nothing, too, the digest is known.
            self._compare()
            return 0
        data = self._some(wanted)
        self._at += len(data)
        if self._is_hashed:
            self._digest.update(data)
        self._compare()
        view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._drop()
        super().close()

    def _some(self, wanted: int) -> bytes:
        """Return some of the next bytes, at least one."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                if self._body is None:
                    self._body = self._opened()
                with reading():
                    data = self._body.read(wanted)
                if data:
                    return data
                raise StoreUnavailable(f"{StoreUnavailable.title}: {self._sha256} ended early.")
            except StoreUnavailable:
                self._drop()
                if attempt == ATTEMPTS:
                    raise
        raise AssertionError

    def _opened(self) -> IO[bytes]:
        body = self._bucket.stream(_name(self._sha256), version=self._found.version, first=self._at)
        if body is None:
            raise ObjectMissing(f"{self._sha256} is not in the store.")
        return body

    def _compare(self) -> None:
        is_whole = self._is_hashed and self._at >= self._found.size
        if is_whole and self._digest.hexdigest() != self._sha256:
            raise ObjectDamaged(f"The bytes of {self._sha256} have the SHA-256 {self._digest.hexdigest()}.")

    def _drop(self) -> None:
        if self._body is not None:
            self._body.close()
            self._body = None


def _name(sha256: str) -> str:
    name = checked(sha256)
    return f"{name[:2]}/{name[2:4]}/{name}"


def _copy(stream: BinaryIO, held: IO[bytes], limit: int) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    while chunk := stream.read(CHUNK):
        size += len(chunk)
        if size > limit:
            raise TooLarge(f"The file has more than {limit} bytes.")
        digest.update(chunk)
        with refusing():
            held.write(chunk)
    return digest.hexdigest(), size
