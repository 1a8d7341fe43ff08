"""Named events are written with their transaction, by somebody."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction

from dcase_audit.trail.context import acting
from dcase_audit.trail.events import record
from tests.server import sequencing
from tests.trail.conftest import Event, by_nobody, recorded, sqlstate


@pytest.mark.django_db
def test_an_event_says_what_happened_to_what_and_by_whom() -> None:
    with acting("user:3", request="abcdef12"):
        record(
            "revision.accepted", "revision:17", at=datetime(2026, 11, 20, tzinfo=UTC), share=Decimal("0.1"), why="承認"
        )

    assert recorded() == [
        Event(
            "revision.accepted",
            "revision:17",
            {"at": "2026-11-20T00:00:00Z", "share": "0.1", "why": "承認"},
            {"actor": "user:3", "request": "abcdef12"},
        )
    ]


@pytest.mark.django_db
def test_the_database_adds_when_in_which_transaction_and_through_which_login() -> None:
    record("case.created", "case:1")

    with connection.cursor() as cursor:
        cursor.execute("SELECT session_user, pg_backend_pid(), pg_current_xact_id()::text")
        login, backend, xid = cursor.fetchone()
    with sequencing(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT source, session_user_name, backend_pid, xid::text, recorded_at <= clock_timestamp(),"
            " recorded_at > now() - interval '1 hour' FROM trail.outbox WHERE source = 'app'"
        )
        assert cursor.fetchall() == [("app", login, backend, xid, True, True)]


@pytest.mark.django_db
def test_an_event_by_nobody_is_refused() -> None:
    with pytest.raises(DatabaseError) as refusal, transaction.atomic():
        by_nobody(record, "case.created", "case:1")

    assert sqlstate(refusal.value) == "42501"
    assert recorded() == []


@pytest.mark.django_db
@pytest.mark.parametrize("said", ["", "{}", '{"actor": ""}', '{"actor": null}', '{"reason": "x"}'])
def test_a_context_that_names_nobody_is_refused(said: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('trail.context', %s, true)", [said])
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.connection.execute("SELECT trail.record('a.b', 'c:1', '{}')")
        transaction.set_rollback(True)


@pytest.mark.django_db(transaction=True)
def test_an_event_goes_with_its_transaction(database_url: Callable[[str], str]) -> None:
    record("case.created", "case:1")
    with transaction.atomic():
        record("case.created", "case:2")
        with psycopg.connect(database_url("sequencer")) as sequencer:
            found = sequencer.execute("SELECT subject FROM trail.outbox WHERE source = 'app'").fetchall()
        transaction.set_rollback(True)

    assert found == [("case:1",)]
    assert [event.subject for event in recorded()] == ["case:1"]


@pytest.mark.django_db
def test_an_event_goes_with_its_savepoint() -> None:
    with transaction.atomic():
        record("case.created", "case:1")
        transaction.set_rollback(True)
    record("case.created", "case:2")

    assert [event.subject for event in recorded()] == ["case:2"]
