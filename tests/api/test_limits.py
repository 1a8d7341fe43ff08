"""How often a token may ask, and how much a department may hand in."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from pytest_django import Settings

from dcase_audit import clock
from dcase_audit.accounts import authentication
from dcase_audit.accounts.models import ApiToken, TokenRate
from drills.models import DrillResult, RefusedUpload
from evidence.models import Revision, StoredFile
from evidence.storage import object_store
from tests.api.client import slug
from tests.api.conftest import As
from tests.cast import NOW, Cast, make_cast, submitted
from tests.drills.samples import native
from tests.pages.conftest import logged_in, text_of

REVISIONS = "artefacts/night-drills/revisions"
RESULTS = "drills/night-failover/results"


def add(as_: As, content: bytes, name: str = "olga") -> Any:
    file = SimpleUploadedFile("a.txt", content, "text/plain")
    return as_(name).upload(REVISIONS, {"file": file, "proves_until": "2026-11-19T17:00:00Z"})


@pytest.fixture
def rate(settings: Settings) -> None:
    """Take twenty at once, and one more after a hundred seconds."""
    settings.TOKEN_RATE, settings.TOKEN_BURST = 0.01, 20


def test_N48_a_token_that_asks_too_often_waits_whatever_its_headers_say(
    as_: As, rate: None, caplog: pytest.LogCaptureFixture
) -> None:
    answers = [
        as_("olga").get("me", X_Forwarded_For=f"10.0.0.{n}", Forwarded=f"for=10.0.0.{n}", X_Real_Ip=f"10.0.0.{n}")
        for n in range(30)
    ]

    assert [response.status_code for response in answers] == [200] * 20 + [429] * 10
    assert slug(answers[-1]) == "too-many-requests"
    assert 90 < int(answers[-1].headers["Retry-After"]) <= 100
    # Everybody else is served.
    assert as_("ken").get("me").status_code == 200
    assert as_("").get("me").status_code == 401
    assert sum("too-many-requests" in record.getMessage() for record in caplog.records) == 10


def test_N48_what_is_beyond_the_limit_is_not_even_read(as_: As, rate: None) -> None:
    for _ in range(20):
        as_("robot").get("me")

    response = as_("robot").send("POST", RESULTS, "{", headers={"Idempotency-Key": "k"})

    assert response.status_code == 429
    assert not RefusedUpload.objects.exists()


def test_N48_who_waited_is_served_again(as_: As, cast: Cast, rate: None) -> None:
    for _ in range(21):
        as_("olga").get("me")
    assert as_("olga").get("me").status_code == 429

    row = TokenRate.objects.get(token__user=cast.olga)
    TokenRate.objects.update(paid_until=row.paid_until - timedelta(seconds=100))

    assert as_("olga").get("me").status_code == 200
    assert as_("olga").get("me").status_code == 429


def test_who_was_away_has_no_more_than_a_burst(as_: As, cast: Cast, rate: None) -> None:
    as_("olga").get("me")
    TokenRate.objects.update(paid_until=NOW - timedelta(days=300))

    assert [as_("olga").get("me").status_code for _ in range(21)] == [200] * 20 + [429]


def test_without_a_limit_nothing_is_counted(as_: As) -> None:
    assert as_("olga").get("me").status_code == 200
    assert not TokenRate.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_N48_all_processes_count_together(rate: None, the_clock: object) -> None:
    token = ApiToken.objects.get(user=make_cast().olga)
    start = threading.Barrier(8, timeout=60)
    taken: list[float] = []

    def ask() -> None:
        start.wait()
        for _ in range(10):
            found = authentication.find(token.sha256, datetime.now(UTC))
            assert found is not None
            taken.append(found.waits)
        connection.close()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(not seconds for seconds in taken) == 20
    assert all(seconds <= 100 for seconds in taken)


def test_the_counter_costs_no_wait_for_the_disk(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT relpersistence FROM pg_class WHERE oid = 'accounts_tokenrate'::regclass")
        assert cursor.fetchone() == ("u",)


def test_N28_a_department_hands_in_so_many_files_a_day(as_: As, settings: Settings) -> None:
    settings.QUOTA_FILES = 3
    assert [add(as_, b"%d" % n).status_code for n in range(3)] == [201] * 3
    kept = set(object_store().digests())

    refused = add(as_, b"one too many", name="ken")

    assert (refused.status_code, slug(refused)) == (429, "quota-exceeded")
    assert "3 files were handed in today and 1 are more: 3 are taken a day." in refused.json()["detail"]
    # It is 15:00 in Tokyo.
    assert refused.headers["Retry-After"] == str(9 * 3600)
    assert set(object_store().digests()) == kept
    assert Revision.objects.count() == StoredFile.objects.count() == 3

    clock.fix(NOW + timedelta(hours=9))
    assert add(as_, b"the day after").status_code == 201


def test_N28_a_department_hands_in_so_many_bytes_a_day(as_: As, settings: Settings) -> None:
    settings.QUOTA_BYTES = 1000

    assert add(as_, b"x" * 600).status_code == 201
    assert add(as_, b"y" * 401).status_code == 429
    assert add(as_, b"y" * 400).status_code == 201


def test_N28_what_one_department_hands_in_is_nothing_to_another(as_: As, cast: Cast, settings: Settings) -> None:
    settings.QUOTA_FILES = 1
    submitted(cast.review_rule, cast.bo, content=b"theirs")

    assert add(as_, b"ours").status_code == 201


@pytest.mark.parametrize("key", ["two words", " k", "k\t", "", "k" * 256, "\u30ad\u30fc", '""'])
def test_a_key_is_visible_ascii_without_spaces(as_: As, key: str) -> None:
    response = as_("robot").send("POST", RESULTS, _as_text(), headers={"Idempotency-Key": key})

    assert (response.status_code, slug(response)) == (400, "bad-header")


def test_N28_results_of_drills_count_and_one_too_many_is_on_record(as_: As, settings: Settings) -> None:
    settings.QUOTA_FILES = 1

    first = as_("robot").send("POST", RESULTS, _as_text(), headers={"Idempotency-Key": "1"})
    again = as_("robot").send("POST", RESULTS, _as_text(), headers={"Idempotency-Key": "1"})
    second = as_("robot").send("POST", RESULTS, _as_text(note="another"), headers={"Idempotency-Key": "2"})

    assert [first.status_code, again.status_code, second.status_code] == [201, 201, 429]
    assert DrillResult.objects.count() == 1
    assert RefusedUpload.objects.get().problem == "quota-exceeded"


def _as_text(**changed: Any) -> str:
    return json.dumps(native(**changed))


def test_N28_a_page_says_so(cast: Cast, settings: Settings) -> None:
    settings.QUOTA_FILES = 1
    submitted(cast.night_drills, cast.olga)
    olga: Client = logged_in(cast.olga, "ja")
    fields = {"files": SimpleUploadedFile("a.txt", b"x", "text/plain"), "proves_until": "2026-11-19"}

    page = olga.post(
        "/evidence/night-drills/revisions/new/", {**fields, "verdict": "supports", "confidentiality": "normal"}
    )

    assert "この部署が一日に提出できる量に達しました" in text_of(page)
    assert Revision.objects.count() == 1
