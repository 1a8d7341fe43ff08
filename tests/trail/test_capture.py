"""Every change of a captured table is copied by the database, whoever makes it and however, or it is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import psycopg
import pytest
from django.db import DatabaseError, connection, models, transaction
from psycopg import sql

from dcase_audit.accounts.models import Membership, Party, User
from dcase_audit.trail.context import acting, send
from dcase_audit.trail.statements import rows
from evidence.models import Artefact, Kind
from tests.server import Server, sequencing
from tests.trail.conftest import by_nobody, sqlstate

DENIED = "42501"
INSERT = (
    "INSERT INTO accounts_party (key, kind, name_ja, name_en, symbol, holds_ja, holds_en, since)"
    " VALUES ('x', 'department', '', '', '', '', '', '2020-01-01')"
)


class Event(NamedTuple):
    kind: str
    subject: str
    payload: dict[str, Any]
    before: str | None
    actor: str


def events(table: str) -> list[Event]:
    """Return what was captured of a table, but for what migrating logged."""
    with sequencing(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT kind, subject, payload::text,"
            " encode(sha256(convert_to((payload::jsonb || previous::jsonb)::text, 'UTF8')), 'hex'), context ->> 'actor'"
            " FROM trail.outbox WHERE source = 'row' AND split_part(subject, '/', 1) = %s"
            " AND kind NOT IN ('shape', 'baseline') ORDER BY id",
            [table],
        )
        return [Event(kind, subject, json.loads(payload), *more) for kind, subject, payload, *more in cursor.fetchall()]


def kinds(table: str) -> list[str]:
    return [event.kind for event in events(table)]


def digest_of(row: models.Model) -> str:
    """Return the hash by which an event names this row as the one before it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT encode(sha256(convert_to(to_jsonb(t)::text, 'UTF8')), 'hex')"
            f" FROM {row._meta.db_table} t WHERE id = %s",
            [row.pk],
        )
        found: str = cursor.fetchone()[0]
        return found


