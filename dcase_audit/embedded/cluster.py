"""One PostgreSQL cluster that this product runs for itself: made, started, shared and stopped.

Two locks say who is who. ``lock`` is the owner's: the process that started the server and will stop it. ``users`` is
held shared by every process that uses the server, so that an owner in no hurry can wait for the others.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, urlencode

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.pq import PGconn, Ping

from dcase_audit.embedded import CannotStart, binaries, data_files, identity, sockets
from dcase_audit.embedded.data_files import SUPERUSER
from dcase_audit.embedded.locks import Lock

PORT = 5432
PATIENCE = 300.0  # seconds: crash recovery of a large database takes its time
INTERVAL = 0.03

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "60",
    "shared_buffers": "64MB",
    "random_page_cost": "1.1",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
# For data that nobody would miss: the tests' own cluster.
THROW_AWAY = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
}

Prepare = Callable[["psycopg.Connection[tuple[object, ...]]"], None]


class Cluster:
    """The cluster whose files are in ``home``; its superuser logs in by ``password`` over a private socket."""

    def __init__(
        self,
        home: Path,
        password: str,
        *,
        throw_away: bool = False,
        runs_as: identity.Identity | None = None,
    ) -> None:
        self.home = home
        self.data = home / "data"
        self.password = password
        self.throw_away = throw_away
        self.process: subprocess.Popen[bytes] | None = None
        self._runs_as = runs_as
        self._owner = Lock(home / "lock")
        self._users = Lock(home / "users")
        self._ready = home / "ready"
        self._log = home / "server.log"

    def start(self, prepare: Prepare | None = None, *, alone: bool = False) -> bool:
        """Start the server, or share the one that runs; True if this process is its owner and has to stop it.

        ``prepare`` gets a superuser's connection before anybody else is let in; it must bear repetition. ``alone`` asks
        for ownership: it waits until the process that owns a running server has ended. To be called by the main thread:
        the kernel ends the server with the thread that started it.

        Raises:
            CannotStart: no binaries, another version's data, or the server's own reason.
        """
        owner = self._become_owner() if alone else self._join()
        if not owner:
            return False
        try:
            self._ready.unlink(missing_ok=True)
            self._end_orphan()
            self._launch()
            self._prepare(prepare or (lambda connection: None))
            self._ready.touch()
        except BaseException:
            self.stop()
            raise
        return True

    def stop(self, *, after_others: bool = False, immediately: bool = False) -> None:
        """Leave the server; its owner stops it, with ``after_others`` only when nobody uses it any more.

        ``immediately`` spares the checkpoint; the next start recovers from the write-ahead log.
        """
        if self._owner.held:
            if after_others and not self._users.acquire(wait=False):
                print(f"waiting for other processes that use the database in {self.home}", file=sys.stderr)
                self._users.acquire()
            self._ready.unlink(missing_ok=True)
            if self.process is not None and self.process.poll() is None:
                self._shut_down(immediately=immediately)
            sockets.leave(self.home)
        self._users.release()
        self._owner.release()

    def url(self, role: str, password: str, database: str) -> str:
        """Return the URL by which ``role`` connects; libpq and Django read it alike."""
        where = urlencode({"host": str(sockets.directory(self.home))}, quote_via=quote, safe="/")
        return f"postgresql://{quote(role)}:{quote(password)}@:{PORT}/{quote(database)}?{where}"

    def connect(self, database: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
        """Return a superuser's connection, in autocommit."""
        return psycopg.connect(self.url(SUPERUSER, self.password, database), autocommit=True)

    def answers(self) -> bool:
        """Tell whether the server takes connections."""
        where = make_conninfo("", host=str(sockets.directory(self.home)), port=PORT, connect_timeout=5)
        return PGconn.ping(where.encode()) == Ping.OK

    def _join(self) -> bool:
        """Enter as a user; become the owner if nobody is. Wait while the owner is still starting the server."""
        self._users.acquire(shared=True)
        while not self._owner.acquire(wait=False):
            if self._ready.exists() and self.answers():
                return False
            time.sleep(INTERVAL)
        self._owner.write(f"{os.getpid()}\n")
        return True

    def _become_owner(self) -> bool:
        # The owner's lock comes first: an owner that waits for its users must not wait for this one.
        if not self._owner.acquire(wait=False):
            owner = self._owner.path.read_text().strip()
            print(f"waiting for process {owner}, which runs the database in {self.home}", file=sys.stderr)
            self._owner.acquire()
        self._owner.write(f"{os.getpid()}\n")
        self._users.acquire(shared=True)
        return True

    def _end_orphan(self) -> None:
        """End a server whose owner is gone, or wait for it when it is on its way down."""
        if not (self.answers() or self._server_processes()):
            return
        self._shut_down()
        ends = time.monotonic() + PATIENCE
        while running := self._server_processes():
            if time.monotonic() > ends:
                raise CannotStart(f"processes {running} of PostgreSQL are on {self.data} and do not end; end them.")
            time.sleep(INTERVAL)

    def _server_processes(self) -> list[int]:
        # The number in postmaster.pid may be another program's by now; a server's directory is its own (Linux).
        return [int(process.name) for process in Path("/proc").glob("[0-9]*") if self._is_server(process)]

    def _is_server(self, process: Path) -> bool:
        try:
            is_postgres = (process / "comm").read_text() == "postgres\n"
            return is_postgres and (process / "cwd").readlink() == self.data.resolve()
        except OSError:  # it has just ended, or it is somebody else's
            return False

    def _launch(self) -> None:
        binary = binaries.postgres()
        runs_as = self._runs_as or identity.find()
        sockets.make(self.home)
        data_files.make(self.data, binary, runs_as, password=self.password, synced=not self.throw_away)
        if sys.platform == "linux":
            (self.data / "postmaster.pid").unlink(missing_ok=True)
        settings = SETTINGS | (THROW_AWAY if self.throw_away else {}) | {"port": str(PORT)}
        settings["unix_socket_directories"] = str(sockets.directory(self.home))
        command = [*runs_as.prefix, *identity.dying_with_parent("INT"), str(binary / "postgres"), "-D", str(self.data)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        self._log.touch(mode=0o600)
        with self._log.open("ab") as log:
            # In a session of its own, so that Ctrl-C does not reach the server before its clients.
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=data_files.environment(),
                start_new_session=True,
            )
        ends = time.monotonic() + PATIENCE
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > ends:
                raise CannotStart(f"PostgreSQL did not start; {self._log} ends with:\n{self._log_end()}")
            time.sleep(INTERVAL)

    def _prepare(self, prepare: Prepare) -> None:
        try:
            with self.connect() as connection:
                prepare(connection)
        except psycopg.OperationalError as error:
            raise CannotStart(
                f"the superuser of {self.data} cannot log in ({error}). DATA_DIR/env must be the file that the cluster "
                "was made with."
            ) from error

    def _shut_down(self, *, immediately: bool = False) -> None:
        runs_as = self._runs_as or identity.find()
        stop = [*runs_as.prefix, str(binaries.postgres() / "pg_ctl"), "-D", str(self.data), "-w", "-t", "30", "stop"]
        # Never smart, which waits for clients, and never SIGKILL, which leaves the clients' server processes behind.
        for mode in ("immediate",) if immediately else ("fast", "immediate"):
            done = subprocess.run([*stop, "-m", mode], capture_output=True, env=data_files.environment(), check=False)
            if done.returncode == 0:
                break
        if self.process is not None:
            self.process.wait()
            self.process = None

    def _log_end(self) -> str:
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-5:])
