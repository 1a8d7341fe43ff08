"""From the outbox to the log: each committed event once, in an order that its transactions agree with.

One statement takes what is visible out of the outbox. Whatever commits later is taken later; nothing can be passed
over, as it would be by a cursor over numbers or transactions, which are drawn in other orders than commits happen.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

from django.db import connection, transaction

from dcase_audit.trail.encoding import Leaf, committed

BATCH = 5_000

TAKE = """
WITH batch AS MATERIALIZED (SELECT id FROM trail.outbox {where} ORDER BY id LIMIT %(limit)s),
taken AS (DELETE FROM trail.outbox o USING batch b WHERE o.id = b.id RETURNING o.*)
SELECT o.id, o.source, o.kind, o.subject, o.xid::text,
       to_char(o.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), o.context ->> 'actor',
       f.names, f.texts
FROM taken o, LATERAL (
    SELECT array_agg(name ORDER BY name COLLATE "C") AS names, array_agg(said ORDER BY name COLLATE "C") AS texts FROM (
        SELECT CASE WHEN o.source = 'app' THEN 'payload.' WHEN o.kind = 'shape' THEN 'shape.' ELSE 'row.' END || key,
               value::text FROM jsonb_each(o.payload::jsonb)
        UNION ALL SELECT 'context.' || key, value::text FROM jsonb_each(o.context)
        UNION ALL SELECT 'db.' || key, value::text FROM jsonb_each(jsonb_build_object(
            'session_user', o.session_user_name, 'backend_pid', o.backend_pid,
            'client_address', host(o.client_address), 'relid', o.relid::bigint))
        UNION ALL SELECT 'before', to_json(was)::text FROM coalesce(
            o.before, encode(sha256(convert_to((o.payload::jsonb || o.previous::jsonb)::text, 'UTF8')), 'hex')) was
            WHERE was IS NOT NULL
    ) field (name, said)) f
ORDER BY o.id
"""
VERSIONS = """
SELECT o, (SELECT version FROM trail.log WHERE object = o ORDER BY version DESC LIMIT 1) FROM unnest(%s::text[]) o
"""
COPY_LOG = "COPY trail.log (seq, source, kind, object, version, xid, at, leaf, hash) FROM STDIN (FORMAT binary)"
COPY_DISCLOSURE = "COPY trail.disclosure (seq, actor, names, salts, texts) FROM STDIN (FORMAT binary)"
TYPES_LOG = ("int8", "text", "text", "text", "int4", "int8", "timestamptz", "bytea", "bytea")
TYPES_DISCLOSURE = ("int8", "text", "text[]", "bytea", "text[]")


class Superseded(Exception):
    """Another sequencer has taken over; this one writes nothing any more."""


class Taken(NamedTuple):
    """An event as the outbox had it; ``names`` are sorted."""

    id: int
    source: str
    kind: str
    subject: str
    xid: str
    at: str
    actor: str | None
    names: list[str]
    texts: list[str]


class Entry(NamedTuple):
    """An event as the log has it."""

    leaf: Leaf
    encoded: bytes
    hash: bytes
    actor: str | None
    names: list[str]
    salts: bytes
    texts: list[str]


@transaction.atomic
def take_over() -> int:
    """Begin an epoch of one's own and return it; who had the one before can write no more.

    The caller holds the lock that makes it the one sequencer.
    """
    with connection.cursor() as cursor:
        cursor.execute("UPDATE trail.head SET epoch = epoch + 1 RETURNING epoch")
        epoch: int = cursor.fetchone()[0]
        return epoch


@transaction.atomic
def drain(epoch: int, *, limit: int = BATCH) -> list[Entry]:
    """Move up to ``limit`` events from the outbox to the log; return them, none where there were none.

    Raises:
        Superseded: another epoch began.
    """
    with connection.cursor() as cursor:
        size = _turn(cursor, epoch)
        return _logged(cursor, _taken(cursor, limit), size)


@transaction.atomic
def announce(epoch: int, kind: str, subject: str, payload: Callable[[int], dict[str, Any]]) -> Entry:
    """Log what the sequencer itself has to say, as the very next entry; ``payload`` is told the entry's number.

    Raises:
        Superseded: another epoch began.
    """
    with connection.cursor() as cursor:
        size = _turn(cursor, epoch)
        said = json.dumps(payload(size), ensure_ascii=False)
        cursor.execute("SELECT trail.announce(%s, %s, %s::jsonb)", [kind, subject, said])
        (number,) = cursor.fetchone()
        (entry,) = _logged(cursor, _taken(cursor, 1, only=number), size)
        return entry


def _turn(cursor: Any, epoch: int) -> int:
    """Return the size of the log, which nobody else can change before this transaction ends."""
    cursor.execute("SELECT size FROM trail.head WHERE epoch = %s FOR NO KEY UPDATE", [epoch])
    found = cursor.fetchone()
    if found is None:
        raise Superseded
    size: int = found[0]
    return size


def _taken(cursor: Any, limit: int, *, only: int | None = None) -> list[Taken]:
    where = "" if only is None else "WHERE id = %(only)s"
    cursor.execute(TAKE.format(where=where), {"limit": limit, "only": only})
    return [Taken(*row) for row in cursor.fetchall()]


def _logged(cursor: Any, taken: Sequence[Taken], size: int) -> list[Entry]:
    """Keep what was taken as the entries from ``size`` on."""
    if not taken:
        return []
    entries = entries_of(taken, first=size, versions=_versions(cursor, taken))
    _keep(entries)
    cursor.execute("UPDATE trail.head SET size = %s", [size + len(entries)])
    return entries


def _versions(cursor: Any, taken: Sequence[Taken]) -> dict[str, int]:
    cursor.execute(VERSIONS, [sorted({event.subject for event in taken})])
    return {name: version or 0 for name, version in cursor.fetchall()}


def entries_of(taken: Sequence[Taken], *, first: int, versions: dict[str, int]) -> list[Entry]:
    """Number the events from ``first`` on and commit to what they say; ``versions`` counts on for each object."""
    found = []
    for seq, event in enumerate(taken, first):
        version = versions[event.subject] = versions[event.subject] + 1
        root, salts = committed(event.names, event.texts)
        leaf = Leaf(
            event.at,
            root,
            event.id,
            event.kind,
            len(event.names),
            event.subject,
            seq,
            event.source,
            version,
            event.xid,
        )
        encoded = leaf.encoded()
        hashed = sha256(b"\0" + encoded).digest()
        found.append(Entry(leaf, encoded, hashed, event.actor, event.names, salts, event.texts))
    return found


def _keep(entries: Sequence[Entry]) -> None:
    _copy(COPY_LOG, TYPES_LOG, [_log_row(entry) for entry in entries])
    _copy(COPY_DISCLOSURE, TYPES_DISCLOSURE, [_disclosure_row(entry) for entry in entries])


def _log_row(entry: Entry) -> tuple[Any, ...]:
    leaf = entry.leaf
    return (
        leaf.seq,
        leaf.source,
        leaf.kind,
        leaf.object,
        leaf.version,
        int(leaf.xid),
        datetime.fromisoformat(leaf.at),
        entry.encoded,
        entry.hash,
    )


def _disclosure_row(entry: Entry) -> tuple[Any, ...]:
    return entry.leaf.seq, entry.actor, entry.names, entry.salts, entry.texts


def _copy(statement: str, types: Sequence[str], rows: list[tuple[Any, ...]]) -> None:
    with connection.wrap_database_errors, connection.connection.cursor().copy(statement) as copy:
        copy.set_types(types)
        for row in rows:
            copy.write_row(row)
