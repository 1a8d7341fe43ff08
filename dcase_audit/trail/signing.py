"""The log's signer: its key, and what it signed last, in a directory of its own that no backup of the database holds.

It signs only what extends what it signed before. A log that was cut short, restored from a backup or rewritten is
refused, and stays refused until somebody has looked: that is the alarm.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from dcase_audit.trail.tlog.checkpoints import Checkpoint
from dcase_audit.trail.tlog.merkle import frontier_of
from dcase_audit.trail.tlog.notes import Note, SigningKey

HashAt = Callable[[int, int], bytes]


class Fork(Exception):
    """The log is not an extension of what was signed."""


class Signer:
    """Signs checkpoints of one log, each an extension of the last."""

    def __init__(self, directory: Path, origin: str) -> None:
        self._directory = directory
        self.key = _key_in(directory, origin)

    @property
    def last(self) -> Checkpoint | None:
        """What was signed last; None before the first time."""
        try:
            return Checkpoint.parse(Note.parse((self._directory / "signed").read_bytes()).text)
        except FileNotFoundError:
            return None

    def sign(self, checkpoint: Checkpoint, hash_at: HashAt) -> Note:
        """Sign ``checkpoint``; ``hash_at`` reads the tree that it is of. What is signed is kept before it is returned.

        Raises:
            Fork: the tree is smaller than what was signed, or does not begin with it.
        """
        last = self.last
        if last is not None:
            if checkpoint.size < last.size:
                raise Fork(f"the log has {checkpoint.size} entries; {last.size} were signed")
            if frontier_of(last.size, hash_at).root() != last.root:
                raise Fork(f"the first {last.size} entries are not those that were signed")
        note = checkpoint.signed(self.key)
        _replace(self._directory / "signed", note.format())
        return note


def _key_in(directory: Path, origin: str) -> SigningKey:
    """Return the key in the directory, made now where there is none."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = directory / "log.key"
    if not path.exists():
        _replace(path, SigningKey.generate(origin).format().encode())
    key = SigningKey.parse(path.read_text().strip())
    if key.name != origin:
        raise Fork(f"the key in {directory} is that of {key.name}, not of {origin}")
    return key


def _replace(path: Path, data: bytes) -> None:
    """Write a file that only its owner reads, in one step; it is on the disk when the call returns."""
    staged = path.with_name(f"{path.name}.new")
    staged.unlink(missing_ok=True)
    with os.fdopen(os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    staged.replace(path)
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
