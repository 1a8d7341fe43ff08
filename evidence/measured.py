"""What was recorded of a target's periods."""

from __future__ import annotations

from datetime import datetime

from evidence.models import TargetPeriod


def measured(node: int, *, known: datetime) -> list[TargetPeriod]:
    """Return the last that was recorded of each service and period by ``known``, the latest period first."""
    rows = TargetPeriod.objects.filter(node=node, recorded_at__lte=known)
    latest = rows.order_by("service", "source", "start", "until", "-pk")
    found = list(latest.distinct("service", "source", "start", "until"))
    return sorted(found, key=lambda row: (-row.start.timestamp(), row.service, row.source))
