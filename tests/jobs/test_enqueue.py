"""A job is born with the transaction that wants it, and workers are woken once that has committed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connection, transaction

from dcase_audit.jobs import registry
from dcase_audit.jobs.models import Job
from dcase_audit.jobs.services import enqueue, enqueue_many, publish_waiting, release
from dcase_audit.trail.context import acting
from tests.jobs.conftest import AGO, KIND, Register, let_lease_run_out

Woken = list[tuple[int, str]]
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def work(done: list[Any]) -> None:
    """Every test has the kind ``tests.work``."""


def test_a_job_goes_with_its_transaction(woken: Woken) -> None:
    with transaction.atomic():
        enqueue(KIND, what=1)
        transaction.set_rollback(True)

    assert not Job.objects.exists()
    assert woken == []


def test_a_job_goes_with_its_savepoint(woken: Woken) -> None:
    with transaction.atomic():
        with transaction.atomic():
            enqueue(KIND, what=1)
            transaction.set_rollback(True)
        enqueue(KIND, what=2)

    assert [(job.args, job.pk) for job in Job.objects.all()] == [({"what": 2}, pk) for pk, _ in woken]


def test_workers_are_woken_after_the_commit_and_not_before(woken: Woken) -> None:
    with transaction.atomic():
        enqueue(KIND, what=1)
        assert woken == []

    assert woken == [(Job.objects.get().pk, "settle")]


def test_a_job_keeps_what_it_was_told_and_by_whom(woken: Woken) -> None:
    with acting("user:7"):
        enqueue(KIND, what={"名前": [1, None]})

    job = Job.objects.get()
    assert (job.kind, job.args, job.actor, job.state) == (KIND, {"what": {"名前": [1, None]}}, "user:7", "queued")
    assert job.run_at <= datetime.now(UTC)


def test_a_key_is_served_once(woken: Woken) -> None:
    enqueue(KIND, key="report:1", what=1)
    enqueue(KIND, key="report:1", what=2)
    enqueue_many(KIND, [("report:1", {"what": 3}), ("report:2", {"what": 4}), ("report:2", {"what": 5})])

    assert list(Job.objects.order_by("pk").values_list("args__what", flat=True)) == [1, 4]
    assert len(woken) == 2


def test_without_a_key_each_is_another_job(woken: Woken) -> None:
    enqueue_many(KIND, [(None, {"what": 1}), (None, {"what": 1})])
    enqueue_many(KIND, [])

    assert Job.objects.count() == len(woken) == 2


def test_a_key_enqueued_twice_at_once_is_one_job(woken: Woken) -> None:
    together = Barrier(2, timeout=20)

    def enqueue_it(what: int) -> None:
        with acting("test"), transaction.atomic():
            together.wait()
            enqueue(KIND, key="report:1", what=what)
        connection.close()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(enqueue_it, [1, 2]))

    assert Job.objects.count() == len(woken) == 1


def test_a_kind_that_nobody_registered_is_refused() -> None:
    with pytest.raises(LookupError, match="no app registers"):
        enqueue("tests.nothing")

    assert not Job.objects.exists()


def test_a_kind_has_one_handler(register: Register) -> None:
    with pytest.raises(ValueError, match="two handlers"):
        register(print, KIND)


def test_what_waits_is_published_again(woken: Woken, register: Register) -> None:
    now = datetime.now(UTC)
    register(print, "tests.forgotten")
    enqueue("tests.forgotten")
    del registry._kinds["tests.forgotten"]
    for what, run_at in {"due": now - AGO, "later": now + timedelta(hours=1), "held": now, "died": now}.items():
        enqueue(KIND, key=what, run_at=run_at)
    for state, key in {"running": "held", "parked": "parked", "done": "done"}.items():
        enqueue(KIND, key=key)
        Job.objects.filter(key=key).update(state=state, lease_until=now + timedelta(hours=1))
    Job.objects.filter(key="died").update(state="running")
    let_lease_run_out(Job.objects.get(key="died"))
    woken.clear()

    assert publish_waiting() == 2
    assert {Job.objects.get(pk=pk).key for pk, _ in woken} == {"due", "died"}


def test_waiting_jobs_are_published_oldest_first_and_not_all_at_once(woken: Woken) -> None:
    now = datetime.now(UTC)
    for age in (1, 3, 2):
        enqueue(KIND, key=str(age), run_at=now - timedelta(hours=age))
    woken.clear()

    assert publish_waiting(limit=2) == 2
    assert [Job.objects.get(pk=pk).key for pk, _ in woken] == ["3", "2"]


def test_a_released_job_is_woken_at_once(woken: Woken) -> None:
    enqueue(KIND)
    job = Job.objects.get()
    Job.objects.update(state="parked")
    woken.clear()

    release(job.pk)

    assert woken == [(job.pk, "settle")]


def test_what_is_due_at_once_is_due_by_the_clock_of_the_database(woken: Woken) -> None:
    enqueue(KIND)

    job = Job.objects.get()
    assert job.run_at == job.created_at
