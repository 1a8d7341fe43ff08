"""The real embedded stack in a directory of its own: started as ``make run`` does, looked into, killed in parts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 240.0
INTERVAL = 0.05
# What the surroundings may name; a stack of its own uses none of it.
NAMED_ELSEWHERE = (
    "DATABASE_URL",
    "DATABASE_OWNER_URL",
    "DATABASE_SEQUENCER_URL",
    "DATABASE_ROLE",
    "CELERY_BROKER_URL",
    "DJANGO_SETTINGS_MODULE",
    "OBJECT_STORE_URL",
    "TRAIL_STORE_URL",
    "SECRET_KEY",
)

# Measured is how fast it is, and not how slow it is made.
UNLIMITED = {"TOKEN_RATE": "0", "QUOTA_FILES": "0", "QUOTA_BYTES": "0"}


class Process(NamedTuple):
    """A running process as /proc shows it."""

    pid: int
    parent: int
    command: str


class Target(NamedTuple):
    """A process that can be killed: how its command reads, and whether it is the child of one that reads so, too."""

    name: str
    command: str
    is_child: bool = False
    survives: bool = False


# ``survives``: its master replaces it, so the rest runs on.
TARGETS = (
    Target("postgres", "postgres -D"),
    Target("valkey", "valkey-server"),
    Target("web", "gunicorn"),
    Target("web worker", "gunicorn", is_child=True, survives=True),
    Target("worker", " worker "),
    Target("pool child", " worker ", is_child=True, survives=True),
    Target("beat", " beat "),
    Target("supervisor", "dcase_audit.embedded run"),
)


class Stack:
    """``python -m dcase_audit.embedded run --no-demo`` in ``home``; ``address`` is where it serves, while it does."""

    def __init__(
        self, home: Path, port: int, *, named: Mapping[str, str] | None = None, prefix: Sequence[str] = ()
    ) -> None:
        """Use what ``named`` names instead of parts of its own; ``prefix`` runs all of it, as ``unshare`` does."""
        self.home = home
        self.environ = {name: text for name, text in os.environ.items() if name not in NAMED_ELSEWHERE}
        self.environ |= {"DATA_DIR": str(home), "PORT": str(port)}
        self.environ |= UNLIMITED | dict(named or {})
        self._prefix = list(prefix)
        self.address: tuple[str, int] | None = None
        self._process: subprocess.Popen[str] | None = None
        self._ready = threading.Event()
        home.mkdir(parents=True, exist_ok=True)

    def start(self) -> float:
        """Start everything and wait until it is ready; return the seconds that took. Nothing is repaired before."""
        begun = time.monotonic()
        self._ready.clear()
        with (self.home / "run.log").open("a") as log:
            self._process = subprocess.Popen(
                [*self._prefix, sys.executable, "-m", "dcase_audit.embedded", "run", "--no-demo"],
                cwd=ROOT,
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        threading.Thread(target=self._listen, args=(self._process,), daemon=True).start()
        if not self._ready.wait(PATIENCE) or self.address is None:
            raise RuntimeError(f"it did not start; {self.home / 'run.log'} says why")
        return time.monotonic() - begun

    def ended(self, patience: float = PATIENCE) -> int:
        """Wait until the supervisor has ended and nothing of it is left; return its status."""
        assert self._process is not None
        status = self._process.wait(patience)
        wait_for(lambda: not self._left(), patience, "a process of the stack to end")
        return status

    def stop(self) -> int:
        """Ask the supervisor to stop, as Ctrl-C does; return its status."""
        assert self._process is not None
        self._process.send_signal(signal.SIGINT)
        return self.ended()

    def abandon(self) -> None:
        """Leave nothing behind, whatever state it is in."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    @property
    def pid(self) -> int:
        """Return the number of the supervisor."""
        assert self._process is not None
        return self._process.pid

    def kill(self, target: Target) -> int:
        """Send SIGKILL to the process that ``target`` describes; return its number."""
        pid = self.find(target)
        os.kill(pid, signal.SIGKILL)
        return pid

    def kill_all(self, target: Target) -> set[int]:
        """Send SIGKILL to every process that ``target`` describes; return their numbers."""
        self.find(target)
        pids = {process.pid for process in self._matching(target)}
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        return pids

    def find(self, target: Target) -> int:
        """Return the number of a process as ``target`` describes it, once there is one."""
        found = wait_for(lambda: self._matching(target), 30.0, target.name)
        return found[0].pid

    def _matching(self, target: Target) -> list[Process]:
        assert self._process is not None
        supervisor = self._process.pid
        running = list(processes())
        if target.name == "supervisor":
            return [process for process in running if process.pid == supervisor]
        masters = [each for each in running if each.parent == supervisor and target.command in each.command]
        if not target.is_child:
            return masters
        parents = {master.pid for master in masters}
        return [each for each in running if each.parent in parents and target.command in each.command]

    def _left(self) -> list[Process]:
        wanted = os.fsencode(f"DATA_DIR={self.home}\0")
        return [each for each in processes() if wanted in read(each.pid, "environ")]

    def _listen(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout as lines:
            for line in lines:
                if line.startswith("READY http://"):
                    host, _, port = line.removeprefix("READY http://").strip().rstrip("/").partition(":")
                    self.address = (host, int(port))
                    self._ready.set()
        # Nobody will be ready any more; who waits for it is told so.
        if not self._ready.is_set():
            self.address = None
            self._ready.set()


def processes() -> Iterable[Process]:
    """Return what runs on this machine (Linux)."""
    for entry in Path("/proc").glob("[0-9]*"):
        pid = int(entry.name)
        # The name, in parentheses, may hold anything; the parent is the second field after it.
        fields = read(pid, "stat").rpartition(b")")[2].split()
        command = read(pid, "cmdline").replace(b"\0", b" ").decode(errors="replace")
        if len(fields) > 1 and command:
            yield Process(pid, int(fields[1]), command)


def read(pid: int, name: str) -> bytes:
    """Return what /proc says of a process; nothing once it is gone."""
    try:
        return Path("/proc", str(pid), name).read_bytes()
    except OSError:
        return b""


def wait_for(happens: Callable[[], list[Process] | bool], patience: float, what: str) -> list[Process]:
    """Wait until ``happens`` is true, and return what it returned."""
    ends = time.monotonic() + patience
    while not (found := happens()):
        if time.monotonic() > ends:
            raise RuntimeError(f"waited {patience:.0f} s for {what}")
        time.sleep(INTERVAL)
    return found if isinstance(found, list) else []
