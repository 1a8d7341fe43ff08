"""A bundle: all that a third party needs to check a case's history without us (``docs/verification.md`` section 2)."""

from __future__ import annotations

import base64
import json
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.db import connection, transaction

from dcase_audit.cases.models import Case
from dcase_audit.errors import AuditError
from dcase_audit.trail import capture, routines
from dcase_audit.trail.covering import awaited, covering
from dcase_audit.trail.encoding import SALT, commitment
from dcase_audit.trail.published import log_files
from dcase_audit.trail.stamping import MOST_TOKENS, timestamp_path
from dcase_audit.trail.statements import rows
from dcase_audit.trail.tlog.tiles import WIDTH, TileReader, entries_path, format_bundle
from dcase_audit.verification.archive import write_lines, write_member, writing
from dcase_audit.verification.sampling import NOT_DRAWN, Order, Sample, sample_of, seed_of
from dcase_audit.verification.scope import CLOSED, Scope, scope_of
from evidence.models import Disposal, Revision
from evidence.storage import ObjectMissing, object_store

FORMAT = "dcase-audit-bundle/1"
CHUNK = 500
# Sizes of the log whose tokens are read at once; each of these has a few at most, and few have any.
TOKENS = 10_000
README = Path(__file__).parent / "bundle_readme.txt"
SAMPLE_README = Path(__file__).parent / "sample_readme.txt"


class Unpublished(AuditError):
    """A bundle holds what its cases claim, which their editions say (409)."""

    slug = "case-unpublished"
    title = "No edition of the case was published yet"


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
    sample: Sample | None = None


def write(
    cases: Iterable[Case], file: IO[bytes], *, at: datetime | None = None, sample: Order | None = None
) -> Snapshot:
    """Write the bundle of the cases as they are now. ``at`` is only noted: the moment that a report is about.

    With ``sample``, which was ordered of the one case that is wanted, files of what was not drawn are left out.

    Raises:
        Unpublished: a case has no edition (409).
        NotWitnessed: the sequencer is away or behind (503).
    """
    wanted = list(cases)
    if sample is not None and wanted != [sample.case]:
        raise ValueError("a sample is drawn from the one case that it was ordered of")
    seed = None if sample is None else seed_of(sample)
    snapshot = _snapshot([case.pk for case in wanted])
    if sample is not None and seed is not None:
        snapshot = replace(snapshot, sample=sample_of(seed, sample.count, snapshot.state))
    documents = {case.slug: _document(case, snapshot) for case in wanted}
    size, note = covering(snapshot.size)
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
            **({"sample": snapshot.sample.header()} if snapshot.sample else {}),
        }
        write_member(archive, "bundle.json", json.dumps(header, ensure_ascii=False, indent=1))
        write_member(archive, "README.txt", _readme(snapshot.sample))
        write_member(archive, "checkpoint", note)
        _write_checkpoints(archive, size)
        _write_timestamps(archive, size)
        _write_leaves(archive, size)
        write_lines(archive, "disclosures.jsonl", _disclosures(snapshot.scope, size))
        for table, lines in snapshot.state.items():
            write_lines(archive, f"state/{table}.jsonl", lines)
        _write_files(archive, snapshot)
        for slug, document in documents.items():
            write_member(archive, f"cases/{slug}.json", document)
    return snapshot


def _readme(sample: Sample | None) -> str:
    text = README.read_text(encoding="utf-8")
    if sample is None:
        return text
    return "\n".join([text, SAMPLE_README.read_text(encoding="utf-8"), *sample.lines(), ""])


def _snapshot(cases: list[int]) -> Snapshot:
    """Read the state at a moment at which every event up to it is in the log.

    Raises:
        NotWitnessed: there is no such moment for as long as the log may be behind (503).
    """
    return awaited(lambda: _snapshot_now(cases))


def _snapshot_now(cases: list[int]) -> Snapshot | None:
    # A caller's transaction has its own view of things already, which is then the one that counts.
    own = not connection.in_atomic_block
    with transaction.atomic(), connection.cursor() as cursor:
        if own:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        routines.print_alike(cursor)
        cursor.execute("SELECT trail.pending(), size FROM trail.head")
        pending, size = cursor.fetchone()
        if pending:
            return None
        scope = scope_of(cases, size=size)
        return Snapshot(size, scope, {table: _state(table, scope) for table in scope.tables})


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


def _write_checkpoints(archive: zipfile.ZipFile, size: int) -> None:
    """Write the earlier checkpoints: of those of one size the first that is witnessed."""
    found = rows(
        "SELECT DISTINCT ON (size) size, note FROM trail.checkpoint WHERE size < %s"
        " ORDER BY size, witnessed_at IS NULL, id",
        [size],
    )
    for earlier, note in found:
        write_member(archive, f"checkpoints/{earlier:012}", note)


def _write_timestamps(archive: zipfile.ZipFile, size: int) -> None:
    """Write the RFC 3161 responses over the checkpoints that are written."""
    for start in range(0, size + 1, TOKENS):
        found = rows(
            "SELECT size, number, response FROM trail.token WHERE size >= %s AND size < %s AND number <= %s"
            " ORDER BY size, number",
            [start, min(start + TOKENS, size + 1), MOST_TOKENS],
        )
        for stamped, number, response in found:
            write_member(archive, timestamp_path(stamped, number), bytes(response))


def _write_leaves(archive: zipfile.ZipFile, size: int) -> None:
    reader = TileReader(log_files(), size)
    for index in range(-(-size // WIDTH)):
        bundle = reader.bundle(index)
        write_member(archive, entries_path(index, len(bundle)), format_bundle(bundle))


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


def _write_files(archive: zipfile.ZipFile, snapshot: Snapshot) -> None:
    """Write the evidence files in scope and name those that are withheld; of those disposed of the state has a row.

    Of a sampled bundle those that belong to what was not drawn are withheld, too.

    Raises:
        Changed: one was disposed of since the state was read (503).
    """
    confidential, gone = _confidential(), _disposed(snapshot)
    not_drawn = snapshot.sample.left_out(snapshot.state) if snapshot.sample else set()
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
        if row["id"] in not_drawn:
            withheld.append({"sha256": sha256, "reason": NOT_DRAWN})
            continue
        try:
            source = store.open(sha256)
        except ObjectMissing as missing:
            if Disposal.objects.filter(file=row["id"]).exists():
                raise Changed from missing
            raise
        with source, writing(archive, f"files/{sha256}") as member:
            while chunk := source.read(1 << 20):
                member.write(chunk)
    write_lines(archive, "withheld.jsonl", (json.dumps(one, ensure_ascii=False) for one in withheld))


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


def _document(case: Case, snapshot: Snapshot) -> str:
    """Return the case as its newest edition in the snapshot says it.

    Raises:
        Unpublished: there is none.
    """
    rows_ = [json.loads(line) for line in snapshot.state["cases_edition"]]
    editions = {row["number"]: str(row["document"]) for row in rows_ if row["case_id"] == case.pk}
    if not editions:
        raise Unpublished(f"No edition of {case.slug} was published yet: there is nothing to prove.")
    return editions[max(editions)]
