"""Who acts, why and through what: one context variable, carried into every writing transaction.

The execute wrapper follows the measured recipe of ADR 0003; each door (request, command, job) only calls ``acting``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import psycopg
from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import sql as pgsql
from psycopg.pq import ExecStatus, TransactionStatus

from dcase_audit import clock

Actor = str | Callable[[], str]
# Begins a statement that writes, but only what no trigger captures: the trail need not be told who acts.
UNCAPTURED = "/* uncaptured */"
WRITES = re.compile(r"\s*(with|insert|update|delete|merge|call|do|select\s+trail\.)\b", re.IGNORECASE)

_context: ContextVar[dict[str, Any] | None] = ContextVar("trail_context", default=None)


@contextmanager
def acting(actor: Actor, **more: str) -> Iterator[None]:
    """Attribute every write inside to ``actor``: ``user:ID``, ``token:PREFIX``, ``command:NAME``, ``system`` ...

    ``more`` holds what else is known: ``reason``, ``request``, ``address``, ``task``. A callable is asked at each
    write, so that a login is attributed to the person that it let in. Contexts nest; the inner one counts.
    """
    token = _context.set({"actor": actor, **more})
    try:
        yield
    finally:
        _context.reset(token)


@contextmanager
def on_behalf_of(name: str) -> Iterator[None]:
    """Add to this context the person whom an operator names; who acts, by a command, stays in it."""
    token = _context.set({"actor": "operator", **(_context.get() or {}), "on_behalf_of": name})
    try:
        yield
    finally:
        _context.reset(token)


def current_actor() -> str | None:
    """Return the actor of this context, or None outside of any."""
    return current("actor")


def current(name: str) -> str | None:
    """Return what this context says of who acts, as ``acting`` was told it; None where it says nothing."""
    found: str | None = _asked(_context.get() or {}).get(name)
    return found


def as_json() -> str:
    """Return the context as the database is told it; empty outside of any, which every capture refuses."""
    said = _context.get()
    if said is None:
        return ""
    told = _asked(said)
    if clock.is_set():
        told["clock"] = clock.now().isoformat()
    return json.dumps(told, sort_keys=True, ensure_ascii=False)


def _asked(said: dict[str, Any]) -> dict[str, Any]:
    return {key: value() if callable(value) else value for key, value in said.items()}


def notice(connection: BaseDatabaseWrapper) -> None:
    """Notice that a transaction begins; by hand before psycopg's own cursors, whose statements no wrapper sees."""
    if connection.connection.info.transaction_status == TransactionStatus.IDLE:
        connection.trail_sent = None  # type: ignore[attr-defined]


def send(connection: BaseDatabaseWrapper) -> None:
    """Tell the running transaction who acts; by hand only before what no wrapper sees: COPY, psycopg's cursors."""
    notice(connection)
    said = as_json()
    if getattr(connection, "trail_sent", None) == said:
        return
    with connection.wrap_database_errors:
        _say(connection.connection, said)
    connection.trail_sent = said  # type: ignore[attr-defined]


def _say(connection: psycopg.Connection[Any], said: str) -> None:
    """Set the context for this transaction; one that has yet to begin is begun by the same message."""
    if _begins_plainly(connection):
        literal = pgsql.Literal(said).as_bytes(connection)
        result = connection.pgconn.exec_(b"BEGIN; SELECT set_config('trail.context', " + literal + b", true)")
        if connection.closed:
            raise psycopg.OperationalError(connection.pgconn.get_error_message())
        if result.status != ExecStatus.TUPLES_OK:
            raise psycopg.errors.error_from_result(result, encoding=connection.info.encoding)
    else:
        connection.execute("SELECT set_config('trail.context', %s, true)", [said])


def _begins_plainly(connection: psycopg.Connection[Any]) -> bool:
    """Tell whether psycopg would send a bare BEGIN before the next statement."""
    return (
        connection.info.transaction_status == TransactionStatus.IDLE
        and not connection.autocommit
        and (connection.isolation_level, connection.read_only, connection.deferrable) == (None, None, None)
    )


def carry(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
    """Send the context before the first write of each transaction (an execute wrapper of every connection)."""
    connection = context["connection"]
    text = sql.as_string(connection.connection) if isinstance(sql, pgsql.Composable) else str(sql)
    if connection.connection is None:
        connection.ensure_connection()
    notice(connection)
    if text.startswith("ROLLBACK TO"):
        connection.trail_sent = None
    if connection.needs_rollback or not WRITES.match(text):
        return execute(sql, params, many, context)
    if connection.get_autocommit():
        with transaction.atomic(using=connection.alias):
            send(connection)
            return execute(sql, params, many, context)
    send(connection)
    return execute(sql, params, many, context)


def install(sender: object, connection: BaseDatabaseWrapper, **kwargs: object) -> None:
    """Put the wrapper on a new connection (receiver of ``connection_created``)."""
    if connection.vendor == "postgresql" and carry not in connection.execute_wrappers:
        connection.execute_wrappers.append(carry)
