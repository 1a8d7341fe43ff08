"""Processes that tests start, watch and see gone."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 40.0


class Script:
    """A Python process whose lines can be waited for."""

    def __init__(self, argv: list[str], environ: Mapping[str, str]) -> None:
        self.popen = subprocess.Popen(
            [sys.executable, *argv],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), **environ},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.output = b""

    @property
    def text(self) -> str:
        """Return what it said so far."""
        return self.output.decode(errors="replace")

    def says(self, text: str, patience: float = PATIENCE) -> str:
        """Wait until it says a line with ``text`` and return that; fail when it ends before."""
        assert self.popen.stdout is not None
        ends = time.monotonic() + patience
        while not (found := [line for line in self.text.split("\n")[:-1] if text in line]):
            readable, _, _ = select.select([self.popen.stdout], [], [], max(0.0, ends - time.monotonic()))
            piece = os.read(self.popen.stdout.fileno(), 65536) if readable else b""
            assert piece, f"it never said {text!r} but:\n{self.text}"
            self.output += piece
        return found[0]

    def send(self, number: signal.Signals) -> None:
        """Signal this process alone."""
        self.popen.send_signal(number)

    def end(self) -> int:
        """Wait until it has ended and said all it had to; return its status."""
        assert self.popen.stdout is not None
        status = self.popen.wait(PATIENCE)
        self.output += self.popen.stdout.read()
        return status


@contextmanager
def script(*argv: str, **environ: str) -> Iterator[Script]:
    """Run ``python ARGV`` for the length of the block; whatever it left behind is killed."""
    running = Script(list(argv), environ)
    try:
        yield running
    finally:
        running.popen.kill()
        running.popen.wait()
        for pipe in (running.popen.stdin, running.popen.stdout):
            if pipe is not None:
                pipe.close()


def eventually(happens: Callable[[], object], patience: float = PATIENCE) -> bool:
    """Tell whether ``happens`` becomes true."""
    ends = time.monotonic() + patience
    while not happens():
        if time.monotonic() > ends:
            return False
        time.sleep(0.02)
    return True


def using(directory: Path) -> list[str]:
    """Return the processes, other than this one, that are in ``directory``, or name it in command or environment.

    On Linux. Valkey puts its title where its environment was, and names its socket, which may be elsewhere.
    """
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command, environ = (process / "cmdline").read_bytes(), (process / "environ").read_bytes()
            where = os.fsencode((process / "cwd").readlink())
        except OSError:
            continue
        is_mine = int(process.name) == os.getpid()
        if os.fsencode(directory) in command + environ + where and not is_mine:
            found.append(f"{process.name} {command.replace(bytes(1), b' ').decode(errors='replace')}")
    return found
