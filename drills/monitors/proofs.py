"""The tree over the events that a batch brought, as RFC 6962 section 2.1 has it, and the way from one to its root."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dcase_audit.trail.tlog import merkle
from dcase_audit.trail.tlog.merkle import ProofInvalid

__all__ = ["Inclusion", "ProofInvalid", "inclusion", "root", "verify"]


@dataclass(frozen=True)
class Inclusion:
    """That an event is at ``index`` of the ``size`` new ones of its batch; ``path`` from the leaf upwards, in hex."""

    index: int
    size: int
    path: list[str]
    root: str


def root(contents: Sequence[str]) -> str:
    """Return the root over the events, each as it is kept."""
    return merkle.root_of(map(_leaf, contents)).hex()


def inclusion(index: int, contents: Sequence[str]) -> Inclusion:
    """Return the way from the event at ``index`` to the root over all."""
    leaves = [_leaf(content) for content in contents]

    def hash_at(level: int, position: int) -> bytes:
        return merkle.root_of(leaves[position << level : (position + 1) << level])

    path = merkle.inclusion_proof(index, len(leaves), hash_at)
    return Inclusion(index, len(leaves), [hashed.hex() for hashed in path], merkle.root_of(leaves).hex())


def verify(content: str, proof: Inclusion) -> None:
    """Check that the tree with the proof's root has the event at its index.

    Raises:
        ProofInvalid: it has not, or the proof is none.
    """
    try:
        path, expected = [bytes.fromhex(each) for each in proof.path], bytes.fromhex(proof.root)
    except ValueError:
        raise ProofInvalid("a hash is not hexadecimal") from None
    leaf = _leaf(content)
    merkle.verify_inclusion(leaf=leaf, index=proof.index, size=proof.size, proof=path, root=expected)


def _leaf(content: str) -> bytes:
    return merkle.leaf_hash(content.encode())
