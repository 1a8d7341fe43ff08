"""The broker only wakes: without it nothing fails, and nothing is lost when it comes back."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kombu.pools
import pytest
import redis
from django.db import transaction

from dcase_audit.celery import app
from dcase_audit.embedded.valkey import Valkey
from dcase_audit.jobs.models import Job
from dcase_audit.jobs.services import enqueue, publish_waiting
from tests.embedded.processes import eventually
from tests.jobs.conftest import KIND

pytestmark = pytest.mark.django_db(transaction=True)


class Broker:
    """A real broker that can be started and killed."""

    def __init__(self, home: Path) -> None:
        self.server = Valkey(home)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(self.server.command(), stdout=subprocess.DEVNULL)
        assert eventually(self.server.answers)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def waiting(self, queue: str) -> int:
        with redis.Redis(unix_socket_path=str(self.server.socket)) as client:
            return int(client.llen(queue))


@pytest.fixture
def broker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, done: list[Any]) -> Iterator[Broker]:
    """Have the product publish to a broker of this test's, which is not running yet."""
    broker = Broker(tmp_path / "valkey")
    monkeypatch.setenv("CELERY_BROKER_URL", broker.server.url)
    monkeypatch.setattr(app.amqp, "_producer_pool", None)
    yield broker
    kombu.pools.reset()
    broker.kill()


def test_a_broker_that_was_never_there_delays_nobody(broker: Broker, caplog: pytest.LogCaptureFixture) -> None:
    start = time.monotonic()
    with transaction.atomic():
        for _ in range(20):
            enqueue(KIND)

    assert time.monotonic() - start < 4  # a connection tried again and again takes six seconds for each job
    assert Job.objects.filter(state="queued").count() == 20
    assert "the broker cannot be reached" in caplog.text


def test_wake_ups_reach_their_queues(broker: Broker) -> None:
    broker.start()
    enqueue(KIND)

    assert (broker.waiting("settle"), broker.waiting("notify")) == (1, 0)


def test_what_was_enqueued_while_the_broker_was_down_is_published_when_it_is_back(broker: Broker) -> None:
    broker.start()
    enqueue(KIND)
    broker.kill()
    with transaction.atomic():
        enqueue(KIND)
        enqueue(KIND)
    assert Job.objects.count() == 3
    broker.start()
    before = broker.waiting("settle")

    assert publish_waiting() == 3
    assert broker.waiting("settle") == before + 3
