"""The beat's tick: plan ahead, and mark what was not reported."""

from __future__ import annotations

from celery import shared_task

from dcase_audit import clock
from drills import planning


@shared_task(name="drills.plan")
def plan() -> None:
    planning.plan(at=clock.now())
