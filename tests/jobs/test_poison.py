"""A job that kills whoever works on it is set aside, and its attempts are counted before each."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dcase_audit.jobs import services
from dcase_audit.jobs.models import Job
from tests.jobs.conftest import Register, let_lease_run_out

POISON = Path(__file__).with_name("poison.py")
ROOT = POISON.parents[2]


@pytest.mark.django_db(transaction=True)
def test_a_job_that_kills_its_workers_is_parked(database_url: Callable[[str], str], register: Register) -> None:
    register(print, "tests.poison", attempts=2)
    services.enqueue("tests.poison")
    job = Job.objects.get()
    environ = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "DJANGO_SETTINGS_MODULE": "dcase_audit.settings",
        "DATABASE_URL": database_url("app"),
        "CELERY_BROKER_URL": "",
    }
    for attempt in (1, 2):
        worker = subprocess.run([sys.executable, str(POISON), str(job.pk)], env=environ, check=False, timeout=60)
        assert worker.returncode == -signal.SIGKILL
        job.refresh_from_db()
        assert (job.state, job.attempts) == ("running", attempt)
        assert not services.run(job.pk)
        let_lease_run_out(job)

    assert not services.run(job.pk)

    job.refresh_from_db()
    assert (job.state, job.attempts, job.last_error) == ("parked", 2, "the worker that ran it died")
