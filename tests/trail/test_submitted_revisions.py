"""A revision that was handed in stays as it is, whatever statement the application tries."""

from __future__ import annotations

import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction

from dcase_audit.trail.context import acting
from evidence import services
from evidence.models import Revision, RevisionFile, StoredFile
from evidence.services import FileIn
from evidence.storage import store_file
from tests.evidence.world import DAY, START, World
from tests.trail.conftest import sqlstate

pytestmark = pytest.mark.django_db
AT = START + DAY


@pytest.fixture
def world(db: None) -> World:
    return World()


@pytest.fixture
def submitted(world: World) -> Revision:
    return world.submit("rule-a", AT)


@pytest.fixture
def draft(world: World) -> Revision:
    return services.add_revision(
        artefact=world.artefacts["rule-b"], actor=None, at=AT, files=[FileIn(world.file, "rule.txt")], valid_from=AT
    )


def refused(write: Callable[[], object]) -> str | None:
    with pytest.raises(DatabaseError) as error, transaction.atomic():
        write()
    return sqlstate(error.value)


def another_file() -> StoredFile:
    return store_file(io.BytesIO(b"another"), media_type="text/plain", at=AT)


@pytest.mark.parametrize(
    "change",
    [
        {"verdict": "refutes"},
        {"covers": []},
        {"valid_until": AT + DAY},
        {"number": 9},
        {"submitted_at": None},
        {"created_at": AT + DAY},
        {"note": "x"},
        {"subjects": {}},
        {"retain_until": AT + timedelta(days=36500), "note": "x"},
        {"retention": {}},
    ],
    ids=str,
)
def test_no_member_of_a_submitted_revision_changes(submitted: Revision, change: dict[str, Any]) -> None:
    assert refused(lambda: Revision.objects.filter(pk=submitted.pk).update(**change)) == "23001"


def test_a_submitted_revision_is_not_deleted(submitted: Revision) -> None:
    assert refused(lambda: Revision.objects.filter(pk=submitted.pk)._raw_delete("default")) == "23001"


def test_a_draft_may_change_and_go(draft: Revision) -> None:
    Revision.objects.filter(pk=draft.pk).update(note="x")
    RevisionFile.objects.filter(revision=draft).update(name="other.txt")
    RevisionFile.objects.filter(revision=draft).delete()
    Revision.objects.filter(pk=draft.pk).delete()

    assert not Revision.objects.filter(pk=draft.pk).exists()


def test_the_files_of_a_submitted_revision_stay(submitted: Revision, draft: Revision) -> None:
    files, other = RevisionFile.objects.filter(revision=submitted), another_file()

    def add() -> object:
        return RevisionFile.objects.create(revision=submitted, file=other, position=9, name="more.txt")

    assert refused(add) == "23001"
    assert refused(lambda: files.update(name="other.txt")) == "23001"
    assert refused(lambda: files.update(file=other)) == "23001"
    assert refused(lambda: files._raw_delete("default")) == "23001"


def test_a_file_moves_neither_out_of_a_submitted_revision_nor_into_one(submitted: Revision, draft: Revision) -> None:
    out = RevisionFile.objects.filter(revision=submitted)
    into = RevisionFile.objects.filter(revision=draft)
    into.update(file=another_file())

    assert refused(lambda: out.update(revision=draft, position=9)) == "23001"
    assert refused(lambda: into.update(revision=submitted, position=9)) == "23001"


@pytest.mark.django_db(transaction=True)
def test_no_file_slips_in_while_a_revision_is_being_submitted(
    world: World, draft: Revision, database_url: Callable[[str], str]
) -> None:
    other, handed_in = another_file(), Event()

    def add() -> str | None:
        try:
            assert handed_in.wait(20)
            with acting("test"):
                return refused(lambda: RevisionFile.objects.create(revision=draft, file=other, position=9, name="more"))
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool, psycopg.connect(database_url("app"), autocommit=True) as onlooker:
        with transaction.atomic():
            services.submit(revision=draft, actor=None, at=AT)
            adding = pool.submit(add)
            handed_in.set()
            while not adding.done() and not somebody_waits(onlooker):
                pass
        assert adding.result() == "23001"


def somebody_waits(onlooker: psycopg.Connection[Any]) -> bool:
    row = onlooker.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone()
    return row is not None and row[0] > 0
