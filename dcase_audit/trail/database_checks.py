"""Refuse to serve with a login that could rewrite history (``check --database default``, only for role app)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections

from dcase_audit.trail import capture, grants

# What must not be so, in words after "the application's login", and how to ask for it.
POWERS = {
    "is a superuser": "rolsuper",
    "bypasses row security": "rolbypassrls",
    "creates databases": "rolcreatedb",
    "creates roles": "rolcreaterole",
    "replicates": "rolreplication",
    "is a member of dcase_owner": "pg_has_role('dcase_owner', 'MEMBER')",
    "is a member of dcase_sequencer": "pg_has_role('dcase_sequencer', 'MEMBER')",
    "creates schemas in the database": "has_database_privilege(current_database(), 'CREATE')",
    "makes temporary tables": "has_database_privilege(current_database(), 'TEMP')",
    "creates in schema public": "has_schema_privilege('public', 'CREATE')",
    "creates in schema trail": "has_schema_privilege('trail', 'CREATE')",
    "may set session_replication_role": "has_parameter_privilege('session_replication_role', 'SET')",
    "touches the outbox": "has_any_column_privilege('trail.outbox', 'SELECT, INSERT, UPDATE')"
    " OR has_table_privilege('trail.outbox', 'DELETE, TRUNCATE')",
    "calls trail.context": "has_function_privilege('trail.context()', 'EXECUTE')",
    "cannot call trail.record": "NOT has_function_privilege('trail.record(text, text, jsonb)', 'EXECUTE')",
}

# A trigger that only fires in ordinary sessions is no promise: whoever restores or replicates passes it by.
WEAK_TRIGGERS = """
SELECT c.relname, t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE c.relnamespace IN ('public'::regnamespace, 'trail'::regnamespace) AND NOT t.tgisinternal
AND t.tgenabled <> 'A' ORDER BY 1, 2
"""
SETTABLE_SEQUENCES = """
SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace
AND CASE WHEN relkind = 'S' THEN has_sequence_privilege(oid, 'UPDATE') END ORDER BY 1
"""


@register(Tags.database)
def login_is_weak(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Compare the login's powers and grants with what ``grants.expected`` says; one error for each difference."""
    if settings.DATABASE_ROLE != "app" or not databases or "default" not in databases:
        return []
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT to_regclass('trail.outbox')")
        if cursor.fetchone()[0] is None:
            return [Error("the database is not migrated", id="trail.E001")]
        return [
            *_powers(cursor),
            *_grants(cursor),
            *_sequences(cursor),
            *_triggers(cursor),
            *_capture(cursor),
            *_japanese(cursor),
        ]


def _powers(cursor: Any) -> Iterator[CheckMessage]:
    cursor.execute(f"SELECT {', '.join(POWERS.values())} FROM pg_roles WHERE rolname = current_user")
    for held, name in zip(cursor.fetchone(), POWERS, strict=True):
        if held:
            yield Error(f"the application's database login {name}", id="trail.E002")


def _grants(cursor: Any) -> Iterator[CheckMessage]:
    expected = grants.expected()
    for table, may in grants.effective(cursor).items():
        wanted = expected.get(table, frozenset())
        for privilege in sorted(may.anywhere - wanted):
            why = "" if table in expected else ", which no model declares"
            yield Error(f"the application's database login may {privilege} {table}{why}", id="trail.E003")
        for privilege in sorted(wanted - may.throughout):
            yield Error(f"the application's database login may not {privilege} {table}", id="trail.E004")


def _sequences(cursor: Any) -> Iterator[CheckMessage]:
    cursor.execute(SETTABLE_SEQUENCES)
    for (name,) in cursor.fetchall():
        yield Error(f"the application's database login may set {name}", id="trail.E006")


def _triggers(cursor: Any) -> Iterator[CheckMessage]:
    cursor.execute(WEAK_TRIGGERS)
    for table, trigger in cursor.fetchall():
        yield Error(f"the trigger {table}.{trigger} is not enabled always", id="trail.E007")


def _capture(cursor: Any) -> Iterator[CheckMessage]:
    for difference in capture.differences(cursor):
        yield Error(difference, id="trail.E008")


def _japanese(cursor: Any) -> Iterator[CheckMessage]:
    cursor.execute("SELECT show_trgm('監査') <> '{}'")
    if not cursor.fetchone()[0]:
        yield Error("pg_trgm finds no trigram in Japanese: the database wants LC_CTYPE C.UTF-8", id="trail.E005")
