"""What is sent is signed, and goes nowhere that it should not."""

from __future__ import annotations

import base64
import hashlib
import hmac
import socket
from typing import Any

import pytest
from pytest_django import Settings

from dcase_audit.webhooks.sending import AddressRefused, Gone, Message, Unanswered, checked, send, signature
from tests.webhooks.conftest import Receiver

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MESSAGE = Message("msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}')


def test_the_signature_is_that_of_standard_webhooks() -> None:
    assert signature(SECRET, MESSAGE, 1614265330) == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_message_is_signed_with_each_secret(receiver: Receiver) -> None:
    other = "whsec_" + base64.b64encode(b"x" * 32).decode()

    send(receiver.url, [SECRET, other], MESSAGE)

    ((headers, body),) = receiver.got
    assert (headers["webhook-id"], body) == MESSAGE
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    for spelt, secret in zip(headers["webhook-signature"].split(), (SECRET, other), strict=True):
        key = base64.b64decode(secret.removeprefix("whsec_"))
        assert base64.b64decode(spelt.removeprefix("v1,")) == hmac.new(key, signed, hashlib.sha256).digest()


@pytest.mark.parametrize("status", [302, 400, 401, 404, 429, 500, 503])
def test_what_is_no_success_is_none(receiver: Receiver, status: int) -> None:
    receiver.answers[:] = [status]

    with pytest.raises(Unanswered, match=str(status)):
        send(receiver.url, [SECRET], MESSAGE)

    assert len(receiver.got) == 1


def test_gone_is_gone(receiver: Receiver) -> None:
    receiver.answers[:] = [410]

    with pytest.raises(Gone):
        send(receiver.url, [SECRET], MESSAGE)


def test_nobody_there_is_no_answer(receiver: Receiver) -> None:
    with pytest.raises(Unanswered):
        send("http://127.0.0.1:9/", [SECRET], MESSAGE)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "169.254.169.254",
        "192.168.1.1",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "::1",
        "fe80::1",
        "fd00::1",
        "::ffff:127.0.0.1",
    ],
)
def test_our_own_network_is_not_reached(address: str, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.WEBHOOK_NETWORKS = []
    # A public address first: each of them has to be one.
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (where, 443)) for where in ("93.184.215.14", address)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **more: found)

    with pytest.raises(AddressRefused, match="not public"):
        send("https://hook.example/", [SECRET], MESSAGE)


def test_a_public_address_wants_tls(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.WEBHOOK_NETWORKS = []
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.215.14", 80))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **more: found)

    with pytest.raises(AddressRefused):
        send("http://hook.example/", [SECRET], MESSAGE)


def test_the_address_that_was_judged_is_the_one_that_is_called(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that leads elsewhere when it is asked a second time leads nowhere."""
    asked: list[str] = []
    really = socket.getaddrinfo

    def once(host: Any, port: Any, *args: Any, **more: Any) -> Any:
        asked.append(str(host))
        return really("127.0.0.1" if str(host) == "hook.example" else host, port, *args, **more)

    monkeypatch.setattr(socket, "getaddrinfo", once)
    send(receiver.url.replace("127.0.0.1", "hook.example"), [SECRET], MESSAGE)

    assert asked.count("hook.example") == 1
    assert receiver.got[0][0]["Host"].startswith("hook.example:")


@pytest.mark.parametrize(
    "url",
    [
        "ftp://hook.example/",
        "https://",
        "https:///path",
        "https://user:pass@hook.example/",
        "https://hook.example/#part",
        "https://hook.example:0/",
        "https://hook.example:99999/",
        "https://[::1",
        "https://hook.example/a b",
        "https://hook.example/\r\nX: y",
        "https://フック.example/",
        "javascript:alert(1)",
        "",
    ],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(AddressRefused):
        checked(url)
