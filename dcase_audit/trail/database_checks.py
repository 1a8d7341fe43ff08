"""Refuse to serve with a login that could rewrite history (``check --database default``, only for role app)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections

from dcase_audit.trail import grants

POWERS = """
SELECT rolsuper, rolbypassrls, rolcreatedb, rolcreaterole, rolreplication,
       pg_has_role(current_user, 'dcase_owner', 'MEMBER'),
       has_database_privilege(current_user, current_database(), 'CREATE'),
       has_database_privilege(current_user, current_database(), 'TEMP'),
       has_schema_privilege(current_user, 'public', 'CREATE'),
       has_schema_privilege(current_user, 'trail', 'CREATE'),
       has_parameter_privilege(current_user, 'session_replication_role', 'SET'),
       has_table_privilege(current_user, 'trail.outbox', 'INSERT, UPDATE, DELETE, TRUNCATE')
FROM pg_roles WHERE rolname = current_user
"""
POWER_NAMES = (
    "is a superuser",
    "bypasses row security",
    "may create databases",
    "may create roles",
    "may replicate",
    "is a member of dcase_owner",
    "may create schemas in the database",
    "may create temporary tables",
    "may create in schema public",
    "may create in schema trail",
    "may set session_replication_role",
    "may write the outbox directly",
)


@register(Tags.database)
def login_is_weak(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Compare the login's powers and grants with what ``grants.expected`` says; one error for each difference."""
    if settings.DATABASE_ROLE != "app" or not databases or "default" not in databases:
        return []
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT to_regclass('trail.outbox')")
        if cursor.fetchone()[0] is None:
            return [Error("the database is not migrated", id="trail.E001")]
        return [*_powers(cursor), *_differences(cursor), *_japanese(cursor)]


def _powers(cursor: Any) -> Iterator[CheckMessage]:
    cursor.execute(POWERS)
    for held, name in zip(cursor.fetchone(), POWER_NAMES, strict=True):
        if held:
            yield Error(f"the application's database login {name}", id="trail.E002")


def _differences(cursor: Any) -> Iterator[CheckMessage]:
    have = grants.actual(cursor)
    for table, privileges in grants.expected().items():
        if table in have and have[table] != privileges:
            yield Error(f"dcase_app has {sorted(have[table])} on {table}, not {sorted(privileges)}", id="trail.E003")
    for table in have.keys() - grants.expected().keys():
        if have[table]:
            yield Error(f"dcase_app has {sorted(have[table])} on {table}, which no model declares", id="trail.E004")


def _japanese(cursor: Any) -> Iterator[CheckMessage]:
    cursor.execute("SELECT show_trgm('監査') <> '{}'")
    if not cursor.fetchone()[0]:
        yield Error("pg_trgm finds no trigram in Japanese: the database wants LC_CTYPE C.UTF-8", id="trail.E005")
