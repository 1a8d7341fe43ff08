"""Bounds on processor time that say the same of a slow machine as of a quick one, and of a run with coverage."""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

TURNS = 500_000
# What the turns take on the machine whose figures docs/benchmarks.md gives.
USUAL = 0.032


def slowness() -> float:
    """Return how many times as long as usual this machine takes at this moment; never less than 1."""

    def turn() -> float:
        begun = time.process_time()
        sum(number * number % 7 for number in range(TURNS))
        return time.process_time() - begun

    return max(1.0, min(turn() for _ in range(3)) / USUAL)


@contextmanager
def alone() -> Iterator[None]:
    """Let coverage not look on, and the collector not walk through what the other tests have in memory.

    A tracer makes a generator up to ten times as slow.
    """
    tracer = sys.gettrace()
    gc.freeze()
    sys.settrace(None)
    try:
        yield
    finally:
        sys.settrace(tracer)
        gc.unfreeze()


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Fail where what is done inside takes more processor time than ``seconds`` on the usual machine."""
    with alone():
        begun = time.process_time()
        try:
            yield
        finally:
            took = time.process_time() - begun
            # How slow the machine is at this moment is asked where it matters: another process may share the processor.
            most = seconds if took < seconds else seconds * slowness()
            assert took < most, f"took {took:.2f} s of processor time; at most {most:.2f} s are fine here"
