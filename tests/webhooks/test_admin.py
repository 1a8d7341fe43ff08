"""Administrators add webhooks, see the secret once, and stop them."""

from __future__ import annotations

import re

from dcase_audit.webhooks.models import Webhook
from tests.cast import Cast
from tests.pages.conftest import As, as_, static_files, text_of

__all__ = ["as_", "static_files"]

LIST, ADD = "/admin/webhooks/webhook/", "/admin/webhooks/webhook/add/"


def form(cast: Cast, url: str) -> dict[str, str]:
    return {"case": str(cast.case.pk), "name": "status board", "url": url}


def test_a_webhook_is_added_and_its_secret_shown_once(cast: Cast, as_: As, sound: None) -> None:
    added = as_("ada").post(ADD, form(cast, "https://hook.example/a"))

    webhook = Webhook.objects.get()
    (secret,) = re.findall(r"whsec_[A-Za-z0-9+/=]+", text_of(added).replace("&#x2B;", "+"))
    assert [secret] == webhook.secrets()
    assert "no-store" in added.headers["Cache-Control"]
    assert (webhook.created_by, webhook.progress.change_id > 0) == (cast.ada, True)
    for path in (LIST, f"{LIST}{webhook.pk}/change/"):
        page = text_of(as_("ada").get(path))
        assert "status board" in page and "whsec_" not in page and webhook.nonce not in page


def test_an_address_that_is_none_is_not_added(cast: Cast, as_: As) -> None:
    answer = as_("ada").post(ADD, form(cast, "file:///etc/passwd"))

    assert answer.status_code == 200
    assert "begins with https://" in text_of(answer)
    assert not Webhook.objects.exists()


def test_stopped_is_stopped(cast: Cast, as_: As) -> None:
    as_("ada").post(ADD, form(cast, "https://hook.example/a"))
    webhook = Webhook.objects.get()

    as_("ada").post(LIST, {"action": "stop", "_selected_action": [str(webhook.pk)]})

    webhook.refresh_from_db()
    assert webhook.stopped_at is not None
    assert as_("ada").post(f"{LIST}{webhook.pk}/change/", form(cast, "https://b.example/")).status_code == 403


def test_nobody_else_sees_or_adds_any(cast: Cast, as_: As) -> None:
    for name in ("olga", "hana", "miki", "rin"):
        assert as_(name).post(ADD, form(cast, "https://hook.example/a")).status_code in (302, 403)
        assert as_(name).get(LIST).status_code in (302, 403)
    assert not Webhook.objects.exists()
