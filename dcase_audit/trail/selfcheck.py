"""The operator's own look at the log: the database against itself, against the tiles and against what was signed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

from django.db import connection, transaction

from dcase_audit.trail.encoding import FIELDS, SALT, commitment
from dcase_audit.trail.stamping import timestamp_path
from dcase_audit.trail.timestamping import stamps
from dcase_audit.trail.tlog.checkpoints import Checkpoint, CheckpointMalformed
from dcase_audit.trail.tlog.merkle import Frontier, leaf_hash
from dcase_audit.trail.tlog.notes import Note, NoteMalformed, SignatureInvalid
from dcase_audit.trail.tlog.policy import NONE, Log, Policy, judge
from dcase_audit.trail.tlog.succession import Term
from dcase_audit.trail.tlog.tiles import TileMalformed, TileMissing, TileReader, TileStore

CHUNK = 2_000
ROWS = """
SELECT l.seq, l.source, l.kind, l.object, l.version, l.xid, l.leaf, l.hash, d.names, d.salts, d.texts, d.closed
FROM trail.log l LEFT JOIN trail.disclosure d USING (seq) WHERE l.seq >= %s AND l.seq < %s ORDER BY l.seq
"""


class Wrong(Exception):
    """The first record, or else the first checkpoint, that is not as it was logged."""

    def __init__(self, what: str, *, seq: int | None = None, object: str = "") -> None:
        where = f"entry {seq}{f' ({object})' if object else ''}: " if seq is not None else ""
        super().__init__(where + what)
        self.seq = seq


class Row(NamedTuple):
    """An entry as the database has it."""

    seq: int
    source: str
    kind: str
    object: str
    version: int
    xid: int
    leaf: bytes
    hash: bytes
    names: list[str] | None
    salts: bytes
    texts: list[str | None]
    closed: dict[str, str]


@transaction.atomic
def check(store: TileStore, keys: Sequence[Term]) -> int:
    """Rebuild the log and compare; return how many entries it has. ``keys`` are those of the log.

    Raises:
        Wrong: the first record that differs.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT size FROM trail.head")
        size: int = cursor.fetchone()[0]
        cursor.execute("SELECT size, root, note FROM trail.checkpoint ORDER BY size, id")
        checkpoints = [(at, bytes(root), note.encode()) for at, root, note in cursor.fetchall()]
    published = _published(store, keys, checkpoints, size)
    _check_tokens(store, {at: note for at, _, note in checkpoints})
    entries = TileReader(store, published).entries(0, published)
    frontier, versions, waiting = Frontier(), dict[str, int](), list(reversed(checkpoints))
    _check_roots(frontier, waiting)
    for row in _rows(size):
        _check_row(row, versions)
        if row.seq < published and _next(entries, row.seq) != row.leaf:
            raise Wrong("the tiles have another leaf", seq=row.seq, object=row.object)
        frontier.append(row.hash)
        _check_roots(frontier, waiting)
    return size


def _published(store: TileStore, keys: Sequence[Term], checkpoints: list[tuple[int, bytes, bytes]], size: int) -> int:
    """Check the signature of each checkpoint; return how far the newest goes."""
    policy = Policy([Log(term.key, sizes=term.sizes) for term in keys], quorum=NONE)
    for at, root, note in checkpoints:
        try:
            said = judge(policy, Note.parse(note)).checkpoint
        except (NoteMalformed, SignatureInvalid, CheckpointMalformed) as error:
            raise Wrong(f"checkpoint {at}: {error}") from None
        if (said.size, said.root) != (at, root):
            raise Wrong(f"checkpoint {at}: its row says otherwise than its note")
    newest = checkpoints[-1][0] if checkpoints else 0
    if newest > size:
        raise Wrong(f"checkpoint {newest}: the log has {size} entries")
    try:
        shown = Checkpoint.parse(Note.parse(store.get("checkpoint")).text).size if checkpoints else 0
    except (TileMissing, NoteMalformed, CheckpointMalformed) as error:
        raise Wrong(f"the published checkpoint cannot be read: {error}") from None
    if shown > newest:
        raise Wrong(f"checkpoint {shown} was published, and the database knows of none beyond {newest}")
    return shown


