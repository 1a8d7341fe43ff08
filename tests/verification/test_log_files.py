"""The log's files: as published, to whoever sees a case, and nothing beside them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from dcase_audit.trail.tlog.checkpoints import Checkpoint
from dcase_audit.trail.tlog.local import LocalTiles
from dcase_audit.trail.tlog.merkle import leaf_hash, root_of
from dcase_audit.trail.tlog.notes import Note
from dcase_audit.trail.tlog.tiles import entries_path, parse_bundle, tile_path
from tests.cast import Cast, token
from tests.pages.conftest import logged_in
from tests.sealing import Sealing


@pytest.fixture
def size(cast: Cast, known: Sealing) -> int:
    return Checkpoint.parse(known.seal().text).size


def test_a_verifier_follows_the_log_from_its_files(cast: Cast, size: int) -> None:
    client = Client(headers={"Authorization": f"Bearer {cast.secrets['rin']}"})

    head = client.get("/trail/checkpoint")
    past = client.get(f"/trail/checkpoints/{size:012}")
    width = min(size, 256)
    leaves = parse_bundle(client.get(f"/trail/{entries_path(0, width)}").content)
    hashes = client.get(f"/trail/{tile_path(0, 0, width)}").content

    assert head.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert head.headers["Cache-Control"] == "private, no-cache"
    assert head.content == past.content
    assert Checkpoint.parse(Note.parse(head.content).text).size == size
    assert hashes == b"".join(leaf_hash(leaf) for leaf in leaves)
    if size <= 256:
        assert root_of(leaf_hash(leaf) for leaf in leaves) == Checkpoint.parse(Note.parse(head.content).text).root


def test_a_tile_is_kept_and_asked_for_once(cast: Cast, size: int) -> None:
    path = f"/trail/{tile_path(0, 0, min(size, 256))}"
    client = logged_in(cast.bo)

    first = client.get(path)
    again = client.get(path, headers={"If-None-Match": first.headers["ETag"]})

    assert first.headers["Content-Type"] == "application/octet-stream"
    assert first.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    assert (again.status_code, again.content) == (304, b"")
    assert client.head(path).status_code == 200
    assert client.post(path).status_code == 405


def test_a_time_stamp_is_given_as_it_was_received_and_never_changes(cast: Cast, size: int) -> None:
    LocalTiles(settings.TRAIL_DIR).put_all([(f"timestamps/{size:012}.tsr", b"a response")])

    given = logged_in(cast.rin).get(f"/trail/timestamps/{size:012}.tsr")

    assert (given.content, given.headers["Content-Type"]) == (b"a response", "application/timestamp-reply")
    assert given.headers["Cache-Control"] == "private, max-age=31536000, immutable"


def test_the_key_is_that_of_the_log(cast: Cast, size: int, known: Sealing) -> None:
    assert logged_in(cast.rin).get("/trail/log.vkey").content.decode().strip() == known.signer.key.vkey()


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/0",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/00/000",
        "tile/0/001",
        "tile/64/000",
        "tile/entries/x000/000",
        "tile/../checkpoint",
        "tile/0/%2e%2e/%2e%2e/%2e%2e/secret",
        "tile/%2e%2e/%2e%2e/secret",
        "tile//etc/passwd",
        "tile/0/000%00",
        "checkpoints/1",
        "checkpoints/999999999999",
        "checkpoints/..%2f..%2fsecret00",
        "signed",
        "log.key",
        ".staging-x",
        "timestamps/000000000001.tsr",
        "timestamps/000000000002-1.tsr",
        "timestamps/..%2f..%2fsecret.tsr",
    ],
)
def test_nothing_else_is_given(cast: Cast, size: int, path: str) -> None:
    (settings.TRAIL_DIR.parent / "secret").write_text("a secret")

    assert logged_in(cast.olga).get(f"/trail/{path}").status_code == 404


def test_who_may_not_read_learns_nothing(cast: Cast, size: int) -> None:
    browser = Client(headers={"Accept": "text/html"})
    nobody, wrong = Client(), Client(headers={"Authorization": "Bearer dca_wrong"})
    writer = Client(headers={"Authorization": f"Bearer {token(cast.olga, ['evidence:write'])}"})

    assert browser.get("/trail/checkpoint").headers["Location"] == "/login/?next=/trail/checkpoint"
    for client in (nobody, wrong):
        refused = client.get("/trail/checkpoint")
        assert refused.status_code == 401
        assert refused.headers["WWW-Authenticate"].startswith("Bearer")
    assert writer.get("/trail/checkpoint").status_code == 403
    assert logged_in(cast.otto).get("/trail/checkpoint").status_code == 404


def test_before_there_is_a_log_there_are_no_files(cast: Cast, sealing: Sealing, as_: Callable[..., Any]) -> None:
    for path in ("checkpoint", "log.vkey", "tile/0/000"):
        assert as_("olga").get(f"/trail/{path}").status_code == 404
    assert not Path(settings.TRAIL_DIR).exists()
