"""Checkpoints: what a log says its tree was at a size.

Source: C2SP tlog-checkpoint, without extension lines (docs/verification.md section 1).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from dcase_audit.trail.tlog.merkle import EMPTY_ROOT, HASH_SIZE
from dcase_audit.trail.tlog.notes import CONTROL, Note, SigningKey, decode_base64, encode_base64

# Ten to the eighteenth; files are named by the size in twelve digits, and 63 bits hold all of them.
SIZE = re.compile(r"0|[1-9][0-9]{0,17}")


class CheckpointMalformed(Exception):
    """The text is not that of a checkpoint."""


@dataclass(frozen=True)
class Checkpoint:
    """The root of the log ``origin`` at ``size`` leaves."""

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        if not self.origin or "\n" in self.origin or CONTROL.search(self.origin):
            raise CheckpointMalformed("the origin is empty or has control characters")
        if not SIZE.fullmatch(str(self.size)):
            raise CheckpointMalformed("the size is not a whole number of at most 18 digits")
        if len(self.root) != HASH_SIZE:
            raise CheckpointMalformed(f"the root is not {HASH_SIZE} bytes long")
        if self.size == 0 and self.root != EMPTY_ROOT:
            raise CheckpointMalformed("the empty tree has another root")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a note's text.

        Raises:
            CheckpointMalformed: it is not exactly origin, size and root.
        """
        lines = text.split("\n")
        if len(lines) != 4 or lines[3]:
            raise CheckpointMalformed("there are not exactly three lines: origin, size and root")
        origin, size, root = lines[:3]
        if not SIZE.fullmatch(size):
            raise CheckpointMalformed("the size is not a whole number of at most 18 digits")
        try:
            return cls(origin, int(size), decode_base64(root))
        except ValueError as error:
            raise CheckpointMalformed(f"the root is {error}") from None

    def text(self) -> str:
        return f"{self.origin}\n{self.size}\n{encode_base64(self.root)}\n"

    def signed(self, *keys: SigningKey) -> Note:
        """Return the checkpoint as a note signed by the log's keys, which are named as the origin."""
        if not keys or any(key.name != self.origin for key in keys):
            raise ValueError(f"{', '.join(key.name for key in keys) or 'nobody'} is not the key of {self.origin}")
        return Note(self.text(), tuple(key.sign(self.text()) for key in keys))
