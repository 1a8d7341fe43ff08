"""The tree as RFC 6962 section 2.1 defines it, by recursion: slow, and easy to compare with the text."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from dcase_audit.trail.tlog.merkle import HashAt


def root(entries: Sequence[bytes]) -> bytes:
    if len(entries) == 0:
        return sha256().digest()
    if len(entries) == 1:
        return sha256(b"\x00" + entries[0]).digest()
    k = split(len(entries))
    return sha256(b"\x01" + root(entries[:k]) + root(entries[k:])).digest()


def path(m: int, entries: Sequence[bytes]) -> list[bytes]:
    if len(entries) == 1:
        return []
    k = split(len(entries))
    if m < k:
        return [*path(m, entries[:k]), root(entries[k:])]
    return [*path(m - k, entries[k:]), root(entries[:k])]


def proof(m: int, entries: Sequence[bytes]) -> list[bytes]:
    return subproof(m, entries, True) if 0 < m < len(entries) else []


def subproof(m: int, entries: Sequence[bytes], known: bool) -> list[bytes]:
    if m == len(entries):
        return [] if known else [root(entries)]
    k = split(len(entries))
    if m <= k:
        return [*subproof(m, entries[:k], known), root(entries[k:])]
    return [*subproof(m - k, entries[k:], False), root(entries[:k])]


def split(n: int) -> int:
    """Return the largest power of two below n."""
    k = 1
    while 2 * k < n:
        k *= 2
    return k


def hash_at(entries: Sequence[bytes]) -> HashAt:
    return lambda level, index: root(entries[index << level : (index + 1) << level])
