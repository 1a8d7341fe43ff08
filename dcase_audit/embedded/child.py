"""A child process of the supervisor: started so that it cannot outlive it, its lines prefixed, stopped in order."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO

from dcase_audit.embedded import identity

NAME_WIDTH = 10


@dataclass(frozen=True)
class Process:
    """A row of the supervisor's table: what runs, what it is told, and when it is stopped.

    ``environ`` comes on top of the environment that all share. ``stops`` is the round in which it is stopped, the
    lowest first: what hands out work before what does it, and what does it before what stores it.
    """

    name: str
    argv: Sequence[str]
    stops: int
    environ: Mapping[str, str] = field(default_factory=dict)
    patience: float = 15.0
    descriptors: tuple[int, ...] = ()


class Child:
    """A running ``Process``; ``ended`` is called, from another thread, when it has ended."""

    def __init__(
        self,
        process: Process,
        environ: Mapping[str, str],
        ended: Callable[[Child], None],
        *,
        holds: tuple[int, ...] = (),
        speaks: bool = False,
    ) -> None:
        """Start ``process``. It inherits the descriptors ``holds``; with ``speaks`` its standard output is ours."""
        self.process = process
        self._popen = subprocess.Popen(
            [*identity.dying_with_parent("TERM"), *process.argv],
            env={**environ, **process.environ},
            stdin=subprocess.DEVNULL,
            stdout=None if speaks else subprocess.PIPE,
            stderr=subprocess.PIPE if speaks else subprocess.STDOUT,
            pass_fds=(*process.descriptors, *holds),
            start_new_session=True,
        )
        lines = self._popen.stderr if speaks else self._popen.stdout
        assert lines is not None
        self._log = threading.Thread(target=_copy, args=(process.name, lines), daemon=True)
        self._log.start()
        threading.Thread(target=self._watch, args=(ended,), daemon=True).start()

    @property
    def returncode(self) -> int | None:
        """Return how it ended, or None while it runs."""
        return self._popen.poll()

    def ask_to_stop(self) -> None:
        """Send SIGTERM to the process alone; it knows how to end its own children."""
        if self._popen.poll() is None:
            self._popen.terminate()

    def wait(self) -> None:
        """Wait until it has ended, killing it and whatever it left behind when its patience is over."""
        with suppress(subprocess.TimeoutExpired):
            self._popen.wait(self.process.patience)
        self.kill()
        self._popen.wait()
        self._log.join(1)

    def kill(self) -> None:
        """Kill the process and everything in its group at once."""
        with suppress(ProcessLookupError):
            os.killpg(self._popen.pid, signal.SIGKILL)

    def _watch(self, ended: Callable[[Child], None]) -> None:
        self._popen.wait()
        ended(self)


def _copy(name: str, lines: IO[bytes]) -> None:
    """Pass on each line with the process's name; go on reading when nobody listens, or the child would block."""
    with lines:
        for line in lines:
            text = line.decode(errors="replace").rstrip("\n")
            with suppress(OSError, ValueError):
                print(f"{name:<{NAME_WIDTH}}| {text}", file=sys.stderr, flush=True)
