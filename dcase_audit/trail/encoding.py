"""What is hashed: the leaf of an event, and the commitments to what it says (``docs/verification.md`` section 1)."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import NamedTuple

FIELD, FIELDS = b"dcase-audit/field/v1\0", b"dcase-audit/fields/v1\0"
SALT = 16
LONGEST_LEAF = 65_535


class Leaf(NamedTuple):
    """What a leaf tells of an event; ``fields`` is the root over its commitments, ``at`` as ``YYYY-MM-DDT...Z``."""

    at: str
    fields: str
    id: int
    kind: str
    n: int
    object: str
    seq: int
    source: str
    version: int
    xid: str

    def encoded(self) -> bytes:
        """Return the leaf's bytes. Nothing in it needs an escape: the database refuses names that would."""
        return (
            f'{{"at":"{self.at}","fields":"{self.fields}","id":{self.id},"kind":"{self.kind}","n":{self.n},'
            f'"object":"{_quoted(self.object)}","seq":{self.seq},"source":"{self.source}","v":1,'
            f'"version":{self.version},"xid":"{self.xid}"}}'
        ).encode("ascii")


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"') if '"' in text or "\\" in text else text


def committed(names: Sequence[str], texts: Sequence[str]) -> tuple[str, bytes]:
    """Commit to the fields, sorted by name, with new salts; return the root in hex and the salts, one after the other.

    Each salt is random by itself: one derived from a seed would give the others away with the first.
    """
    salts = os.urandom(SALT * len(names))
    return root_of(names, texts, salts), salts


def root_of(names: Sequence[str], texts: Sequence[str], salts: bytes) -> str:
    """Return the root in hex over fields that are all open."""
    root = sha256(FIELDS)
    start = 0
    for name, text in zip(names, texts, strict=True):
        named = name.encode()
        prefix = FIELD + salts[start : start + SALT] + len(named).to_bytes(2, "big") + named
        root.update(sha256(prefix + text.encode()).digest())
        start += SALT
    return root.hexdigest()


def root_of_commitments(commitments: Iterable[bytes]) -> str:
    """Return the root in hex over fields of which some are closed."""
    return sha256(FIELDS + b"".join(commitments)).hexdigest()


def commitment(name: str, text: str, salt: bytes) -> bytes:
    """Return what stands for a field that is closed."""
    named = name.encode()
    return sha256(FIELD + salt + len(named).to_bytes(2, "big") + named + text.encode()).digest()
