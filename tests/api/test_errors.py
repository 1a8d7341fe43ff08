"""What careless and hostile requests get: a problem document, whatever it was, and never a 500."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.db import IntegrityError, OperationalError, transaction
from django.test import Client, RequestFactory

from dcase_audit import problems
from dcase_audit.accounts.models import ApiToken, Party
from dcase_audit.api_errors import refusal_of
from dcase_audit.requests import Application
from evidence.models import Artefact
from tests.api.client import PROBLEM, Api, slug
from tests.api.conftest import As
from tests.cast import Cast

RULE = {"kind": "rule", "key": "r", "title": {"ja": "規程"}, "custodian": "it-service"}


def without(body: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name not in names}


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer dca_" + "x" * 43,
        "Bearer dca_" + "x" * 10_000,
        "Bearer dca_\x00" + "x" * 42,
        "Bearer dca_" + "\u00e9" * 43,
        "Bearer a b",
        "Basic b2xnYTpvbGdh",
        "Token dca_" + "x" * 43,
    ],
)
def test_N1_without_a_valid_token(db: None, header: str | None) -> None:
    response = Client().get("/api/v1/me", headers={} if header is None else {"Authorization": header})

    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Bearer")
    assert slug(response) == "unauthenticated"


def test_N1_a_token_that_was_revoked_expired_or_whose_account_left(as_: As, cast: Cast) -> None:
    mine = ApiToken.objects.filter(user=cast.olga)
    assert as_("olga").get("me").status_code == 200

    mine.update(revoked_at=datetime.now(UTC))
    assert as_("olga").get("me").status_code == 401
    mine.update(revoked_at=None, expires_at=datetime(2020, 1, 1, tzinfo=UTC))
    assert as_("olga").get("me").status_code == 401
    ApiToken.objects.filter(user=cast.ken).update(name="k")
    cast.ken.is_active = False
    cast.ken.save()
    assert as_("ken").get("me").status_code == 401


def test_a_right_that_is_withdrawn_is_gone_at_the_next_request(as_: As, cast: Cast, the_clock: datetime) -> None:
    assert as_("olga").post("artefacts", RULE).status_code == 201

    cast.olga.memberships.update(until=the_clock)

    assert as_("olga").post("artefacts", {**RULE, "key": "s"}).status_code == 403
    assert as_("olga").get("artefacts/night-drills").status_code == 404


def test_N5_a_token_does_what_its_scopes_name(as_: As) -> None:
    for path in ("artefacts", "cases/recurrence", "drills", "due", "reports/1"):
        assert slug(as_("robot").get(path)) == "missing-scope"
    assert slug(as_("robot").post("artefacts", RULE)) == "missing-scope"
    assert as_("robot").get("me").json()["token"]["scopes"] == ["drills:write", "monitors:write", "subjects:write"]


BODIES: list[tuple[bytes, str | None]] = [
    (b"{", None),
    (b"", None),
    (b"[]", ""),
    (b'"text"', ""),
    (b"null", ""),
    (b'{"key": NaN}', "/key"),
    (b'{"key": Infinity}', "/key"),
    (b'{"key": 1e999}', "/key"),
    (b'{"key": "a", "key": "b"}', "/key"),
    (b'{"title": {"ja": 1, "ja": 2}}', "/title/ja"),
    (b'{"key": ' + b"9" * 5000 + b"}", "/key"),
    (b'{"key": 123456789012345678901}', "/key"),
    (b"[" * 5000 + b"]" * 5000, None),
    (b'{"a":' * 5000 + b"1" + b"}" * 5000, None),
    (b"[" * 100_000, None),
    (b'{"key": "\\u0000"}', "/key"),
    (b'{"key": "\\ud800"}', "/key"),
    (b'{"\\ud800": 1}', ""),
    (b'\xef\xbb\xbf{"key": "a"}', None),
    (b'{"key": "\xff"}', None),
    (json.dumps(RULE).encode("utf-16"), None),
    (json.dumps(RULE).encode() + b"x", None),
]


@pytest.mark.parametrize(("body", "pointer"), BODIES)
def test_N32_json_that_has_no_one_reading(as_: As, body: bytes, pointer: str | None) -> None:
    response = as_("olga").send("POST", "artefacts", body)

    # Without a body there is nothing to read: its members are missing.
    assert response.status_code == (400 if body else 422)
    if pointer is not None:
        assert response.json()["errors"][0]["pointer"] == pointer
    assert not Artefact.objects.filter(key__in=["a", "b", "r"]).exists()


def test_N19_a_body_larger_than_the_limit(as_: As, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000

    response = as_("olga").send("POST", "artefacts", json.dumps({**RULE, "pad": "x" * 1000}))

    assert (response.status_code, slug(response)) == (413, "too-large")


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json; charset=utf-8", 201),
        ("APPLICATION/JSON", 201),
        ("application/x-www-form-urlencoded", 415),
        ("multipart/form-data; boundary=x", 415),
        ("text/html", 415),
        ("application/xml", 415),
        ("*/*", 415),
        ("application/", 415),
        ("\x00", 415),
        (";;;=", 415),
        ("application/json" + ";a=b" * 1000, 201),
    ],
)
def test_N50_content_types(as_: As, content_type: str, status: int) -> None:
    assert as_("olga").send("POST", "artefacts", json.dumps(RULE), content_type=content_type).status_code == status


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("application/json", 200),
        ("*/*", 200),
        ("application/json;indent=999999", 200),
        ("text/html", 406),
        ("application/json;q=x,;,,", 200),
        ("a/" * 50_000, 406),
        ("\x00", 406),
    ],
)
def test_N50_accept(as_: As, accept: str, status: int) -> None:
    assert as_("olga").get("me", Accept=accept).status_code == status


@pytest.mark.parametrize("method", ["PATCH", "DELETE", "PUT", "OPTIONS", "TRACE", "PROPFIND", "get"])
def test_N50_methods_that_an_address_does_not_take(as_: As, method: str) -> None:
    response = as_("olga").send(method, "me")

    assert response.status_code in ({405} if method != "get" else {200, 405})
    if response.status_code == 405:
        assert response.headers["Content-Type"] == PROBLEM
        assert response.headers["Allow"] == "GET, HEAD"


def test_N50_no_header_changes_the_method(as_: As) -> None:
    response = as_("olga").post("artefacts/night-drills", {}, X_HTTP_Method_Override="DELETE")

    assert response.status_code == 405


@pytest.mark.parametrize(
    "path",
    [
        "artefacts/%00",
        "artefacts/night-drills%00",
        "artefacts/%FF",
        "artefacts/Night-Drills",
        "artefacts/night-drills/",
        "artefacts/../admin",
        "artefacts/" + "a" * 81,
        "artefacts/" + "a" * 20_000,
        "artefacts/%E5%A4%9C",
        "revisions/0",
        "revisions/-1",
        "revisions/1.0",
        "revisions/9223372036854775807",
        "revisions/9223372036854775808",
        "revisions/" + "9" * 400,
        "revisions/%D9%A1",
        "revisions/1/files/" + "g" * 64,
        "revisions/1/files/" + "0" * 63,
        "drill-results/99999999999999999999",
        "reports/99999999999999999999/file",
        "nothing",
        "",
    ],
)
def test_addresses_without_anything(as_: As, path: str) -> None:
    response = as_("olga").get(path)

    assert response.status_code == 404
    assert slug(response) == "not-found"


@pytest.mark.parametrize("query", ["a=1&" * 1500, "%00=1", "q=%ED%A0%80", "q=%FF", "limit=" + "9" * 5000, "=", "&&&"])
def test_N49_queries(as_: As, query: str) -> None:
    response = as_("olga").get(f"artefacts?{query}")

    assert response.status_code in {200, 400}


@pytest.mark.parametrize("name", ["X-Request-Id", "If-Match", "Range", "If-None-Match", "Accept-Language", "Cookie"])
@pytest.mark.parametrize("value", ["\x00", "\r\nX-Evil: 1", "\u00ff" * 300, "x" * 9000, ""])
def test_headers(as_: As, name: str, value: str) -> None:
    response = as_("olga").send("GET", "artefacts/night-drills", headers={name: value})

    assert response.status_code == 200
    assert "X-Evil" not in response.headers


def test_a_content_type_that_django_cannot_read_is_refused_all_the_same(db: None) -> None:
    assert issubclass(Application, WSGIHandler)

    environ = RequestFactory().get("/").environ
    request = Application.request_class({**environ, "CONTENT_TYPE": "multipart/form-data; boundary*=x'y'z"})

    assert request.content_type == ""


def test_a_host_that_is_not_ours(as_: As) -> None:
    response = as_("olga").get("me", Host="evil.example")

    assert (response.status_code, slug(response)) == (400, "malformed")
    assert "evil" not in response.content.decode()


def test_a_database_that_is_away(as_: As, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*args: object, **named: object) -> None:
        raise OperationalError("connection refused: host=secret.internal")

    monkeypatch.setattr("evidence.api.artefacts.ArtefactsView._filtered", away)

    response = as_("olga").get("artefacts")

    assert (response.status_code, slug(response)) == (503, "unavailable")
    assert response.headers["Retry-After"] == "5"
    assert b"secret" not in response.content


@pytest.mark.parametrize("met_by", ["django.contrib.auth.middleware.get_user", "dcase_audit.home.due_for"])
def test_a_database_that_is_away_from_pages(cast: Cast, monkeypatch: pytest.MonkeyPatch, met_by: str) -> None:
    """Whether middleware or the view meets it first, the answer asks the database for nothing."""

    def away(*args: object, **named: object) -> None:
        raise OperationalError("connection refused: host=secret.internal")

    browser = Client(raise_request_exception=False)
    browser.force_login(cast.olga)
    monkeypatch.setattr(met_by, away)

    response = browser.get("/")

    assert response.status_code == 503
    assert response.headers["Retry-After"] == "5"
    assert "現在、サービスを利用できません" in response.content.decode()
    assert b"secret" not in response.content


def test_a_bug_says_nothing_but_where_to_look(as_: As, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    def bug(*args: object, **named: object) -> None:
        raise RuntimeError("password=hunter2")

    monkeypatch.setattr("evidence.api.artefacts.ArtefactsView._filtered", bug)
    api = Api(cast.secrets["olga"])
    api.client.raise_request_exception = False

    response = api.client.get(
        "/api/v1/artefacts", headers={"Authorization": f"Bearer {api.secret}", "X-Request-Id": "look-for-this"}
    )

    assert (response.status_code, slug(response)) == (500, "unexpected")
    assert response.json()["request"] == "look-for-this"
    assert b"hunter2" not in response.content


def test_of_two_who_do_the_same_at_once_one_is_told_so(cast: Cast) -> None:
    with pytest.raises(IntegrityError) as twice, transaction.atomic():
        Party.objects.create(key="sales", name_ja="営業部", name_en="Sales")
    with pytest.raises(IntegrityError) as nonsense, transaction.atomic():
        Party.objects.filter(key="sales").update(until=date(1900, 1, 1))

    refusal = refusal_of(twice.value)

    assert refusal is not None
    assert (refusal.status, refusal.slug) == (409, "conflict")
    assert refusal_of(nonsense.value) is None


def test_every_problem_resolves_to_a_page(client: Client, db: None) -> None:
    for kind in problems.problem_types().values():
        response = client.get(f"/problems/{kind.slug}")

        assert response.status_code == 200, kind.slug
        assert kind.title in response.content.decode() or "&" in response.content.decode()
    assert client.get("/problems/no-such-problem").status_code == 404


def test_every_problem_has_a_japanese_title(db: None) -> None:
    from dcase_audit.problem_words import JAPANESE

    assert [slug for slug in problems.problem_types() if slug not in JAPANESE] == []


def test_an_answer_is_the_same_in_every_browser(as_: As) -> None:
    response = as_("olga").post("artefacts", {}, Accept_Language="ja")

    assert response.headers["Content-Language"] == "en"
    assert "This field is required." in response.content.decode()


def test_a_refusal_leaves_one_line_that_no_text_can_forge(as_: As, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("WARNING", logger="dcase_audit.security"):
        as_("bo").get("artefacts/night-drills")

    lines = [record.getMessage() for record in caplog.records if record.name == "dcase_audit.security"]
    assert len(lines) == 1
    assert json.loads(lines[0].removeprefix("refused "))["problem"] == "not-found"
