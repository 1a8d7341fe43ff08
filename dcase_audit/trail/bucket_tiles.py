"""Files of a log in an S3 bucket: put by requests that fail where the name exists, but for the two that change."""

from __future__ import annotations

import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from itertools import islice

from dcase_audit.buckets import ATTEMPTS, Bucket, StoreUnavailable
from dcase_audit.trail.tlog.local import BATCH, WRITERS, FileDiffers, checked
from dcase_audit.trail.tlog.tiles import TileMissing

# The newest checkpoint, and the log's keys. A bucket may refuse to write over anything else (docs/operations.md).
CHANGING = frozenset({"checkpoint", "log.vkey"})
LOOK_AGAIN = 0.2
TEXT, BYTES = "text/plain; charset=utf-8", "application/octet-stream"
# For whoever reads from the bucket.
FOR_EVER, ASK_AGAIN = "private, max-age=31536000, immutable", "private, no-cache"


class BucketTiles:
    """``LogFiles`` in a bucket; one process at a time writes, any number read. Each call may raise StoreUnavailable."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    def get(self, path: str) -> bytes:
        found = self._bucket.get(checked(path))
        if found is None:
            raise TileMissing(path)
        return found

    def put_all(self, files: Iterable[tuple[str, bytes]]) -> None:
        """Keep these files; a name that has the same bytes already is left alone.

        Raises:
            FileDiffers: a name has other bytes; nothing is written over.
        """
        waiting = iter(files)
        with ThreadPoolExecutor(WRITERS) as writers:
            while batch := list(islice(waiting, BATCH)):
                for path, found in writers.map(self._keep, batch):
                    if found is not None:
                        raise FileDiffers(f"{path} has other bytes")

    def replace(self, path: str, data: bytes) -> None:
        """Write ``checkpoint`` or ``log.vkey`` in one step, whatever was there; any other name keeps what it has.

        So a checkpoint that is signed again at its size stays under it as it was first; the newest is ``checkpoint``.
        """
        if path in CHANGING:
            self._bucket.put(path, data, sha256(data).digest(), media_type=TEXT, caching=ASK_AGAIN)
        else:
            self._keep((path, data))

    def drop_partials(self, path: str) -> None:
        if self._bucket.find(checked(path)) is not None:
            for name in list(self._bucket.names(f"{path}.p/")):
                self._bucket.delete(name)

    def _keep(self, file: tuple[str, bytes]) -> tuple[str, bytes | None]:
        """Put a file that is not there; return its name, with what is there if that is something else."""
        path, data = file
        for _ in range(ATTEMPTS):
            kept = self._bucket.put_once(checked(path), data, sha256(data).digest(), media_type=BYTES, caching=FOR_EVER)
            if kept is not None:
                return path, None
            found = self._bucket.get(path)
            if found is not None:
                return path, found if found != data else None
            # It is being written at this moment, by a process that has lost its turn.
            time.sleep(LOOK_AGAIN)
        raise StoreUnavailable(f"{StoreUnavailable.title}: {path} is being written by another process.")
