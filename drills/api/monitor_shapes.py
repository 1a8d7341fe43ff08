"""The shapes of what the API says of monitors, and how rows fill them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rest_framework import serializers

from dcase_audit.api_schema import Shape
from dcase_audit.moments import say, say_or_none
from dcase_audit.trail.sealing import sealed
from drills.api.shapes import JSON, TrailShape
from drills.models import Monitor, MonitorBatch, MonitorEvent, Outage, UnreadAlert
from drills.monitors import proofs
from drills.monitors.switch_overs import STATES, SwitchOver
from evidence.api.showing import ROOT


class NoticeShape(Shape):
    """What the sender should look at; everything else was taken."""

    code = serializers.CharField()
    detail = serializers.CharField()
    pointer = serializers.CharField(required=False)


class BatchShape(Shape):
    """What a call brought that was new. `root` is the Merkle root (RFC 6962) over these events."""

    id = serializers.IntegerField()
    href = serializers.CharField()
    monitor = serializers.CharField()
    format = serializers.CharField()
    sha256 = serializers.CharField(help_text="Of the body as received.")
    root = serializers.CharField()  # type: ignore[assignment]
    count = serializers.IntegerField(help_text="Events that were new.")
    received = serializers.IntegerField(help_text="Events in the body.")
    received_at = serializers.DateTimeField()
    received_from = serializers.CharField()
    received_through = serializers.CharField()
    trail = TrailShape()


class BatchReceiptShape(BatchShape):
    """The receipt for a call."""

    outages = serializers.IntegerField(help_text="Outages that began, ended or changed with it.")
    warnings = NoticeShape(many=True)


class RepeatShape(Shape):
    """The receipt for a call of which everything was known."""

    monitor = serializers.CharField()
    count = serializers.IntegerField(min_value=0, max_value=0)
    received = serializers.IntegerField()
    received_at = serializers.DateTimeField()
    warnings = NoticeShape(many=True)


class OutageShape(Shape):
    """A span in which something was down, end excluded; `ended_at` is null while no end is known."""

    component = serializers.CharField(allow_blank=True)
    fingerprint = serializers.CharField()
    started_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    began_with = serializers.CharField(help_text="Address of the event that says so.")
    ended_with = serializers.CharField(allow_null=True)


class SwitchOverShape(Shape):
    """A switch-over and who saw what of it: two different observers confirm it, one contradicts it."""

    switch_over = serializers.CharField()
    switched_at = serializers.DateTimeField()
    band = serializers.CharField()
    state = serializers.ChoiceField(STATES)
    confirmed_by = serializers.ListField(child=serializers.CharField())
    contradicted_by = serializers.ListField(child=serializers.CharField())


class ServiceShape(Shape):
    """A service is down where fewer than `needed` of the components are up."""

    service = serializers.CharField()
    needed = serializers.IntegerField()
    components = serializers.ListField(child=serializers.CharField())


class UnreadAlertShape(Shape):
    """An alert that was left out, since it could not be read."""

    received_at = serializers.DateTimeField()
    pointer = serializers.CharField(allow_blank=True, help_text="Where it stood in the body.")
    detail = serializers.CharField()
    content = serializers.CharField()


class MonitorShape(Shape):
    """A monitor, when it was heard, its latest outages and switch-overs, and alerts left out, the latest first."""

    key = serializers.CharField()
    href = serializers.CharField()
    artefact = serializers.CharField()
    department = serializers.CharField()
    source = serializers.ChoiceField(Monitor.Source.values)  # type: ignore[assignment]
    resolution_ms = serializers.IntegerField()
    clock_source = serializers.CharField(allow_blank=True)
    clock_uncertainty_us = serializers.IntegerField(allow_null=True)
    services = ServiceShape(many=True)
    bands = serializers.ListField(child=serializers.CharField())
    heartbeat_alerts = serializers.ListField(child=serializers.CharField())
    component_label = serializers.CharField()
    last_heard_at = serializers.DateTimeField(allow_null=True)
    outages = OutageShape(many=True)
    switch_overs = SwitchOverShape(many=True)
    unread_alerts = UnreadAlertShape(many=True)


class InclusionShape(Shape):
    """The way from the event to the root of its batch; `path` from the leaf upwards."""

    index = serializers.IntegerField()
    size = serializers.IntegerField()
    path = serializers.ListField(child=serializers.CharField())
    root = serializers.CharField()  # type: ignore[assignment]


class MonitorEventShape(Shape):
    """An event. Its times are the sender's, those of its batch are ours. `content` is what was hashed, byte by byte."""

    id = serializers.IntegerField()
    href = serializers.CharField()
    monitor = serializers.CharField()
    kind = serializers.ChoiceField(MonitorEvent.Kind.values)
    fingerprint = serializers.CharField(allow_blank=True)
    component = serializers.CharField(allow_blank=True)
    started_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    band = serializers.CharField(allow_blank=True)
    observer = serializers.CharField(allow_blank=True)
    content = serializers.CharField()
    batch = BatchShape()
    proof = InclusionShape()