def printed_digest(event: Event) -> str:
    """Return the hash by which the next event has to name this one's row."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT encode(sha256(convert_to(%s::jsonb::text, 'UTF8')), 'hex')", [json.dumps(event.payload)])
        found: str = cursor.fetchone()[0]
        return found


def a_party(key: str = "night") -> Party:
    return Party.objects.create(key=key, name_ja="夜間", name_en="Night")


# What is copied


@pytest.mark.django_db
def test_an_insert_is_copied_with_every_column_and_who_made_it() -> None:
    with acting("user:7"):
        party = a_party()

    (event,) = events("accounts_party")
    assert (event.kind, event.subject, event.actor) == ("insert", f"accounts_party/{party.pk}", "user:7")
    assert event.payload["name_ja"] == "夜間"
    assert set(event.payload) == {field.column for field in Party._meta.concrete_fields}
    assert event.before is None


@pytest.mark.django_db
def test_an_update_names_what_was_there_before() -> None:
    party = a_party()
    was = digest_of(party)

    Party.objects.filter(pk=party.pk).update(symbol="N")

    event = events("accounts_party")[-1]
    assert (event.kind, event.payload["symbol"], event.before) == ("update", "N", was)


@pytest.mark.django_db
def test_a_deletion_is_copied_with_what_was_deleted() -> None:
    party = a_party()
    was = digest_of(party)

    Party.objects.filter(pk=party.pk).delete()

    event = events("accounts_party")[-1]
    assert (event.kind, event.payload["key"], event.before) == ("delete", "night", was)


@pytest.mark.django_db
def test_each_row_of_many_is_copied_beside_its_own_past() -> None:
    parties = Party.objects.bulk_create([Party(key=f"p{n}", name_ja=f"名{n}") for n in range(50)])
    were = {f"accounts_party/{party.pk}": digest_of(party) for party in parties}

    Party.objects.update(symbol="X")

    updates = [event for event in events("accounts_party") if event.kind == "update"]
    assert {event.subject: event.before for event in updates} == were
    assert all(event.payload["symbol"] == "X" for event in updates)


@pytest.mark.django_db
def test_a_row_prints_alike_whatever_the_session_has_set() -> None:
    """Otherwise an update from psql in another zone would seem to follow a row that nobody knows of."""
    user = User.objects.create(username="night", password="!")
    since = datetime(2026, 4, 1, 0, 30, tzinfo=UTC)
    role = Membership.objects.create(user=user, party=a_party(), role=Membership.Role.OWNER, since=since)
    for zone, style in (("Asia/Tokyo", "SQL, DMY"), ("America/New_York", "German")):
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL TimeZone = '{zone}'; SET LOCAL DateStyle = '{style}'")
        Membership.objects.filter(pk=role.pk).update(until=since + timedelta(days=1))

    inserted, first, second = events("accounts_membership")
    assert first.payload["since"] == second.payload["since"] == inserted.payload["since"] == "2026-04-01T00:30:00+00:00"
    assert (first.before, second.before) == (printed_digest(inserted), printed_digest(first))


# One of each type that a column may have, each in the spelling in which printing could go wrong.
ODD = """
SELECT 1::bigint AS id, 1.10::numeric AS exact, 'NaN'::numeric AS none, 1e21::float8 AS large, 0.1::float4 AS small,
    true AS yes, E'\\t\\u0001"\\\\夜\\u2028' AS text, '{"b": 1.0, "a": [1e2, null], "\\u3042": "x"}'::jsonb AS json,
    ARRAY['a,b', NULL, '"'] AS texts, ARRAY[[1, 2], [3, 4]] AS numbers, '2026-04-01 00:30:00.5Z'::timestamptz AS moment,
    'infinity'::timestamptz AS never, '2026-04-01'::date AS day, '01:02:03'::time AS time, 'P1DT2H'::interval AS span,
    '[2026-04-01Z,)'::tstzrange AS during, '192.0.2.1'::inet AS address, '\\x00ff'::bytea AS bytes,
    NULL::text AS nothing
"""


@pytest.mark.django_db
def test_what_is_printed_fast_is_what_the_state_is_printed_as() -> None:
    """The capture prints ``json``; the sequencer and the bundle have it as ``jsonb``."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT row_to_json(t)::jsonb::text, to_jsonb(t)::text FROM ({ODD}) t", None)
        fast, slow = cursor.fetchone()

    assert fast == slow
    assert len(json.loads(fast)) == 19


@pytest.mark.django_db
def test_a_large_update_after_a_small_one_is_paired_as_fast() -> None:
    """A session keeps the plan of its first update; 10,000 rows against each other would take minutes."""
    Party.objects.bulk_create([Party(key=f"p{n}") for n in range(10_000)])
    Party.objects.filter(key="p0").update(symbol="1")

    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = '20s'")
    Party.objects.update(symbol="X")

    assert kinds("accounts_party").count("update") == 10_001


@pytest.mark.django_db
def test_what_changes_no_row_needs_nobody_and_leaves_no_trace() -> None:
    by_nobody(Party.objects.filter(key="none").update, symbol="X")
    by_nobody(Party.objects.filter(key="none").delete)

    assert not events("accounts_party")


@pytest.mark.django_db
def test_a_password_is_copied_as_a_digest_alone() -> None:
    user = User.objects.create_user("olga", password="first")
    user.set_password("second")
    user.save()

    first, second = (event.payload["password"] for event in events("accounts_user"))
    assert first != second
    assert all(len(one) == 64 for one in (first, second))
    assert "pbkdf2" not in str(events("accounts_user")) and user.password not in str(events("accounts_user"))


