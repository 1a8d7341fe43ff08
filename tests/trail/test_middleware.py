"""The web's door: every request acts as whoever it turns out to be, under an id that can be asked about."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from dcase_audit.accounts.models import ApiToken, User
from dcase_audit.trail.context import current_actor
from dcase_audit.trail.events import record
from dcase_audit.trail.middleware import ActorMiddleware
from tests.trail.conftest import by_nobody, recorded


def serve(view: Callable[[HttpRequest], object], **headers: str) -> HttpResponse:
    """Answer a request through the middleware, outside of any other actor."""

    def respond(request: HttpRequest) -> HttpResponse:
        view(request)
        return HttpResponse()

    return by_nobody(ActorMiddleware(respond), RequestFactory(headers=headers).get("/", REMOTE_ADDR="192.0.2.7"))


@pytest.mark.django_db
def test_what_a_view_writes_names_actor_request_and_address() -> None:
    response = serve(lambda request: record("case.opened", "case:1"), x_request_id="from-a-proxy.1")

    assert response["X-Request-Id"] == "from-a-proxy.1"
    assert recorded()[0].context == {"actor": "anonymous", "request": "from-a-proxy.1", "address": "192.0.2.7"}


def test_the_actor_is_who_the_request_turns_out_to_be() -> None:
    seen = []

    def view(request: HttpRequest) -> None:
        seen.append(current_actor())
        request.user = AnonymousUser()
        seen.append(current_actor())
        request.user = User(pk=7)
        seen.append(current_actor())
        request.api_token = ApiToken(prefix="dca_abcdefgh")  # type: ignore[attr-defined]
        seen.append(current_actor())

    serve(view)

    assert seen == ["anonymous", "anonymous", "user:7", "token:dca_abcdefgh"]


def test_nobody_acts_after_the_request() -> None:
    assert (
        by_nobody(lambda: (ActorMiddleware(lambda _: HttpResponse())(RequestFactory().get("/")), current_actor()))[1]
        is None
    )


@pytest.mark.parametrize("claimed", ["", "short", "x" * 65, "two words here", "line\r\nbreak", "日本語の番号です"])
def test_an_odd_request_id_is_replaced(claimed: str) -> None:
    response = serve(lambda request: None, x_request_id=claimed)

    assert response["X-Request-Id"] != claimed
    assert len(response["X-Request-Id"]) == 32


def test_requests_have_ids_of_their_own() -> None:
    assert serve(lambda request: None)["X-Request-Id"] != serve(lambda request: None)["X-Request-Id"]
