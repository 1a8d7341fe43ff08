"""Trees and proofs against the published reference tree and against a naive tree; altered proofs are refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcase_audit.trail.tlog.merkle import (
    EMPTY_ROOT,
    Frontier,
    ProofInvalid,
    consistency_proof,
    frontier_of,
    inclusion_proof,
    leaf_hash,
    root_of,
    verify_consistency,
    verify_inclusion,
)
from tests.trail.tlog import naive

# The reference tree of certificate-transparency, which every implementation tests itself with.
LEAVES = [
    bytes.fromhex(leaf)
    for leaf in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
NODE_23 = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
NODE_67 = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
NODE_45 = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"
NODE_4567 = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
LEAF_1 = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
LEAF_4 = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
INCLUSIONS = {
    (0, 1): [],
    (0, 8): [LEAF_1, NODE_23, NODE_4567],
    (5, 8): [LEAF_4, NODE_67, ROOTS[4]],
    (2, 3): [ROOTS[2]],
    (1, 5): [ROOTS[1], NODE_23, LEAF_4],
}
CONSISTENCIES = {
    (0, 8): [],
    (1, 1): [],
    (1, 8): [LEAF_1, NODE_23, NODE_4567],
    (6, 8): [NODE_45, NODE_67, ROOTS[4]],
    (2, 5): [NODE_23, LEAF_4],
}
SIZES = st.integers(1, 70)
OTHER = bytes(range(32))


def entries(size: int) -> list[bytes]:
    return [b"entry %d" % number for number in range(size)]


@pytest.mark.parametrize("size", range(9))
def test_the_reference_tree_has_its_published_roots(size: int) -> None:
    hashes = [leaf_hash(leaf) for leaf in LEAVES[:size]]
    frontier = Frontier()
    frontier.extend(hashes)

    assert root_of(hashes).hex() == frontier.root().hex() == ROOTS[size]


@pytest.mark.parametrize(("index", "size"), INCLUSIONS)
def test_the_reference_tree_has_its_published_inclusion_proofs(index: int, size: int) -> None:
    proof = inclusion_proof(index, size, naive.hash_at(LEAVES))

    assert [found.hex() for found in proof] == INCLUSIONS[index, size]


@pytest.mark.parametrize(("old", "new"), CONSISTENCIES)
def test_the_reference_tree_has_its_published_consistency_proofs(old: int, new: int) -> None:
    proof = consistency_proof(old, new, naive.hash_at(LEAVES))

    assert [found.hex() for found in proof] == CONSISTENCIES[old, new]


@pytest.mark.parametrize("size", range(9))
def test_every_proof_in_the_reference_tree_verifies(size: int) -> None:
    at, root = naive.hash_at(LEAVES), bytes.fromhex(ROOTS[size])

    for index in range(size):
        leaf, proof = leaf_hash(LEAVES[index]), inclusion_proof(index, size, at)
        verify_inclusion(leaf=leaf, index=index, size=size, proof=proof, root=root)
    for old in range(size + 1):
        old_root, proof = bytes.fromhex(ROOTS[old]), consistency_proof(old, size, at)
        verify_consistency(old=old, old_root=old_root, new=size, new_root=root, proof=proof)


@given(st.lists(st.binary(max_size=8), max_size=70), st.integers(0, 70))
def test_roots_are_those_of_the_naive_tree_however_the_leaves_came(leaves: list[bytes], at: int) -> None:
    hashes = [leaf_hash(leaf) for leaf in leaves]
    first = Frontier()
    first.extend(hashes[:at])

    restored = Frontier(first.size, first.hashes)
    restored.extend(hashes[at:])

    assert root_of(hashes) == restored.root() == naive.root(leaves)
    assert restored.hashes == frontier_of(len(leaves), naive.hash_at(leaves)).hashes


@given(SIZES, st.data())
def test_inclusion_proofs_are_those_of_the_naive_tree_and_verify(size: int, data: st.DataObject) -> None:
    leaves, index = entries(size), data.draw(st.integers(0, size - 1))

    proof = inclusion_proof(index, size, naive.hash_at(leaves))

    assert proof == naive.path(index, leaves)
    verify_inclusion(leaf=leaf_hash(leaves[index]), index=index, size=size, proof=proof, root=naive.root(leaves))


@given(SIZES, st.data())
def test_consistency_proofs_are_those_of_the_naive_tree_and_verify(new: int, data: st.DataObject) -> None:
    leaves, old = entries(new), data.draw(st.integers(0, new))

    proof = consistency_proof(old, new, naive.hash_at(leaves))

    assert proof == naive.proof(old, leaves)
    verify_consistency(old=old, old_root=naive.root(leaves[:old]), new=new, new_root=naive.root(leaves), proof=proof)


@st.composite
def altered(draw: st.DrawFn, proof: list[bytes]) -> list[bytes]:
    """Draw a proof that differs in one hash, in the order, or in the length."""
    kinds = ["longer", "longer in front"] + (["other", "short hash", "shorter", "shorter in front"] if proof else [])
    at = draw(st.integers(0, max(0, len(proof) - 1)))
    kind = draw(st.sampled_from(kinds))
    return {
        "longer": [*proof, OTHER],
        "longer in front": [OTHER, *proof],
        "other": [*proof[:at], bytes([proof[at][0] ^ 1]) + proof[at][1:], *proof[at + 1 :]] if proof else [],
        "short hash": [*proof[:at], proof[at][:-1], *proof[at + 1 :]] if proof else [],
        "shorter": proof[:-1],
        "shorter in front": proof[1:],
    }[kind]


@given(SIZES, st.data())
def test_altered_inclusion_proofs_are_refused(size: int, data: st.DataObject) -> None:
    leaves, index = entries(size), data.draw(st.integers(0, size - 1))
    proof = data.draw(altered(inclusion_proof(index, size, naive.hash_at(leaves))))

    with pytest.raises(ProofInvalid):
        verify_inclusion(leaf=leaf_hash(leaves[index]), index=index, size=size, proof=proof, root=naive.root(leaves))


@given(SIZES, st.data())
def test_altered_consistency_proofs_are_refused(new: int, data: st.DataObject) -> None:
    leaves, old = entries(new), data.draw(st.integers(0, new))
    proof = data.draw(altered(consistency_proof(old, new, naive.hash_at(leaves))))

    with pytest.raises(ProofInvalid):
        verify_consistency(
            old=old, old_root=naive.root(leaves[:old]), new=new, new_root=naive.root(leaves), proof=proof
        )


@given(SIZES, SIZES, st.data())
def test_a_proof_holds_for_no_other_place_and_no_other_size_than_its_own(
    size: int, other: int, data: st.DataObject
) -> None:
    leaves, index = entries(size), data.draw(st.integers(0, size - 1))
    elsewhere = data.draw(st.integers(-1, other))
    proof, root = inclusion_proof(index, size, naive.hash_at(leaves)), naive.root(leaves)

    if (elsewhere, other) != (index, size) and not same_path(elsewhere, other, index, size):
        with pytest.raises(ProofInvalid):
            verify_inclusion(leaf=leaf_hash(leaves[index]), index=elsewhere, size=other, proof=proof, root=root)


def same_path(index: int, size: int, other: int, other_size: int) -> bool:
    """Tell whether the proofs of two leaves join on the same sides, so that one is the other's."""
    return 0 <= index < size and sides(index, size) == sides(other, other_size)


