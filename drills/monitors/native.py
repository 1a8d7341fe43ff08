"""Events in our own format: a JSON list, or one JSON object a line (NDJSON). See docs/monitors.md."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from typing import Any

from dcase_audit import moments, strict_json
from drills.members import Members
from drills.monitors.events import (
    CONFIRMED,
    CONTRADICTED,
    DOWN,
    HEARTBEAT,
    LONGEST_EVENT,
    MOST_BYTES,
    MOST_EVENTS,
    RESOLVED,
    UP,
    Event,
    EventsRefused,
    Read,
    check_moment,
    spelled,
)
from drills.results import Malformed

LIST, LINES = "application/json", "application/x-ndjson"


def parse(data: bytes, *, media_type: str, bands: Collection[str], received_at: datetime) -> Read:
    """Read all events or none. ``bands`` are the time bands that a confirmation may name.

    Raises:
        EventsRefused: an event that cannot be taken, named by its place; a line by its number, too (400, 413, 422).
    """
    events: list[Event] = []
    for line, members in _lines(data) if media_type == LINES else _list(data):
        if len(events) >= MOST_EVENTS:
            raise EventsRefused(f"A call has at most {MOST_EVENTS} events.", status=413)
        try:
            events.append(_event(members, len(events), bands, received_at))
        except (Malformed, EventsRefused) as error:
            raise EventsRefused(line + error.detail, pointer=error.pointer) from None
    if not events:
        raise EventsRefused("There is no event in the body.", pointer="")
    return Read(events, [])


def _list(data: bytes) -> Iterator[tuple[str, object]]:
    try:
        found = strict_json.loads(data, limit=MOST_BYTES)
    except strict_json.StrictJSONError as error:
        raise EventsRefused(error.detail, pointer=error.pointer, status=error.status) from None
    if not isinstance(found, list):
        raise EventsRefused("A list of events is expected.", pointer="", status=400)
    yield from (("", each) for each in found)


def _lines(data: bytes) -> Iterator[tuple[str, object]]:
    """Yield what each line says, with its number in words; empty lines are stepped over."""
    if len(data) > MOST_BYTES:
        raise EventsRefused(f"A body has at most {MOST_BYTES} bytes.", status=413)
    n = 0
    for number, line in enumerate(data.split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            members = strict_json.loads(line, limit=MOST_BYTES)
        except strict_json.StrictJSONError as error:
            pointer = f"/{n}{error.pointer or ''}"
            raise EventsRefused(f"Line {number}: {error.detail}", pointer=pointer, status=error.status) from None
        yield f"Line {number}: ", members
        n += 1


def _event(value: object, n: int, bands: Collection[str], received_at: datetime) -> Event:
    if not isinstance(value, dict):
        raise Malformed("An object is expected here.", pointer=f"/{n}")
    members = _Reading(value, f"/{n}", bands, received_at)
    event = READERS[members.choice("type", tuple(READERS))](members)
    members.close()
    if len(event.content) > LONGEST_EVENT:
        raise Malformed(f"The event has more than {LONGEST_EVENT} characters.", pointer=members.pointer)
    return event


class _Reading(Members):
    """The members of one event."""

    def __init__(self, members: dict[str, Any], pointer: str, bands: Collection[str], received_at: datetime) -> None:
        super().__init__(members, pointer)
        self.bands = bands
        self.received_at = received_at

    def past(self, name: str) -> datetime:
        """Return the moment, which lies in the past as far as clocks agree."""
        text = self.text(name, 40)
        try:
            moment = moments.parse(text)
        except ValueError as error:
            raise Malformed(str(error), pointer=self.place(name)) from None
        return check_moment(moment, received_at=self.received_at, pointer=self.place(name))

    def failing(self) -> dict[str, Any]:
        """Return what fails: its component, and the fingerprint, which is the component where none is sent."""
        component = self.text("component", 200, default="")
        fingerprint = self.text("fingerprint", 200, default="") or component
        if not fingerprint:
            raise Malformed("A component or a fingerprint says what failed.", pointer=self.place("component"))
        return {"component": component, "fingerprint": fingerprint}

    def ordered(self, earlier: str, later: str) -> tuple[datetime, datetime]:
        """Return two moments, the first of which does not lie after the second."""
        first, second = self.past(earlier), self.past(later)
        if second < first:
            raise Malformed(f"It lies before {earlier}.", pointer=self.place(later))
        return first, second


def _heartbeat(members: _Reading) -> Event:
    return Event(HEARTBEAT, members.past("at"), spelled(members.members))


def _down(members: _Reading) -> Event:
    members.text("text", 4000, default="")
    return Event(DOWN, members.past("at"), spelled(members.members), **members.failing())


def _up(members: _Reading) -> Event:
    members.text("text", 4000, default="")
    failing, content = members.failing(), spelled(members.members)
    if "started_at" not in members.members:
        return Event(UP, members.past("at"), content, **failing)
    started_at, ended_at = members.ordered("started_at", "at")
    return Event(RESOLVED, started_at, content, ended_at, **failing)


def _confirmation(members: _Reading) -> Event:
    switched_at, observed_at = members.ordered("switched_at", "at")
    band = members.text("band", 60)
    if band not in members.bands:
        known = ", ".join(members.bands) or "none"
        raise Malformed(f"The time bands of this monitor are: {known}.", pointer=members.place("band"))
    members.text("text", 4000, default="")
    return Event(
        members.choice("result", (CONFIRMED, CONTRADICTED)),
        switched_at,
        spelled(members.members),
        observed_at,
        fingerprint=members.text("switch_over", 200),
        component=members.text("component", 200, default=""),
        band=band,
        observer=members.text("observer", 100),
    )


READERS: dict[str, Callable[[_Reading], Event]] = {
    "heartbeat": _heartbeat,
    "down": _down,
    "up": _up,
    "confirmation": _confirmation,
}
