"""``python -m bench.peers.rounds``: write the same rows with each way of keeping history; prints seconds and counts."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from typing import Any, NamedTuple

import django
import psycopg
from django.db import connection, connections, models, transaction

from bench.table import seconds

ROUNDS = 31
SAVES, EACH, WRITERS, ROWS = 60, 25, 4, 1000
AT = datetime(2026, 11, 20, tzinfo=UTC)


class Way(NamedTuple):
    """A way of keeping history: its model, where it keeps it, who acts, and how it wants many rows to be created."""

    model: Any
    kept: str | None
    acting: Callable[[], AbstractContextManager[object]]
    create: Callable[[list[models.Model]], object]


def ways() -> dict[str, Way]:
    """Return the ways by name; what is compared comes first."""
    import pghistory
    from auditlog.context import set_actor
    from simple_history.utils import bulk_create_with_history

    from bench.peers import models as rows
    from dcase_audit.accounts.models import User

    with told():
        user = User.objects.create(username="bench", password="!")

    def plain(model: Any, kept: str | None, acting: Callable[[], AbstractContextManager[object]] = untold) -> Way:
        return Way(model, kept, acting, model.objects.bulk_create)

    @contextmanager
    def events() -> Iterator[None]:
        with untold(), pghistory.context(user=user.pk, url="/bench"):
            yield

    @contextmanager
    def entries() -> Iterator[None]:
        with untold(), set_actor(user, "192.0.2.1"):
            yield

    history = "peers_historicalhistoricrow"
    return {
        "plain": plain(rows.PlainRow, None),
        "capture": plain(rows.CapturedRow, "trail.outbox", told),
        "auditlog": plain(rows.AuditlogRow, "auditlog_logentry", entries),
        "simple-history": plain(rows.HistoricRow, history)._replace(
            create=lambda made: bulk_create_with_history(made, rows.HistoricRow, default_user=user)
        ),
        "pghistory": plain(rows.EventRow, "peers_eventrowevent", events),
        "pghistory, statements": plain(rows.StatementRow, "peers_statementrowevent", events),
    }


@contextmanager
def told() -> Iterator[None]:
    """Act as a request does: the trail is told who, through what and from where."""
    from dcase_audit.trail.context import acting

    with acting("user:1", request="0123456789abcdef0123456789abcdef", address="192.0.2.1"):
        yield


@contextmanager
def untold() -> Iterator[None]:
    """Write through a connection that does not know of the trail."""
    from dcase_audit.trail.context import carry

    connection.ensure_connection()
    connection.execute_wrappers.remove(carry)
    try:
        yield
    finally:
        connection.execute_wrappers.append(carry)


def new(way: Way, number: int) -> Any:
    return way.model(
        key=f"key-{number}",
        title_ja="夜間復旧手順の確認結果",
        title_en="What came of checking the night recovery procedure",
        note="Checked by hand. " * 15,
        kind="rule",
        number=number,
        is_open=True,
        valid_from=AT,
        created_at=AT,
    )


def saves(way: Way, count: int = SAVES) -> float:
    with way.acting():
        return seconds(lambda: _save(way, count))


def _save(way: Way, count: int) -> None:
    for number in range(count):
        with transaction.atomic():
            new(way, number).save(force_insert=True)


def created(way: Way) -> float:
    made = [new(way, number) for number in range(ROWS)]
    with way.acting():
        return seconds(transaction.atomic(lambda: way.create(made)))


def updated(way: Way) -> float:
    """Change the first rows, which are there from the beginning."""
    first = way.model.objects.filter(pk__lte=ROWS)
    with way.acting():
        return seconds(transaction.atomic(lambda: first.update(number=random.randrange(1 << 30))))


def writers(way: Way) -> float:
    """Have four processes save at the same time; return the seconds until the last is done."""
    connections.close_all()
    fork = multiprocessing.get_context("fork")
    ready = fork.Barrier(WRITERS + 1)

    def write() -> None:
        connection.ensure_connection()
        ready.wait()
        saves(way, EACH)

    started = [fork.Process(target=write) for _ in range(WRITERS)]
    for process in started:
        process.start()
    ready.wait()
    return seconds(lambda: _ended(started))


def _ended(started: list[Any]) -> None:
    for process in started:
        process.join()
        assert process.exitcode == 0


OPERATIONS = {"save": saves, "bulk_create": created, "update": updated, "writers": writers}
WRITTEN = {"save": SAVES, "bulk_create": ROWS, "update": ROWS, "writers": WRITERS * EACH}


def main() -> None:
    """Measure in rounds, each way in another order, so that a busy moment of the machine meets all of them."""
    django.setup()
    found = ways()
    for way in found.values():
        created(way)
    kept = {name: {operation: recorded(way, operation) for operation in OPERATIONS} for name, way in found.items()}
    times: dict[str, dict[str, list[float]]] = {name: {operation: [] for operation in OPERATIONS} for name in found}
    for _ in range(ROUNDS):
        _sequence()
        for operation, work in OPERATIONS.items():
            for way in found.values():
                _prepare(way)
            for name in random.sample(list(found), len(found)):
                times[name][operation].append(work(found[name]))
    json.dump({"times": times, "recorded": kept}, sys.stdout)


def _prepare(way: Way) -> None:
    """Write a row and change it: sessions are kept, and what they know of a table is not read anew each time."""
    with way.acting(), transaction.atomic():
        row = new(way, 0)
        row.save(force_insert=True)
        way.model.objects.filter(pk=row.pk).update(number=1)


def _sequence() -> None:
    """Leave the outbox as the sequencer does, and the database after it: empty, its pages to be written again."""
    with psycopg.connect(os.environ["OUTBOX_URL"], autocommit=True) as owner:
        owner.execute("DELETE FROM trail.outbox")
        owner.execute("VACUUM trail.outbox")


def recorded(way: Way, operation: str) -> float:
    """Return how much of what an operation wrote is in the history."""
    before = _count(way)
    OPERATIONS[operation](way)
    return (_count(way) - before) / WRITTEN[operation]


def _count(way: Way) -> int:
    if way.kept is None:
        return 0
    with connection.cursor() as cursor:
        if way.kept == "trail.outbox":
            cursor.execute("SELECT trail.pending()")
        else:
            cursor.execute(f"SELECT count(*) FROM {way.kept}")
        count: int = cursor.fetchone()[0]
        return count


if __name__ == "__main__":
    main()
