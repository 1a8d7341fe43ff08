"""The beat's tick of the evidence: one call."""

from __future__ import annotations

from celery import shared_task

from dcase_audit import clock
from evidence.sweeping import sweep as sweep_now


@shared_task(name="evidence.sweep")
def sweep() -> None:
    now = clock.now()
    sweep_now(now=now, clock_now=now)
