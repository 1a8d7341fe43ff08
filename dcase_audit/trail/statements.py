"""Statements in SQL on Django's own connection, part of its transaction and with the context of the trail."""

from __future__ import annotations

from typing import Any

import psycopg
from django.db import connection

from dcase_audit.trail.context import notice, send


def rows(query: str, params: Any = None) -> list[tuple[Any, ...]]:
    """Return the rows of a query, read in binary form on this transaction's connection."""
    connection.ensure_connection()
    notice(connection)
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        return cursor.execute(query, params, binary=True).fetchall()


def written(query: str, params: Any = None) -> list[tuple[Any, ...]]:
    """Return what a writing statement returns; it carries the context of the trail as Django's own writes do."""
    connection.ensure_connection()
    send(connection)
    return rows(query, params)
