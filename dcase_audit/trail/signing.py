"""The log's signer: its keys, and what it signed last, in a directory of its own that no backup of the database holds.

It signs only what extends what it signed before. A log that was cut short, restored from a backup or rewritten is
refused, and stays refused until somebody has looked: that is the alarm.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from dcase_audit.trail.keyring import Keyring, replace
from dcase_audit.trail.tlog.checkpoints import Checkpoint
from dcase_audit.trail.tlog.merkle import frontier_of
from dcase_audit.trail.tlog.notes import Note, SigningKey

HashAt = Callable[[int, int], bytes]


class Fork(Exception):
    """The log is not an extension of what was signed."""


class Signer:
    """Signs checkpoints of one log, each an extension of the last."""

    def __init__(self, directory: Path, origin: str) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.directory = directory
        self.origin = origin
        self.keyring = Keyring.open(directory / "log.key", origin)
        if self.keyring.origins != {origin}:
            found = ", ".join(sorted(self.keyring.origins))
            raise Fork(f"the key in {directory} is that of {found}, not of {origin}")

    @property
    def key(self) -> SigningKey:
        """The key whose signature comes first under the next checkpoint."""
        secret = self.keyring.living[0].secret
        assert secret is not None
        return secret

    @property
    def last(self) -> Checkpoint | None:
        """What was signed last; None before the first time."""
        try:
            return Checkpoint.parse(Note.parse((self.directory / "signed").read_bytes()).text)
        except FileNotFoundError:
            return None

    def sign(self, checkpoint: Checkpoint, hash_at: HashAt) -> Note:
        """Sign ``checkpoint``; ``hash_at`` reads the tree that it is of. What is signed is kept before it is returned.

        Which keys sign follows from the size alone, so that a size is signed alike however often.

        Raises:
            Fork: the tree is smaller than what was signed, or does not begin with it.
        """
        last = self.last
        if last is not None:
            if checkpoint.size < last.size:
                raise Fork(f"the log has {checkpoint.size} entries; {last.size} were signed")
            if frontier_of(last.size, hash_at).root() != last.root:
                raise Fork(f"the first {last.size} entries are not those that were signed")
        note = checkpoint.signed(*self.keyring.signing(checkpoint.size))
        replace(self.directory / "signed", note.format())
        return note
