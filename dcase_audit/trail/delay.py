"""How far the published log is behind what was committed: the merge delay of RFC 6962, measured and alarmed."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import connection

OLDEST = """
SELECT least((SELECT at FROM trail.log WHERE seq = coalesce((
    SELECT size FROM trail.checkpoint WHERE witnessed_at IS NOT NULL OR NOT %s ORDER BY id DESC LIMIT 1), 0)),
    trail.waiting_since()), clock_timestamp()
"""


def waiting() -> timedelta | None:
    """Return for how long the oldest event is under no checkpoint that was witnessed; None where each is.

    Without witnesses in the settings a published checkpoint is enough.
    """
    with connection.cursor() as cursor:
        cursor.execute(OLDEST, [bool(settings.TRAIL_WITNESSES)])
        since, now = cursor.fetchone()
    return None if since is None else max(timedelta(0), now - since)


def is_late(waited: timedelta | None) -> bool:
    """Tell whether this is longer than the log promises."""
    return waited is not None and waited > timedelta(seconds=settings.TRAIL_MERGE_DELAY)
