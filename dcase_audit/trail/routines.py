"""The functions of schema ``trail``: what each has to be, made and compared.

A table whose rows are printed as they are has one of its own for updates, made from the columns that the database says
it has. While migrations change columns it copies rows whole.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

NAMES = ("context", "printed", "refuse", "record", "announce", "capture", "pending", "waiting_since", "blank", "redact")
WHOLE = "row_to_json(p)::text"
# Types, as ``pg_type`` names them, of which two values are equal only if they are printed alike. A text's collation may
# say otherwise; "C" does not.
EXACT = {"bool", "bytea", "date", "int2", "int4", "int8", "time", "timestamptz", "uuid"}
AS_IN_JSON = {"bool", "int2", "int4", "int8"}
TEXTS = {"text", "varchar"}
# What one call may be given in PostgreSQL, less the separator.
MOST_COLUMNS = 99

# What the application may call. Nothing here is for everybody: whoever may call a capture function can attach it to a
# table of their own and so forge events.
CALLABLE = {
    "trail.record(text,text,jsonb)": ("dcase_app",),
    "trail.announce(text,text,jsonb)": ("dcase_sequencer",),
    "trail.pending()": ("dcase_app", "dcase_reader"),
    "trail.redact(bigint,text[],text,text)": ("dcase_app",),
    "trail.waiting_since()": ("dcase_app", "dcase_reader"),
    "trail.printed(jsonb,text,text)": ("dcase_app", "dcase_reader"),
}

INSTALLED = """
SELECT p.proname, p.prosrc, p.prosecdef, coalesce(p.proconfig, '{}')
FROM pg_proc p WHERE p.pronamespace = 'trail'::regnamespace
"""
COLUMNS = """
SELECT c.relname, a.attname, t.typname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
JOIN pg_type t ON t.oid = a.atttypid
WHERE c.relnamespace = 'public'::regnamespace AND c.relname = ANY(%s) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY c.relname, a.attnum
"""


class Function(NamedTuple):
    """A function of schema ``trail``: its body as the database keeps it, with whose rights, and what is set for it."""

    body: str
    runs_as_owner: bool
    settings: frozenset[str]


SET = re.compile(r"""\bSET "?(\w+)"? = '?(\w+(?:, \w+)*)""")


@cache
def statement(name: str) -> str:
    """Return the SQL that makes a function, or that the functions for updates are made from."""
    return (Path(__file__).parent / "functions" / f"{name}.sql").read_text()


def update_of(table: str) -> str:
    """Return the name of the function that copies what an UPDATE of a table changed."""
    return f"update_of_{table}"


def expected(cursor: Any, tables: Iterable[str]) -> dict[str, str]:
    """Return the SQL that makes each function, in the order in which they need each other.

    ``tables`` are those with a function of their own.
    """
    return {name: statement(name) for name in NAMES} | for_updates(cursor, tables)


def for_updates(cursor: Any, tables: Iterable[str], *, whole: bool = False) -> dict[str, str]:
    """Return the SQL that makes the function of each of ``tables`` that the database has.

    ``whole`` is for the time in which columns come and go.
    """
    cursor.execute(COLUMNS, [list(tables)])
    columns: dict[str, list[tuple[str, str]]] = {}
    for table, name, kind in cursor.fetchall():
        columns.setdefault(table, []).append((name, kind))
    return {update_of(table): _for_update(table, its, whole=whole) for table, its in columns.items()}


def _for_update(table: str, columns: Iterable[tuple[str, str]], *, whole: bool) -> str:
    others = [column for column in columns if column[0] != "id"]
    before = WHOLE if whole or len(others) > MOST_COLUMNS else _changes(others)
    return statement("update").replace("update_of_table", update_of(table)).replace(WHOLE, before)


def _changes(columns: Iterable[tuple[str, str]]) -> str:
    """Return the expression for a JSON object of the columns of ``p`` that differ from those of ``c``."""
    return f"'{{' || concat_ws(',', {', '.join(_change(*column) for column in columns)}) || '}}'"


def _change(name: str, kind: str) -> str:
    column = '"' + name.replace('"', '""') + '"'
    key = (json.dumps(name, ensure_ascii=False) + ":").replace("'", "''")
    printed = f"p.{column}::text" if kind in AS_IN_JSON else f"to_json(p.{column})::text"
    compared = {"p": f"p.{column}", "c": f"c.{column}"}
    if kind in TEXTS:
        compared = {row: f'{value} COLLATE "C"' for row, value in compared.items()}
    elif kind not in EXACT:
        compared = {row: f"to_json({value})::text" for row, value in compared.items()}
    return f"CASE WHEN {compared['p']} IS DISTINCT FROM {compared['c']} THEN '{key}' || coalesce({printed}, 'null') END"


def described(sql: str) -> Function:
    """Return what the database has to say of a function that this SQL makes."""
    head, body, _ = sql.split("$$")
    return Function(body, "SECURITY DEFINER" in head, frozenset(f"{name}={value}" for name, value in SET.findall(head)))


def installed(cursor: Any) -> dict[str, Function]:
    """Return the functions that there are."""
    cursor.execute(INSTALLED)
    return {name: Function(body, owner, frozenset(settings)) for name, body, owner, settings in cursor.fetchall()}


def make(cursor: Any, wanted: dict[str, str]) -> None:
    """Make what is missing, mend what differs, and let nobody call but who has to."""
    have = installed(cursor)
    for name, sql in wanted.items():
        if have.get(name) != described(sql):
            cursor.execute(sql, None)
    cursor.execute("SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = 'trail'::regnamespace")
    for (signature,) in cursor.fetchall():
        cursor.execute(f"REVOKE EXECUTE ON FUNCTION {signature} FROM PUBLIC")
        for role in CALLABLE.get(signature, ()):
            cursor.execute(f"GRANT EXECUTE ON FUNCTION {signature} TO {role}")


def forget(cursor: Any, wanted: dict[str, str]) -> None:
    """Drop the functions for updates of tables that are gone, or not printed as they are any more."""
    for name in installed(cursor):
        if name.startswith(update_of("")) and name not in wanted:
            cursor.execute(f'DROP FUNCTION trail."{name}"()')


def print_alike(cursor: Any) -> None:
    """Have rows printed as the capture prints them, until the transaction ends."""
    for setting in described(statement("capture")).settings:
        name, _, value = setting.partition("=")
        if name != "search_path":
            cursor.execute("SELECT set_config(%s, %s, true)", [name, value])
