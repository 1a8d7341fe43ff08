from __future__ import annotations

from datetime import datetime

from dcase_audit import clock
from dcase_audit.jobs.registry import register
from drills import targets
from drills.models import Monitor
from drills.services.monitors import MEASURE


@register(MEASURE, queue="settle", attempts=20)
def measure(monitor_id: int, since: str) -> None:
    targets.measure_monitor(Monitor.objects.get(pk=monitor_id), since=datetime.fromisoformat(since), at=clock.now())