@pytest.mark.django_db
def test_columns_that_follow_from_others_are_left_out() -> None:
    kind = Kind.objects.create(key="rule", name_ja="規則", name_en="Rule")
    Artefact.objects.create(
        key="night", kind=kind, title_ja="夜間", custodian=a_party(), created_at="2026-11-20T06:00Z"
    )

    (event,) = events("evidence_artefact")
    assert "search" not in event.payload
    assert event.payload["title_ja"] == "夜間"


@pytest.mark.django_db
def test_what_a_rolled_back_transaction_did_is_not_copied() -> None:
    with transaction.atomic():
        a_party()
        transaction.set_rollback(True)

    assert not events("accounts_party")


# By whatever way


def _copy() -> None:
    send(connection)
    with connection.connection.cursor().copy(
        "COPY accounts_party (key, kind, name_ja, name_en, symbol, holds_ja, holds_en, since) FROM STDIN"
    ) as lines:
        lines.write_row(["copied", "department", "写", "Copied", "", "", "", "2020-01-01"])


def _merge() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "MERGE INTO accounts_party p USING (VALUES ('day'), ('night')) v (key) ON p.key = v.key"
            " WHEN MATCHED THEN UPDATE SET symbol = 'M' WHEN NOT MATCHED THEN INSERT"
            " (key, kind, name_ja, name_en, symbol, holds_ja, holds_en, since)"
            " VALUES (v.key, 'department', '', '', '', '', '', '2020-01-01')"
        )


def _raw() -> None:
    with connection.cursor() as cursor:
        cursor.execute("WITH gone AS (DELETE FROM accounts_party WHERE key = 'day' RETURNING key) SELECT * FROM gone")


def _conflicting() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO accounts_party (key, kind, name_ja, name_en, symbol, holds_ja, holds_en, since)"
            " SELECT key, kind, name_ja, name_en, 'C', '', '', since FROM accounts_party"
            " ON CONFLICT (key) DO UPDATE SET symbol = excluded.symbol"
        )


WAYS: dict[str, tuple[Callable[[], object], list[str]]] = {
    "save": (lambda: a_party(), ["insert"]),
    "update()": (lambda: Party.objects.update(symbol="U"), ["update"]),
    "bulk_create": (lambda: Party.objects.bulk_create([Party(key="a"), Party(key="b")]), ["insert", "insert"]),
    "bulk_create, ignoring": (
        lambda: Party.objects.bulk_create([Party(key="day"), Party(key="b")], ignore_conflicts=True),
        ["insert"],
    ),
    "bulk_update": (
        lambda: Party.objects.bulk_update([Party(pk=Party.objects.get().pk, symbol="B")], ["symbol"]),
        ["update"],
    ),
    "delete()": (lambda: Party.objects.all().delete(), ["delete"]),
    "COPY": (_copy, ["insert"]),
    "MERGE": (_merge, ["insert", "update"]),
    "raw SQL": (_raw, ["delete"]),
    "ON CONFLICT DO UPDATE": (_conflicting, ["update"]),
}


@pytest.mark.django_db
@pytest.mark.parametrize("way", WAYS)
def test_every_way_of_writing_is_captured(way: str) -> None:
    Party.objects.create(key="day", name_ja="日中")
    before = len(events("accounts_party"))

    WAYS[way][0]()

    assert sorted(kinds("accounts_party")[before:]) == WAYS[way][1]


@pytest.mark.django_db
@pytest.mark.parametrize("way", WAYS)
def test_every_way_of_writing_is_refused_to_nobody(way: str) -> None:
    Party.objects.create(key="day", name_ja="日中")

    with pytest.raises((DatabaseError, psycopg.Error)) as refused, transaction.atomic():
        by_nobody(WAYS[way][0])

    cause = refused.value if isinstance(refused.value, psycopg.Error) else refused.value.__cause__
    assert isinstance(cause, psycopg.Error)
    assert cause.sqlstate == DENIED


