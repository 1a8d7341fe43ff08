"""From the log to what others see: tiles, a signed checkpoint, cosignatures, and last the file ``checkpoint``.

Each step can be repeated; after a crash at any point the next publication does what is missing. Until ``checkpoint`` is
replaced nobody has been told anything.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import NamedTuple

from django.db import connection, transaction

from dcase_audit.trail import rotation
from dcase_audit.trail.published import LogFiles
from dcase_audit.trail.signing import Fork, Signer
from dcase_audit.trail.tlog import tiles
from dcase_audit.trail.tlog.checkpoints import Checkpoint
from dcase_audit.trail.tlog.local import FileDiffers
from dcase_audit.trail.tlog.merkle import Frontier, consistency_proof
from dcase_audit.trail.tlog.notes import Note, VerifierKey, verify
from dcase_audit.trail.tlog.succession import format_terms
from dcase_audit.trail.witnessing import WitnessRefused, WitnessUnavailable, cosigned

log = logging.getLogger(__name__)

CHUNK = 2_000
CHECKPOINT = "checkpoint"
KEYS = "log.vkey"
# Seconds for each request to a witness.
PATIENCE = 5.0


class WitnessAt(NamedTuple):
    """A witness that is asked for its cosignature."""

    key: VerifierKey
    url: str


class Publisher:
    """Publishes the log of the database into a directory or a bucket; one at a time."""

    def __init__(self, store: LogFiles, signer: Signer, witnesses: Sequence[WitnessAt]) -> None:
        self.store = store
        self.signer = signer
        self.witnesses = witnesses
        self.size = 0
        self._seen: dict[str, int] = {}
        self._keys = ""

    def resume(self) -> None:
        """Begin where the last one ended.

        Raises:
            Fork: the database's log does not begin with what was signed or published.
        """
        last, size = self.signer.last, _log_size()
        rotation.adopt(self.signer)
        rotation.check(self.signer, size)
        if last is None:
            return
        if size < last.size:
            raise Fork(f"the log has {size} entries; {last.size} were signed")
        frontier = Frontier()
        for leaf in leaves(0, last.size):
            frontier.append(sha256(b"\0" + leaf).digest())
        if frontier.root() != last.root:
            raise Fork(f"the first {last.size} entries are not those that were signed")
        # What was signed has its tiles; whether it was published as well does not matter.
        self.size = last.size

    def publish(self) -> Note:
        """Publish the log as it is; a repeat for the same size has it witnessed again.

        Raises:
            Fork: it does not extend what was signed.
            StoreUnavailable: a bucket does not take it now; nobody was told of it, and a repeat goes on.
        """
        size = _log_size()
        before = self.size
        if size < before:
            raise Fork(f"the log has {size} entries; {before} were published")
        rotation.adopt(self.signer)
        rotation.check(self.signer, size)
        try:
            frontier = tiles.publish(self.store, before, leaves(before, size))
        except FileDiffers as error:
            # Those of the process before, which ended before it signed them.
            raise Fork(f"tiles of other entries are there: {error}") from error
        reader = tiles.TileReader(self.store, size)
        note = self.signer.sign(Checkpoint(self.signer.origin, size, frontier.root()), reader.hash_at)
        self.size = size
        note = self._witnessed(note, reader)
        self.publish_keys()
        self._announce(note, size, frontier.root())
        self.signer.keyring.forget(size)
        tiles.drop_partials(self.store, before, size)
        return note

    def publish_keys(self) -> None:
        """Show the log's keys, and for which sizes each signs; before anything that a new one signed."""
        keys = format_terms(self.signer.keyring.terms)
        if keys != self._keys:
            self.store.replace(KEYS, keys.encode())
            self._keys = keys

    def _witnessed(self, note: Note, reader: tiles.TileReader) -> Note:
        """Return the note with the cosignatures that could be had now."""
        signed = note
        for witness in self.witnesses:
            try:
                given = cosigned(
                    witness.url,
                    signed,
                    self._seen.get(witness.url, 0),
                    lambda old: consistency_proof(old, reader.size, reader.hash_at),
                    [witness.key],
                    PATIENCE,
                )
            except WitnessUnavailable as error:
                log.warning("the witness %s did not cosign %d: %s", witness.key.name, reader.size, error)
            except WitnessRefused as error:
                log.critical("the witness %s refuses %d: %s", witness.key.name, reader.size, error)
            else:
                self._seen[witness.url] = reader.size
                note = note.with_signatures(*given)
        return note

    @transaction.atomic
    def _announce(self, note: Note, size: int, root: bytes) -> None:
        """Keep the checkpoint, and then show it."""
        keys = [term.key for term in self.signer.keyring.terms] + [witness.key for witness in self.witnesses]
        times = [found.at for found in verify(note, keys) if found.at is not None]
        witnessed_at = datetime.fromtimestamp(max(times), UTC) if times else None
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO trail.checkpoint (size, root, note, witnessed_at, published_at)"
                " VALUES (%s, %s, %s, %s, now())",
                [size, root, note.format().decode(), witnessed_at],
            )
        self.store.replace(f"checkpoints/{size:012}", note.format())
        self.store.replace(CHECKPOINT, note.format())


def leaves(begin: int, end: int) -> Iterator[bytes]:
    """Yield the leaves from ``begin`` up to and without ``end``, as the database has them."""
    for start in range(begin, end, CHUNK):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT leaf FROM trail.log WHERE seq >= %s AND seq < %s ORDER BY seq", [start, min(start + CHUNK, end)]
            )
            found = cursor.fetchall()
        if len(found) != min(start + CHUNK, end) - start:
            raise Fork(f"entries are missing between {start} and {min(start + CHUNK, end)}")
        for (leaf,) in found:
            yield bytes(leaf)


def _log_size() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT size FROM trail.head")
        size: int = cursor.fetchone()[0]
        return size
