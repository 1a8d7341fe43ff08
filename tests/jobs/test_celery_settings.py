"""What the Celery app promises; each setting is one that a lost message or a dead worker would punish."""

from __future__ import annotations

import pytest

from dcase_audit import celery
from dcase_audit.celery import QUEUES, app, broker_settings
from dcase_audit.embedded import plan
from dcase_audit.jobs import registry
from dcase_audit.trail.context import current_actor
from tests.trail.conftest import by_nobody


def test_a_message_is_given_back_until_the_work_is_done() -> None:
    assert app.conf.task_acks_late
    assert app.conf.task_reject_on_worker_lost
    assert app.conf.worker_prefetch_multiplier == 1


def test_the_broker_carries_wake_ups_and_nothing_else() -> None:
    assert app.conf.task_ignore_result
    assert app.conf.result_backend is None
    assert app.conf.accept_content == ["json"]
    assert app.conf.task_serializer == "json"


def test_messages_of_dead_workers_come_back_soon_after_the_visibility_timeout() -> None:
    options = app.conf.broker_transport_options

    assert options["visibility_timeout"] == 900
    assert options["unacked_restore_interval"] * options["unacked_restore_throttle"] <= 10


def test_no_job_holds_its_message_longer_than_the_broker_waits() -> None:
    app.autodiscover_tasks(force=True)

    for name in registry.names():
        assert registry.kind(name).lease.total_seconds() <= celery.VISIBILITY_TIMEOUT, name


def test_every_kind_and_every_tick_has_a_queue_that_workers_serve() -> None:
    assert set(plan.QUEUES.split(",")) == set(QUEUES)
    for name in registry.names():
        assert registry.kind(name).queue in QUEUES, name
    for name, tick in app.conf.beat_schedule.items():
        assert tick["options"]["queue"] in QUEUES, name


def test_every_tick_names_a_task_and_expires_before_they_pile_up() -> None:
    app.loader.import_default_modules()

    for name, tick in app.conf.beat_schedule.items():
        assert tick["task"] in app.tasks, name
        assert tick["schedule"] <= tick["options"]["expires"] <= 10 * tick["schedule"], name


@pytest.mark.parametrize("url", ["amqp://broker.example", "pyamqp://broker.example"])
def test_rabbitmq_gets_queues_that_are_kept(url: str) -> None:
    settings = broker_settings(url)

    assert settings["task_default_queue_type"] == "quorum"
    assert settings["broker_transport_options"]["confirm_publish"]


@pytest.mark.parametrize("fails", [False, True])
def test_a_task_acts_as_the_system_and_nobody_does_after_it(fails: bool) -> None:
    seen: list[str | None] = []

    @app.task(name=f"tests.look-{fails}")
    def look() -> None:
        seen.append(current_actor())
        if fails:
            raise LookupError

    def around() -> str | None:
        look.apply(throw=False)
        return current_actor()

    try:
        assert by_nobody(around) is None
    finally:
        del app.tasks[look.name]
    assert seen == ["system"]