def sides(index: int, size: int) -> list[bool]:
    if size == 1:
        return []
    k = naive.split(size)
    return [*sides(index, k), False] if index < k else [*sides(index - k, size - k), True]


@pytest.mark.parametrize(
    ("old", "old_root", "new", "new_root", "proof", "word"),
    [
        (0, OTHER, 0, EMPTY_ROOT, [], "one root only"),
        (0, OTHER, 1, OTHER, [], "one root only"),
        (0, EMPTY_ROOT, 0, OTHER, [], "one root only"),
        (0, EMPTY_ROOT, 1, OTHER, [OTHER], "too long"),
        (0, EMPTY_ROOT, 0, EMPTY_ROOT, [OTHER], "too long"),
        (1, OTHER, 1, EMPTY_ROOT, [], "different roots"),
        (1, OTHER, 1, OTHER, [OTHER], "too long"),
        (2, OTHER, 1, OTHER, [], "no prefix"),
        (-1, OTHER, 1, OTHER, [], "no prefix"),
        (1, OTHER, 2, OTHER, [], "too short"),
        (3, OTHER, 4, OTHER, [], "too short"),
        (1, b"", 2, OTHER, [OTHER], "32 bytes"),
        (1, OTHER, 2, OTHER + OTHER, [OTHER], "32 bytes"),
        (1, OTHER, 2, OTHER, [OTHER[:31]], "32 bytes"),
    ],
)
def test_consistency_of_odd_sizes_and_lengths_is_refused(
    old: int, old_root: bytes, new: int, new_root: bytes, proof: list[bytes], word: str
) -> None:
    with pytest.raises(ProofInvalid, match=word):
        verify_consistency(old=old, old_root=old_root, new=new, new_root=new_root, proof=proof)


@pytest.mark.parametrize(
    ("leaf", "index", "size", "root", "word"),
    [
        (OTHER, 0, 0, EMPTY_ROOT, "no leaf 0"),
        (OTHER, -1, 1, OTHER, "no leaf -1"),
        (OTHER, 1, 1, OTHER, "no leaf 1"),
        (OTHER, 0, 2, OTHER, "too short"),
        (OTHER[:31], 0, 1, OTHER, "32 bytes"),
        (OTHER, 0, 1, OTHER + b"\x00", "32 bytes"),
        (OTHER, 0, 1, EMPTY_ROOT, "another root"),
    ],
)
def test_inclusion_of_odd_sizes_and_lengths_is_refused(
    leaf: bytes, index: int, size: int, root: bytes, word: str
) -> None:
    with pytest.raises(ProofInvalid, match=word):
        verify_inclusion(leaf=leaf, index=index, size=size, proof=[], root=root)


@pytest.mark.parametrize(("size", "hashes"), [(-1, []), (1, []), (3, [OTHER]), (1, [OTHER[:31]]), (0, [OTHER])])
def test_a_frontier_is_not_restored_from_hashes_of_another_size(size: int, hashes: list[bytes]) -> None:
    with pytest.raises(ValueError, match="frontier"):
        Frontier(size, hashes)


def test_there_is_no_proof_of_what_is_not_there() -> None:
    at = naive.hash_at(LEAVES)

    with pytest.raises(ValueError, match="no leaf"):
        inclusion_proof(8, 8, at)
    with pytest.raises(ValueError, match="no prefix"):
        consistency_proof(9, 8, at)
