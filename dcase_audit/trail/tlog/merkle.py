"""Merkle trees of SHA-256: roots, proofs, and their verification.

A node is named by its ``level`` and its ``index`` within it: the complete subtree over the leaves from
``index << level`` to ``(index + 1) << level``. Source: RFC 6962 section 2.1; RFC 9162 section 2.1 for the algorithms.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from hashlib import sha256

HASH_SIZE = 32
# Source: RFC 6962 section 2.1, "the hash of an empty list is the hash of an empty string".
EMPTY_ROOT = sha256(b"").digest()

HashAt = Callable[[int, int], bytes]


class ProofInvalid(Exception):
    """The proof does not show what it claims."""


def leaf_hash(entry: bytes) -> bytes:
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def root_of(leaf_hashes: Iterable[bytes]) -> bytes:
    """Return the root of the tree over these leaf hashes, in their order.

    Each level is hashed in pairs, and a last one without a partner moves up as it is, which gives the tree of RFC 6962.
    """
    row = list(leaf_hashes)
    if not row:
        return EMPTY_ROOT
    while len(row) > 1:
        odd = [row.pop()] if len(row) % 2 else []
        row = [sha256(b"\x01" + left + right).digest() for left, right in zip(row[::2], row[1::2], strict=True)] + odd
    return row[0]


class Frontier:
    """The right edge of a growing tree: one hash for each complete subtree, the largest first.

    It holds all that appending and the root need; ``size`` and ``hashes`` restore it.
    """

    def __init__(self, size: int = 0, hashes: Sequence[bytes] = ()) -> None:
        if size < 0 or len(hashes) != size.bit_count() or any(len(found) != HASH_SIZE for found in hashes):
            raise ValueError(f"a frontier of size {size} does not have these {len(hashes)} hashes")
        self._size = size
        self._hashes = list(hashes)

    @property
    def size(self) -> int:
        return self._size

    @property
    def hashes(self) -> tuple[bytes, ...]:
        return tuple(self._hashes)

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash at the end."""
        node, size = leaf, self._size
        while size & 1:
            node = node_hash(self._hashes.pop(), node)
            size >>= 1
        self._hashes.append(node)
        self._size += 1

    def extend(self, leaves: Iterable[bytes]) -> None:
        for leaf in leaves:
            self.append(leaf)

    def root(self) -> bytes:
        return _folded(self._hashes)


def frontier_of(size: int, hash_at: HashAt) -> Frontier:
    """Return the frontier of the tree of that size."""
    return Frontier(size, _peaks(0, size, hash_at))


def inclusion_proof(index: int, size: int, hash_at: HashAt) -> list[bytes]:
    """Return the hashes that lead from leaf ``index`` to the root of the tree of ``size``, from the leaf upwards.

    Source: RFC 6962 section 2.1.1, PATH.
    """
    if not 0 <= index < size:
        raise ValueError(f"there is no leaf {index} in a tree of {size}")
    begin, end, proof = 0, size, []
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if index < middle:
            proof.append(_range_root(middle, end, hash_at))
            end = middle
        else:
            proof.append(_range_root(begin, middle, hash_at))
            begin = middle
    return proof[::-1]


def consistency_proof(old: int, new: int, hash_at: HashAt) -> list[bytes]:
    """Return the hashes that show the tree of ``old`` leaves to be a prefix of that of ``new``.

    Empty where there is nothing to show: from the empty tree, and from a tree to itself.
    Source: RFC 6962 section 2.1.2, SUBPROOF.
    """
    if not 0 <= old <= new:
        raise ValueError(f"a tree of {new} has no prefix of {old}")
    if old in (0, new):
        return []
    begin, end, proof = 0, new, []
    while end != old:
        middle = begin + _split(end - begin)
        if old <= middle:
            proof.append(_range_root(middle, end, hash_at))
            end = middle
        else:
            proof.append(_range_root(begin, middle, hash_at))
            begin = middle
    # The verifier has the root of the old tree; any other subtree it has to be told.
    if begin:
        proof.append(_range_root(begin, end, hash_at))
    return proof[::-1]


