"""Proofs and receipts, read from the tiles; none is given that does not lead to the checkpoint's root."""

from __future__ import annotations

import time
from typing import NamedTuple

from dcase_audit.accounts.models import User
from dcase_audit.api_refusals import HTTPRefusal
from dcase_audit.errors import AuditError
from dcase_audit.trail.published import log_files
from dcase_audit.trail.tlog.merkle import (
    ProofInvalid,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    verify_consistency,
    verify_inclusion,
)
from dcase_audit.trail.tlog.notes import Note
from dcase_audit.trail.tlog.receipts import Receipt
from dcase_audit.trail.tlog.tiles import TileMalformed, TileMissing, TileReader
from dcase_audit.verification import bundles
from dcase_audit.verification.disclosing import Disclosing
from dcase_audit.verification.models import Checkpoint, Entry

LOOK_AGAIN = 0.2
RETRY_AFTER = "2"


class NotSealed(HTTPRefusal):
    """No witnessed checkpoint has the entry yet; it will, within the time that the log promises (409)."""

    status = 409
    slug = "not-sealed"
    title = "The entry is being sealed"


class LogDamaged(AuditError):
    """The files of the log are not there, or not those of its checkpoint (503)."""

    status = 503
    slug = "log-damaged"
    title = "The log's files do not lead to its checkpoint"


class Inclusion(NamedTuple):
    """That a leaf is in the log of a checkpoint."""

    leaf: bytes
    hashes: list[bytes]
    checkpoint: Checkpoint


def inclusion(entry: Entry, checkpoint: Checkpoint) -> Inclusion:
    """Prove that the checkpoint, which is larger than the entry's number, has the entry.

    Raises:
        LogDamaged: (503).
    """
    leaf, reader = bytes(entry.leaf), _reader(checkpoint)
    try:
        hashes = inclusion_proof(entry.seq, reader.size, reader.hash_at)
        verify_inclusion(
            leaf=leaf_hash(leaf), index=entry.seq, size=reader.size, proof=hashes, root=bytes(checkpoint.root)
        )
    except (ProofInvalid, TileMissing, TileMalformed) as error:
        raise LogDamaged(f"Entry {entry.seq}: {error}.") from error
    return Inclusion(leaf, hashes, checkpoint)


def consistency(old: Checkpoint, new: Checkpoint) -> list[bytes]:
    """Prove that the log of ``old`` is where that of ``new``, which is not smaller, begins.

    Raises:
        LogDamaged: (503).
    """
    reader = _reader(new)
    try:
        hashes = consistency_proof(old.size, new.size, reader.hash_at)
        verify_consistency(old=old.size, old_root=bytes(old.root), new=new.size, new_root=bytes(new.root), proof=hashes)
    except (ProofInvalid, TileMissing, TileMalformed) as error:
        raise LogDamaged(f"From {old.size} to {new.size}: {error}.") from error
    return hashes


def receipt(entry: Entry, user: User) -> bytes:
    """Return the receipt of an entry that the user sees: under the first witnessed checkpoint that has it.

    Raises:
        NotSealed: there is none yet (409). LogDamaged: (503).
    """
    checkpoint = Checkpoint.objects.witnessed().covering(entry.seq).first()
    if checkpoint is None:
        raise NotSealed(headers={"Retry-After": RETRY_AFTER})
    proven, said = inclusion(entry, checkpoint), entry.disclosure
    closed = Disclosing([entry], user).closed(entry)
    fields = bundles.fields(said.names, bytes(said.salts), said.texts, said.closed, closed)
    made = Receipt(
        entry.seq,
        tuple(proven.hashes),
        Note.parse(checkpoint.note.encode()),
        proven.leaf,
        tuple((field[0], field[1], field[2]) if len(field) == 3 else (field[0], field[1]) for field in fields),
    )
    return made.format()


def await_seal(entry: Entry, *, seconds: float) -> None:
    """Return once a witnessed checkpoint has the entry, or when the time is over."""
    ends = time.monotonic() + seconds
    while not Checkpoint.objects.witnessed().covering(entry.seq).exists() and time.monotonic() < ends:
        time.sleep(LOOK_AGAIN)


def _reader(checkpoint: Checkpoint) -> TileReader:
    return TileReader(log_files(), checkpoint.size)
