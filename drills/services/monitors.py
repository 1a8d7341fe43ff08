"""Monitors are added, and what they send is taken in."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db import connection, transaction

from dcase_audit.accounts import permissions
from dcase_audit.accounts.models import Party, User
from dcase_audit.errors import Invalid, NotAllowed
from dcase_audit.jobs.services import enqueue
from dcase_audit.trail.events import record
from drills import outages
from drills.models import Monitor, MonitorBatch, TargetFeed, UnreadAlert
from drills.monitors import groups, proofs
from drills.monitors.events import CONTRADICTED, OF_OUTAGES, Event, Read
from evidence import services as evidence
from evidence.models import Artefact, Revision, RevisionFile
from evidence.storage import store_file

# Each looked up by itself in the index: as a plain join, the planner may read the whole table.
KNOWN = """
SELECT said.position
FROM unnest(%s::int[], %s::text[], %s::text[], %s::timestamptz[], %s::timestamptz[], %s::text[])
    AS said (position, kind, fingerprint, started_at, ended_at, observer)
CROSS JOIN LATERAL (
    SELECT FROM drills_monitorevent e
    WHERE e.monitor_id = %s AND e.fingerprint = said.fingerprint AND e.kind = said.kind
      AND e.started_at = said.started_at AND e.ended_at IS NOT DISTINCT FROM said.ended_at
      AND e.observer = said.observer
    LIMIT 1
) known
"""
KEEP = """
INSERT INTO drills_monitorevent
    (batch_id, monitor_id, position, kind, fingerprint, started_at, ended_at, observer, component, band, content)
SELECT %s, %s, said.*
FROM unnest(%s::int[], %s::text[], %s::text[], %s::timestamptz[], %s::timestamptz[], %s::text[], %s::text[], %s::text[],
            %s::text[]) AS said
