"""The readers of events: what they take, and the place that they name of what they do not."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from drills.monitors import alertmanager, native
from drills.monitors.events import LONGEST_EVENT, MOST_BYTES, MOST_EVENTS, Event, EventsRefused, Read

NOW = datetime(2026, 11, 20, 6, tzinfo=UTC)
BEAT = {"type": "heartbeat", "at": "2026-11-20T05:00:00Z"}
CONFIRMATION = {
    "type": "confirmation",
    "switch_over": "trading",
    "switched_at": "2026-11-20T01:27:00+09:00",
    "at": "2026-11-20T01:33:40+09:00",
    "band": "night",
    "observer": "operator",
    "result": "confirmed",
}
# As the documentation of Prometheus has it, with nanoseconds and an offset as real ones have.
ALERT = {
    "status": "firing",
    "labels": {"alertname": "Down", "component": "trading/2"},
    "annotations": {"summary": "取引サーバ2号機"},
    "startsAt": "2026-11-19T20:33:21.873077559-05:00",
    "endsAt": "0001-01-01T00:00:00Z",
    "generatorURL": "http://prometheus:9090/graph",
    "fingerprint": "c4f1e6a0b3d2918f",
}
HOOK = {
    "version": "4",
    "groupKey": '{}:{alertname="Down"}',
    "truncatedAlerts": 0,
    "status": "firing",
    "receiver": "audit",
    "groupLabels": {},
    "commonLabels": {},
    "commonAnnotations": {},
    "externalURL": "http://alertmanager:9093",
}


def read(body: object, media_type: str = native.LIST) -> Read:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return native.parse(data, media_type=media_type, bands=["night"], received_at=NOW)


def hook(*alerts: object, **changes: Any) -> Read:
    data = json.dumps({**HOOK, "alerts": list(alerts), **changes}).encode()
    return alertmanager.parse(data, heartbeats=["Watchdog"], component_label="component", received_at=NOW)


def alert(**changes: Any) -> dict[str, Any]:
    return {name: value for name, value in {**ALERT, **changes}.items() if value is not None}


def test_a_list_and_lines_say_the_same() -> None:
    sent = [BEAT, {"type": "down", "at": "2026-11-20T05:00:00Z", "component": "系統1"}, CONFIRMATION]
    as_lines = b"\r\n".join(json.dumps(each).encode() for each in sent) + b"\n\n"

    assert read(sent) == read(as_lines, native.LINES)
    assert [event.kind for event in read(sent).events] == ["heartbeat", "down", "confirmed"]


def test_an_up_that_names_the_beginning_ends_that_one() -> None:
    sent = {"type": "up", "at": "2026-11-20T05:00:01Z", "started_at": "2026-11-20T05:00:00Z", "fingerprint": "f"}

    (event,) = read([sent]).events

    assert (event.kind, event.fingerprint, event.ended_at) == ("resolved", "f", event.started_at + timedelta(seconds=1))


@pytest.mark.parametrize(
    ("body", "pointer", "status"),
    [
        (b"", "", 400),
        (b"{}", "", 400),
        (b"[1", "", 400),
        (b"[NaN]", "/0", 400),
        (b'[{"type":"heartbeat","type":"down"}]', "/0/type", 400),
        (b"[" + b"[" * 5000, "", 400),
        ([], "", 422),
        ([7], "/0", 422),
        ([BEAT, {}], "/1/type", 422),
        ([{"type": "heartbeat"}], "/0/at", 422),
        ([{**BEAT, "type": "sideways"}], "/0/type", 422),
        ([{**BEAT, "at": "2026-11-20T05:00:00"}], "/0/at", 422),
        ([{**BEAT, "at": "2026-11-20T05:00:60Z"}], "/0/at", 422),
        ([{**BEAT, "at": "2026-02-30T05:00:00Z"}], "/0/at", 422),
        ([{**BEAT, "at": 7}], "/0/at", 422),
        ([{**BEAT, "at": "1999-12-31T23:59:59Z"}], "/0/at", 422),
        ([{**BEAT, "at": "0001-01-01T00:00:00Z"}], "/0/at", 422),
        ([{**BEAT, "at": "2026-11-20T06:05:01Z"}], "/0/at", 422),
        ([{**BEAT, "department": "sales"}], "/0/department", 422),
        ([{"type": "down", "at": "2026-11-20T05:00:00Z"}], "/0/component", 422),
        ([{"type": "down", "at": "2026-11-20T05:00:00Z", "component": "x" * 201}], "/0/component", 422),
        (
            [{"type": "up", "at": "2026-11-20T05:00:00Z", "component": "a", "started_at": "2026-11-20T05:00:01Z"}],
            "/0/at",
            422,
        ),
        ([{**CONFIRMATION, "band": "noon"}], "/0/band", 422),
        ([{**CONFIRMATION, "band": None}], "/0/band", 422),
        ([{**CONFIRMATION, "result": "maybe"}], "/0/result", 422),
        ([{**CONFIRMATION, "observer": " "}], "/0/observer", 422),
        ([{**CONFIRMATION, "at": "2026-11-20T01:26:59+09:00"}], "/0/at", 422),
        ([{**CONFIRMATION, "text": "x" * 4001}], "/0/text", 422),
        ([BEAT] * (MOST_EVENTS + 1), None, 413),
    ],
)
def test_what_is_no_event_is_refused_with_its_place(body: object, pointer: str | None, status: int) -> None:
    with pytest.raises(EventsRefused) as refusal:
        read(body)

    assert refusal.value.status == status
    assert (refusal.value.pointer or "") == (pointer or "")


@pytest.mark.parametrize(
    ("body", "detail", "status"),
    [
        (b'{"type":"heartbeat","at":"2026-11-20T05:00:00Z"}\n\n{"type"', "Line 3: ", 400),
        (b'\n{"type":"heartbeat","at":"never"}', "Line 2: ", 422),
        (b'{"type":"heartbeat","at":"2026-11-20T05:00:00Z"},{}', "Line 1: ", 400),
        (b"\xff", "Line 1: ", 400),
        (b" " * (MOST_BYTES + 1), "A body has at most", 413),
        (b'{"type":"heartbeat","at":"2026-11-20T05:00:00Z"}\n' * (MOST_EVENTS + 1), "A call has at most", 413),
    ],
)
def test_a_bad_line_is_named_by_its_number(body: bytes, detail: str, status: int) -> None:
    with pytest.raises(EventsRefused) as refusal:
        read(body, native.LINES)

    assert refusal.value.status == status
    assert refusal.value.detail.startswith(detail)


def test_an_event_as_long_as_is_kept_is_taken_and_no_longer_one() -> None:
    event = {"type": "down", "at": "2026-11-20T05:00:00Z", "fingerprint": "f", "text": "x" * 4000}

    assert len(read([event]).events[0].content) < LONGEST_EVENT
    with pytest.raises(EventsRefused):
        hook(alert(annotations={"summary": "x" * LONGEST_EVENT}))


def test_an_alert_fires_and_resolves() -> None:
    (fires,) = hook(ALERT).events
    (ends,) = hook(alert(status="resolved", endsAt="2026-11-19T20:34:21.000000001-05:00")).events

    start = datetime(2026, 11, 20, 1, 33, 21, 873077, tzinfo=UTC)
    assert (fires.kind, fires.started_at, fires.ended_at) == ("down", start, None)
    assert (fires.fingerprint, fires.component) == ("c4f1e6a0b3d2918f", "trading/2")
    assert (ends.kind, ends.started_at) == ("resolved", start)
    assert ends.ended_at == datetime(2026, 11, 20, 1, 34, 21, tzinfo=UTC)
    assert json.loads(fires.content) == ALERT


def test_a_fingerprint_that_is_left_out_is_the_one_that_alertmanager_gives() -> None:
    # Source of both: prometheus/common, model/signature_test.go.
    assert int(alertmanager.fingerprint_of({}), 16) == 14695981039346656037
    sung = {"name": "garland, briggs", "fear": "love is not enough"}
    assert int(alertmanager.fingerprint_of(sung), 16) == 5799056148416392346
    (without,) = hook(alert(fingerprint=None)).events
    (reordered,) = hook(alert(fingerprint="", labels=dict(reversed(ALERT["labels"].items())))).events  # type: ignore[attr-defined]

    assert without.fingerprint == reordered.fingerprint == alertmanager.fingerprint_of(ALERT["labels"])  # type: ignore[arg-type]
    assert len(without.fingerprint) == 16


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"status": None}, "down"),
        ({"status": None, "endsAt": None}, "down"),
        ({"status": None, "endsAt": "2026-11-20T05:00:00Z"}, "resolved"),
        ({"status": None, "endsAt": "2026-11-21T05:00:00Z"}, "down"),
        ({"status": "firing", "endsAt": "2026-11-20T05:00:00Z"}, "down"),
        ({"labels": None, "annotations": None, "generatorURL": None}, "down"),
        ({"labels": {"alertname": "Watchdog"}}, "heartbeat"),
        ({"labels": {"alertname": "Watchdog"}, "status": "resolved", "endsAt": "2026-11-20T05:00:00Z"}, "heartbeat"),
    ],
)
def test_what_alerts_leave_out(changes: dict[str, Any], kind: str) -> None:
    (event,) = hook(alert(**changes), groupKey=None, status=None, truncatedAlerts=None).events

    assert event.kind == kind


def test_a_resolved_alert_without_an_end_stays_open_and_says_so() -> None:
    found = hook(alert(status="resolved"))

    assert [event.kind for event in found.events] == ["down"]
    assert [(each["code"], each["pointer"]) for each in found.warnings] == [("no_end", "/alerts/0")]


def test_that_alerts_were_left_out_is_said() -> None:
    assert [each["code"] for each in hook(ALERT, truncatedAlerts=3).warnings] == ["truncated"]


@pytest.mark.parametrize(
    ("alerts", "changes", "pointer", "status"),
    [
        ([ALERT], {"version": "3"}, "/version", 422),
        ([ALERT], {"version": 4}, "/version", 422),
        ([], {}, "/alerts", 422),
        ([ALERT] * (MOST_EVENTS + 1), {}, "/alerts", 413),
        ([7, alert(startsAt=None)], {}, "/alerts/0", 422),
        ([alert(startsAt=None)], {}, "/alerts/0/startsAt", 422),
        ([alert(startsAt="0001-01-01T00:00:00Z")], {}, "/alerts/0/startsAt", 422),
        ([alert(startsAt="2026-11-20T01:33:21")], {}, "/alerts/0/startsAt", 422),
        ([alert(startsAt="2026-11-20T06:05:01Z")], {}, "/alerts/0/startsAt", 422),
        ([alert(status="resolved", endsAt="2026-11-20T01:33:21Z")], {}, "/alerts/0/endsAt", 422),
        ([alert(status="resolved", endsAt="2026-11-20T06:05:01Z")], {}, "/alerts/0/endsAt", 422),
        ([alert(status="resolved", endsAt="soon")], {}, "/alerts/0/endsAt", 422),
        ([alert(status="pending")], {}, "/alerts/0/status", 422),
        ([alert(status=["firing"])], {}, "/alerts/0/status", 422),
        ([alert(fingerprint=7)], {}, "/alerts/0/fingerprint", 422),
        ([alert(labels=[])], {}, "/alerts/0/labels", 422),
        ([alert(labels={"a": 1})], {}, "/alerts/0/labels", 422),
    ],
)
def test_what_is_no_webhook_is_refused_with_its_place(
    alerts: list[object], changes: dict[str, Any], pointer: str, status: int
) -> None:
    with pytest.raises(EventsRefused) as refusal:
        hook(*alerts, **changes)

    assert (refusal.value.pointer, refusal.value.status) == (pointer, status)


def test_alerts_that_cannot_be_read_are_left_out_and_named() -> None:
    found = hook(alert(startsAt=None), ALERT, 7)

    assert [event.kind for event in found.events] == ["down"]
    assert [one.pointer for one in found.unread] == ["/alerts/0/startsAt", "/alerts/2"]
    assert [(each["code"], each["pointer"]) for each in found.warnings] == [
        ("unread", "/alerts/0/startsAt"),
        ("unread", "/alerts/2"),
    ]


def test_of_very_many_unreadable_alerts_the_first_are_kept_and_all_are_named() -> None:
    found = hook(ALERT, *[7] * 500)

    assert (len(found.events), len(found.unread), len(found.warnings)) == (1, 20, 500)


def test_what_is_null_in_an_alert_is_what_is_left_out() -> None:
    with pytest.raises(EventsRefused, match="when it started"):
        hook({**ALERT, "startsAt": None})

    (event,) = hook({**ALERT, "fingerprint": None}).events

    assert event.fingerprint == alertmanager.fingerprint_of(ALERT["labels"])  # type: ignore[arg-type]

    (event,) = hook({**ALERT, "labels": None, "fingerprint": None}).events

    assert event.fingerprint == alertmanager.fingerprint_of({})


def test_an_event_is_kept_in_one_spelling() -> None:
    (one,), (other,) = (read(json.dumps([each]).encode()).events for each in (BEAT, dict(reversed(BEAT.items()))))

    assert one == other == Event("heartbeat", datetime(2026, 11, 20, 5, tzinfo=UTC), one.content)
    assert one.content == '{"at":"2026-11-20T05:00:00Z","type":"heartbeat"}'
