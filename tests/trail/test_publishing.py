"""The log is published step by step, each of which can be repeated; what does not extend the log is not signed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import connection
from pytest_django import Settings

from dcase_audit.trail.events import record
from dcase_audit.trail.published import log_files
from dcase_audit.trail.publishing import Publisher
from dcase_audit.trail.sequencing import drain, take_over
from dcase_audit.trail.signing import Fork, Signer
from dcase_audit.trail.tlog.checkpoints import Checkpoint
from dcase_audit.trail.tlog.local import LocalTiles
from dcase_audit.trail.tlog.merkle import leaf_hash, root_of
from dcase_audit.trail.tlog.notes import Note, verify
from dcase_audit.trail.tlog.tiles import TileReader
from tests.server import Server, sequencing

ORIGIN = "audit.example/trail"


@pytest.fixture(autouse=True, params=["directory", "bucket"])
def files(request: pytest.FixtureRequest, settings: Settings) -> None:
    """Publish into a directory, or into a bucket that keeps versions."""
    if request.param == "bucket":
        settings.TRAIL_STORE_URL = request.getfixturevalue("s3").place().below("trail")


@pytest.fixture
def publisher(tmp_path: Path) -> Publisher:
    return new(tmp_path)


def new(directory: Path) -> Publisher:
    """Return a publisher as a new process makes it."""
    files = log_files() if settings.TRAIL_STORE_URL else LocalTiles(directory / "trail")
    return Publisher(files, Signer(directory / "signer", ORIGIN), [])


def happen(*numbers: int) -> None:
    for number in numbers:
        record("party.created", f"party:{number}")


def sequenced() -> int:
    """Drain all of the outbox; return the log's size."""
    with sequencing():
        epoch = take_over()
        while drain(epoch):
            pass
        with connection.cursor() as cursor:
            cursor.execute("SELECT size FROM trail.head")
            size: int = cursor.fetchone()[0]
            return size


def published(publisher: Publisher) -> Note:
    with sequencing():
        return publisher.publish()


def resume(publisher: Publisher) -> None:
    with sequencing():
        publisher.resume()


def shown(publisher: Publisher) -> Checkpoint:
    """Return the checkpoint that others see, with its signature checked."""
    note = Note.parse(publisher.store.get("checkpoint"))
    assert verify(note, [publisher.signer.key.verifier])
    return Checkpoint.parse(note.text)


@pytest.mark.django_db
def test_what_is_published_is_the_log(publisher: Publisher) -> None:
    happen(*range(300))
    size = sequenced()

    published(publisher)

    checkpoint = shown(publisher)
    entries = list(TileReader(publisher.store, size).entries(0, size))
    assert (checkpoint.origin, checkpoint.size) == (ORIGIN, size)
    assert checkpoint.root == root_of([leaf_hash(entry) for entry in entries])
    assert [json.loads(entry)["seq"] for entry in entries] == list(range(size))


@pytest.mark.django_db
def test_publishing_goes_on_in_another_process(publisher: Publisher, tmp_path: Path) -> None:
    happen(1)
    sequenced()
    published(publisher)
    happen(2, 3)
    size = sequenced()
    another = new(tmp_path)

    resume(another)
    published(another)

    assert shown(another).size == size
    assert another.store.get(f"checkpoints/{size:012}") == another.store.get("checkpoint")


@pytest.mark.django_db
def test_an_idle_log_is_signed_again_at_its_size(publisher: Publisher) -> None:
    happen(1)
    size = sequenced()
    published(publisher)

    published(publisher)

    with connection.cursor() as cursor:
        cursor.execute("SELECT size FROM trail.checkpoint ORDER BY id")
        assert cursor.fetchall() == [(size,), (size,)]


class Crash(Exception):
    """The process ends here."""


STEPS = ("tiles", "signed", "noted", "kept", "shown")


