"""Counting what goes to the database, whoever sends it: Django does not count what is read in binary form."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import psycopg


@contextmanager
def statements() -> Iterator[list[str]]:
    """Collect the statements that are sent through cursors, savepoints among them; BEGIN and COMMIT are not."""
    found: list[str] = []
    execute = psycopg.Cursor.execute

    def noted(cursor: psycopg.Cursor[Any], query: Any, *values: Any, **options: Any) -> psycopg.Cursor[Any]:
        found.append(query if isinstance(query, str) else repr(query))
        return execute(cursor, query, *values, **options)

    with mock.patch.object(psycopg.Cursor, "execute", noted):
        yield found
