"""A stack with its database, its broker and the room for its files beside it, so that each can fail alone."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg

from bench.faults.client import Address
from bench.faults.rooms import room_of
from bench.stack import INTERVAL, PATIENCE, ROOT, Stack, wait_for
from bench.uploads_world import made_for
from dcase_audit.embedded import plan
from dcase_audit.embedded.database import Database
from dcase_audit.embedded.run import HOST, is_ready, listen
from dcase_audit.embedded.valkey import Valkey

ANY_PORT = 0
ROOM = 64 * 1024 * 1024
OPEN_JOBS = "SELECT id, kind FROM jobs_job WHERE state IN ('queued', 'running') ORDER BY id"
RESULTS = """
SELECT r.note, d.id FROM drills_drillresult d JOIN evidence_revision r ON r.id = d.revision_id
WHERE r.note = ANY(%s) ORDER BY d.id
"""
REVISIONS = "SELECT note, id FROM evidence_revision WHERE note = ANY(%s) ORDER BY id"
FILES = "SELECT sha256, size FROM evidence_storedfile"


class Rig:
    """Everything in ``home``; to be entered by the main thread, with whose end the kernel ends the database."""

    def __init__(self, home: Path, port: int) -> None:
        self.home = home
        shutil.rmtree(home, ignore_errors=True)
        self.database = Database(home / "beside")
        self.valkey = Valkey(home / "beside" / "valkey")
        self.broker: subprocess.Popen[bytes] | None = None
        objects = home / "stack" / "objects"
        objects.mkdir(mode=0o700, parents=True)
        self.room = room_of(objects, ROOM)
        url = self.database.url
        named = {
            "SECRET_KEY": self.database.secrets["SECRET_KEY"],
            "DATABASE_URL": url("dcase_app"),
            "DATABASE_OWNER_URL": url("dcase_owner"),
            "DATABASE_SEQUENCER_URL": url("dcase_sequencer"),
            "CELERY_BROKER_URL": self.valkey.url,
        }
        self.stack = Stack(home / "stack", port, named=named, prefix=self.room or ())
        self.made: Mapping[str, Any] = {}

    def __enter__(self) -> Self:
        try:
            self.database.start(alone=True)
            self.start_broker()
            self.stack.start()
            self.made = made_for(self.stack.environ)
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._end()

    def _end(self) -> None:
        self.stack.abandon()
        self.end_broker()
        self.database.cluster.stop(immediately=True)

    @property
    def address(self) -> Address:
        assert self.stack.address is not None
        return self.stack.address

    @property
    def objects(self) -> Path:
        """Return where the stack keeps its files, seen from here."""
        return Path(f"/proc/{self.stack.pid}/root{self.stack.home}/objects")

    def person(self, role: str) -> str:
        """Return the token of the person who holds ``role``."""
        return str(self.made["persons"][role])

    def drill(self, number: int) -> str:
        drills: list[str] = self.made["drills"]
        return drills[number % len(drills)]

    def start_broker(self) -> None:
        """Start the broker with what it kept."""
        quiet = subprocess.DEVNULL
        self.broker = subprocess.Popen(self.valkey.command(), stdin=quiet, stdout=quiet, stderr=quiet)
        wait_for(self.valkey.answers, 60, "the broker")

    def end_broker(self, *, flushed: bool = False) -> None:
        """Kill the broker; ``flushed``: with everything it had."""
        if self.broker is not None:
            self.broker.kill()
            self.broker.wait()
        if flushed:
            shutil.rmtree(self.valkey.home / "appendonlydir", ignore_errors=True)

    def kill_database(self) -> None:
        process = self.database.cluster.process
        assert process is not None
        process.send_signal(signal.SIGKILL)
        process.wait()

    def start_database(self) -> None:
        """Start it again after a kill; it recovers what was committed."""
        self.database.cluster.stop()
        self.database.start(alone=True)

    def ask(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Return the rows that the application's login reads."""
        with closing(psycopg.connect(self.database.url("dcase_app"), autocommit=True)) as connection:
            return connection.execute(query.encode(), values).fetchall()

    def stored(self, query: str, marks: list[str]) -> dict[str, list[int]]:
        """Return the numbers that ``query`` (``RESULTS``, ``REVISIONS``) finds for each mark."""
        found: dict[str, list[int]] = {}
        for mark, number in self.ask(query, marks):
            found.setdefault(mark, []).append(number)
        return found

    def wait_for_jobs(self, patience: float = PATIENCE) -> float:
        """Wait until no job is open; return the seconds that took."""
        begun = time.monotonic()
        while self.ask(OPEN_JOBS):
            if time.monotonic() - begun > patience:
                raise RuntimeError(f"jobs are open after {patience:.0f} s: {self.ask(OPEN_JOBS)[:5]}")
            time.sleep(10 * INTERVAL)
        return time.monotonic() - begun

    def manage(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command of ``manage.py`` on the rig's database."""
        command = [*plan.MANAGE, *words]
        return subprocess.run(command, cwd=ROOT, env=self.stack.environ, check=False, capture_output=True, text=True)


class Web:
    """One more web server of the rig, alone: killed and started by itself, on a disk and with a clock of its own."""

    def __init__(self, rig: Rig, **environ: str) -> None:
        self.home = rig.home / "web"
        self.objects = self.home / "objects"
        self.temporary = self.home / "tmp"
        self.temporary.mkdir(parents=True, exist_ok=True)
        self._environ = {
            **rig.stack.environ,
            "OBJECT_STORE_URL": self.objects.as_uri(),
            "TMPDIR": str(self.temporary),
            **environ,
        }
        self._server: subprocess.Popen[bytes] | None = None

    @contextmanager
    def running(self) -> Iterator[Address]:
        """Serve; yield the address."""
        with listen(ANY_PORT) as listener:
            port: int = listener.getsockname()[1]
            servers = plan.servers(listener.fileno(), self.home, with_demo=False)
            web = next(each for each in servers if each.name == "web")
            told = {**self._environ, **web.environ, "PORT": str(port)}
            with (self.home / "web.log").open("ab") as log:
                self._server = subprocess.Popen(
                    web.argv, cwd=ROOT, env=told, pass_fds=web.descriptors, stderr=log, start_new_session=True
                )
        try:
            wait_for(lambda: self._ended() or is_ready(port), 120, "the web server")
            if self._ended():
                raise RuntimeError(f"the web server did not start; {self.home / 'web.log'} says why")
            yield HOST, port
        finally:
            self.kill()

    def kill(self) -> None:
        """Send SIGKILL to the master and its workers."""
        if self._server is not None:
            if not self._ended():
                os.killpg(self._server.pid, signal.SIGKILL)
            self._server.wait()

    def _ended(self) -> bool:
        return self._server is None or self._server.poll() is not None