@pytest.mark.django_db
@pytest.mark.parametrize("step", STEPS)
def test_a_crash_at_any_step_is_made_good_by_the_next(
    step: str, publisher: Publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    happen(*range(260))
    sequenced()
    published(publisher)
    happen(*range(300))
    size = sequenced()

    def crash(*args: Any, **kwargs: Any) -> Any:
        raise Crash

    kind: Any = type(publisher.store)
    replace = kind.replace

    def crash_at(name: str) -> Callable[..., Any]:
        return lambda store, path, data: crash() if path.startswith(name) else replace(store, path, data)

    with monkeypatch.context() as patch:
        match step:
            case "tiles":
                patch.setattr(Signer, "sign", crash)
            case "signed":
                patch.setattr(Publisher, "_witnessed", crash)
            case "noted":
                patch.setattr(Publisher, "_announce", crash)
            case "kept":
                patch.setattr(kind, "replace", crash_at("checkpoints/"))
            case "shown":
                patch.setattr(kind, "replace", crash_at("checkpoint"))
        with pytest.raises(Crash):
            published(publisher)
    another = new(tmp_path)
    resume(another)
    published(another)

    checkpoint = shown(another)
    entries = TileReader(another.store, size).entries(0, size)
    assert checkpoint.size == size
    assert checkpoint.root == root_of([leaf_hash(entry) for entry in entries])


# What is not signed


@pytest.fixture
def superuser(server: Server, transactional_db: None) -> Iterator[psycopg.Connection[Any]]:
    """Somebody who may do anything to this test's database."""
    with psycopg.connect(server.superuser_url, dbname=connection.settings_dict["NAME"], autocommit=True) as connected:
        connected.execute("SET session_replication_role = 'replica'")
        for table in ("log", "disclosure", "checkpoint"):
            connected.execute(f"ALTER TABLE trail.{table} DISABLE TRIGGER ALL".encode())
        yield connected


TAMPERINGS = {
    "an entry was edited": "UPDATE trail.log SET leaf = replace(encode(leaf, 'escape'), 'party:2', 'party:9')::bytea"
    " WHERE object = 'party:2'",
    "an entry was deleted": "DELETE FROM trail.log WHERE object = 'party:2'",
    "two entries changed places": "UPDATE trail.log l SET leaf = o.leaf FROM trail.log o WHERE l.object IN ('party:1',"
    " 'party:2') AND o.object IN ('party:1', 'party:2') AND l.object <> o.object",
    "the tail was cut off": "DELETE FROM trail.disclosure WHERE seq >= (SELECT size - 1 FROM trail.head);"
    " DELETE FROM trail.log WHERE seq >= (SELECT size - 1 FROM trail.head); UPDATE trail.head SET size = size - 1",
}


@pytest.mark.parametrize("tampering", [*TAMPERINGS, None])
def test_a_log_that_was_changed_is_not_signed_any_more(
    tampering: str | None, superuser: psycopg.Connection[Any], tmp_path: Path
) -> None:
    happen(1, 2, 3)
    sequenced()
    published(new(tmp_path))
    if tampering:
        superuser.execute(TAMPERINGS[tampering].encode())
    happen(4)
    sequenced()
    another = new(tmp_path)

    if tampering:
        with pytest.raises(Fork):
            resume(another)
    else:
        resume(another)
        published(another)


def test_a_backup_that_was_restored_is_not_signed_over(superuser: psycopg.Connection[Any], tmp_path: Path) -> None:
    """The log is cut back, and goes on from there with other events."""
    happen(1, 2, 3)
    sequenced()
    publisher = new(tmp_path)
    published(publisher)
    superuser.execute(TAMPERINGS["the tail was cut off"].encode())
    happen(7, 8, 9)
    sequenced()

    another = new(tmp_path)
    with pytest.raises(Fork, match="not those that were signed"):
        resume(another)


@pytest.mark.django_db
def test_the_signers_directory_is_its_owners_alone(publisher: Publisher, tmp_path: Path) -> None:
    happen(1)
    sequenced()
    published(publisher)

    assert (tmp_path / "signer").stat().st_mode & 0o777 == 0o700
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in (tmp_path / "signer").iterdir())


def test_the_key_of_another_log_is_refused(tmp_path: Path) -> None:
    Signer(tmp_path, ORIGIN)

    with pytest.raises(Fork):
        Signer(tmp_path, "other.example/trail")