def monitor_href(key: str) -> str:
    return f"{ROOT}/monitors/{key}"


def event_href(key: str, event: int) -> str:
    return f"{monitor_href(key)}/events/{event}"


def shown_batch(batch: MonitorBatch) -> JSON:
    """Show a batch with its monitor and sender at hand."""
    return {
        "id": batch.pk,
        "href": f"{monitor_href(batch.monitor.key)}/batches/{batch.pk}",
        "monitor": batch.monitor.key,
        "format": batch.format,
        "sha256": batch.sha256,
        "root": batch.root,
        "count": batch.count,
        "received": batch.received,
        "received_at": say(batch.received_at),
        "received_from": batch.received_from.username,
        "received_through": batch.received_through,
        "trail": sealed(f"drills_monitorbatch/{batch.pk}"),
    }


def shown_monitor(
    monitor: Monitor, outages: list[Outage], switched: list[SwitchOver], unread: list[UnreadAlert]
) -> JSON:
    hearing: Any = getattr(monitor.artefact, "hearing", None)
    return {
        "key": monitor.key,
        "href": monitor_href(monitor.key),
        "artefact": monitor.artefact.key,
        "department": monitor.department.key,
        "source": monitor.source,
        "resolution_ms": monitor.resolution_ms,
        "clock_source": monitor.clock_source,
        "clock_uncertainty_us": monitor.clock_uncertainty_us,
        "services": monitor.services,
        "bands": monitor.bands,
        "heartbeat_alerts": monitor.heartbeat_alerts,
        "component_label": monitor.component_label,
        "last_heard_at": say_or_none(hearing.last_heard_at if hearing else None),
        "outages": [shown_outage(monitor.key, outage) for outage in outages],
        "switch_overs": [shown_switch_over(each) for each in switched],
        "unread_alerts": [
            {
                "received_at": say(each.received_at),
                "pointer": each.pointer,
                "detail": each.detail,
                "content": each.content,
            }
            for each in unread
        ],
    }


def shown_switch_over(switched: SwitchOver) -> JSON:
    return {
        "switch_over": switched.switch_over,
        "switched_at": say(switched.switched_at),
        "band": switched.band,
        "state": switched.state,
        "confirmed_by": list(switched.confirmed_by),
        "contradicted_by": list(switched.contradicted_by),
    }


def shown_outage(monitor: str, outage: Outage) -> JSON:
    ended_with = outage.ended_with_id
    return {
        "component": outage.component,
        "fingerprint": outage.fingerprint,
        "started_at": say(outage.started_at),
        "ended_at": say_or_none(outage.ended_at),
        "began_with": event_href(monitor, outage.began_with_id),
        "ended_with": event_href(monitor, ended_with) if ended_with is not None else None,
    }


def shown_event(event: MonitorEvent, contents: list[str]) -> JSON:
    """Show an event with its batch at hand; ``contents`` are those of all events of the batch, in order."""
    return {
        "id": event.pk,
        "href": event_href(event.batch.monitor.key, event.pk),
        "monitor": event.batch.monitor.key,
        "kind": event.kind,
        "fingerprint": event.fingerprint,
        "component": event.component,
        "started_at": say(event.started_at),
        "ended_at": say_or_none(event.ended_at),
        "band": event.band,
        "observer": event.observer,
        "content": event.content,
        "batch": shown_batch(event.batch),
        "proof": asdict(proofs.inclusion(event.position, contents)),
    }
