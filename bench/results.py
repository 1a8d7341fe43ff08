"""Results of drills, through gunicorn: with a log of a mebibyte beside each, small ones alone, and many in a call."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, overload

from bench import uploads_world
from bench.monitors import memory_of
from bench.table import Row, median_of, p95
from bench.web import Load, Request, broker, load, serving
from bench.world import World

CONNECTIONS = 4
# About a minute of uploads; ten with LONG=1, which writes some 15 GB.
UPLOADS = 15_000 if os.environ.get("LONG") == "1" else 1_500
SMALL = 1_000
LINES = 100
CALLS = 12
LOG = os.urandom(1024 * 1024)
LARGE = 95
RESULT_SIZE = 20_000
BOUNDARY = "bench-9c1d"
MOST_GROWTH = 40 * 1024


class Made(Sequence[Request]):
    """Requests that are made as they are sent: a minute of uploads would not fit into memory."""

    def __init__(self, make: Callable[[int], Request], numbers: range) -> None:
        self._make, self._numbers = make, numbers

    @overload
    def __getitem__(self, index: int) -> Request: ...
    @overload
    def __getitem__(self, index: slice) -> Made: ...
    def __getitem__(self, index: int | slice) -> Request | Made:
        if isinstance(index, slice):
            return Made(self._make, self._numbers[index])
        return self._make(self._numbers[index])

    def __len__(self) -> int:
        return len(self._numbers)


def uploads(world: World) -> list[Row]:
    """Upload results of 20 kB with a log of 1 MiB over four connections."""
    made = _world(world)
    made_of = Made(lambda number: _upload(made, number), range(UPLOADS))
    with broker(), serving() as port:
        load(port, made_of[: UPLOADS // 20], connections=CONNECTIONS)
        before = memory_of(port)
        loaded = load(port, made_of[UPLOADS // 20 :], connections=CONNECTIONS)
        growth = memory_of(port) - before
        peak = memory_of(port, "VmHWM")
        load(port, [_upload(made, number, LOG * LARGE) for number in range(CONNECTIONS)], connections=CONNECTIONS)
        at_once = memory_of(port, "VmHWM") - peak
    kept = world.one("SELECT count(*) FROM drills_drillresult")
    figure = p95(loaded.times)
    return [
        Row(
            f"uploads: {UPLOADS:,} results of 20 kB with 1 MiB",
            f"{loaded.rate:.1f}/s",
            ">= 20/s",
            loaded.rate >= 20 and kept == UPLOADS + CONNECTIONS,
            f"{kept:,} kept in {loaded.took:.0f} s over {CONNECTIONS} connections; {_client(loaded)}",
        ),
        Row(
            "uploads: time of each",
            f"p95 {figure * 1000:.0f} ms",
            "< 500 ms",
            figure < 0.5,
            f"p50 {median_of(loaded.times) * 1000:.0f} ms, longest {max(loaded.times) * 1000:.0f} ms",
        ),
        Row(
            "uploads: what the largest web process grew by",
            f"{growth / 1024:.1f} MB",
            "< 40 MB",
            growth < MOST_GROWTH,
        ),
        Row(
            f"uploads: its peak when {CONNECTIONS} of {LARGE} MiB come at once",
            f"{at_once / 1024:+.1f} MB",
            "< 40 MB",
            at_once < MOST_GROWTH,
        ),
    ]


def results(world: World) -> list[Row]:
    """Upload small results one by one over four connections, and a hundred a call."""
    made = _world(world)
    with broker(), serving() as port:
        load(port, Made(lambda number: _single(made, number), range(SMALL // 10)), connections=CONNECTIONS)
        singles = load(port, Made(lambda number: _single(made, number), range(SMALL)), connections=CONNECTIONS)
        load(port, Made(lambda number: _batch(made, number), range(CONNECTIONS)), connections=CONNECTIONS)
        calls = load(port, Made(lambda number: _batch(made, number), range(CALLS)), connections=CONNECTIONS)
    wanted = SMALL + SMALL // 10 + LINES * (CALLS + CONNECTIONS)
    kept = world.one("SELECT count(*) FROM drills_drillresult")
    rate = calls.rate * LINES
    return [
        Row(
            f"results: {SMALL:,} small ones one by one",
            f"{singles.rate:.0f}/s",
            ">= 100/s",
            singles.rate >= 100,
            f"p95 {p95(singles.times) * 1000:.0f} ms over {CONNECTIONS} connections; {_client(singles)}",
        ),
        Row(
            f"results: {LINES * CALLS:,} small ones, {LINES} a call",
            f"{rate:.0f}/s",
            ">= 100/s",
            rate >= 100 and kept == wanted,
            f"p95 of a call {p95(calls.times) * 1000:.0f} ms; {kept:,} of {wanted:,} kept; {_client(calls)}",
        ),
    ]


def _client(loaded: Load) -> str:
    return f"the client used {loaded.client_share:.0%} of a processor"


def _world(world: World) -> dict[str, Any]:
    from django.db import connection

    from dcase_audit.trail.context import acting

    world.renew()
    with acting("bench"):
        made = uploads_world.make()
    connection.close()
    return made


def _headers(made: dict[str, Any], media_type: str) -> dict[str, str]:
    return {
        "Authorization": f"Bearer {made['secret']}",
        "Content-Type": media_type,
        "Idempotency-Key": str(uuid.uuid4()),
    }


def _drill(made: dict[str, Any], number: int) -> str:
    return str(made["drills"][number % len(made["drills"])])


def _document(size: int = 0) -> str:
    """Return a result that passed an hour ago, of about ``size`` bytes."""
    held = datetime.now(UTC) - timedelta(hours=1)
    items = [{"text": "Switches over", "result": "pass"}]
    items += [{"text": f"step {n}", "observed": "x" * 160, "result": "pass"} for n in range(size // 200)]
    return json.dumps(
        {
            "schema": "dcase-drill/1",
            "started_at": held.isoformat(),
            "ended_at": (held + timedelta(minutes=40)).isoformat(),
            "check_items": items,
            "note": str(uuid.uuid4()),
        }
    )


def _single(made: dict[str, Any], number: int) -> Request:
    path = f"/api/v1/drills/{_drill(made, number)}/results"
    return Request("POST", path, _headers(made, "application/json"), _document().encode(), expects=201)


def _batch(made: dict[str, Any], number: int) -> Request:
    lines = [
        json.dumps({"drill": _drill(made, number + n), "key": str(uuid.uuid4()), "file": _document()})
        for n in range(LINES)
    ]
    return Request("POST", "/api/v1/drill-results", _headers(made, "application/x-ndjson"), "\n".join(lines).encode())


def _upload(made: dict[str, Any], number: int, log: bytes = LOG) -> Request:
    """Return a form with a result and a log that no other upload has."""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{{}}"; filename="{{}}"\r\nContent-Type: {{}}\r\n\r\n'
    body = b"".join(
        (
            head.format("file", "result.json", "application/json").encode(),
            _document(RESULT_SIZE).encode(),
            b"\r\n",
            head.format("attachment", "drill.bin", "application/octet-stream").encode(),
            uuid.uuid4().bytes,
            log,
            f"\r\n--{BOUNDARY}--\r\n".encode(),
        )
    )
    path = f"/api/v1/drills/{_drill(made, number)}/results"
    headers = _headers(made, f"multipart/form-data; boundary={BOUNDARY}")
    return Request("POST", path, headers, body, expects=201)
