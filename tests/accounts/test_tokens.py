"""Tokens open what they name and no more; what is wrong with one is nobody's business, and its secret is nowhere."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from dcase_audit.accounts import authentication, permissions
from dcase_audit.accounts.access import Access
from dcase_audit.accounts.authentication import TokenAuthentication, digest, issue, token_access, touch
from dcase_audit.accounts.models import ApiToken, TokenUse, User
from tests.accounts.conftest import Parties, audits, joins
from tests.server import sequencing

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("today", "sound")]
MINUTE = timedelta(minutes=1)
LATER = timedelta(days=1)


@pytest.fixture
def issued(olga: User) -> tuple[ApiToken, str]:
    return issue(user=olga, name="laptop", scopes=["read"], expires_at=datetime.now(UTC) + LATER)


@pytest.fixture
def token(issued: tuple[ApiToken, str]) -> ApiToken:
    return issued[0]


@pytest.fixture
def secret(issued: tuple[ApiToken, str]) -> str:
    return issued[1]


def asked(header: str | None) -> Request:
    given = {} if header is None else {"HTTP_AUTHORIZATION": header}
    return Request(RequestFactory().get("/api/v1/me", **given))  # type: ignore[arg-type]


def authenticate(header: str | None) -> tuple[User, ApiToken] | None:
    return TokenAuthentication().authenticate(asked(header))


def test_a_token_names_its_account_and_narrows_its_access(token: ApiToken, secret: str, olga: User) -> None:
    request = asked(f"Bearer {secret}")

    user, shown = TokenAuthentication().authenticate(request) or (None, None)

    assert (user, shown) == (olga, token)
    assert user is not None
    assert user.access == Access(user_id=olga.pk, scopes=frozenset({"read"}))
    assert request._request.api_token == token  # type: ignore[attr-defined]


@pytest.mark.parametrize("header", [None, "", "  "])
def test_without_the_header_nobody_is_named(header: str | None) -> None:
    assert authenticate(header) is None


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "Bearer "])
def test_the_scheme_is_read_as_http_has_it(secret: str, token: ApiToken, scheme: str) -> None:
    assert authenticate(f"{scheme} {secret}") is not None


SPOILT: dict[str, Callable[[str], str]] = {
    "wrong scheme": lambda secret: f"Token {secret}",
    "no scheme": lambda secret: secret,
    "no token": lambda secret: "Bearer",
    "two tokens": lambda secret: f"Bearer {secret} {secret}",
    "cut": lambda secret: f"Bearer {secret[:-1]}",
    "longer": lambda secret: f"Bearer {secret}a",
    "10 kB": lambda secret: f"Bearer {secret}{'a' * 10_000}",
    "another first character": lambda secret: f"Bearer dca_{changed(secret[4])}{secret[5:]}",
    "another last character": lambda secret: f"Bearer {secret[:-1]}{changed(secret[-1])}",
    "other case": lambda secret: f"Bearer {secret.swapcase()}",
    "its hash": lambda secret: f"Bearer {digest(secret.encode())}",
    "its prefix": lambda secret: f"Bearer {secret[:12]}",
    "NUL": lambda secret: f"Bearer {secret[:-1]}\0",
    "line end": lambda secret: f"Bearer {secret[:-1]}\n",
    "not ASCII": lambda secret: f"Bearer {secret[:-1]}é",
    "space": lambda secret: f"Bearer {secret[:20]} {secret[20:]}",
    "SQL": lambda secret: "Bearer ' OR 1=1 --",
}


def changed(character: str) -> str:
    return "a" if character != "a" else "b"


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
def test_N2_a_spoilt_header_is_refused(secret: str, spoil: Callable[[str], str]) -> None:
    with pytest.raises(AuthenticationFailed) as refusal:
        authenticate(spoil(secret))

    assert secret not in str(refusal.value)
    assert not TokenUse.objects.exists()


@pytest.mark.parametrize("fault", ["revoked", "expired", "left", "expires this moment"])
def test_N1_what_is_wrong_with_a_real_token_is_not_said(token: ApiToken, secret: str, olga: User, fault: str) -> None:
    row = ApiToken.objects.filter(pk=token.pk)
    if fault == "revoked":
        row.update(revoked_at=datetime.now(UTC))
    elif fault == "left":
        User.objects.filter(pk=olga.pk).update(is_active=False)
    else:
        row.update(expires_at=datetime.now(UTC) - (LATER if fault == "expired" else timedelta()))

    with pytest.raises(AuthenticationFailed) as refusal:
        authenticate(f"Bearer {secret}")
    with pytest.raises(AuthenticationFailed) as unknown:
        authenticate("Bearer dca_" + "x" * 43)

    assert str(refusal.value) == str(unknown.value)
    token.refresh_from_db()
    assert not token.is_valid(at=datetime.now(UTC))


def test_a_refusal_says_how_to_come_back() -> None:
    assert TokenAuthentication().authenticate_header(asked(None)).startswith("Bearer")


def test_N4_a_near_miss_costs_what_a_far_miss_costs(secret: str) -> None:
    """The lookup is by the hash alone, so that no time tells how much of a guess was right."""
    asked_for = []
    for guess in (secret[:-1] + changed(secret[-1]), "dca_" + "x" * 43):
        with CaptureQueriesContext(connection) as queries, pytest.raises(AuthenticationFailed):
            authenticate(f"Bearer {guess}")
        (query,) = (each["sql"] for each in queries)
        assert guess not in query and guess[:12] not in query
        asked_for.append(query.replace(digest(guess.encode()), "HASH").partition("expires_at >")[0])

    assert asked_for[0] == asked_for[1]


def test_N3_a_secret_is_long_random_and_stored_nowhere(token: ApiToken, secret: str, olga: User) -> None:
    _, other = issue(user=olga, name="other", scopes=["read"], expires_at=datetime.now(UTC) + LATER)
    authenticate(f"Bearer {secret}")

    assert other != secret
    assert authentication.SECRET.fullmatch(secret.encode())
    assert secret.startswith(token.prefix)
    assert len(token.prefix) < len(secret) - 30
    assert secret not in str(ApiToken.objects.filter(pk=token.pk).values().get())
    assert secret not in f"{token!r} {token}"
    with sequencing(), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM trail.outbox o WHERE o::text LIKE %s", [f"%{secret}%"])
        assert cursor.fetchone()[0] == 0


def test_no_token_configures(olga: User, token: ApiToken) -> None:
    olga.is_administrator = True
    token.user = olga

    assert not permissions.may_configure(token_access(token))


def test_a_token_of_a_department_opens_that_department_alone(olga: User, parties: Parties, token: ApiToken) -> None:
    for party in (parties.service, parties.development):
        for role in ("owner", "approver", "head", "management"):
            joins(olga, party, role)
    audits(olga, "recurrence", parties.auditors)
    token.department = parties.service

    access = token_access(token)

    assert access.owns == access.approves == access.heads == access.manages == {parties.service.pk}
    assert access.audits == frozenset()
    assert access.scopes == frozenset({"read"})


def test_a_token_of_an_institution_opens_what_is_audited_for_it(olga: User, parties: Parties, token: ApiToken) -> None:
    audits(olga, "recurrence", parties.auditors)
    audits(olga, "other", parties.development)
    token.department = parties.auditors

    assert token_access(token).audits == {"recurrence"}


def test_a_token_without_department_opens_what_the_person_may(olga: User, parties: Parties, token: ApiToken) -> None:
    joins(olga, parties.service)
    audits(olga, "recurrence", parties.auditors)

    access = token_access(token)

    assert access.owns == {parties.service.pk}
    assert access.audits == {"recurrence"}


def test_a_machine_serves_its_tokens_department_whatever_it_was_given(parties: Parties) -> None:
    robot = User.objects.create_user("robot", kind=User.Kind.MACHINE)
    joins(robot, parties.service, "approver")
    audits(robot, "recurrence", parties.auditors)
    expires_at = datetime.now(UTC) + LATER
    held, _ = issue(
        user=robot, name="ci", scopes=["drills:write"], expires_at=expires_at, department=parties.development
    )
    loose, _ = issue(user=robot, name="loose", scopes=["drills:write"], expires_at=expires_at)

    assert token_access(held) == Access(
        user_id=robot.pk, serves=frozenset({parties.development.pk}), scopes=frozenset({"drills:write"})
    )
    assert token_access(loose) == Access(user_id=robot.pk, scopes=frozenset({"drills:write"}))


def test_a_use_is_noted_once_a_minute(token: ApiToken) -> None:
    start = datetime.now(UTC)
    for seconds in (0, 20, 59.9, 60, 61, 119.9, 120):
        touch(token, at=start + timedelta(seconds=seconds))

    assert TokenUse.objects.get().used_at == start + 2 * MINUTE


def test_a_later_use_is_noted_again(token: ApiToken, secret: str) -> None:
    authenticate(f"Bearer {secret}")
    TokenUse.objects.update(used_at=datetime.now(UTC) - 2 * MINUTE)

    authenticate(f"Bearer {secret}")

    assert TokenUse.objects.get().used_at > datetime.now(UTC) - MINUTE


def test_the_second_request_of_a_minute_writes_nothing(
    token: ApiToken, secret: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    authenticate(f"Bearer {secret}")

    with django_assert_num_queries(2) as queries:
        assert authenticate(f"Bearer {secret}") is not None

    assert not any(verb in query["sql"] for query in queries for verb in ("INSERT", "UPDATE", "DELETE"))
