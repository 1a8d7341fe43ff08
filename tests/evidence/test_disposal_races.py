"""Disposals beside holds, uploads and kills, on true connections: the disposal gives way, nothing is lost half-way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pytest
from django.db import connection, transaction
from pytest_django import Settings

from dcase_audit.errors import Kept
from dcase_audit.jobs import services as jobs
from dcase_audit.jobs.models import Job
from dcase_audit.trail.context import acting
from evidence import services
from evidence.models import Disposal, Revision
from evidence.refusals import InUse
from evidence.services.disposal import remove
from evidence.storage import object_store
from tests.buckets import Place
from tests.cast import NOW, Cast, cast, submitted, the_clock
from tests.evidence.dying_disposal import STEPS
from tests.evidence.keeping import dispose, over
from tests.server import ROOT

__all__ = ["cast", "the_clock"]
pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE = 60.0


@pytest.fixture(autouse=True, params=["directory", "bucket"])
def objects(request: pytest.FixtureRequest, settings: Settings, tmp_path: Path) -> Place | None:
    """The bucket, where the files are in one."""
    place: Place | None = None
    if request.param == "bucket":
        place = request.getfixturevalue("s3").place()
    settings.OBJECT_STORE_URL = place.url if place else (tmp_path / "objects").as_uri()
    return place


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as running:
        yield running


@pytest.fixture
def onlooker(database_url: Callable[[str], str]) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(database_url("app"), autocommit=True) as connected:
        yield connected


def beside(pool: ThreadPoolExecutor, work: Callable[[], Any]) -> Future[Any]:
    """Do ``work`` on a connection of its own."""

    def run() -> Any:
        try:
            with acting("test"):
                return work()
        finally:
            connection.close()

    return pool.submit(run)


def until_it_waits(onlooker: psycopg.Connection[Any], work: Future[Any]) -> None:
    """Return once ``work`` waits for a lock, or is done."""
    while not work.done():
        row = onlooker.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone()
        if row is not None and row[0]:
            return


def hold(cast: Cast) -> Any:
    return services.place_hold(artefact=cast.night_drills, actor=cast.hana, at=NOW, reason="照会")


def is_there(of: Revision) -> bool:
    return object_store().exists(of.files.get().file.sha256)


class Removal(NamedTuple):
    """The removal of a file's bytes, held up between its beginning and its end."""

    begun: threading.Event
    go_on: threading.Event


@pytest.fixture
def removal(monkeypatch: pytest.MonkeyPatch) -> Removal:
    found = Removal(threading.Event(), threading.Event())
    truly = type(object_store()).remove

    def slowly(self: Any, sha256: str) -> None:
        found.begun.set()
        assert found.go_on.wait(PATIENCE)
        truly(self, sha256)

    monkeypatch.setattr(type(object_store()), "remove", slowly)
    return found


def test_a_disposal_waits_for_a_hold_that_is_being_placed_and_loses(
    cast: Cast, pool: ThreadPoolExecutor, onlooker: psycopg.Connection[Any]
) -> None:
    gone = over(cast)
    with transaction.atomic():
        hold(cast)
        disposing = beside(pool, lambda: dispose(gone, cast))
        until_it_waits(onlooker, disposing)
        assert not disposing.done()

    with pytest.raises(Kept, match="legal hold"):
        disposing.result(PATIENCE)
    assert not Disposal.objects.exists()


def test_a_hold_waits_for_a_disposal_that_is_being_decided_and_stops_it(
    cast: Cast, pool: ThreadPoolExecutor, onlooker: psycopg.Connection[Any]
) -> None:
    gone = over(cast)
    with transaction.atomic():
        disposal = dispose(gone, cast)
        holding = beside(pool, lambda: hold(cast))
        until_it_waits(onlooker, holding)
        assert not holding.done()

    holding.result(PATIENCE)
    jobs.drain("evidence.remove_file")
    disposal.refresh_from_db()
    assert disposal.stopped_at is not None
    assert is_there(gone)


