"""What each login may do, tried with the true logins."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, LiteralString

import psycopg
import pytest
from django.apps import apps
from django.db import connection
from psycopg import sql

from dcase_audit.trail import grants
from dcase_audit.trail.capture import captured
from dcase_audit.trail.routines import update_of
from tests.server import Server

# The mark alone has the database made when this file is run by itself.
pytestmark = pytest.mark.django_db

DENIED = "42501"
TABLES = sorted(table for table in grants.expected() if table not in grants.FRAMEWORK)
APPEND_ONLY = sorted(table for table, may in grants.expected().items() if may == grants.APPEND_ONLY)

# Everything by which an application that was taken over would reach for history.
NOT_FOR_THE_APPLICATION: list[LiteralString] = [
    "SELECT * FROM trail.outbox",
    "INSERT INTO trail.outbox (source, kind, subject, payload, context) VALUES ('app', 'a.b', 'c:1', '{}', '{}')",
    "UPDATE trail.outbox SET kind = 'x'",
    "DELETE FROM trail.outbox",
    "TRUNCATE trail.outbox",
    "COPY trail.outbox TO STDOUT",
    "LOCK trail.outbox",
    "SELECT trail.context()",
    "CREATE TEMP TABLE t ()",
    "CREATE TABLE public.t ()",
    "CREATE TABLE trail.t ()",
    "CREATE SCHEMA s",
    "CREATE FUNCTION public.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "SET session_replication_role = 'replica'",
    "SET ROLE dcase_owner",
    "SET ROLE dcase_sequencer",
    "SET SESSION AUTHORIZATION dcase_owner",
    "ALTER TABLE evidence_revision DISABLE TRIGGER revision_is_immutable",
    "ALTER TABLE evidence_revision ADD COLUMN x int",
    "CREATE TRIGGER t BEFORE UPDATE ON jobs_job EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "DROP TABLE jobs_job",
    "DROP FUNCTION trail.record(text, text, jsonb)",
    "ALTER FUNCTION trail.context() RENAME TO nobody",
    "GRANT ALL ON trail.outbox TO dcase_app",
    "SELECT setval(pg_get_serial_sequence('evidence_decision', 'id'), 1)",
    "UPDATE django_migrations SET name = 'x'",
    "COPY accounts_party FROM PROGRAM 'true'",
    "SELECT pg_read_file('PG_VERSION')",
    "ALTER ROLE dcase_app SUPERUSER",
    "SET log_statement = 'none'",
]


@pytest.fixture(scope="module")
def logins(server: Server, django_db_setup: None) -> Iterator[Callable[[str], psycopg.Connection[Any]]]:
    """Connect to the shared clone as one of the roles; nothing that is done there is kept."""
    opened: dict[str, psycopg.Connection[Any]] = {}

    def login(role: str) -> psycopg.Connection[Any]:
        if role not in opened:
            opened[role] = psycopg.connect(server.url(f"dcase_{role}", connection.settings_dict["NAME"]))
        opened[role].rollback()
        return opened[role]

    yield login
    for connected in opened.values():
        connected.close()


def refusal(connected: psycopg.Connection[Any], statement: LiteralString | sql.Composed) -> str | None:
    """Return the SQLSTATE by which ``statement`` is refused, or None."""
    try:
        connected.execute(statement)
    except psycopg.Error as error:
        return error.sqlstate
    finally:
        connected.rollback()
    return None


@pytest.mark.parametrize("statement", NOT_FOR_THE_APPLICATION)
def test_the_application_may_not(logins: Callable[[str], psycopg.Connection[Any]], statement: LiteralString) -> None:
    assert refusal(logins("app"), statement) == DENIED


def test_the_application_truncates_no_table(logins: Callable[[str], psycopg.Connection[Any]]) -> None:
    for table in grants.expected():
        truncate = sql.SQL("TRUNCATE {} CASCADE").format(sql.Identifier(table))
        assert refusal(logins("app"), truncate) == DENIED, table


def test_the_application_reads_every_table_of_its_own(logins: Callable[[str], psycopg.Connection[Any]]) -> None:
    for table in grants.expected():
        assert refusal(logins("app"), sql.SQL("SELECT FROM {} LIMIT 0").format(sql.Identifier(table))) is None, table


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_rows_of_an_append_only_table_stay(logins: Callable[[str], psycopg.Connection[Any]], table: str) -> None:
    named = sql.Identifier(table)

    assert refusal(logins("app"), sql.SQL("DELETE FROM {}").format(named)) == DENIED
    for column in columns(table):
        update = sql.SQL("UPDATE {} SET {} = NULL").format(named, sql.Identifier(column))
        assert refusal(logins("app"), update) == DENIED, column


def columns(table: str) -> list[str]:
    models = (model for model in apps.get_models(include_auto_created=True) if model._meta.db_table == table)
    return [field.column for model in models for field in model._meta.concrete_fields if field.column]


def test_what_decides_and_what_happened_is_append_only() -> None:
    assert {
        "cases_edition",
        "cases_statuschange",
        "evidence_decision",
        "evidence_storedfile",
        "evidence_subjectversion",
        "drills_drillresult",
        "drills_refusedupload",
        "drills_finding",
        "drills_signoff",
        "drills_monitorbatch",
        "drills_unreadalert",
        "drills_monitorevent",
    } <= set(APPEND_ONLY)


def test_the_sequencer_drains_the_outbox_and_does_nothing_else(
    logins: Callable[[str], psycopg.Connection[Any]],
) -> None:
    sequencer = logins("sequencer")

    assert refusal(sequencer, "DELETE FROM trail.outbox RETURNING *") is None
    assert refusal(sequencer, "UPDATE trail.outbox SET kind = 'x'") == DENIED
    assert refusal(sequencer, "SELECT trail.record('a.b', 'c:1', '{}')") == DENIED
    for table in TABLES:
        named = sql.Identifier(table)
        for statement in ("INSERT INTO {} DEFAULT VALUES", "DELETE FROM {}"):
            assert refusal(sequencer, sql.SQL(statement).format(named)) == DENIED, table


def test_the_reader_reads_everything_and_writes_nothing(logins: Callable[[str], psycopg.Connection[Any]]) -> None:
    reader = logins("reader")

    assert refusal(reader, "SELECT FROM trail.outbox LIMIT 0") is None
    assert refusal(reader, "SELECT trail.record('a.b', 'c:1', '{}')") == DENIED
    for table in TABLES:
        named = sql.Identifier(table)
        assert refusal(reader, sql.SQL("SELECT FROM {} LIMIT 0").format(named)) is None, table
        for statement in ("INSERT INTO {} DEFAULT VALUES", "DELETE FROM {}"):
            assert refusal(reader, sql.SQL(statement).format(named)) == DENIED, table


# The log: every act on every table and function of schema trail, with what each role is answered

ROLES = ("app", "sequencer", "reader")
YES, NOT_NULL = None, "23502"
Answers = tuple[str | None, str | None, str | None]
NOBODY: Answers = (DENIED, DENIED, DENIED)
EVERYBODY: Answers = (YES, YES, YES)
# What only the sequencer may begin: the row is refused since it lacks everything.
SEQUENCER_ADDS: Answers = (DENIED, NOT_NULL, DENIED)
ACTS: dict[str, LiteralString] = {
    "read": "SELECT FROM {} LIMIT 0",
    "add": "INSERT INTO {} DEFAULT VALUES",
    "change": "UPDATE {} SET {} = NULL WHERE false",
    "remove": "DELETE FROM {} WHERE false",
    "empty": "TRUNCATE {} CASCADE",
    "lock": "LOCK {} IN SHARE MODE",
    "lock a row": "SELECT FROM {} LIMIT 0 FOR KEY SHARE",
    "watch": "CREATE TRIGGER t BEFORE INSERT ON {} EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "alter": "ALTER TABLE {} DISABLE TRIGGER ALL",
    "drop": "DROP TABLE {}",
}
# Where a table's answers differ from "nobody may".
LOGGED: dict[str, Answers] = {"read": EVERYBODY, "add": SEQUENCER_ADDS}
OF_TABLE: dict[str, dict[str, Answers]] = {
    "log": LOGGED,
    "disclosure": LOGGED,
    "checkpoint": LOGGED,
    "token": LOGGED,
    "head": {
        "read": EVERYBODY,
        "change": (DENIED, YES, DENIED),
        "lock": (DENIED, YES, DENIED),
        "lock a row": (DENIED, YES, DENIED),
    },
    "shape": {},
    "outbox": {
        "read": (DENIED, YES, YES),
        "remove": (DENIED, YES, DENIED),
        "lock": (DENIED, YES, DENIED),
    },
}
COLUMN = {"log": "leaf", "disclosure": "texts", "checkpoint": "note", "token": "response", "head": "size"}
COLUMN |= {"shape": "columns", "outbox": "kind"}
# ``record`` and ``pending`` run with the owner's rights and say how many rows there are, not what is in them.
OF_CALL: dict[LiteralString, Answers] = {
    "SELECT trail.capture()": NOBODY,
    "SELECT trail.refuse()": NOBODY,
    "SELECT trail.blank()": NOBODY,
    "SELECT trail.redact(-1, '{row.key}', 'nothing there', '')": (YES, DENIED, DENIED),
    "SELECT trail.context()": NOBODY,
    "SELECT trail.record('a.b', 'c:1', '{}')": (YES, DENIED, DENIED),
    "SELECT trail.record('trail.key_announced', 'log_key:1', '{}')": NOBODY,
    "SELECT trail.announce('trail.key_announced', 'log_key:1', '{}')": (DENIED, YES, DENIED),
    "SELECT trail.announce('a.b', 'c:1', '{}')": NOBODY,
    "SELECT trail.pending()": (YES, DENIED, YES),
    "SELECT trail.waiting_since()": (YES, DENIED, YES),
    "SELECT trail.printed('{}', NULL, NULL)": (YES, DENIED, YES),
    "SELECT nextval('trail.outbox_id_seq')": NOBODY,
    "SELECT setval('trail.outbox_id_seq', 1)": NOBODY,
    "SELECT setval('trail.checkpoint_id_seq', 1)": NOBODY,
    "ALTER TABLE trail.log DISABLE TRIGGER trail_guard": NOBODY,
    "CREATE OR REPLACE FUNCTION trail.refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'": NOBODY,
    "DROP SCHEMA trail CASCADE": NOBODY,
}

UPDATES = {update_of(table) for table, wanted in captured().items() if wanted.is_plain}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("table", OF_TABLE)
def test_each_role_is_answered_of_the_logs_tables(
    logins: Callable[[str], psycopg.Connection[Any]], table: str, role: str
) -> None:
    named, column = sql.Identifier("trail", table), sql.Identifier(COLUMN[table])

    answers = {act: refusal(logins(role), sql.SQL(statement).format(named, column)) for act, statement in ACTS.items()}

    assert answers == {act: OF_TABLE[table].get(act, NOBODY)[ROLES.index(role)] for act in ACTS}


@pytest.mark.parametrize("role", ROLES)
def test_nobody_calls_what_copies_an_update(logins: Callable[[str], psycopg.Connection[Any]], role: str) -> None:
    connected = logins(role)

    answers = {
        name: refusal(connected, sql.SQL("SELECT {}()").format(sql.Identifier("trail", name))) for name in UPDATES
    }

    assert answers == dict.fromkeys(UPDATES, DENIED)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("statement", OF_CALL)
def test_each_role_is_answered_of_the_logs_functions(
    logins: Callable[[str], psycopg.Connection[Any]], statement: LiteralString, role: str
) -> None:
    connected = logins(role)
    connected.execute("SELECT set_config('trail.context', '{\"actor\": \"test\"}', true)")

    assert refusal(connected, statement) == OF_CALL[statement][ROLES.index(role)]


def test_the_matrix_names_everything_that_there_is(logins: Callable[[str], psycopg.Connection[Any]]) -> None:
    """A table or function that is added to schema trail is added to the matrix, too."""
    there = logins("reader").execute(
        "SELECT relname FROM pg_class WHERE relnamespace = 'trail'::regnamespace AND relkind IN ('r', 'v', 'm', 'p')"
        " UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = 'trail'::regnamespace"
    )

    named = {
        statement.split("trail.")[1].split("(")[0] for statement in OF_CALL if statement.startswith("SELECT trail.")
    }
    assert {name for (name,) in there} == named | set(OF_TABLE) | UPDATES
