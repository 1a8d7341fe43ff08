"""The four database roles and the product's database, for the embedded cluster and for a DBA's own (ADR 0002)."""

from __future__ import annotations

from collections.abc import Mapping

import psycopg
from psycopg import sql

DATABASE = "dcase"
OWNER, APP, SEQUENCER, READER = "dcase_owner", "dcase_app", "dcase_sequencer", "dcase_reader"
ROLES = {
    OWNER: "owns every table; used by `manage.py migrate` alone",
    APP: "web and workers: reads and writes the product's tables, cannot touch the trail",
    SEQUENCER: "`manage.py sequence`: drains the outbox into the log",
    READER: "reads, for reports and exports of your own",
}
POWERLESS = "NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"

_WHERE = "TEMPLATE template0 ENCODING 'UTF8'"
BUILTIN_LOCALE = f"{_WHERE} LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8'"
LIBC_LOCALE = f"{_WHERE} LOCALE_PROVIDER libc LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8'"


def ensure(connection: psycopg.Connection[tuple[object, ...]], passwords: Mapping[str, str]) -> None:
    """Make the roles, with ``passwords`` by role name, and the database, or bring them up to date."""
    ensure_roles(connection, passwords)
    if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
        locale = BUILTIN_LOCALE if connection.info.server_version >= 170000 else LIBC_LOCALE
        connection.execute(f"CREATE DATABASE {DATABASE} OWNER {OWNER} {locale}".encode())
    for statement_text in database_grants(DATABASE):
        connection.execute(statement_text.encode())


def ensure_roles(connection: psycopg.Connection[tuple[object, ...]], passwords: Mapping[str, str]) -> None:
    """Make the roles that ``passwords`` names, without any power of their own, or bring them up to date."""
    for role, password in passwords.items():
        exists = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
        # Hashed here, so that no server log can hold the password.
        hashed = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
        statement = sql.SQL(f"{'ALTER' if exists else 'CREATE'} ROLE {{}} LOGIN {POWERLESS} PASSWORD {{}}")
        connection.execute(statement.format(sql.Identifier(role), sql.Literal(hashed)))


def database_grants(database: str) -> list[str]:
    """Return who may enter ``database``: not PUBLIC; and nobody may make temporary tables, which can shadow others."""
    return [
        f"REVOKE ALL ON DATABASE {database} FROM PUBLIC",
        f"GRANT CONNECT ON DATABASE {database} TO {', '.join(ROLES)}",
    ]


def script() -> str:
    """Return the same as a psql script for the superuser of a PostgreSQL that we do not run; it may be run again."""
    lines = [
        "-- Roles and database of D-Case Audit, for psql as a superuser (PostgreSQL 15 or newer).",
        "\\set ON_ERROR_STOP on",
    ]
    for role, purpose in ROLES.items():
        lines.append(f"-- {role}: {purpose}.")
        exists = f"WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}')"
        lines.append(f"SELECT 'CREATE ROLE {role} LOGIN' {exists} \\gexec")
    lines += [
        "-- An administrator who is no superuser (managed services) says first: GRANT dcase_owner TO CURRENT_USER;",
        "-- Collation by code point: it never changes under an index, and trigrams work in Japanese.",
        "SELECT current_setting('server_version_num')::int >= 170000 AS builtin \\gset",
        "\\if :builtin",
        _create_unless_there(BUILTIN_LOCALE),
        "\\else",
        _create_unless_there(LIBC_LOCALE),
        "\\endif",
        *[f"{statement};" for statement in database_grants(DATABASE)],
        "-- Passwords: psql asks for each and sends it hashed.",
        *[f"\\password {role}" for role in ROLES],
    ]
    return "\n".join(lines) + "\n"


def _create_unless_there(locale: str) -> str:
    create = f"CREATE DATABASE {DATABASE} OWNER {OWNER} {locale}".replace("'", "''")
    return f"SELECT '{create}' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{DATABASE}') \\gexec"
