"""A prefix of an S3 bucket as a place for objects; what the store says becomes a refusal that the asker can act on.

Credentials are those of the standard AWS environment and never part of an address (ADR 0011).
"""

from __future__ import annotations

import base64
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from typing import IO, Any, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from dcase_audit.errors import AuditError

SCHEME = "s3"
SETTINGS = frozenset({"region", "endpoint_url", "timeout", "lock"})
# What the store does for who may end a retention early: nobody, or whoever has the right to.
LOCKS = {"compliance": "COMPLIANCE", "governance": "GOVERNANCE"}
# Seconds for a connection, and for each silence of the store, unless the address says otherwise.
CONNECTING, PATIENCE = 5.0, 10.0
ATTEMPTS = 3
CONNECTIONS = 32
# One PUT takes no more, and only of one PUT the store's checksum is that of the whole.
LARGEST = 5 * 1024**3
OCTETS = "application/octet-stream"

ABSENT = frozenset({"404", "NoSuchKey", "NoSuchVersion", "405", "MethodNotAllowed"})
THERE = frozenset({"412", "PreconditionFailed"})
# Another process is writing or deleting the same object at this moment.
BUSY = frozenset({"409", "ConditionalRequestConflict", "OperationAborted"})
NO_ROOM = frozenset(
    {"507", "InsufficientStorage", "QuotaExceeded", "XMinioStorageFull", "ServiceQuotaExceededException"}
)
NO_LOCK = frozenset({"ObjectLockConfigurationNotFoundError", "NoSuchObjectLockConfiguration", "NotImplemented"})

_making = threading.Lock()


class StoreUnavailable(AuditError):
    """The store cannot take or give bytes now; nothing was stored."""

    status = 503
    slug = "store-unavailable"
    title = "Files cannot be stored or read at the moment"


class StoreFull(StoreUnavailable):
    """The store has no room; what is in it can still be read."""

    status = 507
    slug = "store-full"
    title = "There is no room for more files"


class AddressUnusable(ValueError):
    """The address names no bucket, or says what an address may not."""


class Address(NamedTuple):
    """``s3://bucket/prefix?region=...&endpoint_url=...&timeout=...``, read."""

    bucket: str
    prefix: str
    region: str | None
    endpoint_url: str | None
    timeout: float
    # The mode of the retention that we ask for, as S3 has it; empty: none.
    lock: str = ""

    @classmethod
    def parse(cls, url: str) -> Address:
        """Read an address.

        Raises:
            AddressUnusable: it names no bucket, has a password or an unknown setting in it, or a value that is none.
        """
        parts = urlsplit(url)
        if parts.scheme != SCHEME or not parts.netloc or parts.fragment:
            raise AddressUnusable("an address of a bucket is s3://bucket/prefix")
        if "@" in parts.netloc or ":" in parts.netloc:
            raise AddressUnusable("credentials come from the AWS environment, and an endpoint is endpoint_url")
        said = parse_qsl(parts.query, keep_blank_values=True)
        settings = dict(said)
        if len(settings) < len(said) or settings.keys() - SETTINGS or not all(settings.values()):
            raise AddressUnusable(f"an address says {', '.join(sorted(SETTINGS))}, each once at most and with a value")
        prefix = unquote(parts.path).strip("/")
        return cls(
            parts.netloc,
            f"{prefix}/" if prefix else "",
            settings.get("region"),
            settings.get("endpoint_url"),
            _seconds(settings.get("timeout")),
            _lock(settings.get("lock")),
        )


class Version(NamedTuple):
    """One version of an object, or a mark that it was deleted; ``id`` is ``null`` where a bucket keeps no versions."""

    id: str
    is_marker: bool


class Found(NamedTuple):
    """What the store says of a version of an object; ``sha256`` is None where it keeps none of the whole."""

    version: str
    size: int
    sha256: bytes | None
    retained_until: datetime | None
    # Of the retention, as S3 has it; empty where there is none.
    mode: str
    is_held: bool

    @property
    def is_locked(self) -> bool:
        return self.is_held or (self.retained_until is not None and self.retained_until > datetime.now(UTC))


