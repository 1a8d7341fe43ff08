"""The domain's clock: the machine's, unless a context or the whole process has set another.

The demo and the tests set it; leases, sessions, tokens, the outbox and signatures never read it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

_set: ContextVar[datetime | None] = ContextVar("dcase_clock", default=None)
_fixed: datetime | None = None


def now() -> datetime:
    """Return the domain's present moment, in UTC."""
    return _set.get() or _fixed or datetime.now(UTC)


def is_set() -> bool:
    """Tell whether this context runs under a set clock; the trail marks what it writes then."""
    return _set.get() is not None or _fixed is not None


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Set the domain's clock to ``moment`` (aware) for this context."""
    token = _set.set(_aware(moment))
    try:
        yield
    finally:
        _set.reset(token)


def fix(moment: datetime | None) -> None:
    """Set the domain's clock for every thread of this process (``DEMO_NOW``), or give it back with None."""
    global _fixed
    _fixed = _aware(moment) if moment is not None else None


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("the clock takes an aware moment")
    return moment.astimezone(UTC)
