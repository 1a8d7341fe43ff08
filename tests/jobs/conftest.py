"""Kinds of jobs that only tests know, and what was published for them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dcase_audit.jobs import registry, tasks
from dcase_audit.jobs.models import Job

Register = Callable[..., None]
KIND = "tests.work"
AGO = timedelta(seconds=1)


@pytest.fixture
def register(monkeypatch: pytest.MonkeyPatch) -> Register:
    """Register a handler for jobs of kind ``tests.work`` (or another), for the length of the test."""
    monkeypatch.setattr(registry, "_kinds", dict(registry._kinds))

    def register(handler: Callable[..., None], name: str = KIND, **more: Any) -> None:
        registry.register(name, **{"queue": "settle", **more})(handler)

    return register


@pytest.fixture
def done(register: Register) -> list[Any]:
    """Register a kind whose work is to note its argument here."""
    noted: list[Any] = []
    register(lambda what=None: noted.append(what))
    return noted


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, str]]:
    """See the wake-ups that are published, with their queues; no broker gets them."""
    published: list[tuple[int, str]] = []

    def apply_async(args: tuple[int], *, queue: str, retry: bool) -> None:
        published.append((args[0], queue))

    monkeypatch.setattr(tasks.run, "apply_async", apply_async)
    return published


def make_due(job: Job) -> None:
    """Let the time pass that a job rests after a failure."""
    Job.objects.filter(pk=job.pk).update(run_at=datetime.now(UTC) - AGO)


def let_lease_run_out(job: Job) -> None:
    Job.objects.filter(pk=job.pk).update(lease_until=datetime.now(UTC) - AGO)
