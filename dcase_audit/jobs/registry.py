"""Which function does which kind of job, on which queue. Each app registers its own (``APP/jobs.py``)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

# With a tick of 15 s, what a dead worker left is taken up within a minute.
LEASE = timedelta(seconds=40)


@dataclass(frozen=True)
class Kind:
    """A kind of job: what it calls (``handler(**args)``), where it waits, and how many times it is tried.

    ``lease`` is how soon after a worker's death another takes over, ``longest`` how long one may work on it.
    """

    name: str
    handler: Callable[..., None]
    queue: str
    attempts: int
    lease: timedelta
    longest: timedelta


_kinds: dict[str, Kind] = {}


def register(
    name: str, *, queue: str, attempts: int = 8, lease: timedelta = LEASE, longest: timedelta = timedelta(minutes=5)
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register the decorated function as the handler of jobs called ``name``.

    It must be safe to repeat: a worker may die after the work and before the row says so.
    """

    def decorate(handler: Callable[..., None]) -> Callable[..., None]:
        if name in _kinds:
            raise ValueError(f"two handlers for jobs of kind {name}")
        _kinds[name] = Kind(name, handler, queue, attempts, lease, longest)
        return handler

    return decorate


def kind(name: str) -> Kind:
    """Return the registered kind; LookupError where no app claims it."""
    if name not in _kinds:
        raise LookupError(f"no app registers jobs of kind {name}")
    return _kinds[name]


def wait(attempts: int) -> timedelta:
    """Return how long a job rests after its ``attempts``-th failure: 5 s, doubled each time, at most an hour."""
    return min(timedelta(seconds=5 * 2 ** (attempts - 1)), timedelta(hours=1))


def names() -> frozenset[str]:
    """Return the kinds that some app registers."""
    return frozenset(_kinds)
