"""What a drill's result says, whatever format it came in: plain values, and the refusal that every reader shares."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from dcase_audit.errors import AuditError

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
SKEW = timedelta(minutes=5)

Measured = timedelta | float


class Malformed(AuditError):
    """The result cannot be taken as it is; ``pointer`` names the place.

    400 where the bytes are not of the format at all, 413 where there are too many of them, 422 where they are and their
    content is refused.
    """

    status = 422
    slug = "malformed-result"
    title = "The drill result cannot be read"

    def __init__(self, detail: str, *, pointer: str | None = None, status: int = 422) -> None:
        super().__init__(detail, pointer=pointer)
        self.status = status


class Check(NamedTuple):
    """One checkpoint: ``outcome`` is pass, remark, fail, not_run or not_applicable."""

    number: int
    text: str
    outcome: str
    expected: str = ""
    observed: str = ""
    reason: str = ""


class Measure(NamedTuple):
    """One measured value: a duration, or a number; ``sent`` is the value as it came."""

    name: str
    value: Measured
    sent: str | float
    kind: str = ""
    item: str = ""
    method: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the measure as it came."""
        members = {
            "measure": self.name,
            "value": self.sent,
            "class": self.kind,
            "item": self.item,
            "method": self.method,
        }
        return {name: member for name, member in members.items() if member != ""}


class Event(NamedTuple):
    """Something that happened during the drill; a person or a system saw it."""

    at: datetime
    name: str
    text: str = ""


@dataclass(frozen=True)
class ParsedResult:
    """A result as read; ``record`` keeps every member as it was sent, for showing."""

    started_at: datetime
    ended_at: datetime
    checks: tuple[Check, ...] = ()
    measures: tuple[Measure, ...] = ()
    timeline: tuple[Event, ...] = ()
    claimed_verdict: str = ""
    covers: tuple[str, ...] = ()
    subjects: dict[str, dict[str, str]] = field(default_factory=dict)
    note: str = ""
    record: dict[str, Any] = field(default_factory=dict)


def check_moments(result: ParsedResult, *, received_at: datetime) -> None:
    """Refuse moments before the year 2000 or after receipt (five minutes of skew aside), and an end before the start.

    Raises:
        Malformed: with the pointer of the native format (422).
    """
    for pointer, moment in _moments(result):
        if moment < EARLIEST:
            raise Malformed("The time lies before the year 2000.", pointer=pointer)
        if moment > received_at + SKEW:
            raise Malformed("The time lies in the future.", pointer=pointer)
    if result.ended_at < result.started_at:
        raise Malformed("The drill ends before it starts.", pointer="/ended_at")


def _moments(result: ParsedResult) -> Iterator[tuple[str, datetime]]:
    yield "/started_at", result.started_at
    yield "/ended_at", result.ended_at
    for index, event in enumerate(result.timeline):
        yield f"/timeline/{index}/at", event.at
