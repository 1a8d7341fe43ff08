"""Starts the processes in order, stays in front, and ends all of them when one ends or somebody says so."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import NamedTuple

from dcase_audit.embedded import CannotStart
from dcase_audit.embedded.child import Child, Process
from dcase_audit.embedded.locks import Lock

STOPPING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
INTERVAL = 0.1


class Stop(BaseException):
    """Raised in the main thread by a signal that asks us to stop; no ``except Exception`` may swallow it."""


class Ended(NamedTuple):
    """Word that a process has ended, and whose."""

    name: str
    returncode: int | None
    child: Child | None = None


class Supervisor:
    """Runs processes that end together. One supervisor a data directory: its lock is inherited by every child.

    So the lock is free only when the last process of a killed run has gone, and the next run waits for that.
    """

    def __init__(self, data_directory: Path, environ: Mapping[str, str]) -> None:
        self.environ = dict(environ)
        self._lock = Lock(data_directory / "run.lock")
        self._children: list[Child] = []
        self._ended: queue.SimpleQueue[Ended] = queue.SimpleQueue()
        self._finally: list[Callable[[], None]] = []
        self._in_a_hurry = False

    def enter(self, patience: float = 30.0) -> None:
        """Take the data directory and listen to signals.

        Raises:
            CannotStart: another supervisor has it, or what a killed one left does not end.
        """
        self._listen(self._on_signal)
        ends = time.monotonic() + patience
        while not self._lock.acquire(wait=False):
            running = self._lock.path.read_text().strip()
            if _is_alive(running):
                raise CannotStart(f"process {running} is running in {self._lock.path.parent}; stop it first.")
            if time.monotonic() > ends:
                raise CannotStart(f"a process of an earlier run still holds {self._lock.path}; `fuser` names it.")
            time.sleep(INTERVAL)
        self._lock.write(f"{os.getpid()}\n")

    def step(self, process: Process, *, speaks: bool = False, accepts: tuple[int, ...] = (0,)) -> int:
        """Run ``process`` to its end and return how it ended.

        Raises:
            CannotStart: it ended in a way that is not among ``accepts``, or one of the children ended meanwhile.
        """
        child = self._start(process, speaks=speaks)
        ended = self._ended.get()
        if ended.child is not child or ended.returncode not in accepts:
            self._refuse(ended)
        child.wait()
        self._children.remove(child)
        return ended.returncode or 0

    def start(self, process: Process) -> None:
        """Start ``process`` to run until we stop."""
        self._start(process)

    def watch(self, name: str, process: subprocess.Popen[bytes]) -> None:
        """Treat the end of ``process``, which somebody else started and stops, as a child's."""
        threading.Thread(target=lambda: self._ended.put(Ended(name, process.wait())), daemon=True).start()

    def until(self, ready: Callable[[], bool], patience: float, what: str) -> None:
        """Wait until ``ready`` says so.

        Raises:
            CannotStart: a child ended first, or the time is over.
        """
        ends = time.monotonic() + patience
        while not ready():
            if time.monotonic() > ends:
                raise CannotStart(f"{what} is not ready after {patience:.0f} s.")
            with suppress(queue.Empty):
                self._refuse(self._ended.get(timeout=INTERVAL))

    def stay(self) -> None:
        """Stay until a child ends, which is a fault, or a signal raises ``Stop``."""
        self._refuse(self._ended.get())

    def at_end(self, action: Callable[[], None]) -> None:
        """Have ``action`` called when every child has ended; the last registered is called first."""
        self._finally.append(action)

    def stop(self) -> None:
        """Stop the children round by round, then what was registered; a signal meanwhile kills what is left."""
        self._listen(self._on_signal_while_stopping)
        for round_ in sorted({child.process.stops for child in self._children}):
            stopping = [child for child in self._children if child.process.stops == round_]
            for child in stopping:
                child.ask_to_stop()
            for child in stopping:
                child.wait()
        for action in reversed(self._finally):
            action()
        self._lock.release()

    @property
    def in_a_hurry(self) -> bool:
        """Tell whether somebody asked twice."""
        return self._in_a_hurry

    def _start(self, process: Process, *, speaks: bool = False) -> Child:
        def ended(child: Child) -> None:
            self._ended.put(Ended(process.name, child.returncode, child))

        child = Child(process, self.environ, ended, holds=(self._lock.fileno(),), speaks=speaks)
        self._children.append(child)
        return child

    def _refuse(self, ended: Ended) -> None:
        raise CannotStart(f"{ended.name} ended ({_how(ended.returncode)}).")

    def _listen(self, handler: Callable[[int, FrameType | None], None]) -> None:
        for number in STOPPING_SIGNALS:
            signal.signal(number, handler)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._listen(self._on_signal_while_stopping)
        raise Stop

    def _on_signal_while_stopping(self, number: int, frame: FrameType | None) -> None:
        self._in_a_hurry = True
        for child in self._children:
            child.kill()


def _how(returncode: int | None) -> str:
    if returncode is not None and returncode < 0:
        return signal.Signals(-returncode).name
    return f"exit {returncode}"


def _is_alive(number: str) -> bool:
    try:
        os.kill(int(number), 0)
    except (ProcessLookupError, ValueError):
        return False
    except PermissionError:
        return True
    return True
