"""The Celery app: wake-ups and ticks; no result is kept, since the job table says what was done."""

from __future__ import annotations

import os
from typing import Any

from celery import Celery, Task, signals
from django.conf import settings

from dcase_audit.collector import spare_what_is_loaded
from dcase_audit.trail.context import acting

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dcase_audit.settings")

QUEUES = ("ingest", "settle", "render", "notify")
VISIBILITY_TIMEOUT = 900
# A request waits for no broker that is down: its job is in the table, and a tick wakes a worker.
PUBLISHING = {"confirm_publish": True, "max_retries": 0}


def broker_settings(url: str) -> dict[str, Any]:
    """Return the settings that make the broker at ``url`` keep what it was given."""
    if url.startswith(("amqp", "pyamqp")):
        return {"task_default_queue_type": "quorum", "broker_transport_options": PUBLISHING}
    # Lost messages come back after the visibility timeout only when the two restore settings are tuned as well.
    redis = {
        "visibility_timeout": VISIBILITY_TIMEOUT,
        "unacked_restore_interval": 3,
        "unacked_restore_throttle": 1,
        "socket_connect_timeout": 2,
        "socket_timeout": 5,
    }
    return {"broker_transport_options": redis | PUBLISHING}


app = Celery("dcase_audit")
app.conf.update(
    broker_url=settings.CELERY_BROKER_URL or "memory://",
    broker_connection_retry_on_startup=True,
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_default_queue="settle",
    task_serializer="json",
    accept_content=["json"],
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    timezone="UTC",
    **broker_settings(settings.CELERY_BROKER_URL),
    beat_schedule={
        "sweep": {"task": "evidence.sweep", "schedule": 5.0, "options": {"queue": "settle", "expires": 15}},
        "publish-waiting": {
            "task": "jobs.publish_waiting",
            "schedule": 15.0,
            "options": {"queue": "settle", "expires": 30},
        },
        "remind": {"task": "notices.remind", "schedule": 60.0, "options": {"queue": "notify", "expires": 120}},
        "watch-log": {"task": "verification.watch", "schedule": 60.0, "options": {"queue": "notify", "expires": 120}},
        "plan-drills": {"task": "drills.plan", "schedule": 600.0, "options": {"queue": "ingest", "expires": 600}},
        "measure-targets": {"task": "drills.measure", "schedule": 60.0, "options": {"queue": "settle", "expires": 60}},
    },
)
app.autodiscover_tasks()

_entered: dict[str, Any] = {}


@signals.worker_init.connect
def _spare_what_is_loaded(**kwargs: object) -> None:
    spare_what_is_loaded()


@signals.task_prerun.connect
def _act_as_system(task_id: str, task: Task, **kwargs: object) -> None:
    context = acting("system", task=task_id, reason=task.name)
    context.__enter__()
    _entered[task_id] = context


@signals.task_postrun.connect
def _stop_acting(task_id: str, **kwargs: object) -> None:
    context = _entered.pop(task_id, None)
    if context is not None:
        context.__exit__(None, None, None)
