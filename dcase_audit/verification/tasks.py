from __future__ import annotations

from celery import shared_task

from dcase_audit import clock
from dcase_audit.verification import watching


@shared_task(name="verification.watch")
def watch() -> None:
    watching.watch(at=clock.now())
