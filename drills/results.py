"""What a drill's result says, whatever format it came in: plain values, and the refusal that every reader shares."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from dcase_audit.errors import AuditError

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
SKEW = timedelta(minutes=5)
# What was planned may not have come yet when a drill is broken off; a year is no plan of one drill any more.
PLANNED_AHEAD = timedelta(days=366)
# Offsets from UTC go from -12 to +14 hours; seconds may have been cut off.
WESTMOST, EASTMOST = timedelta(hours=-12, minutes=-1), timedelta(hours=14, minutes=1)
TIMES_STATED = "times_stated"
STATED = ("/started_at", "/ended_at")

Measured = timedelta | float
OPERATORS = (">=", "<=", "==")


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


class Bound(NamedTuple):
    """What the record itself says that a measure was to be; ``sent`` is the value as it came."""

    op: str
    value: Measured
    sent: str | float


class Measure(NamedTuple):
    """One measured value: a duration, or a number; ``sent`` is the value as it came.

    ``resolution``: the true value may lie that far from it; None where nobody said.
    """

    name: str
    value: Measured
    sent: str | float
    kind: str = ""
    item: str = ""
    method: str = ""
    unit: str = ""
    resolution: Measured | None = None
    resolution_sent: str | float = ""
    bound: Bound | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the measure as it came."""
        members = {
            "measure": self.name,
            "value": self.sent,
            "class": self.kind,
            "item": self.item,
            "method": self.method,
            "unit": self.unit,
            "resolution": self.resolution_sent,
            "target": {"op": self.bound.op, "value": self.bound.sent} if self.bound else "",
        }
        return {name: member for name, member in members.items() if member != ""}


class Found(NamedTuple):
    """Something that those who held the drill found."""

    text: str
    severity: str = "minor"
    cause: str = ""


class Event(NamedTuple):
    """Something that happened during the drill; a person or a system saw it."""

    at: datetime
    name: str
    text: str = ""


class Weight(StrEnum):
    """What a doubt does to the verdict: it fails the drill, keeps it from passing, or is only shown."""

    FAILS = "fails"
    WITHHOLDS = "withholds"
    NOTED = "noted"


class Doubt(NamedTuple):
    """What a reader saw in the file beside checks and measures; ``place`` is a pointer as refusals have them."""

    code: str
    detail: str
    place: str = ""
    weight: Weight = Weight.WITHHOLDS

    def as_json(self) -> dict[str, str]:
        return {"code": self.code, "detail": self.detail, "place": self.place, "weight": str(self.weight)}


class Signature(NamedTuple):
    """One signature of an envelope: what its maker calls the key, its bytes, and where it stands."""

    keyid: str
    value: bytes
    place: str


class Envelope(NamedTuple):
    """What was signed, and by whom it says it was; the signatures are not checked yet."""

    payload_type: str
    payload: bytes
    signatures: tuple[Signature, ...]


@dataclass(frozen=True)
class ParsedResult:
    """A result as read; ``record`` keeps for showing what has no other place here.

    ``started_at`` and ``ended_at`` are both None where the file does not settle when the drill was held;
    ``local_times`` are then what it says without a zone, if it does. ``places`` are where the file has its times;
    ``moments`` and ``planned`` are all others in it, each with its place: what happened, and what was to happen.
    What came in a signed ``envelope`` counts only once its signatures are checked; ``tested`` are then the digests of
    what was tested, each as ``sha256:`` and its hex.
    """

    started_at: datetime | None
    ended_at: datetime | None
    checks: tuple[Check, ...] = ()
    measures: tuple[Measure, ...] = ()
    timeline: tuple[Event, ...] = ()
    claimed_verdict: str = ""
    kind: str = ""
    covers: tuple[str, ...] = ()
    subjects: dict[str, dict[str, str]] = field(default_factory=dict)
    note: str = ""
    record: dict[str, Any] = field(default_factory=dict)
    doubts: tuple[Doubt, ...] = ()
    producer: str = ""
    local_times: tuple[datetime, datetime] | None = None
    places: tuple[str, str] = ("/started_at", "/ended_at")
    envelope: Envelope | None = None
    moments: tuple[tuple[str, datetime], ...] = ()
    planned: tuple[tuple[str, datetime], ...] = ()
    findings: tuple[Found, ...] = ()
    tested: tuple[str, ...] = ()


def check_moments(result: ParsedResult, *, received_at: datetime) -> None:
    """Refuse moments before the year 2000 or after receipt (five minutes of skew aside), and an end before the start.

    Raises:
        Malformed: with the place in the file (422).
    """
    for pointer, moment in _moments(result):
        if moment < EARLIEST:
            raise Malformed("The time lies before the year 2000.", pointer=pointer)
        if moment > received_at + SKEW:
            raise Malformed("The time lies in the future.", pointer=pointer)
    for pointer, moment in result.planned:
        if not EARLIEST <= moment <= received_at + PLANNED_AHEAD:
            raise Malformed("The planned time lies before the year 2000 or a year ahead.", pointer=pointer)
    if result.started_at and result.ended_at and result.ended_at < result.started_at:
        raise Malformed("The drill ends before it starts.", pointer=result.places[1])


def _moments(result: ParsedResult) -> Iterator[tuple[str, datetime]]:
    for pointer, moment in zip(result.places, (result.started_at, result.ended_at), strict=True):
        if moment is not None:
            yield pointer, moment
    yield from result.moments


def with_stated_times(result: ParsedResult, started_at: datetime | None, ended_at: datetime | None) -> ParsedResult:
    """Return the result with the times that its sender stated beside a file that does not settle them.

    Raises:
        Malformed: only one of the two; the file says when; or no zone makes the file's own times these (422).
    """
    if started_at is None and ended_at is None:
        return result
    if started_at is None or ended_at is None:
        missing = "/started_at" if started_at is None else "/ended_at"
        raise Malformed("The start and the end are stated together.", pointer=missing)
    if result.started_at is not None:
        raise Malformed("The file itself says when the drill was held.", pointer="/started_at")
    for place, stated, local in zip(STATED, (started_at, ended_at), result.local_times or (None, None), strict=True):
        if local is not None and not WESTMOST <= local.replace(tzinfo=UTC) - stated <= EASTMOST:
            raise Malformed(f"The file says {local.isoformat()}, which is this time in no zone.", pointer=place)
    stated_doubt = Doubt(
        TIMES_STATED, "The sender stated when the drill was held; the file does not.", "", Weight.NOTED
    )
    return replace(
        result, started_at=started_at, ended_at=ended_at, doubts=(*result.doubts, stated_doubt), places=STATED
    )