"""


MEASURE = "drills.measure"

# What makes a repeat: whoever says the same of the same thing and moment says nothing new.
IDENTITY = ("kind", "fingerprint", "started_at", "ended_at", "observer")


class Received(NamedTuple):
    """What came of a call: ``batch`` is None where nothing of it was new; ``changed`` counts outages."""

    batch: MonitorBatch | None
    events: int
    changed: int
    warnings: list[dict[str, str]]


@transaction.atomic
def create_monitor(
    *,
    key: str,
    artefact: Artefact,
    department: Party,
    resolution_ms: int,
    actor: User | None,
    at: datetime,
    **more: Any,
) -> Monitor:
    """Add a monitor to an artefact of a kind for monitors; ``more`` are its other fields.

    Raises:
        Invalid: a field cannot hold its value, the key is taken, the artefact is of another kind or has a monitor
            already (422).
    """
    monitor = Monitor(
        key=key, artefact=artefact, department=department, resolution_ms=resolution_ms, created_at=at, **more
    )
    try:
        monitor.full_clean()
    except ValidationError as error:
        name, messages = next(iter(error.message_dict.items()))
        raise Invalid(messages[0], pointer=f"/{name}") from None
    if not artefact.kind.for_monitors:
        raise Invalid("Evidence of this kind does not come from monitors.", pointer="/artefact")
    monitor.save(force_insert=True)
    record("monitor.added", f"monitor:{monitor.pk}", key=key, by=actor.pk if actor else None)
    return monitor


@transaction.atomic
def receive(
    *,
    monitor: Monitor,
    actor: User,
    at: datetime,
    through: str,
    format: str,
    sha256: str,
    read: Read,
    repeats_are_heard: bool = False,
) -> Received:
    """Take in what a monitor sent, of which only what is new is kept, and note that the monitor was heard. What
    contradicts a switch-over refutes from now on.

    All of it or nothing; what the reader left out is kept aside. Events that were known say nothing about the monitor
    being alive, since anybody's retry sends them again, unless ``repeats_are_heard``: a source that repeats itself on
    purpose lives while it does.

    Raises:
        NotAllowed: ``actor`` does not send for the monitor's department (403).
    """
    if not permissions.may_send_events(actor.access, department_id=monitor.department_id):
        raise NotAllowed("This monitor is another department's.")
    # Whoever comes second sees what the first one kept.
    Monitor.objects.select_for_update(no_key=True).get(pk=monitor.pk)
    fresh = _fresh(monitor, read.events)
    batch, changed = None, 0
    if fresh:
        batch = MonitorBatch.objects.create(
            monitor=monitor,
            format=format,
            sha256=sha256,
            root=proofs.root([event.content for event in fresh]),
            count=len(fresh),
            received=len(read.events),
            received_at=at,
            received_from=actor,
            received_through=through,
        )
        _keep(batch, fresh)
        if any(event.kind in OF_OUTAGES for event in fresh):
            changed = outages.fold(batch)
            _ask_to_measure(batch, fresh)
        _refute(batch, [event for event in fresh if event.kind == CONTRADICTED], at=at)
    UnreadAlert.objects.bulk_create(
        [
            UnreadAlert(
                monitor=monitor,
                sha256=hashlib.sha256(one.content.encode()).hexdigest(),
                received_at=at,
                received_from=actor,
                received_through=through,
                **one._asdict(),
            )
            for one in read.unread
        ],
        ignore_conflicts=True,
    )
    # Last: the row of a hearing is locked after the settlements of its cases.
    if fresh or repeats_are_heard:
        evidence.hear(artefact=monitor.artefact, at=at)
    return Received(batch, len(read.events), changed, [*read.warnings, *_warnings(monitor, fresh)])


def _fresh(monitor: Monitor, events: Sequence[Event]) -> list[Event]:
    """Return the events that are not known, each once, in their order."""
    identity = attrgetter(*IDENTITY)
    distinct = list({identity(event): event for event in reversed(events)}.values())[::-1]
    with connection.cursor() as cursor:
        cursor.execute(KNOWN, [*_columns(distinct, IDENTITY), monitor.pk])
        known = {position for (position,) in cursor.fetchall()}
    return [event for position, event in enumerate(distinct) if position not in known]


def _keep(batch: MonitorBatch, events: Sequence[Event]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            KEEP, [batch.pk, batch.monitor_id, *_columns(events, (*IDENTITY, "component", "band", "content"))]
        )


def _columns(events: Sequence[Event], names: Sequence[str]) -> list[list[Any]]:
    """Return the events column by column, their positions first: one statement takes them all."""
    return [list(range(len(events))), *([getattr(event, name) for event in events] for name in names)]


def _ask_to_measure(batch: MonitorBatch, events: Sequence[Event]) -> None:
    """Have the targets measured anew that the monitor feeds: an outage may have spent an error budget."""
    if TargetFeed.objects.filter(monitor=batch.monitor, until=None).exists():
        since = min(event.started_at for event in events if event.kind in OF_OUTAGES)
        key = f"{MEASURE}:{batch.pk}"
        enqueue(MEASURE, key=key, monitor_id=batch.monitor_id, since=since.isoformat())


def _refute(batch: MonitorBatch, contradicted: Sequence[Event], *, at: datetime) -> None:
    """Make what contradicts a switch-over counter-evidence, one revision for each time band.

    By rule alone: nobody submits it, and so nobody can leave it.
    """
    for band in sorted({event.band for event in contradicted}):
        of_band = [event for event in contradicted if event.band == band]
        content = "".join(f"{event.content}\n" for event in of_band).encode()
        file = store_file(io.BytesIO(content), media_type="text/plain", at=at)
        revision = evidence.add_revision(
            artefact=batch.monitor.artefact,
            actor=None,
            at=at,
            files=[evidence.FileIn(file=file, name=f"contradicted-{batch.pk}.txt", role=RevisionFile.Role.RAW)],
            verdict=Revision.Verdict.REFUTES,
            covers=[band],
            proves_from=min(event.started_at for event in of_band),
            proves_until=max(event.ended_at or event.started_at for event in of_band),
            note=f"monitor {batch.monitor.key}, batch {batch.pk}",
        )
        evidence.submit(revision=revision, actor=None, at=at)


def _warnings(monitor: Monitor, events: Sequence[Event]) -> list[dict[str, str]]:
    named = {name for group in groups.groups_of(monitor.services) for name in group.components}
    unknown = sorted({event.component for event in events if event.component} - named)
    if not unknown or not named:
        return []
    text = f"No service of this monitor names these components: {', '.join(unknown)[:500]}."
    return [{"code": "unknown_components", "detail": text}]