class Protection(NamedTuple):
    """Whether the bucket keeps versions and can lock them, and the retention of whatever is put, such as
    ``COMPLIANCE, 30 days``."""

    versions: bool
    locks: bool
    retention: str


class Bucket:
    """Objects under one prefix. Threads share it; a process that was forked off connects anew.

    Every call raises StoreUnavailable (503) where the store does not answer, or refuses, and StoreFull (507) where it
    has no room.
    """

    def __init__(self, address: Address) -> None:
        self.address = address

    def get(self, name: str) -> bytes | None:
        """Return the bytes of an object; None where there is none."""
        with _asking(ABSENT):
            body = self._client.get_object(**self._named(name))["Body"]
            with body:
                found: bytes = body.read()
                return found
        return None

    def stream(self, name: str, *, version: str, first: int) -> IO[bytes] | None:
        """Return what gives the bytes of a version from ``first`` on; None where there is none."""
        with _asking(ABSENT):
            found: IO[bytes] = self._client.get_object(**self._named(name, version), Range=f"bytes={first}-")["Body"]
            return found
        return None

    def find(self, name: str, *, version: str = "") -> Found | None:
        """Return what the store says of an object, or of one version of it; None where there is none."""
        with _asking(ABSENT):
            return _found(self._client.head_object(**self._named(name, version), ChecksumMode="ENABLED"))
        return None

    def put_once(
        self,
        name: str,
        body: bytes | IO[bytes],
        sha256: bytes,
        *,
        media_type: str = OCTETS,
        caching: str = "",
    ) -> str | None:
        """Write an object that is not there yet, and return its version, empty where none are kept.

        None: the name is taken, or somebody else is about to take it; nothing was written. The store compares what
        it received with ``sha256``.
        """
        return self._put(name, body, sha256, {**_served(media_type, caching), "IfNoneMatch": "*"})

    def put(self, name: str, body: bytes, sha256: bytes, *, media_type: str = OCTETS, caching: str = "") -> None:
        """Write an object, whatever was there."""
        if self._put(name, body, sha256, _served(media_type, caching)) is None:
            raise StoreUnavailable(f"{StoreUnavailable.title}: {name} is being written by another process.")

    def versions(self, name: str) -> Iterator[Version]:
        """Yield all that the store keeps under exactly this name."""
        key = self._key(name)
        with _asking():
            pages = self._client.get_paginator("list_object_versions").paginate(Bucket=self.address.bucket, Prefix=key)
            for page in pages:
                for kind in ("Versions", "DeleteMarkers"):
                    yield from (
                        Version(one["VersionId"], kind == "DeleteMarkers")
                        for one in page.get(kind, ())
                        if one["Key"] == key
                    )

    def retain(self, name: str, *, version: str, mode: str, until: datetime) -> None:
        """Have a version kept until then, in the mode that it has (a stricter one is not loosened) or else in ours."""
        with _asking():
            retention = {"Mode": mode or self.address.lock, "RetainUntilDate": until}
            self._client.put_object_retention(**self._named(name, version), Retention=retention)

    def hold(self, name: str, *, version: str, held: bool) -> None:
        """Put a version on legal hold, or release it."""
        with _asking():
            self._client.put_object_legal_hold(
                **self._named(name, version), LegalHold={"Status": "ON" if held else "OFF"}
            )

    def delete(self, name: str, *, version: str = "") -> None:
        """Delete one version for good, or without ``version`` what is shown now; what is not there is none."""
        with _asking(ABSENT):
            self._client.delete_object(**self._named(name, version))

    def names(self, below: str = "") -> Iterator[str]:
        """Yield the names of what is shown and begins with ``below``."""
        with _asking():
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self.address.bucket, Prefix=self._key(below)
            )
            for page in pages:
                yield from (one["Key"].removeprefix(self.address.prefix) for one in page.get("Contents", ()))

    def answers(self) -> None:
        """Return if the bucket is there and may be listed."""
        with _asking():
            self._client.list_objects_v2(Bucket=self.address.bucket, Prefix=self.address.prefix, MaxKeys=1)

    def protection(self) -> Protection:
        """Ask how the bucket keeps what is in it."""
        with _asking():
            status = self._client.get_bucket_versioning(Bucket=self.address.bucket).get("Status")
        with _asking(NO_LOCK):
            said = self._client.get_object_lock_configuration(Bucket=self.address.bucket)["ObjectLockConfiguration"]
            return Protection(status == "Enabled", said.get("ObjectLockEnabled") == "Enabled", _retention(said))
        return Protection(status == "Enabled", False, "")

    def _put(self, name: str, body: bytes | IO[bytes], sha256: bytes, more: Mapping[str, str]) -> str | None:
        checksum = base64.b64encode(sha256).decode()
        with _asking(THERE | BUSY):
            said = self._client.put_object(
                **self._named(name), Body=body, ChecksumAlgorithm="SHA256", ChecksumSHA256=checksum, **more
            )
            return _version(said)
        return None

    def _key(self, name: str) -> str:
        return self.address.prefix + name

    def _named(self, name: str, version: str = "") -> dict[str, str]:
        named = {"Bucket": self.address.bucket, "Key": self._key(name)}
        return {**named, "VersionId": version} if version else named

    @property
    def _client(self) -> Any:
        with _making:
            return _client(self.address, os.getpid())


