"""Everything in a bucket: what is uploaded is sequenced, published, read, bundled and verified, through outages."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import Settings

from dcase_audit.jobs import services as jobs
from dcase_audit.trail.tlog.checkpoints import Checkpoint
from dcase_audit.trail.tlog.notes import Note
from dcase_audit.trail.tlog.tiles import tile_path
from evidence import services
from evidence.models import Revision
from tests.api.client import Api
from tests.api.matrix import make_stage
from tests.buckets import S3, Place
from tests.cast import NOW, Cast
from tests.evidence.keeping import dispose, over
from tests.pages.conftest import logged_in
from tests.sealing import Sealing

CONTENT = "夜間の切替わり訓練の記録\n".encode()
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def place(s3: S3) -> Place:
    return s3.place(locks=True)


@pytest.fixture
def in_bucket(settings: Settings, tmp_path: Path, place: Place) -> Sealing:
    """A log and files in one bucket, and directories that nobody should touch."""
    settings.TRAIL_DIR, settings.TRAIL_STORE_URL = tmp_path / "trail", place.below("trail")
    settings.OBJECT_STORE_URL = place.url
    settings.TRAIL_MERGE_DELAY = 24 * 60 * 60
    sealing = Sealing(tmp_path)
    sealing.make_known()
    return sealing


def upload(cast: Cast) -> Revision:
    says = {"proves_from": "2026-11-19T16:00:00Z", "proves_until": "2026-11-19T17:00:00Z", "covers": ["night"]}
    file = SimpleUploadedFile("記録.txt", CONTENT, "text/plain")
    fields = {"file": [file], "revision": json.dumps(says)}
    made = Api(cast.secrets["olga"]).upload("artefacts/night-drills/revisions", fields)
    assert made.status_code == 201
    return Revision.objects.get(pk=made.json()["id"])


def test_from_the_upload_to_the_verifier(cast: Cast, in_bucket: Sealing, place: Place, tmp_path: Path) -> None:
    make_stage(cast)
    revision = upload(cast)
    services.submit(revision=revision, actor=cast.olga, at=NOW)
    services.accept(revision=revision, actor=cast.ken, at=NOW)

    in_bucket.assert_sound()

    assert (tmp_path / "bundle.zip").exists()
    assert not (tmp_path / "trail").exists()
    assert not (tmp_path / "objects").exists()
    out = StringIO()
    call_command("verify_trail", stdout=out)
    assert "are as they were logged" in out.getvalue()


def test_a_verifier_follows_the_log_through_the_application(cast: Cast, in_bucket: Sealing, place: Place) -> None:
    size = Checkpoint.parse(in_bucket.seal().text).size
    client = Client(headers={"Authorization": f"Bearer {cast.secrets['rin']}"})

    head = client.get("/trail/checkpoint")

    assert Checkpoint.parse(Note.parse(head.content).text).size == size
    assert client.get(f"/trail/checkpoints/{size:012}").content == head.content
    tile = tile_path(0, 0, min(size, 256))
    stored = place.client.get_object(Bucket=place.name, Key=f"trail/{tile}")["Body"].read()
    assert client.get(f"/trail/{tile}").content == stored
    assert client.get("/trail/log.vkey").content.decode().strip() == in_bucket.signer.key.vkey()
    assert client.get(f"/trail/{tile_path(0, 7)}").status_code == 404
    assert logged_in(cast.otto).get("/trail/checkpoint").status_code == 404


def test_a_disposed_file_leaves_a_bundle_that_says_so(cast: Cast, in_bucket: Sealing, place: Place) -> None:
    upload(cast)
    gone = over(cast)
    sha256 = gone.files.get().file.sha256
    dispose(gone, cast)
    assert jobs.drain("evidence.remove_file") == 1

    assert not any(sha256 in key for key, _ in place.versions())
    in_bucket.assert_sound()


@pytest.mark.parametrize(
    "ask",
    [
        lambda cast, first, size: logged_in(cast.rin).get("/trail/checkpoint"),
        lambda cast, first, size: logged_in(cast.rin).get(f"/trail/{tile_path(0, 0, min(size, 256))}"),
        lambda cast, first, size: logged_in(cast.rin).get("/trail/log.vkey"),
        lambda cast, first, size: Api(cast.secrets["rin"]).get("trail/proof", {"entry": "1"}),
        lambda cast, first, size: Api(cast.secrets["rin"]).get(
            "trail/consistency", {"from": str(first), "to": str(size)}
        ),
    ],
    ids=["checkpoint", "tile", "keys", "proof", "consistency"],
)
def test_a_bucket_that_is_away_is_a_503_that_says_when_to_come_again(
    cast: Cast, in_bucket: Sealing, s3: S3, ask: Callable[[Cast, int, int], Any]
) -> None:
    first = Checkpoint.parse(in_bucket.seal().text).size
    upload(cast)
    size = Checkpoint.parse(in_bucket.seal().text).size

    with s3.failing(lambda asked: (403, "AccessDenied")):
        response = ask(cast, first, size)

    assert response.status_code == 503
    assert response.headers["Retry-After"]
    assert b"AccessDenied" in response.content and b"secret.internal" not in response.content
    assert ask(cast, first, size).status_code == 200


def test_a_file_that_somebody_wrote_over_is_in_the_bundle_as_it_was(
    cast: Cast, in_bucket: Sealing, place: Place
) -> None:
    upload(cast)
    place.lay_over(f"objects/{SHA256[:2]}/{SHA256[2:4]}/{SHA256}", b"forged")

    in_bucket.assert_sound()


def test_a_checkpoint_that_somebody_put_there_is_refuted(cast: Cast, in_bucket: Sealing, place: Place) -> None:
    size = Checkpoint.parse(in_bucket.seal().text).size
    stored = place.client.get_object(Bucket=place.name, Key="trail/checkpoint")["Body"].read()
    place.lay_over("trail/checkpoint", stored.replace(f"\n{size}\n".encode(), f"\n{size + 1}\n".encode(), 1))

    with pytest.raises(CommandError, match="the database knows of none beyond"):
        call_command("verify_trail", stdout=StringIO())
