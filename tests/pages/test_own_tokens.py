"""A person's own tokens: issued by the person alone, with the password, and shown once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dcase_audit.accounts import lockout
from dcase_audit.accounts.authentication import digest
from dcase_audit.accounts.models import ApiToken, User
from tests.cast import Cast
from tests.pages.conftest import text_of

pytestmark = pytest.mark.usefixtures("sound")

PASSWORD = "a long enough password"
As = Callable[..., Any]


@pytest.fixture
def olga(cast: Cast) -> User:
    cast.olga.set_password(PASSWORD)
    cast.olga.save()
    return cast.olga


def fields(cast: Cast, **more: object) -> dict[str, object]:
    return {"name": "script", "scopes": ["read", "evidence:write"], "days": "30", "password": PASSWORD, **more}


def test_a_token_is_shown_once_opens_what_the_person_may_and_is_revoked(cast: Cast, olga: User, as_: As) -> None:
    browser = as_("olga")
    issued = browser.post("/me/tokens/new/", fields(cast, department=str(cast.it_service.pk)))

    secret = text_of(issued).split('class="secret">')[1].split("<")[0]
    token = ApiToken.objects.get(name="script")
    assert (token.user, token.created_by, token.department) == (olga, olga, cast.it_service)
    assert token.sha256 == digest(secret.encode())
    assert token.expires_at - datetime.now(UTC) < timedelta(days=30)
    assert "no-store" in issued.headers["Cache-Control"]
    assert secret not in text_of(browser.get("/me/"))
    bearer = {"authorization": f"Bearer {secret}"}
    assert browser.get("/api/v1/me", headers=bearer).status_code == 200

    assert browser.post(f"/me/tokens/{token.pk}/revoke/").headers["Location"] == "/me/"

    assert browser.get("/api/v1/me", headers=bearer).status_code == 401


@pytest.mark.parametrize(
    "wrong",
    [
        {"password": "another password"},
        {"scopes": ["everything"]},
        {"scopes": []},
        {"days": "3650"},
        {"name": ""},
        {"department": "999999"},
        {"name": "a\x00b"},
    ],
)
def test_a_form_that_is_wrong_issues_nothing(cast: Cast, olga: User, as_: As, wrong: dict[str, object]) -> None:
    assert as_("olga").post("/me/tokens/new/", fields(cast, **wrong)).status_code == 200
    assert not ApiToken.objects.filter(user=olga, name="script").exists()


def test_a_token_is_narrowed_to_a_department_of_ones_own_only(cast: Cast, olga: User, as_: As) -> None:
    other = fields(cast, department=str(cast.it_development.pk))

    assert as_("olga").post("/me/tokens/new/", other).status_code == 200
    assert not ApiToken.objects.filter(user=olga, name="script").exists()


def test_guesses_are_counted_as_at_the_login(cast: Cast, olga: User, as_: As) -> None:
    browser = as_("olga")
    for _ in range(lockout.MOST_FAILURES):
        browser.post("/me/tokens/new/", fields(cast, password="wrong"))

    browser.post("/me/tokens/new/", fields(cast))

    assert not ApiToken.objects.filter(user=olga, name="script").exists()
    assert lockout.is_locked("olga", "127.0.0.1")


def test_the_token_of_somebody_else_is_not_there(cast: Cast, olga: User, as_: As) -> None:
    as_("olga").post("/me/tokens/new/", fields(cast))
    token = ApiToken.objects.get(user=olga, name="script")

    assert as_("ken").post(f"/me/tokens/{token.pk}/revoke/").status_code == 404
    token.refresh_from_db()
    assert token.revoked_at is None
