"""Alertmanager's webhook, version 4: alerts that fire and resolve, repeated, out of order and with parts left out.

Source: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config; the fingerprint is that of
``LabelSet.Fingerprint`` in prometheus/common (FNV-1a over names and values in order).
"""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import datetime
from typing import Any

from dcase_audit import moments, strict_json
from drills.monitors.events import (
    DOWN,
    HEARTBEAT,
    LONGEST_EVENT,
    MOST_BYTES,
    MOST_EVENTS,
    RESOLVED,
    Event,
    EventsRefused,
    Read,
    Unread,
    check_moment,
    spelled,
)

# Of one call, so many are kept to be looked at; each is a row of the trail.
MOST_UNREAD = 20
FIRING = "firing"
NEVER = "0001-01-01T00:00:00"
FNV_OFFSET, FNV_PRIME, SEPARATOR = 0xCBF29CE484222325, 0x100000001B3, b"\xff"

Members = dict[str, Any]


def parse(data: bytes, *, heartbeats: Collection[str], component_label: str, received_at: datetime) -> Read:
    """Read the alerts; members that we do not know are kept with them.

    What cannot be read is left out and named, since Alertmanager never sends a refused call again: the others would be
    lost with it.

    An alert named in ``heartbeats`` says that the monitor lives, and is no failure. ``component_label`` names the label
    that says which component fails.

    Raises:
        EventsRefused: no webhook of version 4, or none of its alerts can be read (400, 413, 422).
    """
    try:
        body = strict_json.loads_object(data, limit=MOST_BYTES)
    except strict_json.StrictJSONError as error:
        raise EventsRefused(error.detail, pointer=error.pointer, status=error.status) from None
    if body.get("version") != "4":
        raise EventsRefused("Version 4 of the webhook is expected.", pointer="/version")
    alerts = body.get("alerts")
    if not isinstance(alerts, list) or not alerts:
        raise EventsRefused("A list of alerts is expected.", pointer="/alerts")
    if len(alerts) > MOST_EVENTS:
        raise EventsRefused(f"A call has at most {MOST_EVENTS} alerts.", pointer="/alerts", status=413)
    unread: list[Unread] = []
    first: EventsRefused | None = None
    found = Read([], [], unread)
    if type(left_out := body.get("truncatedAlerts")) is int and left_out > 0:
        found.warnings.append({"code": "truncated", "detail": f"{left_out} alerts were left out by the sender."})
    for n, alert in enumerate(alerts):
        try:
            _Alert(alert, f"/alerts/{n}", received_at).read_into(found, heartbeats, component_label)
        except EventsRefused as refusal:
            first = first or refusal
            place = refusal.pointer or ""
            found.warnings.append({"code": "unread", "detail": refusal.detail, "pointer": place})
            if len(unread) < MOST_UNREAD:
                unread.append(Unread(json.dumps(alert, ensure_ascii=False)[:LONGEST_EVENT], place, refusal.detail))
    if first is not None and not found.events:
        raise first
    return found


class _Alert:
    def __init__(self, alert: object, pointer: str, received_at: datetime) -> None:
        if not isinstance(alert, dict):
            raise EventsRefused("An object is expected here.", pointer=pointer)
        self.members: Members = alert
        self.pointer = pointer
        self.received_at = received_at
        self.content = spelled(alert)
        if len(self.content) > LONGEST_EVENT:
            raise EventsRefused(f"The alert has more than {LONGEST_EVENT} characters.", pointer=pointer)
        self.labels = self._labels()

    def read_into(self, found: Read, heartbeats: Collection[str], component_label: str) -> None:
        starts_at = self._moment("startsAt")
        if starts_at is None:
            raise EventsRefused("An alert says when it started.", pointer=f"{self.pointer}/startsAt")
        fingerprint = self._text("fingerprint") or fingerprint_of(self.labels)
        if self.labels.get("alertname") in heartbeats:
            found.events.append(Event(HEARTBEAT, starts_at, self.content, fingerprint=fingerprint))
            return
        what: Members = {"fingerprint": fingerprint, "component": self.labels.get(component_label, "")[:200]}
        ends_at = None if (status := self._text("status")) == FIRING else self._moment("endsAt")
        if status not in {"", FIRING, RESOLVED}:
            raise EventsRefused("An alert is firing or resolved.", pointer=f"{self.pointer}/status")
        if ends_at is None and status == RESOLVED:
            # Refused, the other alerts of the call would be lost: the sender does not try again.
            text = "A resolved alert does not say when it ended: it is taken as firing."
            found.warnings.append({"code": "no_end", "detail": text, "pointer": self.pointer})
        if ends_at is None or (not status and ends_at > self.received_at):
            found.events.append(Event(DOWN, starts_at, self.content, **what))
        elif ends_at < starts_at:
            raise EventsRefused("The alert ends before it starts.", pointer=f"{self.pointer}/endsAt")
        else:
            place = f"{self.pointer}/endsAt"
            check_moment(ends_at, received_at=self.received_at, pointer=place)
            found.events.append(Event(RESOLVED, starts_at, self.content, ends_at, **what))

    def _labels(self) -> dict[str, str]:
        labels = self.members.get("labels")
        if labels is None:
            return {}
        if not isinstance(labels, dict) or not all(isinstance(value, str) for value in labels.values()):
            raise EventsRefused("Labels are an object of texts.", pointer=f"{self.pointer}/labels")
        return labels

    def _text(self, name: str) -> str:
        text = self.members.get(name)
        if text is None:
            return ""
        if not isinstance(text, str) or len(text) > 200:
            raise EventsRefused("A short text is expected here.", pointer=f"{self.pointer}/{name}")
        return text

    def _moment(self, name: str) -> datetime | None:
        text = self._text(name)
        if not text or text.startswith(NEVER):
            return None
        place = f"{self.pointer}/{name}"
        try:
            moment = moments.parse(text)
        except ValueError as error:
            raise EventsRefused(str(error), pointer=place) from None
        if name == "startsAt":
            check_moment(moment, received_at=self.received_at, pointer=place)
        return moment


def fingerprint_of(labels: dict[str, str]) -> str:
    """Return the fingerprint that Alertmanager gives to these labels."""
    hashed = FNV_OFFSET
    for name in sorted(labels, key=str.encode):
        for byte in b"".join((name.encode(), SEPARATOR, labels[name].encode(), SEPARATOR)):
            hashed = (hashed ^ byte) * FNV_PRIME & 0xFFFFFFFFFFFFFFFF
    return f"{hashed:016x}"
