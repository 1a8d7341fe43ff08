"""One worker has a job at a time; what fails is tried again later, then set aside for a person."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier, Event
from time import sleep
from typing import Any

import pytest
from django.db import connection, transaction

from dcase_audit.jobs import registry, services
from dcase_audit.jobs.models import Heartbeat, Job
from dcase_audit.jobs.services import claim, drain, enqueue, release, run
from dcase_audit.trail.context import acting, current_actor
from dcase_audit.trail.events import record
from tests.jobs.conftest import KIND, Register, let_lease_run_out, make_due
from tests.trail.conftest import recorded

pytestmark = pytest.mark.django_db
committing = pytest.mark.django_db(transaction=True)
BEFORE = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.fixture
def failing(register: Register) -> None:
    """Register a kind that fails, three times at most."""

    def fail() -> None:
        raise RuntimeError("no paper")

    register(fail, attempts=3)


def enqueued(**args: Any) -> Job:
    enqueue(KIND, **args)
    return Job.objects.latest("pk")


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    def with_own_connection(call: Callable[[], Any]) -> Any:
        try:
            with acting("test"):
                return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(with_own_connection, calls))


def test_a_job_is_done_once(done: list[Any]) -> None:
    job = enqueued(what=1)

    assert [run(job.pk), run(job.pk)] == [True, False]
    job.refresh_from_db()
    assert (job.state, job.attempts, job.lease_until, job.last_error) == ("done", 1, None, "")
    assert job.finished_at is not None
    assert done == [1]


def test_a_job_that_is_not_due_waits(done: list[Any]) -> None:
    enqueue(KIND, run_at=datetime.now(UTC) + timedelta(hours=1))

    assert not run(Job.objects.get().pk)
    assert done == []


def test_nobody_finds_a_job_that_is_gone() -> None:
    assert not run(1_000_000)


@committing
def test_of_two_workers_at_once_one_gets_the_job(done: list[Any]) -> None:
    job, together = enqueued(), Barrier(2, timeout=20)

    def claim_it() -> Job | None:
        together.wait()
        return claim(job.pk)

    claimed = at_once(claim_it, claim_it)

    assert sorted(found is not None for found in claimed) == [False, True]
    assert Job.objects.get().attempts == 1


@committing
def test_a_worker_does_not_wait_for_one_that_is_just_claiming(done: list[Any]) -> None:
    job, held, tried = enqueued(), Event(), Event()

    def hold() -> None:
        with transaction.atomic():
            Job.objects.select_for_update().get(pk=job.pk)
            held.set()
            assert tried.wait(20)

    def pass_over() -> Job | None:
        assert held.wait(20)
        found = claim(job.pk)
        tried.set()
        return found

    assert at_once(hold, pass_over)[1] is None


def test_a_job_is_held_until_its_lease_runs_out(register: Register) -> None:
    register(print, lease=timedelta(minutes=3))
    job = enqueued()
    before = datetime.now(UTC)

    claimed = claim(job.pk)

    assert claimed is not None and claimed.lease_until is not None
    assert timedelta(minutes=3) <= claimed.lease_until - before < timedelta(minutes=4)
    assert claim(job.pk) is None
    let_lease_run_out(job)
    again = claim(job.pk)
    assert again is not None
    assert again.attempts == 2


def lease_of(job: Job) -> datetime:
    until = Job.objects.values_list("lease_until", flat=True).get(pk=job.pk)
    assert until is not None
    return until


def work_until(is_enough: Callable[[], bool]) -> None:
    ends = datetime.now(UTC) + timedelta(seconds=20)
    while not is_enough() and datetime.now(UTC) < ends:
        connection.close()
        sleep(0.05)


@committing
def test_a_long_job_is_held_while_its_worker_works_on_it(register: Register) -> None:
    seen: list[datetime] = []

    def work() -> None:
        seen.append(lease_of(job))
        work_until(lambda: lease_of(job) > seen[0] + timedelta(seconds=1))
        seen.append(lease_of(job))

    register(work, lease=timedelta(seconds=1))
    job = enqueued()

    assert run(job.pk)
    assert seen[1] > seen[0] + timedelta(seconds=1)
    job.refresh_from_db()
    assert (job.state, job.lease_until) == ("done", None)


@committing
def test_a_job_that_hangs_is_given_up(register: Register) -> None:
    def work() -> None:
        work_until(lambda: lease_of(job) < datetime.now(UTC))
        taken.append(claim(job.pk))

    taken: list[Job | None] = []
    register(work, lease=timedelta(seconds=1), longest=timedelta(seconds=2))
    job = enqueued()
    begun = datetime.now(UTC)

    run(job.pk)

    (other,) = taken
    assert other is not None and other.attempts == 2
    assert datetime.now(UTC) - begun > timedelta(seconds=2)


@committing
def test_who_has_lost_a_job_renews_nothing(register: Register) -> None:
    def work() -> None:
        Job.objects.filter(pk=job.pk).update(attempts=2, lease_until=BEFORE)
        sleep(1)
        seen.append(lease_of(job))

    seen: list[datetime] = []
    register(work, lease=timedelta(seconds=1))
    job = enqueued()

    run(job.pk)

    assert seen == [BEFORE]


def test_who_took_a_job_over_says_how_it_ended(register: Register) -> None:
    went_on: list[int] = []

    def work() -> None:
        went_on.append(len(went_on))
        if len(went_on) == 1:
            let_lease_run_out(job)
            assert run(job.pk)
            raise RuntimeError("the first worker wakes up late and fails")

    register(work, attempts=2)
    job = enqueued()

    assert not run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.attempts, job.last_error) == ("done", 2, "")
    assert went_on == [0, 1]


def test_a_late_failure_does_not_park_what_another_worker_is_doing(register: Register) -> None:
    register(print, attempts=2)
    job = enqueued()
    first = claim(job.pk)
    let_lease_run_out(job)
    second = claim(job.pk)
    assert first is not None and second is not None

    services._failed(first, registry.kind(KIND), "too late")
    services.park(first, "too late")

    job.refresh_from_db()
    assert (job.state, job.attempts, job.last_error) == ("running", 2, "")


def test_a_failure_is_tried_again_later_each_time_and_then_parked(failing: None) -> None:
    job = enqueued()
    for attempt, wait in ((1, 5), (2, 10)):
        before = datetime.now(UTC)
        assert not run(job.pk)
        job.refresh_from_db()
        assert (job.state, job.attempts, job.last_error) == ("queued", attempt, "RuntimeError: no paper")
        assert timedelta(seconds=wait) <= job.run_at - before < timedelta(seconds=wait + 5)
        assert not run(job.pk)
        make_due(job)

    assert not run(job.pk)

    job.refresh_from_db()
    assert (job.state, job.attempts, job.lease_until) == ("parked", 3, None)
    assert list(Job.objects.parked()) == [job]
    make_due(job)
    assert not run(job.pk)


@pytest.mark.parametrize(("attempts", "seconds"), [(1, 5), (2, 10), (5, 80), (10, 2560), (11, 3600), (20, 3600)])
def test_the_wait_doubles_up_to_an_hour(attempts: int, seconds: int) -> None:
    assert registry.wait(attempts) == timedelta(seconds=seconds)


def test_a_parked_job_that_is_released_starts_anew(failing: None, register: Register) -> None:
    job = enqueued()
    for _ in range(3):
        run(job.pk)
        make_due(job)
    registry._kinds.clear()
    register(lambda: None)

    assert release(job.pk)

    assert recorded()[-1][:3] == ("job.released", f"job:{job.pk}", {"work": KIND, "error": "RuntimeError: no paper"})
    assert run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.attempts, job.last_error) == ("done", 1, "")


def test_only_a_parked_job_is_released(done: list[Any]) -> None:
    job = enqueued()
    claim(job.pk)

    assert not release(job.pk)

    job.refresh_from_db()
    assert (job.state, job.attempts) == ("running", 1)


def test_a_job_that_outlived_all_its_workers_is_parked_unseen(done: list[Any]) -> None:
    job = enqueued()
    for _ in range(registry.kind(KIND).attempts):
        assert claim(job.pk) is not None
        let_lease_run_out(job)

    assert not run(job.pk)

    job.refresh_from_db()
    assert (job.state, job.last_error) == ("parked", "the worker that ran it died")
    assert done == []


def test_fewer_attempts_than_were_made_park_a_waiting_job(failing: None, register: Register) -> None:
    job = enqueued()
    for _ in range(2):
        run(job.pk)
        make_due(job)
    registry._kinds.clear()
    register(print, attempts=2)

    assert not run(job.pk)

    job.refresh_from_db()
    assert (job.state, job.last_error) == ("parked", "RuntimeError: no paper")


def test_the_work_is_done_in_the_name_of_who_wanted_it(register: Register) -> None:
    register(lambda: record("case.closed", "case:1"))
    with acting("user:7"):
        job = enqueued()

    with acting("system"):
        run(job.pk, task="abc")
        assert current_actor() == "system"

    assert recorded()[-1].context == {"actor": "user:7", "reason": f"job:{KIND}", "task": "abc"}


def test_what_a_failing_handler_wrote_in_its_transaction_is_gone(register: Register) -> None:
    @transaction.atomic
    def work() -> None:
        record("case.closed", "case:1")
        enqueue(KIND)
        raise RuntimeError("after all")

    register(work)

    assert not run(enqueued().pk)
    assert recorded() == []
    assert Job.objects.count() == 1


def test_draining_does_what_waits_and_what_comes_of_it_in_order(register: Register) -> None:
    noted: list[str] = []

    def work(what: str, then: str = "") -> None:
        noted.append(what)
        if then:
            enqueue(KIND, what=then)
        if what == "fails":
            raise RuntimeError

    register(work)
    register(noted.append, "tests.other")
    now = datetime.now(UTC)
    enqueue(KIND, run_at=now - timedelta(seconds=1), what="second", then="fourth")
    enqueue(KIND, run_at=now - timedelta(seconds=2), what="first")
    enqueue(KIND, run_at=now, what="fails")
    enqueue(KIND, run_at=now + timedelta(hours=1), what="later")
    enqueue("tests.other", what="other")

    assert drain(KIND) == 3
    assert noted == ["first", "second", "fails", "fourth"]
    assert drain(KIND) == 0


def test_a_process_shows_that_it_is_alive() -> None:
    services.beat("worker")
    first = Heartbeat.objects.get(name="worker").beaten_at
    services.beat("worker")

    assert Heartbeat.objects.get().beaten_at > first