def verify_inclusion(*, leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Check that the tree of ``size`` with this root has this leaf hash at ``index``.

    Source: RFC 9162 section 2.1.3.2.

    Raises:
        ProofInvalid: it does not, or the proof is not of this shape.
    """
    _check_lengths(leaf, root, *proof)
    if not 0 <= index < size:
        raise ProofInvalid(f"there is no leaf {index} in a tree of {size}")
    first, last, found = index, size - 1, leaf
    for hashed in proof:
        if last == 0:
            raise ProofInvalid("the proof is too long")
        if first & 1 or first == last:
            found = node_hash(hashed, found)
            first, last = _climb(first, last)
        else:
            found = node_hash(found, hashed)
        first, last = first >> 1, last >> 1
    if last:
        raise ProofInvalid("the proof is too short")
    if found != root:
        raise ProofInvalid("the proof leads to another root")


def verify_consistency(*, old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Check that the tree of ``old`` leaves is a prefix of the tree of ``new``.

    Source: RFC 9162 section 2.1.4.2; the empty tree, of which it says nothing, is a prefix of every tree.

    Raises:
        ProofInvalid: it is not, or the proof is not of this shape.
    """
    _check_lengths(old_root, new_root, *proof)
    if not 0 <= old <= new:
        raise ProofInvalid(f"a tree of {new} has no prefix of {old}")
    if any(size == 0 and root != EMPTY_ROOT for size, root in ((old, old_root), (new, new_root))):
        raise ProofInvalid("the empty tree has one root only")
    if old == new and old_root != new_root:
        raise ProofInvalid("two trees of one size have different roots")
    if old in (0, new):
        if proof:
            raise ProofInvalid("the proof is too long")
        return
    _verify_prefix(old, old_root, new, new_root, list(proof))


def _verify_prefix(old: int, old_root: bytes, new: int, new_root: bytes, proof: list[bytes]) -> None:
    # A power of two is a node of the new tree itself, so the proof leaves it out.
    path = [old_root, *proof] if old.bit_count() == 1 else proof
    if not path:
        raise ProofInvalid("the proof is too short")
    first, last = old - 1, new - 1
    while first & 1:
        first, last = first >> 1, last >> 1
    found_old = found_new = path[0]
    for hashed in path[1:]:
        if last == 0:
            raise ProofInvalid("the proof is too long")
        if first & 1 or first == last:
            found_old, found_new = node_hash(hashed, found_old), node_hash(hashed, found_new)
            first, last = _climb(first, last)
        else:
            found_new = node_hash(found_new, hashed)
        first, last = first >> 1, last >> 1
    if last:
        raise ProofInvalid("the proof is too short")
    if found_old != old_root:
        raise ProofInvalid("the proof leads to another old root")
    if found_new != new_root:
        raise ProofInvalid("the proof leads to another new root")


def _climb(first: int, last: int) -> tuple[int, int]:
    """Skip the levels at which this node has no partner, so that it moved up as it was."""
    while first and not first & 1:
        first, last = first >> 1, last >> 1
    return first, last


def _check_lengths(*hashes: bytes) -> None:
    # Concatenated hashes of other lengths could stand for other pairs.
    if any(len(found) != HASH_SIZE for found in hashes):
        raise ProofInvalid(f"a hash is not {HASH_SIZE} bytes long")


def _split(width: int) -> int:
    """Return the largest power of two below ``width``."""
    return 1 << ((width - 1).bit_length() - 1)


def _range_root(begin: int, end: int, hash_at: HashAt) -> bytes:
    return _folded(_peaks(begin, end, hash_at))


def _peaks(begin: int, end: int, hash_at: HashAt) -> list[bytes]:
    """Return the hashes of the complete subtrees of a range, the largest first."""
    peaks = []
    while begin < end:
        level = (end - begin).bit_length() - 1
        peaks.append(hash_at(level, begin >> level))
        begin += 1 << level
    return peaks


def _folded(peaks: Sequence[bytes]) -> bytes:
    return reduce(lambda right, left: node_hash(left, right), reversed(peaks)) if peaks else EMPTY_ROOT
