"""Objects in a directory: ``ab/cd/<sha256>``, read-only, linked into place once they are complete and on disk."""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from evidence.storage.objects import SHA256, ObjectDamaged, ObjectMissing, Stored, TooLarge, checked, refusing

CHUNK = 1024 * 1024


class LocalStore:
    """An ``ObjectStore`` under ``root`` on one file system that knows hard links.

    ``link`` fails where the name exists, while ``rename`` would replace: it is what makes a name write-once. A process
    that dies leaves at most a file in ``tmp``, never a torn object.
    """

    locks = False

    def __init__(self, root: Path) -> None:
        self.root = root
        self.temporary = root / "tmp"

    def put(self, stream: BinaryIO, *, limit: int) -> Stored:
        with self._scratch() as (path, descriptor):
            stored = _copy(stream, descriptor, limit)
            with refusing():
                os.fsync(descriptor)
                self._publish(path, stored.sha256)
        return stored

    def open(self, sha256: str) -> BinaryIO:
        path = self.path(sha256)
        with _reading(sha256):
            return os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb")

    def exists(self, sha256: str) -> bool:
        try:
            self.size(sha256)
        except (ObjectMissing, ObjectDamaged):
            return False
        return True

    def size(self, sha256: str) -> int:
        path = self.path(sha256)
        with _reading(sha256):
            found = path.lstat()
        if not stat.S_ISREG(found.st_mode):
            raise ObjectDamaged(f"{sha256} is no regular file.")
        return found.st_size

    def verify(self, sha256: str) -> None:
        digest = hashlib.sha256()
        with self.open(sha256) as stream, refusing():
            while chunk := stream.read(CHUNK):
                digest.update(chunk)
        if digest.hexdigest() != sha256:
            raise ObjectDamaged(f"The bytes of {sha256} have the SHA-256 {digest.hexdigest()}.")

    def check_removable(self, sha256: str) -> None:
        # A file system keeps nothing from its owner.
        self.path(sha256)

    def lock(self, sha256: str, *, until: datetime | None, held: bool | None) -> None:
        self.path(sha256)

    def remove(self, sha256: str) -> None:
        path = self.path(sha256)
        with refusing():
            path.unlink(missing_ok=True)
            # After a power cut it must not be there again.
            if path.parent.exists():
                _sync_directory(path.parent)

    def digests(self) -> Iterator[str]:
        with refusing():
            for path in self.root.glob("??/??/*"):
                if SHA256.fullmatch(path.name):
                    yield path.name

    def check_ready(self) -> None:
        """Begin a file and give it up, which leaves nothing behind."""
        with self._scratch():
            pass

    def path(self, sha256: str) -> Path:
        """Return where the object is or would be; ValueError for what is no digest."""
        name = checked(sha256)
        return self.root / name[:2] / name[2:4] / name

    def discard_abandoned(self, *, older_than: timedelta) -> int:
        """Remove what dead processes left in ``tmp``, by the machine's clock; return how many files."""
        oldest = time.time() - older_than.total_seconds()
        removed = 0
        with refusing():
            for path in self.temporary.glob("*"):
                # Another process may be doing the same.
                with suppress(FileNotFoundError):
                    if path.lstat().st_mtime < oldest:
                        path.unlink()
                        removed += 1
        return removed

    @contextmanager
    def _scratch(self) -> Iterator[tuple[Path, int]]:
        path = self.temporary / secrets.token_hex(16)
        with refusing():
            self.temporary.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o400)
        try:
            yield path, descriptor
        finally:
            os.close(descriptor)
            path.unlink(missing_ok=True)

    def _publish(self, path: Path, sha256: str) -> None:
        target = self.path(sha256)
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            os.link(path, target, follow_symlinks=False)
        except FileExistsError:
            try:
                self.verify(sha256)
            except ObjectMissing:
                # A disposal took it in between.
                os.link(path, target, follow_symlinks=False)
        # After a power cut the file is there only if every directory on the way is; another process may have made one.
        for directory in (target.parent, target.parent.parent, self.root):
            _sync_directory(directory)


def _copy(stream: BinaryIO, descriptor: int, limit: int) -> Stored:
    digest, size = hashlib.sha256(), 0
    while chunk := stream.read(CHUNK):
        size += len(chunk)
        if size > limit:
            raise TooLarge(f"The file has more than {limit} bytes.")
        digest.update(chunk)
        with refusing():
            _write(descriptor, chunk)
    return Stored(digest.hexdigest(), size)


def _write(descriptor: int, chunk: bytes) -> None:
    rest = memoryview(chunk)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _reading(sha256: str) -> Iterator[None]:
    with refusing():
        try:
            yield
        except FileNotFoundError:
            raise ObjectMissing(f"{sha256} is not in the store.") from None
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise ObjectDamaged(f"{sha256} is a link.") from None
            raise
