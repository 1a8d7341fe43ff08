"""``manage.py sequence`` as real processes, with a log of their own, and what they are asked for from outside."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from django.db import connection

from dcase_audit.buckets import Address, Bucket
from dcase_audit.trail.bucket_tiles import BucketTiles
from dcase_audit.trail.published import LogFiles
from dcase_audit.trail.tlog.checkpoints import Checkpoint
from dcase_audit.trail.tlog.local import LocalTiles
from dcase_audit.trail.tlog.notes import Note
from dcase_audit.trail.tlog.tiles import TileMissing
from tests.buckets import Place
from tests.server import ROOT

ORIGIN = "audit.example/trail"
PATIENCE = 60.0


class Sequencers:
    """Processes that sequence one database into one directory, or into one bucket; ``environ`` is what each is
    started with."""

    def __init__(self, directory: Path, database_url: Callable[[str], str], place: Place | None = None) -> None:
        self.home = directory
        self.store: LogFiles = LocalTiles(directory / "trail")
        if place is not None:
            self.store = BucketTiles(Bucket(Address.parse(place.below("trail"))))
        self.environ = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "DJANGO_SETTINGS_MODULE": "dcase_audit.settings",
            "DATABASE_ROLE": "sequencer",
            "DATABASE_URL": database_url("app"),
            "DATABASE_SEQUENCER_URL": database_url("sequencer"),
            "DATA_DIR": str(directory),
            "TRAIL_ORIGIN": ORIGIN,
            "TRAIL_STORE_URL": place.below("trail") if place else "",
        }
        self._started: list[subprocess.Popen[bytes]] = []

    def start(self, *command: str) -> subprocess.Popen[bytes]:
        """Start ``manage.py sequence``, or ``command`` in its place."""
        argv = [sys.executable, *(command or ("manage.py", "sequence"))]
        with (self.home / "sequencer.log").open("ab") as log:
            self._started.append(subprocess.Popen(argv, cwd=ROOT, env=self.environ, stdout=log, stderr=log))
        return self._started[-1]

    def end(self) -> None:
        for process in self._started:
            if process.poll() is None:
                process.kill()
            process.wait()

    @property
    def shown(self) -> int:
        """The size of the checkpoint that others see; 0 before the first."""
        try:
            return Checkpoint.parse(Note.parse(self.store.get("checkpoint")).text).size
        except TileMissing:
            return 0


def kill(process: subprocess.Popen[bytes]) -> None:
    """End a process as a machine does that loses its power."""
    process.kill()
    assert process.wait() == -signal.SIGKILL


def wait_for(happens: Callable[[], bool], what: str) -> None:
    ends = time.monotonic() + PATIENCE
    while not happens():
        assert time.monotonic() < ends, f"waited {PATIENCE:.0f} s for {what}"
        time.sleep(0.02)


def pending() -> int:
    """Return how many events are not in the log yet."""
    return _one("SELECT trail.pending()")


def log_size() -> int:
    return _one("SELECT size FROM trail.head")


def epoch() -> int:
    return _one("SELECT epoch FROM trail.head")


def _one(query: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(query)
        found: int = cursor.fetchone()[0]
        return found
