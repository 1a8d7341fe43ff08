"""Which function does which kind of job, on which queue. Each app registers its own (``APP/jobs.py``)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class Kind:
    """A kind of job: what it calls (``handler(**args)``), where it waits, how long a worker may hold it."""

    name: str
    handler: Callable[..., None]
    queue: str
    lease: timedelta
    attempts: int


_kinds: dict[str, Kind] = {}


def register(
    name: str, *, queue: str, lease: timedelta = timedelta(minutes=2), attempts: int = 8
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register the decorated function as the handler of jobs called ``name``.

    It must be safe to repeat: a worker may die after the work and before the row says so.
    """

    def decorate(handler: Callable[..., None]) -> Callable[..., None]:
        if name in _kinds:
            raise ValueError(f"two handlers for jobs of kind {name}")
        _kinds[name] = Kind(name, handler, queue, lease, attempts)
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