@pytest.mark.django_db
def test_what_a_cascade_deletes_is_captured_too() -> None:
    user, party = User.objects.create_user("olga"), a_party()
    Membership.objects.create(user=user, party=party, role="owner", since="2026-01-01T00:00Z")

    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM accounts_membership")

    assert kinds("accounts_membership") == ["insert", "delete"]


@pytest.mark.django_db(transaction=True)
def test_a_transaction_that_begins_with_a_statement_of_psycopgs_is_told_who_acts() -> None:
    a_party()

    with transaction.atomic():
        rows("SELECT 1")
        a_party("dawn")

    assert [event.actor for event in events("accounts_party")] == ["test", "test"]


# What is refused


@pytest.mark.django_db
def test_a_key_is_not_changed() -> None:
    party = a_party()

    with pytest.raises(DatabaseError) as refused, transaction.atomic():
        Party.objects.filter(pk=party.pk).update(id=party.pk + 1000)

    assert sqlstate(refused.value) == DENIED


@pytest.mark.django_db(transaction=True)
def test_a_table_is_not_emptied_by_its_owner_either(database_url: Callable[[str], str]) -> None:
    with psycopg.connect(database_url("owner")) as owner:
        owner.execute("SELECT set_config('trail.context', '{\"actor\": \"test\"}', false)")
        with pytest.raises(psycopg.Error) as refused:
            owner.execute("TRUNCATE accounts_party CASCADE")

    assert refused.value.sqlstate == DENIED


@pytest.mark.django_db(transaction=True)
def test_replication_is_no_way_round(server: Server) -> None:
    database = connection.settings_dict["NAME"]
    with psycopg.connect(server.superuser_url, dbname=database) as superuser:
        superuser.execute("SET session_replication_role = 'replica'")
        with pytest.raises(psycopg.Error) as refused:
            superuser.execute(INSERT)

    assert refused.value.sqlstate == DENIED


@pytest.mark.django_db(transaction=True)
def test_the_capture_cannot_be_attached_to_another_table(database_url: Callable[[str], str], server: Server) -> None:
    """An application that may make temporary tables would write events of rows that never were."""
    with psycopg.connect(server.superuser_url, autocommit=True) as superuser:
        name = sql.Identifier(connection.settings_dict["NAME"])
        superuser.execute(sql.SQL("GRANT TEMP ON DATABASE {} TO dcase_app").format(name))
    with psycopg.connect(database_url("app")) as app:
        app.execute("CREATE TEMP TABLE evidence_decision (id int, kind text)")
        with pytest.raises(psycopg.Error) as refused:
            app.execute(
                "CREATE TRIGGER forged AFTER INSERT ON evidence_decision REFERENCING NEW TABLE AS changed"
                " FOR EACH STATEMENT EXECUTE FUNCTION trail.capture('id')"
            )

    assert refused.value.sqlstate == DENIED


@pytest.mark.django_db
@pytest.mark.parametrize("said", ["", "{}", '{"actor": ""}', '{"actor": null}'])
def test_a_context_without_an_actor_is_none(said: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('trail.context', %s, true)", [said])

    with pytest.raises(psycopg.Error) as refused:
        connection.connection.execute(INSERT)

    assert refused.value.sqlstate == DENIED


@pytest.mark.django_db
def test_the_trails_own_names_are_not_the_applications() -> None:
    with pytest.raises(DatabaseError) as refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT trail.record('trail.redacted', 'entry:1', '{}')")

    assert sqlstate(refused.value) == DENIED


@pytest.mark.django_db
@pytest.mark.parametrize(("kind", "subject"), [("Party.made", "party:1"), ("party.made", "夜間:1"), ("a.b", "p" * 201)])
def test_what_the_log_could_not_name_is_refused(kind: str, subject: str) -> None:
    with pytest.raises(DatabaseError) as refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT trail.record(%s, %s, '{}')", [kind, subject])

    assert sqlstate(refused.value) == "23514"
