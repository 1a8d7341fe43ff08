"""Outages as they follow from events: whatever order these came in, and however often, the outages are the same."""

from __future__ import annotations

from django.db import connection

from drills.models import MonitorBatch

# An outage begins where its thing went down, and ends with the latest end that was said of that very beginning; where
# none was said, with the first "up" at or after it. A new "up" can only change what began after the one before.
FOLD = """
WITH fresh AS (
    SELECT fingerprint, kind, started_at FROM drills_monitorevent
    WHERE batch_id = %(batch)s AND kind IN ('down', 'up', 'resolved')
), touched AS (
    SELECT fingerprint, started_at FROM fresh WHERE kind <> 'up'
    UNION
    SELECT o.fingerprint, o.started_at FROM fresh f
    CROSS JOIN LATERAL (
        SELECT coalesce(max(e.started_at), '-infinity') AS at FROM drills_monitorevent e
        WHERE e.monitor_id = %(monitor)s AND e.fingerprint = f.fingerprint AND e.kind = 'up'
          AND e.started_at < f.started_at
    ) before
    JOIN drills_outage o ON o.monitor_id = %(monitor)s AND o.fingerprint = f.fingerprint
        AND o.started_at > before.at AND o.started_at <= f.started_at
    WHERE f.kind = 'up'
), folded AS (
    SELECT t.fingerprint, t.started_at, began.id AS began, began.component, coalesce(said.id, up.id) AS ended,
           coalesce(said.ended_at, up.started_at) AS ended_at
    FROM touched t
    CROSS JOIN LATERAL (
        SELECT min(e.id) AS id, max(e.component) AS component FROM drills_monitorevent e
        WHERE e.monitor_id = %(monitor)s AND e.fingerprint = t.fingerprint AND e.kind IN ('down', 'resolved')
          AND e.started_at = t.started_at
    ) began
    LEFT JOIN LATERAL (
        SELECT e.id, e.ended_at FROM drills_monitorevent e
        WHERE e.monitor_id = %(monitor)s AND e.fingerprint = t.fingerprint AND e.kind = 'resolved'
          AND e.started_at = t.started_at
        ORDER BY e.ended_at DESC, e.id LIMIT 1
    ) said ON true
    LEFT JOIN LATERAL (
        SELECT e.id, e.started_at FROM drills_monitorevent e
        WHERE e.monitor_id = %(monitor)s AND e.fingerprint = t.fingerprint AND e.kind = 'up'
          AND e.started_at >= t.started_at
        ORDER BY e.started_at, e.id LIMIT 1
    ) up ON said.id IS NULL
)
INSERT INTO drills_outage AS o
    (monitor_id, fingerprint, component, started_at, ended_at, began_with_id, ended_with_id)
SELECT %(monitor)s, fingerprint, component, started_at, ended_at, began, ended FROM folded
ON CONFLICT (monitor_id, fingerprint, started_at) DO UPDATE
SET component = excluded.component, ended_at = excluded.ended_at, ended_with_id = excluded.ended_with_id
WHERE (o.component, o.ended_at) IS DISTINCT FROM (excluded.component, excluded.ended_at)
"""


def fold(batch: MonitorBatch) -> int:
    """Bring the outages up to date with the new events of the batch; return how many began or changed.

    The caller holds the monitor's row, so that two batches do not look past each other.
    """
    with connection.cursor() as cursor:
        cursor.execute(FOLD, {"batch": batch.pk, "monitor": batch.monitor_id})
        return int(cursor.rowcount)
