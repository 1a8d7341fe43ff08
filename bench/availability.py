"""How long it takes to say how available a year's services were, from 100,000 events of one monitor."""

from __future__ import annotations

import resource
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bench.monitors import _monitor
from bench.table import Row, median_of, p95, repeated
from bench.world import World, seed

EVENTS = 100_000
# Down and up again: two events an outage, spread over three components of which two are needed.
OUTAGES = EVENTS // 2
SERVICES = [{"service": "cash", "needed": 2, "components": ["trading/1", "trading/2", "trading/3"]}]
YEAR_BEGINS = datetime(2025, 1, 1, tzinfo=ZoneInfo("Asia/Tokyo"))
YEAR_ENDS = YEAR_BEGINS.replace(year=2026)
MOST_GROWTH = 100.0
FILL = """
WITH batch AS (
    INSERT INTO drills_monitorbatch
        (monitor_id, format, sha256, root, count, received, received_at, received_from_id, received_through)
    SELECT %(monitor)s, 'native', repeat('0', 64), repeat('0', 64), %(events)s, %(events)s, now(), min(u.id), 'bench'
    FROM accounts_user u RETURNING id, monitor_id
), outages AS (
    SELECT n, 'trading/' || (1 + n %% 3) AS component, %(begins)s + n * (interval '365 days' / %(outages)s) AS at
    FROM generate_series(0, %(outages)s - 1) n
), downs AS (
    INSERT INTO drills_monitorevent
        (batch_id, monitor_id, position, kind, fingerprint, component, started_at, ended_at, band, observer, content)
    SELECT b.id, b.monitor_id, 2 * n, 'down', component, component, at, NULL, '', '', '{{}}' FROM outages, batch b
    RETURNING id, monitor_id, fingerprint, started_at
), ups AS (
    INSERT INTO drills_monitorevent
        (batch_id, monitor_id, position, kind, fingerprint, component, started_at, ended_at, band, observer, content)
    SELECT b.id, b.monitor_id, 2 * n + 1, 'up', component, component, at + interval '12 minutes', NULL, '', '', '{{}}'
    FROM outages, batch b
)
INSERT INTO drills_outage (monitor_id, fingerprint, component, started_at, ended_at, began_with_id)
SELECT monitor_id, fingerprint, fingerprint, started_at, started_at + interval '12 minutes', id FROM downs
"""


def availability(world: World) -> list[Row]:
    """Count the year of a redundant service, round the clock and in the sessions of the exchange."""
    from django.db import connection

    from dcase_audit.trail.context import acting
    from drills.models import Monitor
    from evidence.models import Hearing

    seed(world, cases=1, leaves=50)
    key = _monitor(world, 0)
    with acting("bench"):
        Monitor.objects.filter(key=key).update(services=SERVICES)
        monitor = Monitor.objects.select_related("artefact").get(key=key)
        Hearing.objects.create(
            artefact=monitor.artefact,
            first_heard_at=YEAR_BEGINS - timedelta(days=1),
            last_heard_at=YEAR_ENDS + timedelta(days=1),
            tolerance=timedelta(hours=6),
        )
        with connection.cursor() as cursor:
            given: dict[str, Any] = {"monitor": monitor.pk, "events": EVENTS, "outages": OUTAGES, "begins": YEAR_BEGINS}
            cursor.execute(FILL.replace("{{}}", "{}"), given)
            cursor.execute("ANALYZE drills_outage")
    return [_counted(monitor, "24x7"), _counted(monitor, "tokyo-exchange")]


def _counted(monitor: object, key: str) -> Row:
    from drills import agreed
    from drills.models import Monitor
    from drills.monitored import availability as of

    assert isinstance(monitor, Monitor)
    calendar = agreed.calendar_of(key, ZoneInfo("Asia/Tokyo"), YEAR_BEGINS, YEAR_ENDS)
    assert calendar is not None
    now = datetime.now(UTC)
    found = of(monitor, calendar, start=YEAR_BEGINS, end=YEAR_ENDS, as_of=now)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    took = repeated(lambda: of(monitor, calendar, start=YEAR_BEGINS, end=YEAR_ENDS, as_of=now), 10)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak) / 1024
    figure = found.services["cash"]
    return Row(
        f"availability: a year of {EVENTS:,} events, {key}",
        f"{p95(took):.2f} s",
        "< 1 s",
        p95(took) < 1.0 and grown < MOST_GROWTH and figure.outages > 0,
        f"median {median_of(took):.2f} s; {figure.outages:,} outages of the service; grew by {grown:.1f} MB in ten",
    )
