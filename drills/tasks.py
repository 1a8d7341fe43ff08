"""The beat's ticks: plan ahead, mark and tell what is late, and measure what targets ask."""

from __future__ import annotations

from celery import shared_task

from dcase_audit import clock
from drills import planning, targets
from drills.services import tell_overdue
from evidence.services import tell_overdue_remedies


@shared_task(name="drills.plan")
def plan() -> None:
    planning.plan(at=clock.now())
    tell_overdue(at=clock.now())
    tell_overdue_remedies(at=clock.now())


@shared_task(name="drills.measure")
def measure() -> None:
    targets.measure_all(at=clock.now())
