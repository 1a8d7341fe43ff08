"""A worker holds a job for as long as it works on it: the lease is short, and renewed until the work is over."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from django.db import DatabaseError, connection

from dcase_audit.jobs import registry
from dcase_audit.jobs.models import Job
from dcase_audit.trail.context import acting

log = logging.getLogger(__name__)

# Two renewals may fail before the lease ends.
RENEWALS = 3


@contextmanager
def renewed(job: Job, kind: registry.Kind) -> Iterator[None]:
    """Renew the lease of the claimed job while the block runs, on a connection of its own.

    A worker that is killed renews nothing, and another takes over within a lease. One that hangs renews for
    ``kind.longest``.
    """
    over = threading.Event()
    renewing = threading.Thread(target=_renew, args=(job, kind, over), name=f"lease-{job.pk}", daemon=True)
    renewing.start()
    try:
        yield
    finally:
        over.set()
        renewing.join()


def _renew(job: Job, kind: registry.Kind, over: threading.Event) -> None:
    ends = time.monotonic() + kind.longest.total_seconds()
    try:
        while not over.wait((kind.lease / RENEWALS).total_seconds()) and time.monotonic() < ends:
            try:
                with acting(job.actor, reason=f"lease:{job.kind}"):
                    held = Job.objects.filter(pk=job.pk, attempts=job.attempts, state=Job.State.RUNNING)
                    held.update(lease_until=datetime.now(UTC) + kind.lease)
            except DatabaseError as error:
                log.warning("the lease of job %s was not renewed: %s", job.pk, error)
                connection.close()
    finally:
        connection.close()
