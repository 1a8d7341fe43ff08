"""Evidence in a bucket, as people and machines meet it: received, read, disposed of, and refused while it is locked."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from pytest_django import Settings

from dcase_audit.jobs import services as jobs
from dcase_audit.jobs.models import Job
from evidence.models import Disposal, Revision, StoredFile
from evidence.storage import ObjectLocked, object_store, orphans
from tests.api.client import Api
from tests.api.conftest import static_files
from tests.buckets import S3, Place
from tests.cast import NOW, Cast, cast, the_clock
from tests.events import payloads
from tests.evidence.keeping import dispose, over

__all__ = ["cast", "static_files", "the_clock"]
pytestmark = pytest.mark.django_db

CONTENT = "夜間の切替わり訓練の記録\n".encode() * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def place(s3: S3, settings: Settings) -> Place:
    place = s3.place(locks=True)
    settings.OBJECT_STORE_URL = place.url
    return place


@pytest.fixture
def olga(cast: Cast, place: Place) -> Api:
    return Api(cast.secrets["olga"])


def upload(api: Api) -> Any:
    says = {"proves_from": "2026-11-19T16:00:00Z", "proves_until": "2026-11-19T17:00:00Z", "covers": ["night"]}
    file = SimpleUploadedFile("記録.txt", CONTENT, "text/plain")
    return api.upload("artefacts/night-drills/revisions", {"file": [file], "revision": json.dumps(says)})


def body(response: Any) -> bytes:
    return b"".join(response.streaming_content)


def test_a_file_is_received_and_read_in_whole_and_in_part(olga: Api, place: Place) -> None:
    made = upload(olga)

    assert made.status_code == 201
    assert place.shown() == [f"objects/{SHA256[:2]}/{SHA256[2:4]}/{SHA256}"]
    path = f"revisions/{made.json()['id']}/files/{SHA256}"
    assert body(olga.get(path)) == CONTENT
    part = olga.get(path, Range="bytes=10-29")
    assert (part.status_code, body(part)) == (206, CONTENT[10:30])


def test_the_log_is_told_which_version_it_is_once(olga: Api, place: Place) -> None:
    upload(olga)
    upload(olga)

    ((_, version),) = place.versions()
    assert payloads("file.stored") == [{"sha256": SHA256, "version": version}]


def test_a_store_that_is_away_is_a_503_that_says_when_to_come_again(
    olga: Api, place: Place, s3: S3, settings: Settings
) -> None:
    made = upload(olga).json()
    settings.OBJECT_STORE_URL = place.impatient

    with s3.hanging():
        sent = upload(olga)
        read = olga.get(f"revisions/{made['id']}/files/{SHA256}")

    for response in (sent, read):
        assert response.status_code == 503
        assert response.headers["Retry-After"]
        assert response.json()["type"] == "/problems/store-unavailable"
        assert b"127.0.0.1" not in response.content
    assert StoredFile.objects.filter(sha256=SHA256).count() == 1
    assert Revision.objects.filter(files__file__sha256=SHA256).count() == 1


def test_what_is_too_large_is_refused_and_leaves_nothing(olga: Api, place: Place, settings: Settings) -> None:
    settings.UPLOAD_LIMIT = len(CONTENT) - 1

    assert upload(olga).status_code == 413
    assert place.versions() == []


def test_the_page_of_health_tells_of_a_store_that_is_away(
    olga: Api, place: Place, s3: S3, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dcase_audit.operations._held", {})
    with s3.failing(lambda asked: (403, "AccessDenied")):
        response = olga.client.get("/readyz")

    assert response.status_code == 503
    assert response.json()["objects"] == "Files cannot be stored or read at the moment"


# Disposals


def test_a_disposal_takes_every_version(cast: Cast, place: Place) -> None:
    gone = over(cast)
    place.lay_over(place.shown()[0], b"forged")

    dispose(gone, cast)
    assert jobs.drain("evidence.remove_file") == 1

    assert place.versions() == []
    assert list(orphans()) == []


def test_what_the_store_locks_cannot_be_disposed_of(cast: Cast, place: Place, capsys: pytest.CaptureFixture) -> None:
    gone = over(cast)
    legal_hold(place, "ON")

    with pytest.raises(ObjectLocked):
        dispose(gone, cast)
    with pytest.raises(SystemExit):
        call_command("dispose", "--all", "--reason", "保存期間の満了", "--actor", "hana")

    assert "The store locks" in capsys.readouterr().err
    assert not Disposal.objects.exists()
    assert object_store().exists(gone.files.get().file.sha256)


def test_a_lock_that_comes_after_the_decision_leaves_the_job_until_it_is_released(cast: Cast, place: Place) -> None:
    gone = over(cast)
    disposal = dispose(gone, cast)
    legal_hold(place, "ON")

    assert jobs.drain("evidence.remove_file") == 0
    job = Job.objects.get(kind="evidence.remove_file")
    assert (job.state, "ObjectLocked" in job.last_error) == (Job.State.QUEUED, True)
    legal_hold(place, "OFF")
    Job.objects.filter(pk=job.pk).update(run_at=NOW)
    assert jobs.drain("evidence.remove_file") == 1

    disposal.refresh_from_db()
    assert disposal.removed_at is not None
    assert place.versions() == []


def test_what_comes_again_after_a_disposal_is_another_version_and_the_log_is_told(cast: Cast, place: Place) -> None:
    first = over(cast)
    ((_, before),) = place.versions()
    dispose(first, cast)
    jobs.drain("evidence.remove_file")

    over(cast)

    ((_, after),) = place.versions()
    assert [payload["version"] for payload in payloads("file.stored")] == [before, after]
    assert before != after


def legal_hold(place: Place, status: str) -> None:
    (key,) = place.shown()
    place.client.put_object_legal_hold(Bucket=place.name, Key=key, LegalHold={"Status": status})