@lru_cache(maxsize=8)
def _client(address: Address, process: int) -> Any:
    """Return this process's client; making one takes longer than most requests, and many at once no less."""
    # Loaded by those who have their files in a bucket alone: it takes a third of a second.
    import boto3
    from botocore.config import Config

    config = Config(
        connect_timeout=min(address.timeout, CONNECTING),
        read_timeout=address.timeout,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        max_pool_connections=CONNECTIONS,
        # Stores of other makers rarely have a name for each bucket.
        s3={"addressing_style": "path" if address.endpoint_url else "auto"},
        # We state SHA-256 where we write; other checksums are not known to every store.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    session = boto3.session.Session()
    return session.client("s3", region_name=address.region, endpoint_url=address.endpoint_url, config=config)


@contextmanager
def _asking(expected: frozenset[str] = frozenset()) -> Iterator[None]:
    """Turn what goes wrong into a refusal; an error among ``expected`` ends the block, and that is all.

    What the store wrote of it may name keys and hosts: it is for the log and not for the asker.
    """
    from botocore.exceptions import BotoCoreError, ClientError
    from urllib3.exceptions import HTTPError

    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        if code in expected:
            return
        kind = StoreFull if code in NO_ROOM else StoreUnavailable
        raise kind(f"{kind.title}: {code or 'unknown'}.") from error
    except (BotoCoreError, HTTPError, OSError) as error:
        raise StoreUnavailable(f"{StoreUnavailable.title}: {type(error).__name__}.") from error


@contextmanager
def reading() -> Iterator[None]:
    """Turn what goes wrong while a stream is read into a refusal."""
    with _asking():
        yield


def _served(media_type: str, caching: str) -> dict[str, str]:
    """Return what the store tells those who read from it themselves."""
    return {"ContentType": media_type, **({"CacheControl": caching} if caching else {})}


def _seconds(said: str | None) -> float:
    if said is None:
        return PATIENCE
    try:
        seconds = float(said)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 600:
        raise AddressUnusable("timeout is a number of seconds, 600 at most")
    return seconds


def _lock(said: str | None) -> str:
    if said is not None and said not in LOCKS:
        raise AddressUnusable(f"lock is {' or '.join(sorted(LOCKS))}")
    return LOCKS[said] if said else ""


def _found(said: Mapping[str, Any]) -> Found:
    checksum = said.get("ChecksumSHA256", "")
    return Found(
        _version(said),
        said["ContentLength"],
        # Of several parts it is one over their checksums, with their number after a hyphen.
        base64.b64decode(checksum) if checksum and "-" not in checksum else None,
        said.get("ObjectLockRetainUntilDate"),
        said.get("ObjectLockMode", ""),
        said.get("ObjectLockLegalHoldStatus") == "ON",
    )


def _version(said: Mapping[str, Any]) -> str:
    found = said.get("VersionId") or ""
    return "" if found == "null" else found


def _retention(said: Mapping[str, Any]) -> str:
    rule = said.get("Rule", {}).get("DefaultRetention", {})
    for unit in ("Days", "Years"):
        if unit in rule:
            return f"{rule.get('Mode', '')}, {rule[unit]} {unit.lower()}"
    return ""
