"""Where the log is published, and read from by everybody else: a directory, or a bucket (ADR 0011)."""

from __future__ import annotations

from typing import Protocol

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from dcase_audit.buckets import Address, AddressUnusable, Bucket
from dcase_audit.trail.bucket_tiles import BucketTiles
from dcase_audit.trail.tlog.local import LocalTiles
from dcase_audit.trail.tlog.tiles import TileStore


class LogFiles(TileStore, Protocol):
    """Tiles, and beside them what changes: the newest checkpoint, the log's keys."""

    def replace(self, path: str, data: bytes) -> None:
        """Write ``data`` under ``path`` in one step, whatever was there, for good when the call returns."""


def log_files() -> LogFiles:
    """Return the store of ``TRAIL_STORE_URL``, or without one that in ``TRAIL_DIR``."""
    if not settings.TRAIL_STORE_URL:
        return LocalTiles(settings.TRAIL_DIR)
    try:
        address = Address.parse(settings.TRAIL_STORE_URL)
    except AddressUnusable as error:
        raise ImproperlyConfigured(f"TRAIL_STORE_URL: {error}") from error
    if address.lock:
        raise ImproperlyConfigured("TRAIL_STORE_URL: lock is for evidence, which has a retention")
    return BucketTiles(Bucket(address))
