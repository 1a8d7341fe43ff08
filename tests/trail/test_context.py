"""Who acts reaches every writing transaction, by whatever way the write is made, and no other."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, OperationalError, connection, transaction
from psycopg import sql

from dcase_audit import clock
from dcase_audit.accounts.models import Party
from dcase_audit.trail import context
from dcase_audit.trail.context import acting, current_actor
from tests.trail.conftest import by_nobody, sqlstate

Seen = Callable[[], list[tuple[str, dict[str, Any]]]]

pytestmark = pytest.mark.django_db(transaction=True)


def party(key: str = "night") -> Party:
    return Party(key=key, name_ja="夜間", name_en="Night")


def actors(seen: Seen) -> list[str]:
    return [said["actor"] for _, said in seen()]


def raw(statement: str | sql.Composable, *params: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)  # type: ignore[arg-type]


def many() -> None:
    with connection.cursor() as cursor:
        cursor.executemany("UPDATE accounts_party SET symbol = %s WHERE key = %s", [("A", "day"), ("B", "day")])


def through_an_instance() -> None:
    day = Party.objects.get(key="day")
    day.symbol = "D"
    day.save()


WRITES: dict[str, Callable[[], object]] = {
    "save": lambda: party().save(),
    "save again": through_an_instance,
    "create": lambda: Party.objects.create(key="night", name_ja="夜間", name_en="Night"),
    "update": lambda: Party.objects.filter(key="day").update(symbol="D"),
    "bulk_create": lambda: Party.objects.bulk_create([party("night"), party("dawn")]),
    "bulk_create, ignoring": lambda: Party.objects.bulk_create([party("day"), party("dawn")], ignore_conflicts=True),
    "bulk_update": lambda: Party.objects.bulk_update([Party.objects.get(key="day")], ["symbol"]),
    "get_or_create": lambda: Party.objects.get_or_create(key="night"),
    "delete": lambda: Party.objects.filter(key="day").delete(),
    "raw SQL": lambda: raw("UPDATE accounts_party SET symbol = %s", "D"),
    "raw SQL, indented": lambda: raw("\n    update accounts_party SET symbol = %s", "D"),
    "raw SQL, composed": lambda: raw(sql.SQL("DELETE FROM {}").format(sql.Identifier("accounts_party"))),
    "raw SQL, with": lambda: raw("WITH gone AS (DELETE FROM accounts_party RETURNING id) SELECT count(*) FROM gone"),
    "raw SQL, merge": lambda: raw(
        "MERGE INTO accounts_party p USING (VALUES ('day')) v (key) ON p.key = v.key"
        " WHEN MATCHED THEN UPDATE SET symbol = 'D'"
    ),
    "raw SQL, block": lambda: raw("DO $$ BEGIN UPDATE accounts_party SET symbol = 'D'; END $$"),
    "executemany": many,
}


@pytest.fixture
def day(db: None) -> Party:
    """A party from before anybody watched."""
    return Party.objects.create(key="day", name_ja="昼間", name_en="Day")


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
@pytest.mark.parametrize("block", [False, True], ids=["autocommit", "atomic"])
def test_each_way_of_writing_is_attributed(day: Party, seen: Seen, write: Callable[[], object], block: bool) -> None:
    with acting("user:1", reason="because"):
        if block:
            with transaction.atomic():
                write()
        else:
            write()

    assert seen()
    assert all(said == {"actor": "user:1", "reason": "because"} for _, said in seen())


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_write_by_nobody_is_refused_and_leaves_nothing(day: Party, seen: Seen, write: Callable[[], object]) -> None:
    before = list(Party.objects.values())

    with pytest.raises(DatabaseError) as refusal:
        by_nobody(write)

    assert sqlstate(refusal.value) == "42501"
    assert list(Party.objects.values()) == before
    assert not seen()


def test_what_changes_nothing_asks_for_nobody(day: Party, seen: Seen) -> None:
    by_nobody(lambda: Party.objects.filter(key="nowhere").update(symbol="X"))

    assert not seen()


def test_an_inner_actor_counts_inside_and_the_outer_one_after(seen: Seen) -> None:
    with acting("user:1"), transaction.atomic():
        party("a").save()
        with acting("system"):
            party("b").save()
            party("c").save()
        party("d").save()

    assert actors(seen) == ["user:1", "system", "system", "user:1"]


def test_a_savepoint_rolled_back_takes_no_actor_with_it(seen: Seen) -> None:
    with acting("user:1"), transaction.atomic():
        with transaction.atomic():
            party("a").save()
            transaction.set_rollback(True)
        party("b").save()
        with acting("user:2"), transaction.atomic():
            party("c").save()
            transaction.set_rollback(True)
        party("d").save()

    assert actors(seen) == ["user:1", "user:1"]
    assert set(Party.objects.values_list("key", flat=True)) == {"b", "d"}


def test_a_failed_statement_inside_a_savepoint_leaves_the_actor_in_place(day: Party, seen: Seen) -> None:
    with transaction.atomic():
        with pytest.raises(DatabaseError), transaction.atomic():
            party("day").save()
        party("night").save()

    assert actors(seen) == ["test"]


def test_each_transaction_of_a_connection_names_its_own_actor(seen: Seen) -> None:
    for actor in ("user:1", "user:2", "user:2"):
        with acting(actor), transaction.atomic():
            party(f"of-{len(seen())}").save()

    assert actors(seen) == ["user:1", "user:2", "user:2"]


def test_a_pooled_connection_keeps_no_actor(seen: Seen) -> None:
    with acting("user:1"):
        party("a").save()

    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('trail.context', true)")
        assert not cursor.fetchone()[0]
    with pytest.raises(DatabaseError, match="nobody acts"):
        by_nobody(party("b").save)


def test_an_actor_planted_on_the_session_is_nobody(seen: Seen) -> None:
    raw("""SET trail.context = '{"actor": "user:666"}'""")

    with pytest.raises(DatabaseError, match="nobody acts"):
        by_nobody(party("b").save)

    party("c").save()
    assert actors(seen) == ["test"]


def test_a_new_connection_is_told_as_the_old_one_was(seen: Seen) -> None:
    party("a").save()
    connection.close()
    party("b").save()

    assert actors(seen) == ["test", "test"]


def test_a_new_thread_is_nobody_until_it_is_told(seen: Seen) -> None:
    refused: list[DatabaseError] = []

    def write() -> None:
        try:
            party("a").save()
        except DatabaseError as error:
            refused.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=write)
    thread.start()
    thread.join()

    assert [sqlstate(error) for error in refused] == ["42501"]


def test_the_actor_is_asked_for_at_each_write(seen: Seen) -> None:
    logged_in = ["anonymous"]

    with acting(lambda: logged_in[-1]), transaction.atomic():
        party("a").save()
        logged_in.append("user:7")
        assert current_actor() == "user:7"
        party("b").save()

    assert actors(seen) == ["anonymous", "user:7"]


def test_a_set_clock_marks_what_is_written_under_it(seen: Seen) -> None:
    with transaction.atomic():
        with clock.at(datetime(2020, 10, 1, 0, 4, tzinfo=UTC)):
            party("a").save()
        party("b").save()

    assert [said.get("clock") for _, said in seen()] == ["2020-10-01T00:04:00+00:00", None]


def test_copy_is_refused_until_the_context_is_sent_by_hand(seen: Seen) -> None:
    def copy() -> None:
        columns = "key, kind, name_ja, name_en, symbol, holds_ja, holds_en, since"
        with connection.connection.cursor().copy(f"COPY accounts_party ({columns}) FROM STDIN") as lines:
            lines.write_row(("copied", "department", "写", "Copied", "", "", "", "2020-01-01"))

    connection.ensure_connection()
    with pytest.raises(psycopg.errors.InsufficientPrivilege), transaction.atomic():
        copy()
    with transaction.atomic():
        context.send(connection)
        copy()

    assert actors(seen) == ["test"]


def test_reading_opens_no_transaction_of_its_own(day: Party) -> None:
    def where() -> object:
        with connection.cursor() as cursor:
            cursor.execute("SELECT txid_current_if_assigned(), current_setting('trail.context', true)")
            return cursor.fetchone()

    with transaction.atomic():
        assert Party.objects.count() == 1
        assert where() in {(None, None), (None, "")}


# The message that begins the transaction and says who acts


def test_what_is_said_may_hold_any_sign(seen: Seen) -> None:
    reason = "O'Brien's \\ \"夜間\" %s; ROLLBACK"

    with acting("user:1", reason=reason):
        party().save()

    assert [said["reason"] for _, said in seen()] == [reason]


@pytest.mark.parametrize("level", [None, psycopg.IsolationLevel.SERIALIZABLE])
def test_a_transaction_has_the_isolation_that_was_asked_for(
    day: Party, seen: Seen, level: psycopg.IsolationLevel | None
) -> None:
    connection.connection.isolation_level = level

    with transaction.atomic():
        party().save()
        with connection.cursor() as cursor:
            cursor.execute("SHOW transaction_isolation")
            isolation = cursor.fetchone()

    assert isolation == ("serializable" if level else "read committed",)
    assert actors(seen) == ["test"]


def test_a_lost_connection_is_told_as_such(day: Party, owner: psycopg.Connection[Any]) -> None:
    owner.execute("SELECT pg_terminate_backend(%s, 5000)", [connection.connection.info.backend_pid])

    with pytest.raises(OperationalError), transaction.atomic():
        party().save()

    connection.close()
    party().save()
