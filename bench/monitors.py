"""Monitors that send batch after batch, through gunicorn: events a second, and what that takes of memory."""

from __future__ import annotations

import json
import os
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from bench.http import token_of
from bench.stack import processes, read
from bench.table import Row, p95
from bench.web import Load, Request, broker, load, serving
from bench.world import World, seed

BATCH = 1000
# A million with LONG=1.
EVENTS = 1_000_000 if os.environ.get("LONG") == "1" else 100_000
# Of a thousand events, so many tell of something that went down or came back.
FAILURES = 20
MOST_GROWTH = 20 * 1024


def monitors(world: World) -> list[Row]:
    """Send batches of heartbeats with some failures over two connections, as two monitors do."""
    seed(world, cases=1, leaves=50)
    token = token_of(world)
    keys = [_monitor(world, number) for number in range(2)]
    batches = [_batch(token, keys[n % 2], n) for n in range(EVENTS // BATCH)]
    with broker(), serving() as port:
        warm = max(len(batches) // 10, 4)
        first = load(port, batches[:warm], connections=2)
        before = memory_of(port)
        rest = load(port, batches[warm:], connections=2)
        growth = memory_of(port) - before
    kept = world.one("SELECT count(*) FROM drills_monitorevent")
    rate = len(rest.times) * BATCH / rest.took
    return [
        Row(
            f"monitors: {EVENTS:,} events in batches of {BATCH:,}",
            f"{rate:,.0f}/s",
            ">= 5,000/s",
            rate >= 5000 and kept == EVENTS,
            f"p95 of a batch {p95(rest.times) * 1000:.0f} ms; {kept:,} kept; the client used"
            f" {_share(first, rest):.0%} of a processor",
        ),
        Row(
            "monitors: what the largest web process grew by",
            f"{growth / 1024:.1f} MB",
            "< 20 MB",
            growth < MOST_GROWTH,
        ),
    ]


def _share(*loads: Load) -> float:
    return max(each.client_share for each in loads)


def memory_of(port: int, figure: str = "VmRSS") -> int:
    """Return the resident size of the largest web process, in kB; ``VmHWM``: the largest that one ever had."""
    wanted = os.fsencode(f"PORT={port}\0")
    found = [
        int(line.split()[1])
        for each in processes()
        if "gunicorn" in each.command and wanted in read(each.pid, "environ")
        for line in read(each.pid, "status").decode().splitlines()
        if line.startswith(f"{figure}:")
    ]
    return max(found)


def _monitor(world: World, number: int) -> str:
    from django.db import connection

    from dcase_audit.trail.context import acting
    from drills.services import create_monitor
    from evidence.models import Artefact, Kind

    key = f"monitor-{number}"
    with acting("bench"):
        Kind.objects.update(for_monitors=True)
        artefact = Artefact.objects.select_related("kind", "custodian").order_by("pk")[number]
        create_monitor(
            key=key,
            artefact=artefact,
            department=artefact.custodian,
            resolution_ms=1000,
            actor=None,
            at=datetime.now(UTC),
        )
    connection.close()
    return key


def _batch(token: str, monitor: str, number: int) -> Request:
    """Return a batch of the ``number``-th span of seconds, in which nothing else was sent."""
    begun = datetime.now(UTC) - timedelta(days=400) + timedelta(seconds=number * BATCH)
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/x-ndjson",
        "Idempotency-Key": str(uuid.uuid4()),
    }
    lines = (json.dumps(_event(n, begun + timedelta(seconds=n))) for n in range(BATCH))
    return Request("POST", f"/api/v1/monitors/{monitor}/events", headers, "\n".join(lines).encode(), expects=201)


def _event(n: int, at: datetime) -> dict[str, Any]:
    if n >= FAILURES:
        return {"type": "heartbeat", "at": at.isoformat()}
    return {"type": "up" if n % 2 else "down", "at": at.isoformat(), "component": f"trading/{n // 2 % 3}"}
