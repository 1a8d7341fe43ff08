"""What comes beside a result: kept as sent, examined, compared with its digest, and nothing of it read."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from pytest_django import Settings

from drills.models import DrillResult
from evidence.models import RevisionFile
from tests.api.client import pointers, slug
from tests.api.conftest import As
from tests.cast import Cast
from tests.drills.samples import as_bytes, native

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("the_clock")]

LOG = b"01:00 fault injected\n" * 100
MACRO = b"PK\x03\x04" + b"\0" * 40


@pytest.fixture(autouse=True)
def store(tmp_path: Path, settings: Settings) -> None:
    settings.OBJECT_STORE_URL = (tmp_path / "objects").as_uri()


def file(name: str, content: bytes, media_type: str = "text/plain") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, media_type)


def upload(as_: As, *attachments: SimpleUploadedFile, key: str = "k", **fields: Any) -> Any:
    result = file("result.json", as_bytes(native()), "application/json")
    form = {"file": result, "attachment": list(attachments), **fields}
    return as_("robot").upload("drills/night-failover/results", form, Idempotency_Key=key)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.mark.usefixtures("sound")
def test_attachments_are_kept_beside_the_result_and_named_in_its_receipt(as_: As, cast: Cast) -> None:
    answer = upload(
        as_, file("訓練.log", LOG), file("b.txt", b"second"), attachment_sha256=[sha256(LOG), sha256(b"second")]
    )

    assert answer.status_code == 201, answer.json()
    first, second = answer.json()["attachments"]
    assert (first["name"], first["sha256"], first["size"], first["flags"]) == ("訓練.log", sha256(LOG), len(LOG), [])
    assert second["name"] == "b.txt"
    got = as_("olga").get(first["href"])
    assert b"".join(got.streaming_content) == LOG
    roles = RevisionFile.objects.order_by("position").values_list("role", flat=True)
    assert list(roles) == ["raw", "attachment", "attachment"]
    assert as_("olga").get(f"drill-results/{answer.json()['id']}").json()["attachments"] == [first, second]


def test_a_declared_digest_of_an_attachment_is_compared(as_: As, cast: Cast) -> None:
    wrong = upload(as_, file("a.log", LOG), attachment_sha256=["0" * 64])
    few = upload(as_, file("a.log", LOG), file("b.log", b"b"), attachment_sha256=[sha256(LOG)])

    assert (wrong.status_code, slug(wrong), pointers(wrong)) == (422, "digest-differs", {"/attachment_sha256/0"})
    assert (few.status_code, pointers(few)) == (422, {"/attachment_sha256"})
    assert not DrillResult.objects.exists()


def test_attachments_are_part_of_what_a_key_stands_for(as_: As, cast: Cast) -> None:
    first = upload(as_, file("a.log", LOG))

    again = upload(as_, file("a.log", LOG))
    other = upload(as_, file("a.log", LOG + b"more"))

    assert again.headers["Idempotent-Replayed"] == "true" and again.json()["id"] == first.json()["id"]
    assert slug(other) == "idempotency-key-reused"


def test_attachments_are_examined_as_evidence_is(as_: As, cast: Cast) -> None:
    refused = upload(as_, file("report.pdf", b"MZ\x90\0" + b"\0" * 200, "application/pdf"))
    twice = upload(as_, file("a.log", LOG), file("b.log", LOG))

    assert (refused.status_code, slug(refused)) == (415, "contradictory-file")
    assert twice.status_code == 422
    assert not DrillResult.objects.exists()


def test_a_result_that_is_larger_than_its_format_takes_says_where_the_rest_belongs(as_: As, cast: Cast) -> None:
    body = as_bytes(native(note="x")) + b" " * (1024 * 1024)
    answer = as_("robot").upload(
        "drills/night-failover/results", {"file": file("r.json", body, "application/json")}, Idempotency_Key="k"
    )

    assert answer.status_code == 413
    assert "format native" in answer.json()["detail"] and "attachment" in answer.json()["detail"]


def test_files_have_names_that_are_known_and_there_are_not_too_many(as_: As, cast: Cast) -> None:
    many = upload(as_, *(file(f"{number}.log", str(number).encode()) for number in range(21)))
    unknown = as_("robot").upload("drills/night-failover/results", {"log": file("a.log", LOG)}, Idempotency_Key="u")

    assert pointers(many) == {"/attachment"}
    assert (unknown.status_code, slug(unknown)) == (400, "malformed")
