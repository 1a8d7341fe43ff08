"""The content-addressed store: what any store of objects promises, and which one this installation uses (ADR 0006)."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from dcase_audit.buckets import SCHEME, Address, AddressUnusable, Bucket, StoreFull, StoreUnavailable
from dcase_audit.errors import AuditError

SHA256 = re.compile(r"[0-9a-f]{64}")
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
ABANDONED_AFTER = timedelta(days=1)


class Stored(NamedTuple):
    """What was put: the SHA-256 of its bytes, in lower-case hex, and their number; in a bucket with versions, which."""

    sha256: str
    size: int
    version: str = ""


class TooLarge(AuditError):
    """More bytes came than the limit allows."""

    status = 413
    slug = "too-large"
    title = "The file is too large"


class ObjectMissing(AuditError):
    """A file that was stored is gone. No request causes this: the store was damaged from outside."""

    status = 500
    slug = "object-missing"
    title = "A stored file is missing"


class ObjectDamaged(AuditError):
    """A stored file's bytes are no longer those of its name. No request causes this either."""

    status = 500
    slug = "object-damaged"
    title = "A stored file is damaged"


class ObjectLocked(AuditError):
    """The store itself keeps the file, by a retention or a legal hold of its own (Object Lock)."""

    status = 409
    slug = "object-locked"
    title = "The store does not let the file go yet"


class ObjectStore(Protocol):
    """Bytes under their SHA-256: written once, never replaced, removed by a disposal alone (ADR 0009)."""

    # Whether it was asked to keep files from everybody, itself included (``lock``).
    locks: bool

    def put(self, stream: BinaryIO, *, limit: int) -> Stored:
        """Store what ``stream`` still holds, in little memory; the same bytes again are stored once.

        Raises:
            TooLarge: more than ``limit`` bytes came (413).
            StoreFull: no room (507). StoreUnavailable: cannot be written (503).
            ObjectDamaged: the name is taken by other bytes.
        """

    def open(self, sha256: str) -> BinaryIO:
        """Open the bytes for reading, from any place. Raises: ObjectMissing, StoreUnavailable; in a bucket
        ObjectDamaged as well, which may come with the last bytes."""

    def exists(self, sha256: str) -> bool:
        """Tell whether something is stored under the name, without reading it."""

    def size(self, sha256: str) -> int:
        """Return the number of bytes. Raises: ObjectMissing, StoreUnavailable."""

    def verify(self, sha256: str) -> None:
        """Read all bytes and compare. Raises: ObjectMissing, ObjectDamaged, StoreUnavailable."""

    def check_removable(self, sha256: str) -> None:
        """Return if the store would remove it. Raises: ObjectLocked (409), StoreUnavailable."""

    def lock(self, sha256: str, *, until: datetime | None, held: bool | None) -> None:
        """Keep it until then at least, and hold it (True), hold it no more (False) or leave that as it is (None).

        Never shorter than it is kept already; a store that does not lock does nothing.
        Raises: ObjectMissing, ObjectDamaged, StoreUnavailable.
        """

    def remove(self, sha256: str) -> None:
        """Remove what is stored under the name, for good; what is not there is none.

        Raises: ObjectLocked (409), and nothing was removed; StoreUnavailable.

        For ``evidence.services.disposal``, which has recorded by then who decided it and why.
        """

    def digests(self) -> Iterator[str]:
        """Yield the name of everything stored, in no order."""

    def check_ready(self) -> None:
        """Return if files can be stored now, as far as is known without storing one.

        Raises:
            StoreFull, StoreUnavailable.
        """


def checked(sha256: str) -> str:
    """Return a well-formed digest; ValueError for anything else, which must never become a path."""
    if not SHA256.fullmatch(sha256):
        raise ValueError(f"{sha256[:80]!r} is not a SHA-256 in lower-case hex")
    return sha256


@contextmanager
def refusing() -> Iterator[None]:
    """Turn what the operating system says about the store into a refusal that the sender can act on."""
    try:
        yield
    except OSError as error:
        kind = StoreFull if error.errno in NO_ROOM else StoreUnavailable
        raise kind(f"{kind.title}: {error.strerror or type(error).__name__}.") from error


def object_store() -> ObjectStore:
    """Return the store that ``OBJECT_STORE_URL`` names."""
    return _store_at(settings.OBJECT_STORE_URL)


@cache
def _store_at(url: str) -> ObjectStore:
    from evidence.storage.bucket import BucketStore
    from evidence.storage.local import LocalStore

    parts = urlsplit(url)
    if parts.scheme == SCHEME:
        try:
            return BucketStore(Bucket(Address.parse(url)))
        except AddressUnusable as error:
            raise ImproperlyConfigured(f"OBJECT_STORE_URL: {error}") from error
    if parts.scheme != "file" or parts.netloc not in {"", "localhost"} or not parts.path:
        raise ImproperlyConfigured(
            "OBJECT_STORE_URL names a directory, as in file:///var/lib/dcase/objects, or a bucket: s3://bucket/prefix"
        )
    store = LocalStore(Path(unquote(parts.path)))
    store.discard_abandoned(older_than=ABANDONED_AFTER)
    return store
