"""Enqueue in the transaction, wake up on commit, claim with a lease, retry, park."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from kombu.exceptions import OperationalError

from dcase_audit.jobs import registry
from dcase_audit.jobs.leases import renewed
from dcase_audit.jobs.models import Heartbeat, Job
from dcase_audit.jobs.querysets import JobQuerySet
from dcase_audit.trail.context import acting, current_actor
from dcase_audit.trail.events import record

log = logging.getLogger(__name__)


def enqueue(kind: str, *, key: str | None = None, run_at: datetime | None = None, **args: Any) -> None:
    """Write a job with the running transaction; its worker is woken when that commits.

    A second job with the same ``key`` is not written: whoever enqueued first is being served.
    """
    enqueue_many(kind, [(key, args)], run_at=run_at)


def enqueue_many(
    kind: str, jobs: Sequence[tuple[str | None, dict[str, Any]]], *, run_at: datetime | None = None
) -> None:
    """Write a job for each (key, args) in one statement; those whose key is there already are left out.

    Due at once is by the database's clock: work that a host hands in whose clock is ahead waits no longer for it.
    """
    registry.kind(kind)
    if not jobs:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO jobs_job (kind, key, args, actor, state, run_at, attempts, created_at, last_error)"
            " SELECT %s, u.key, u.args, %s, 'queued', coalesce(%s, now()), 0, now(), ''"
            " FROM unnest(%s::text[], %s::jsonb[]) AS u(key, args)"
            " ON CONFLICT (key) DO NOTHING RETURNING id",
            [
                kind,
                current_actor() or "system",
                run_at,
                [key for key, _ in jobs],
                [json.dumps(args) for _, args in jobs],
            ],
        )
        wake([(row[0], kind) for row in cursor.fetchall()])


def wake(jobs: Iterable[tuple[int, str]]) -> None:
    """Publish the ids of jobs once the transaction commits; the beat tick repeats what the broker loses."""
    wanted = list(jobs)
    transaction.on_commit(lambda: publish(wanted), robust=True)


def publish(jobs: Iterable[tuple[int, str]]) -> None:
    """Send one wake-up for each (id, kind). Without a broker, or with one that is down, the rows wait for the tick."""
    if not settings.CELERY_BROKER_URL:
        return
    from dcase_audit.jobs.tasks import run

    try:
        for job_id, kind in jobs:
            run.apply_async((job_id,), queue=registry.kind(kind).queue, retry=False)
    except (OperationalError, OSError) as error:
        log.warning("the broker cannot be reached; jobs wait for the next tick: %s", error)


def publish_waiting(*, limit: int = 500) -> int:
    """Wake workers for jobs that are due and unclaimed, or whose worker died; return how many."""
    due = Job.objects.claimable(at=datetime.now(UTC)).filter(kind__in=registry.names())
    waiting = list(due.order_by("run_at").values_list("pk", "kind")[:limit])
    publish(waiting)
    return len(waiting)


def claim(job_id: int) -> Job | None:
    """Take the job for this worker until its lease ends; None when another has it or it is done."""
    now = datetime.now(UTC)
    with transaction.atomic():
        job = Job.objects.claimable(at=now).select_for_update(skip_locked=True).filter(pk=job_id).first()
        if job is None:
            return None
        kind = registry.kind(job.kind)
        if job.attempts >= kind.attempts:
            park(job, job.last_error if job.state == Job.State.QUEUED else "the worker that ran it died")
            return None
        job.state, job.attempts, job.lease_until = Job.State.RUNNING, job.attempts + 1, now + kind.lease
        job.save(update_fields=["state", "attempts", "lease_until"])
        return job


def park(job: Job, error: str) -> None:
    """Set the job aside for a person: it failed, or killed its worker, too often. Not if another has it by now."""
    parked = _held(job).update(state=Job.State.PARKED, lease_until=None, last_error=error)
    if parked:
        log.error("job %s of kind %s is parked after %s attempts: %s", job.pk, job.kind, job.attempts, error)


def run(job_id: int, *, task: str = "") -> bool:
    """Claim the job and do it; return whether this call did it. What fails is tried again later, then parked."""
    job = claim(job_id)
    if job is None:
        return False
    kind = registry.kind(job.kind)
    try:
        with renewed(job, kind), acting(job.actor, reason=f"job:{job.kind}", task=task or str(job.pk)):
            kind.handler(**job.args)
    except Exception as error:
        log.exception("job %s of kind %s failed", job.pk, job.kind)
        _failed(job, kind, f"{type(error).__name__}: {error}"[:2000])
        return False
    _held(job).update(state=Job.State.DONE, lease_until=None, finished_at=datetime.now(UTC), last_error="")
    return True


def _failed(job: Job, kind: registry.Kind, error: str) -> None:
    if job.attempts >= kind.attempts:
        park(job, error)
        return
    again = datetime.now(UTC) + registry.wait(job.attempts)
    _held(job).update(state=Job.State.QUEUED, lease_until=None, run_at=again, last_error=error)


def _held(job: Job) -> JobQuerySet:
    """Keep the job's row while it is this worker's: whoever took it over after the lease counted another attempt."""
    return Job.objects.filter(pk=job.pk, attempts=job.attempts)


def drain(*kinds: str) -> int:
    """Do in this process what waits, in order of its time, and return how many jobs were done.

    For set-up and tests, where no worker runs; a failing job raises nothing and waits for its next attempt.
    """
    done = 0
    while True:
        waiting = Job.objects.claimable(at=datetime.now(UTC)).filter(kind__in=kinds or registry.names())
        round_ = sum(run(job_id) for job_id in waiting.order_by("run_at", "pk").values_list("pk", flat=True)[:500])
        if not round_:
            return done
        done += round_


def beat(name: str) -> None:
    """Record that the process ``name`` is alive."""
    Heartbeat.objects.update_or_create(name=name, defaults={"beaten_at": datetime.now(UTC)})


@transaction.atomic
def release(job_id: int) -> bool:
    """Let a parked job be tried again from the start, at once; False if it is not parked."""
    job = Job.objects.parked().filter(pk=job_id).first()
    if job is None or not _held(job).update(state=Job.State.QUEUED, attempts=0):
        return False
    record("job.released", f"job:{job.pk}", work=job.kind, error=job.last_error)
    wake([(job.pk, job.kind)])
    return True
