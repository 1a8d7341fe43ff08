"""A bundle: all that a third party needs to check a case's history without us (``docs/verification.md`` section 2)."""

from __future__ import annotations

import base64
import json
import time
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.db import connection, transaction

from dcase_audit.cases.arguments import rows
from dcase_audit.cases.models import Case, Edition
from dcase_audit.errors import AuditError
from dcase_audit.trail import capture
from dcase_audit.trail.encoding import SALT, commitment
from dcase_audit.trail.stamping import MOST_TOKENS, timestamp_path
from dcase_audit.trail.tlog.local import LocalTiles
from dcase_audit.trail.tlog.tiles import WIDTH, TileReader, entries_path, format_bundle
from dcase_audit.verification.scope import CLOSED, Scope, scope_of
from evidence.models import Disposal, Revision
from evidence.storage import ObjectMissing, object_store

FORMAT = "dcase-audit-bundle/1"
CHUNK = 500
# Sizes of the log whose tokens are read at once; each of these has a few at most, and few have any.
TOKENS = 10_000
LOOK_AGAIN = 0.2
README = Path(__file__).parent / "bundle_readme.txt"


class NotWitnessed(AuditError):
    """The log does not reach up to what is asked for, within the time that it promises (503)."""

    status = 503
    slug = "not-witnessed"
    title = "The log is behind: no checkpoint covers this moment yet"


class Changed(AuditError):
    """A file was disposed of while the bundle was being written; made anew, it says so (503)."""

    status = 503
    slug = "changed-meanwhile"
    title = "A file was disposed of meanwhile: ask for the bundle again"


@dataclass(frozen=True)
class Snapshot:
    """The rows in scope as one moment has them, printed, and how many events of the log had happened by then."""

    size: int
    scope: Scope
    state: dict[str, list[str]]


def write(cases: Iterable[Case], file: IO[bytes], *, at: datetime | None = None) -> Snapshot:
    """Write the bundle of the cases as they are now. ``at`` is only noted: the moment that a report is about.

    Raises:
        NotWitnessed: the sequencer is away or behind (503).
    """
    wanted = list(cases)
    snapshot = _snapshot([case.pk for case in wanted])
    note, size = _checkpoint(snapshot.size)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        header = {
            "format": FORMAT,
            "origin": settings.TRAIL_ORIGIN,
            "size": size,
            "state_size": snapshot.size,
            "made_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "cases": [case.slug for case in wanted],
            "at": at.astimezone(UTC).isoformat() if at else None,
            "tables": {table: capture.captured()[table].key for table in snapshot.scope.tables},
        }
        archive.writestr("bundle.json", json.dumps(header, ensure_ascii=False, indent=1))
        archive.writestr("README.txt", README.read_text(encoding="utf-8"))
        archive.writestr("checkpoint", note)
        _write_checkpoints(archive, size)
        _write_timestamps(archive, size)
        _write_leaves(archive, size)
        _write_lines(archive, "disclosures.jsonl", _disclosures(snapshot.scope, size))
        for table, lines in snapshot.state.items():
            _write_lines(archive, f"state/{table}.jsonl", lines)
        _write_files(archive, snapshot)
        for case in wanted:
            _write_case(archive, case)
    return snapshot


def _snapshot(cases: list[int]) -> Snapshot:
    """Read the state at a moment at which every event up to it is in the log.

    Raises:
        NotWitnessed: there is no such moment for as long as the log may be behind.
    """
    ends = time.monotonic() + settings.TRAIL_MERGE_DELAY
    # A caller's transaction has its own view of things already, which is then the one that counts.
    own = not connection.in_atomic_block
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            if own:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            cursor.execute("SELECT trail.pending(), size FROM trail.head")
            pending, size = cursor.fetchone()
            if not pending:
                scope = scope_of(cases, size=size)
                return Snapshot(size, scope, {table: _state(table, scope) for table in scope.tables})
        if time.monotonic() > ends:
            raise NotWitnessed
        time.sleep(LOOK_AGAIN)


def _state(table: str, scope: Scope) -> list[str]:
    described = capture.captured()[table]
    arguments = described.masks
    keys = None if table in scope.whole else [int(key) for key in scope.keys[table]]
    found = rows(
        f"""SELECT trail.printed(to_jsonb(t), %(secrets)s, %(left_out)s)::text FROM {table} t
        WHERE %(keys)s::bigint[] IS NULL OR t.{described.key} = ANY(%(keys)s::bigint[]) ORDER BY t.{described.key}""",
        {"secrets": arguments[0], "left_out": arguments[1], "keys": keys},
    )
    return [line for (line,) in found]


def _checkpoint(size: int) -> tuple[bytes, int]:
    """Return the smallest checkpoint that covers ``size`` events, once there is one, and its size.

    Raises:
        NotWitnessed: there is none for as long as the log may be behind.
    """
    ends = time.monotonic() + settings.TRAIL_MERGE_DELAY
    while True:
        found = rows(
            "SELECT note, size FROM trail.checkpoint WHERE size >= %s AND (witnessed_at IS NOT NULL OR NOT %s)"
            " ORDER BY size, id LIMIT 1",
            [size, bool(settings.TRAIL_WITNESSES)],
        )
        if found:
            note, covered = found[0]
            return note.encode(), covered
        if time.monotonic() > ends:
            raise NotWitnessed
        time.sleep(LOOK_AGAIN)


