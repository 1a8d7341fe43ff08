"""One event of a monitor as a plain value, whatever it came in, and the refusal that every reader shares."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from dcase_audit.errors import AuditError

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
SKEW = timedelta(minutes=5)
# In one call, of one body, of one event as it is kept.
MOST_EVENTS = 5000
MOST_BYTES = 5 * 1024 * 1024
LONGEST_EVENT = 16 * 1024

HEARTBEAT, DOWN, UP, RESOLVED = "heartbeat", "down", "up", "resolved"
CONFIRMED, CONTRADICTED = "confirmed", "contradicted"
OF_OUTAGES = frozenset({DOWN, UP, RESOLVED})
OF_SWITCH_OVERS = frozenset({CONFIRMED, CONTRADICTED})


class EventsRefused(AuditError):
    """Nothing of the call is kept; ``pointer`` names the first event that cannot be taken, counted from 0.

    400 where the bytes are not of the format at all, 413 where there are too many, 422 where the content is refused.
    """

    status = 422
    slug = "malformed-events"
    title = "The events of the monitor cannot be read"

    def __init__(self, detail: str, *, pointer: str | None = None, status: int = 422) -> None:
        super().__init__(detail, pointer=pointer)
        self.status = status


class Event(NamedTuple):
    """What a monitor says of one moment or span. All times are the sender's claims.

    ``started_at`` is the moment of a heartbeat, of going down or up, the beginning of what was ``resolved``, or when a
    switch-over took place; ``ended_at`` the end of what was resolved, or when somebody observed the switch-over.
    ``content`` is the event as it is kept and hashed: its JSON in one spelling.
    """

    kind: str
    started_at: datetime
    content: str
    ended_at: datetime | None = None
    fingerprint: str = ""
    component: str = ""
    band: str = ""
    observer: str = ""


class Unread(NamedTuple):
    """An event that could not be read, as it is kept, and why not; ``pointer`` says where in its body it stood."""

    content: str
    pointer: str
    detail: str


class Read(NamedTuple):
    """What a body says: its events in their order, and what the sender should know about them.

    ``unread``: events that were left out because the sender would not try again without them.
    """

    events: list[Event]
    warnings: list[dict[str, str]]
    unread: Sequence[Unread] = ()


def spelled(members: dict[str, Any]) -> str:
    """Return the JSON of an event in one spelling: names sorted, no white space, characters as they are."""
    return json.dumps(members, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def check_moment(moment: datetime, *, received_at: datetime, pointer: str) -> datetime:
    """Return the moment that was claimed.

    Raises:
        EventsRefused: it lies before the year 2000, or in the future by more than clocks differ (422).
    """
    if moment < EARLIEST:
        raise EventsRefused("The time lies before the year 2000.", pointer=pointer)
    if moment > received_at + SKEW:
        raise EventsRefused("The time lies in the future by more than 5 minutes.", pointer=pointer)
    return moment
