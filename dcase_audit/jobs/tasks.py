"""One task runs every job; the others are the beat's ticks, each one call."""

from __future__ import annotations

from celery import Task, shared_task

from dcase_audit.jobs import services


@shared_task(name="jobs.run", bind=True)
def run(self: Task, job_id: int) -> None:
    services.run(job_id, task=self.request.id or "")


@shared_task(name="jobs.publish_waiting")
def publish_waiting() -> None:
    services.publish_waiting()
    services.beat("worker")