def _write_checkpoints(archive: zipfile.ZipFile, size: int) -> None:
    found = rows("SELECT DISTINCT ON (size) size, note FROM trail.checkpoint WHERE size < %s ORDER BY size, id", [size])
    for earlier, note in found:
        archive.writestr(f"checkpoints/{earlier:012}", note)


def _write_timestamps(archive: zipfile.ZipFile, size: int) -> None:
    """Write the RFC 3161 responses over the checkpoints that are written."""
    for start in range(0, size + 1, TOKENS):
        found = rows(
            "SELECT size, number, response FROM trail.token WHERE size >= %s AND size < %s AND number <= %s"
            " ORDER BY size, number",
            [start, min(start + TOKENS, size + 1), MOST_TOKENS],
        )
        for stamped, number, response in found:
            archive.writestr(timestamp_path(stamped, number), bytes(response))


def _write_leaves(archive: zipfile.ZipFile, size: int) -> None:
    reader = TileReader(LocalTiles(settings.TRAIL_DIR), size)
    for index in range(-(-size // WIDTH)):
        bundle = reader.bundle(index)
        archive.writestr(entries_path(index, len(bundle)), format_bundle(bundle))


def _disclosures(scope: Scope, size: int) -> Iterator[str]:
    for start in range(0, size, CHUNK):
        found = rows(
            "SELECT l.seq, l.object, d.names, d.salts, d.texts, d.closed FROM trail.log l"
            " JOIN trail.disclosure d USING (seq) WHERE l.seq >= %s AND l.seq < %s ORDER BY l.seq",
            [start, min(start + CHUNK, size)],
        )
        for seq, object, *said in found:
            if scope.holds(_about(object)):
                yield json.dumps({"seq": seq, "fields": fields(*said)}, ensure_ascii=False, separators=(",", ":"))


def _about(object: str) -> str:
    """Return what an event is about: what the trail does to one of its entries is about that entry's object."""
    noun, _, entry = object.partition(":")
    if noun != "entry":
        return object
    found = rows("SELECT object FROM trail.log WHERE seq = %s", [int(entry)])
    return str(found[0][0]) if found else object


def fields(
    names: list[str],
    salts: bytes,
    texts: list[str | None],
    redacted: dict[str, str],
    closed: frozenset[str] = CLOSED,
) -> list[list[str]]:
    """Return an event's fields as third parties see them: open with salt and text, or closed with the commitment."""
    found = []
    for index, (name, text) in enumerate(zip(names, texts, strict=True)):
        salt = salts[SALT * index : SALT * (index + 1)]
        if text is None:
            found.append([name, redacted[name]])
        elif name in closed:
            found.append([name, commitment(name, text, salt).hex()])
        else:
            found.append([name, base64.urlsafe_b64encode(salt).decode().rstrip("="), text])
    return found


def _write_lines(archive: zipfile.ZipFile, name: str, lines: Iterable[str]) -> None:
    with archive.open(name, "w", force_zip64=True) as member:
        for line in lines:
            member.write(line.encode() + b"\n")


def _write_files(archive: zipfile.ZipFile, snapshot: Snapshot) -> None:
    """Write the evidence files in scope and name those that are withheld; of those disposed of the state has a row.

    Raises:
        Changed: one was disposed of since the state was read (503).
    """
    confidential, gone = _confidential(), _disposed(snapshot)
    withheld: list[dict[str, Any]] = []
    store = object_store()
    for line in snapshot.state["evidence_storedfile"]:
        row = json.loads(line)
        sha256 = row["sha256"]
        if row["id"] in gone:
            continue
        if sha256 in confidential:
            withheld.append({"sha256": sha256, "reason": confidential[sha256]})
            continue
        try:
            source = store.open(sha256)
        except ObjectMissing as missing:
            if Disposal.objects.filter(file=row["id"]).exists():
                raise Changed from missing
            raise
        with source, archive.open(f"files/{sha256}", "w", force_zip64=True) as member:
            while chunk := source.read(1 << 20):
                member.write(chunk)
    _write_lines(archive, "withheld.jsonl", (json.dumps(one, ensure_ascii=False) for one in withheld))


def _disposed(snapshot: Snapshot) -> set[int]:
    """Return the ids of files whose disposal stands in the state that the bundle shows."""
    found = (json.loads(line) for line in snapshot.state["evidence_disposal"])
    return {row["file_id"] for row in found if row["stopped_at"] is None and row["restored_at"] is None}


def _confidential() -> dict[str, str]:
    """Return the digests of files that no third party is given, with the reason."""
    hidden = Revision.objects.exclude(confidentiality=Revision.Confidentiality.NORMAL)
    return {
        sha256: reason or "confidential"
        for sha256, reason in hidden.filter(files__file__sha256__isnull=False).values_list(
            "files__file__sha256", "confidential_reason"
        )
    }


def _write_case(archive: zipfile.ZipFile, case: Case) -> None:
    edition = Edition.objects.filter(case=case).order_by("-number").first()
    if edition is not None:
        archive.writestr(f"cases/{case.slug}.json", edition.document)
