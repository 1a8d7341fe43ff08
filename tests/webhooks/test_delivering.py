"""Receivers get every change of their case, in order, until it was taken; nothing of another case."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from pytest_django import Settings

from dcase_audit.cases.models import StatusChange
from dcase_audit.cases.words import Status
from dcase_audit.jobs import services as jobs
from dcase_audit.jobs.models import Job
from dcase_audit.webhooks import services
from dcase_audit.webhooks.models import Progress, Webhook
from evidence import services as evidence
from evidence.sweeping import sweep
from tests.cast import NOW, Cast, submitted
from tests.events import payloads
from tests.server import sequencing
from tests.webhooks.conftest import Receiver


@pytest.fixture
def webhook(cast: Cast, receiver: Receiver) -> Webhook:
    return services.add(case=cast.case, name="status board", url=receiver.url, actor=cast.ada, at=NOW)


def accept(cast: Cast) -> None:
    revision = submitted(cast.night_drills, cast.olga)
    evidence.accept(revision=revision, actor=cast.ken, at=NOW)


def work() -> None:
    jobs.drain("evidence.tell", "webhooks.deliver")


def recorded(cast: Cast) -> list[StatusChange]:
    return list(StatusChange.objects.filter(case=cast.case).order_by("pk"))


def test_changes_are_sent_as_they_are_recorded(cast: Cast, webhook: Webhook, receiver: Receiver) -> None:
    work()
    earlier = len(recorded(cast))

    accept(cast)
    work()

    new = recorded(cast)[earlier:]
    assert new
    assert [change["id"] for change in receiver.changes()] == [change.pk for change in new]
    first = receiver.changes()[0]
    assert first["after"] == Status(new[0].after).word
    assert first["node"] == new[0].node.key
    assert Progress.objects.get().change_id == new[-1].pk
    work()
    assert len(receiver.got) == 1


def test_what_was_there_before_is_not_sent(cast: Cast, receiver: Receiver) -> None:
    accept(cast)
    work()

    services.add(case=cast.case, name="late", url=receiver.url, actor=cast.ada, at=NOW)
    services.announce(cast.case.pk)
    work()

    assert receiver.got == []


def test_what_is_not_taken_is_sent_again_later(cast: Cast, webhook: Webhook, receiver: Receiver) -> None:
    receiver.answers[:] = [503, 204]
    accept(cast)

    work()
    assert Progress.objects.get().problem == "the receiver answered 503"
    job = Job.objects.get(kind="webhooks.deliver", state="queued")
    assert job.run_at > datetime.now(UTC)
    Job.objects.filter(pk=job.pk).update(run_at=datetime.now(UTC) - timedelta(seconds=1))
    work()

    bodies = [body for _, body in receiver.got]
    assert bodies[0] == bodies[1]
    assert receiver.got[0][0]["webhook-id"] == receiver.got[1][0]["webhook-id"]
    assert Progress.objects.get().problem == ""


def test_many_changes_come_in_messages_of_a_hundred(
    cast: Cast, webhook: Webhook, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "MOST", 1)
    accept(cast)
    work()

    changes = receiver.changes()
    assert len(receiver.got) == len(changes) > 1
    assert [change["id"] for change in changes] == sorted(change["id"] for change in changes)


def test_a_receiver_that_is_gone_is_sent_nothing_more(cast: Cast, webhook: Webhook, receiver: Receiver) -> None:
    receiver.answers[:] = [410]
    accept(cast)
    work()
    webhook.refresh_from_db()
    assert webhook.stopped_at is not None
    assert payloads("webhook.stopped") == [{"why": "the receiver answered 410"}]

    services.announce(cast.case.pk)
    work()
    assert len(receiver.got) == 1


def test_what_time_changes_is_sent_too(cast: Cast, webhook: Webhook, receiver: Receiver) -> None:
    accept(cast)
    work()
    before, later = len(receiver.changes()), NOW + timedelta(days=4000)

    sweep(now=later, clock_now=later)
    work()

    assert len(receiver.changes()) > before


def test_a_message_names_no_person_and_no_text(cast: Cast, webhook: Webhook, receiver: Receiver) -> None:
    accept(cast)
    work()

    ((_, body),) = receiver.got
    assert b"olga" not in body and b"night-drills" not in body
    assert set(receiver.changes()[0]) == {"id", "node", "before", "after", "stands", "effective_at", "recorded_at"}


def test_the_trail_does_not_hold_the_address(webhook: Webhook) -> None:
    assert payloads("webhook.added") == [{"case": "recurrence", "host": "127.0.0.1"}]
    with sequencing(), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM trail.outbox WHERE payload::text LIKE %s", ["%/hook?a=1%"])
        assert cursor.fetchone() == (0,)


def test_the_secret_is_kept_nowhere_and_outlives_a_change_of_keys(webhook: Webhook, settings: Settings) -> None:
    (secret,) = webhook.secrets()

    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another key"

    new, old = webhook.secrets()
    assert old == secret != new
    assert secret not in str(Webhook.objects.values().get())
