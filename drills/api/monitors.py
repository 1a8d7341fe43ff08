"""What monitors send, and each event with its proof."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import IO, Any, ClassVar, cast

from drf_spectacular.utils import OpenApiExample
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from dcase_audit import clock
from dcase_audit.accounts import permissions
from dcase_audit.accounts.models import ApiToken
from dcase_audit.api_refusals import Malformed
from dcase_audit.api_schema import IDEMPOTENCY, described, header
from dcase_audit.api_views import ApiView, allow, find
from dcase_audit.moments import say
from drills import services
from drills.api.monitor_shapes import (
    BatchReceiptShape,
    BatchShape,
    MonitorEventShape,
    MonitorShape,
    RepeatShape,
    shown_batch,
    shown_event,
    shown_monitor,
)
from drills.models import Monitor, MonitorBatch, MonitorEvent
from drills.monitors import alertmanager, native
from drills.monitors.events import MOST_BYTES, MOST_EVENTS, EventsRefused, Read
from drills.monitors.switch_overs import Observation, switch_overs
from evidence import idempotency

MOST_OUTAGES = 100
MOST_OBSERVATIONS = 300
MOST_UNREAD = 20
LISTED = {
    "type": "array",
    "minItems": 1,
    "maxItems": MOST_EVENTS,
    "items": {
        "type": "object",
        "required": ["type", "at"],
        "properties": {
            "type": {"type": "string", "enum": list(native.READERS)},
            "at": {"type": "string", "format": "date-time"},
        },
    },
}
SAMPLE = [
    {"type": "heartbeat", "at": "2026-11-20T01:26:00+09:00"},
    {"type": "down", "at": "2026-11-20T01:27:00+09:00", "component": "trading/2"},
    {"type": "up", "at": "2026-11-20T01:27:00.412+09:00", "component": "trading/2"},
    {
        "type": "confirmation",
        "switch_over": "trading",
        "switched_at": "2026-11-20T01:27:00.412+09:00",
        "at": "2026-11-20T01:33:40+09:00",
        "band": "night",
        "observer": "second-observer",
        "result": "confirmed",
    },
]
WEBHOOK = {"type": "object", "required": ["version", "alerts"], "description": "Alertmanager's webhook, version 4."}
REFUSED = (404, 409, 411, 413, 415, 422)


class BytesParser(BaseParser):
    """Take the body as it was sent, whole and in memory.

    Raises:
        EventsRefused: it has too many bytes (413).
    """

    media_type = native.LIST

    def parse(  # type: ignore[override]
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> bytes:
        body: bytes = stream.read(MOST_BYTES + 1)
        if len(body) > MOST_BYTES:
            raise EventsRefused(f"A body has at most {MOST_BYTES} bytes.", status=413)
        return body


class LinesParser(BytesParser):
    """The same for one event a line."""

    media_type = native.LINES


class ReceivingView(ApiView):
    """Takes in what a monitor sends."""

    scope = ApiToken.Scope.MONITORS
    parser_classes = [BytesParser]
    format: str
    key_is_needed: ClassVar[bool] = False
    repeats_are_heard: bool = False
    # By what a repeat is known, where it is not the header.
    repeat_key: str | None = None

    def receive(self, key: str, read: Callable[[Monitor, bytes], Read]) -> Response:
        monitor = find(Monitor.objects.visible_to(self.user).select_related("artefact"), key=key)
        may_send = permissions.may_send_events(self.access, department_id=monitor.department_id)
        allow(may_send, "This monitor is another department's.")
        if self.key_is_needed and idempotency.key_of(self) is None:
            raise idempotency.KeyMissing()
        # Without any byte, no parser is asked.
        body = cast(bytes, self.request.data or b"")
        if not body:
            raise Malformed("The body is empty.")
        sha256 = hashlib.sha256(body).hexdigest()
        return idempotency.answer(
            self,
            lambda: self._taken_in(monitor, sha256, read(monitor, body)),
            fields=(),
            files=[sha256],
            key=self.repeat_key,
        )

    def _taken_in(self, monitor: Monitor, sha256: str, read: Read) -> idempotency.Done:
        at = clock.now()
        received = services.receive(
            monitor=monitor,
            actor=self.user,
            at=at,
            through=self.through,
            format=self.format,
            sha256=sha256,
            read=read,
            repeats_are_heard=self.repeats_are_heard,
        )
        if received.batch is None:
            known = {"monitor": monitor.key, "count": 0, "received": received.events, "received_at": say(at)}
            return idempotency.Done(200, {**known, "warnings": received.warnings})
        more = {"outages": received.changed, "warnings": received.warnings}
        return idempotency.Done(201, {**shown_batch(received.batch), **more})


class MonitorEventsView(ReceivingView):
    """Events in our own format."""

    parser_classes = [BytesParser, LinesParser]
    format = "native"
    key_is_needed = True

    @described(
        "Send events",
        {200: RepeatShape, 201: BatchReceiptShape},
        problems=REFUSED,
        request={native.LIST: LISTED, native.LINES: {"type": "string", "description": "One event a line."}},
        parameters=[header(**IDEMPOTENCY, description="Makes a repeat safe.", required=True)],
        examples=[OpenApiExample("A failure at night", SAMPLE, request_only=True, media_type=native.LIST)],
        description=f"Up to {MOST_EVENTS} events, all of them or none. 200 where all of them were known.",
        tag="monitors",
    )
    def post(self, request: Request, key: str) -> Response:
        media_type = str(request.content_type).partition(";")[0].strip().lower()

        def read(monitor: Monitor, body: bytes) -> Read:
            return native.parse(body, media_type=media_type, bands=monitor.bands, received_at=clock.now())

        return self.receive(key, read)


class MonitorAlertsView(ReceivingView):
    """Alerts as Alertmanager sends them. It repeats itself while it lives, and cannot send a key of its own."""

    format = "alertmanager"
    repeats_are_heard = True

    @described(
        "Receive Alertmanager's webhook",
        {200: RepeatShape, 201: BatchReceiptShape},
        problems=REFUSED,
        request={native.LIST: WEBHOOK},
        parameters=[header(**IDEMPOTENCY, description="Makes a repeat safe.")],
        description="Alerts are known again by fingerprint, start and end, so repeats change nothing.",
        tag="monitors",
    )
    def post(self, request: Request, key: str) -> Response:
        def read(monitor: Monitor, body: bytes) -> Read:
            return alertmanager.parse(
                body,
                heartbeats=monitor.heartbeat_alerts,
                component_label=monitor.component_label,
                received_at=clock.now(),
            )

        return self.receive(key, read)


class MonitorView(ApiView):
    """One monitor."""

    @described(
        "One monitor with its latest outages and switch-overs", {200: MonitorShape}, problems=(404,), tag="monitors"
    )
    def get(self, request: Request, key: str) -> Response:
        rows = Monitor.objects.visible_to(self.user).select_related("artefact__hearing", "department")
        monitor = find(rows, key=key)
        outages = monitor.outages.order_by("-started_at", "-id")[:MOST_OUTAGES]
        seen = monitor.events.of_switch_overs().order_by("-started_at", "-id")[:MOST_OBSERVATIONS]
        observed = (Observation(e.fingerprint, e.started_at, e.band, e.observer, e.kind) for e in seen)
        unread = monitor.unread_alerts.all()[:MOST_UNREAD]
        return Response(shown_monitor(monitor, list(outages), switch_overs(observed), list(unread)))


class MonitorBatchView(ApiView):
    """One batch."""

    @described("What one call brought", {200: BatchShape}, problems=(404,), tag="monitors")
    def get(self, request: Request, key: str, pk: int) -> Response:
        rows = MonitorBatch.objects.visible_to(self.user).select_related("monitor", "received_from")
        return Response(shown_batch(find(rows, pk=pk, monitor__key=key)))


class MonitorEventView(ApiView):
    """One event."""

    @described(
        "An event, and the proof that its batch has it", {200: MonitorEventShape}, problems=(404,), tag="monitors"
    )
    def get(self, request: Request, key: str, pk: int) -> Response:
        rows = MonitorEvent.objects.visible_to(self.user).select_related("batch__monitor", "batch__received_from")
        event = find(rows, pk=pk, monitor__key=key)
        contents = event.batch.events.order_by("position").values_list("content", flat=True)
        return Response(shown_event(event, list(contents)))