def _check_tokens(store: TileStore, notes: dict[int, bytes]) -> None:
    """See that each time-stamp is over its checkpoint, and published as it was received."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT size, number FROM trail.token ORDER BY size, number")
        tokens = cursor.fetchall()
        for size, number in tokens:
            cursor.execute("SELECT response FROM trail.token WHERE size = %s AND number = %s", [size, number])
            response, path = bytes(cursor.fetchone()[0]), timestamp_path(size, number)
            if size not in notes or not stamps(response, Note.parse(notes[size]).stamped):
                raise Wrong(f"{path} is not over the checkpoint of that size")
            try:
                published = store.get(path)
            except TileMissing:
                raise Wrong(f"{path} is not published") from None
            if published != response:
                raise Wrong(f"{path} was published with other bytes")


def _rows(size: int) -> Iterator[Row]:
    for start in range(0, size, CHUNK):
        with connection.cursor() as cursor:
            cursor.execute(ROWS, [start, min(start + CHUNK, size)])
            found = [_row(values) for values in cursor.fetchall()]
        for expected, row in enumerate(found, start):
            if row.seq != expected:
                raise Wrong("it is missing", seq=expected)
            yield row
        if len(found) != min(start + CHUNK, size) - start:
            raise Wrong("it is missing", seq=start + len(found))


def _row(values: tuple[Any, ...]) -> Row:
    row = Row(*values)
    said = json.loads(row.closed) if isinstance(row.closed, str) else row.closed
    return row._replace(leaf=bytes(row.leaf), hash=bytes(row.hash), salts=bytes(row.salts or b""), closed=said)


def _check_row(row: Row, versions: dict[str, int]) -> None:
    if leaf_hash(row.leaf) != row.hash:
        raise Wrong("its leaf does not have its hash", seq=row.seq, object=row.object)
    said = json.loads(row.leaf)
    versions[row.object] = versions.get(row.object, 0) + 1
    expected = {
        "seq": row.seq,
        "source": row.source,
        "kind": row.kind,
        "object": row.object,
        "version": row.version,
        "xid": str(row.xid),
    }
    for name, value in expected.items():
        if said[name] != value:
            raise Wrong(f"its row says otherwise than its leaf of {name}", seq=row.seq, object=row.object)
    if row.version != versions[row.object]:
        raise Wrong(f"it is number {versions[row.object]} of its object", seq=row.seq, object=row.object)
    if row.names is None:
        raise Wrong("what it says is missing", seq=row.seq, object=row.object)
    if _fields(row) != said["fields"]:
        raise Wrong("it says otherwise than its leaf commits to", seq=row.seq, object=row.object)


def _fields(row: Row) -> str:
    root = sha256(FIELDS)
    for index, (name, text) in enumerate(zip(row.names or (), row.texts, strict=True)):
        salt = row.salts[SALT * index : SALT * (index + 1)]
        root.update(bytes.fromhex(row.closed[name]) if text is None else commitment(name, text, salt))
    return root.hexdigest()


def _next(entries: Iterator[bytes], seq: int) -> bytes:
    try:
        return next(entries)
    except (TileMissing, TileMalformed, StopIteration) as error:
        raise Wrong(f"the tiles do not have it: {error}", seq=seq) from None


def _check_roots(frontier: Frontier, waiting: list[tuple[int, bytes, bytes]]) -> None:
    while waiting and waiting[-1][0] == frontier.size:
        at, root, _ = waiting.pop()
        if frontier.root() != root:
            raise Wrong(f"checkpoint {at}: the entries up to it have another root")