def test_a_hold_that_comes_while_the_bytes_go_finds_them_gone(
    cast: Cast, pool: ThreadPoolExecutor, onlooker: psycopg.Connection[Any], removal: Removal
) -> None:
    gone = over(cast)
    disposal = dispose(gone, cast)
    work = beside(pool, lambda: remove(disposal, at=NOW))
    assert removal.begun.wait(PATIENCE)
    holding = beside(pool, lambda: hold(cast))
    until_it_waits(onlooker, holding)
    assert not holding.done()
    removal.go_on.set()

    work.result(PATIENCE)
    holding.result(PATIENCE)
    disposal.refresh_from_db()
    assert (disposal.removed_at, disposal.stopped_at) == (NOW, None)
    assert not is_there(gone)


def test_a_disposal_gives_way_to_whoever_receives_the_same_bytes(cast: Cast, pool: ThreadPoolExecutor) -> None:
    gone = over(cast)
    with transaction.atomic():
        submitted(cast.review_rule, cast.bo, content=b"over")
        disposing = beside(pool, lambda: dispose(gone, cast))

        with pytest.raises(InUse):
            disposing.result(PATIENCE)

    with pytest.raises(Kept):
        dispose(gone, cast, "miki")
    assert is_there(gone)


def test_bytes_that_come_while_the_old_ones_go_are_there_in_the_end(
    cast: Cast, pool: ThreadPoolExecutor, onlooker: psycopg.Connection[Any], removal: Removal
) -> None:
    gone = over(cast)
    disposal = dispose(gone, cast)
    work = beside(pool, lambda: remove(disposal, at=NOW))
    assert removal.begun.wait(PATIENCE)
    receiving = beside(pool, lambda: submitted(cast.review_rule, cast.bo, content=b"over"))
    until_it_waits(onlooker, receiving)
    removal.go_on.set()

    work.result(PATIENCE)
    receiving.result(PATIENCE)
    disposal.refresh_from_db()
    assert disposal.removed_at is not None
    assert disposal.restored_at is not None
    object_store().verify(gone.files.get().file.sha256)


@pytest.mark.parametrize("step", STEPS)
def test_a_kill_at_any_step_is_made_good(
    cast: Cast, step: str, settings: Settings, objects: Place | None, tmp_path: Path, database_url: Callable[[str], str]
) -> None:
    gone = over(cast)
    file = gone.files.get().file
    if objects is not None:
        # Another version, so that there is something between the first and the last.
        objects.lay_over(objects.shown()[0], b"forged")
    environ = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "DJANGO_SETTINGS_MODULE": "dcase_audit.settings",
        "DATABASE_ROLE": "app",
        "DATABASE_URL": database_url("app"),
        "DATA_DIR": str(tmp_path),
        "OBJECT_STORE_URL": settings.OBJECT_STORE_URL,
        "DEMO_NOW": NOW.isoformat(),
    }
    command = [sys.executable, "-m", "tests.evidence.dying_disposal", step, file.sha256]

    died = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, timeout=PATIENCE, check=False)

    assert died.returncode == -signal.SIGKILL, died.stderr.decode()
    disposal = Disposal.objects.get()
    assert disposal.stands
    # Which of several versions went first is the bucket's matter.
    assert step == "half removed" or is_there(gone) == (step in ("decided", "about to remove"))
    # Whoever held the job is dead: its lease runs out, and the next one does it.
    Job.objects.filter(state=Job.State.RUNNING).update(lease_until=datetime.now(UTC) - timedelta(seconds=1))
    jobs.drain("evidence.remove_file")
    disposal.refresh_from_db()
    assert disposal.removed_at is not None
    assert not is_there(gone)
    assert objects is None or objects.versions() == []
    assert not Job.objects.filter(kind="evidence.remove_file").exclude(state=Job.State.DONE).exists()
