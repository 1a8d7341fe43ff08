"""Signed messages to a monitor: only what this webhook's secret signed lately, and each message once."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from dcase_audit.accounts.models import ApiToken
from dcase_audit.webhooks.sending import Message, signature
from drills.models import IncomingWebhook, Monitor, MonitorBatch, MonitorEvent
from drills.services import add_incoming_webhook, stop_incoming_webhook
from evidence.models import IdempotencyRecord
from tests.api.client import checked, slug
from tests.cast import Cast
from tests.monitors.world import ago, beat
from tests.pages.conftest import logged_in, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("the_clock")]

ALERT = {"version": "4", "alerts": [{"labels": {"alertname": "Down"}, "startsAt": ago(hours=1)}]}
FAR = timedelta(days=300)


@pytest.fixture
def webhook(cast: Cast, monitor: Monitor) -> IncomingWebhook:
    return added(cast, monitor)


def added(cast: Cast, monitor: Monitor, format: str = "alertmanager") -> IncomingWebhook:
    return add_incoming_webhook(
        monitor=monitor,
        name="relay",
        account=cast.robot,
        format=format,
        expires_at=datetime.now(UTC) + FAR,
        actor=cast.ada,
    )


def message(
    webhook: IncomingWebhook,
    body: Any = ALERT,
    *,
    id: str = "msg_1",
    age: float = 0,
    secret: str | None = None,
    changes: Mapping[str, str | None] | None = None,
) -> Any:
    """Send a message that was signed ``age`` seconds ago; ``changes`` replace headers, or drop them."""
    raw, timestamp = json.dumps(body).encode(), int(time.time() - age)
    headers: dict[str, str | None] = {
        "webhook-id": id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(secret or webhook.secrets()[0], Message(id, raw), timestamp),
    }
    headers |= changes or {}
    return checked(
        Client().post(
            f"/api/v1/monitors/night-log/webhooks/{webhook.pk}",
            raw,
            content_type="application/json",
            headers={name: value for name, value in headers.items() if value is not None},
        )
    )


def assert_refused(response: Any) -> None:
    assert response.status_code == 401
    assert slug(response) == "unauthenticated"
    assert response.headers["WWW-Authenticate"].startswith("Webhook-Signature")
    assert not MonitorEvent.objects.exists()
    assert not IdempotencyRecord.objects.exists()


@pytest.mark.usefixtures("sound")
def test_N53_a_message_that_is_signed_is_taken_once_and_answered_alike(webhook: IncomingWebhook) -> None:
    first = message(webhook)
    again = message(webhook, age=-20)

    assert (first.status_code, first.json()["count"]) == (201, 1)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert {**again.json(), "trail": 0} == {**first.json(), "trail": 0}
    batch = MonitorBatch.objects.get()
    assert batch.received_through == f"token:{webhook.token.prefix}"
    assert ApiToken.objects.get(pk=webhook.token_id).use.used_at is not None


@pytest.mark.parametrize("missing", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_N53_without_a_signature_nothing_is_taken(webhook: IncomingWebhook, missing: str) -> None:
    assert_refused(message(webhook, changes={missing: None}))


@pytest.mark.parametrize(
    "changes",
    [
        {"webhook-id": "msg_2"},
        {"webhook-id": "msg.1"},
        {"webhook-id": "x" * 201},
        {"webhook-timestamp": "{later}"},
        {"webhook-timestamp": "-1"},
        {"webhook-timestamp": "9" * 400},
        {"webhook-timestamp": "soon"},
        {"webhook-signature": "v1,AAAA"},
        {"webhook-signature": "v1a,AAAA"},
        {"webhook-signature": "none"},
        {"webhook-signature": "v1, é"},
    ],
    ids=str,
)
def test_N53_a_wrong_signature_is_refused_and_logged(
    webhook: IncomingWebhook, changes: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    sent = {name: value.format(later=int(time.time()) + 60) for name, value in changes.items()}

    with caplog.at_level(logging.WARNING):
        assert_refused(message(webhook, changes=sent))

    assert "unauthenticated" in caplog.text and webhook.secrets()[0] not in caplog.text


def test_N53_another_webhooks_secret_or_a_changed_body_is_a_wrong_signature(
    webhook: IncomingWebhook, cast: Cast, monitor: Monitor
) -> None:
    other = added(cast, monitor)
    raw = signature(webhook.secrets()[0], Message("msg_1", b'{"version":"4"}'), int(time.time()))

    assert_refused(message(webhook, secret=other.secrets()[0]))
    assert_refused(message(webhook, changes={"webhook-signature": raw}))


@pytest.mark.parametrize("age", [301, -301, 86400])
def test_N53_a_message_of_another_time_is_refused(webhook: IncomingWebhook, age: float) -> None:
    assert_refused(message(webhook, age=age))


def test_N53_the_same_id_with_another_body_is_another_request(webhook: IncomingWebhook) -> None:
    message(webhook)

    other = message(webhook, {**ALERT, "alerts": []})

    assert (other.status_code, slug(other)) == (422, "idempotency-key-reused")


def test_N53_a_webhook_that_was_stopped_or_has_expired_takes_nothing(webhook: IncomingWebhook) -> None:
    ApiToken.objects.filter(pk=webhook.token_id).update(expires_at=datetime.now(UTC) - timedelta(seconds=1))
    assert_refused(message(webhook))
    ApiToken.objects.filter(pk=webhook.token_id).update(expires_at=datetime.now(UTC) + FAR)

    assert stop_incoming_webhook(webhook) and not stop_incoming_webhook(webhook)

    assert_refused(message(webhook))


def test_after_a_change_of_key_the_old_secret_is_good_as_long_as_it_is_said_to_be(
    webhook: IncomingWebhook, settings: Settings
) -> None:
    old = webhook.secrets()[0]
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another", [settings.SECRET_KEY]
    assert message(webhook, secret=old).status_code == 201
    settings.SECRET_KEY_FALLBACKS = []

    assert message(webhook, id="msg_2", secret=old).status_code == 401
    both = f"v1,AAAA {signature(webhook.secrets()[0], Message('msg_3', json.dumps(ALERT).encode()), int(time.time()))}"
    assert message(webhook, id="msg_3", changes={"webhook-signature": both}).status_code == 200


def test_our_own_events_come_by_it_too(cast: Cast, monitor: Monitor) -> None:
    webhook = added(cast, monitor, "native")

    answer = message(webhook, [beat(minutes=5)])

    assert (answer.status_code, answer.json()["count"]) == (201, 1)
    assert message(webhook, {"version": "4", "alerts": []}, id="msg_2").status_code == 400


def test_an_administrator_adds_one_sees_its_secret_once_and_stops_it(cast: Cast, monitor: Monitor) -> None:
    ada = logged_in(cast.ada)
    form = {
        "monitor": monitor.pk,
        "format": "alertmanager",
        "name": "relay",
        "account": cast.robot.pk,
        "expires_at": "2099-01-01T00:00",
    }

    page = ada.post("/admin/drills/incomingwebhook/add/", form)
    webhook = IncomingWebhook.objects.get()
    listed = text_of(ada.get("/admin/drills/incomingwebhook/"))
    ada.post("/admin/drills/incomingwebhook/", {"action": "stop", "_selected_action": [webhook.pk]})

    assert webhook.secrets()[0] in text_of(page)
    assert f"/api/v1/monitors/night-log/webhooks/{webhook.pk}" in text_of(page)
    assert webhook.secrets()[0] not in listed and "relay" in listed
    assert ApiToken.objects.get(pk=webhook.token_id).revoked_at is not None
