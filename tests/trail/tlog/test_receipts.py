"""Receipts: a round trip, a table of what is refused, and what they prove."""

from __future__ import annotations

import base64
import json
from dataclasses import replace

import pytest

from dcase_audit.trail.tlog.checkpoints import Checkpoint
from dcase_audit.trail.tlog.merkle import ProofInvalid, inclusion_proof
from dcase_audit.trail.tlog.notes import COSIGNATURE, Note, SignatureInvalid, SigningKey
from dcase_audit.trail.tlog.policy import parse as parse_policy
from dcase_audit.trail.tlog.receipts import Receipt, ReceiptMalformed, judge_receipt
from tests.trail.tlog import naive

LOG = SigningKey("log.example", bytes([1] * 32))
WITNESS = SigningKey("witness.example", bytes([2] * 32), COSIGNATURE)
POLICY = parse_policy(f"log {LOG.vkey()}\nwitness w {WITNESS.vkey()}\nquorum w\n".encode())
LEAVES = [b'{"seq":%d}' % number for number in range(11)]
CHECKPOINT = Checkpoint("log.example", 11, naive.root(LEAVES))
RECEIPT = Receipt(
    index=6,
    proof=tuple(inclusion_proof(6, 11, naive.hash_at(LEAVES))),
    note=CHECKPOINT.signed(LOG).with_signatures(WITNESS.cosign(CHECKPOINT.text(), 1_800_000_000)),
    leaf=LEAVES[6],
    fields=(("row.id", "c2FsdA", "17"), ("row.title_ja", "00" * 32), ("payload.note", "c2FsdA", '"障害"')),
)
TEXT = RECEIPT.format().decode()
EXTRA = TEXT.split("\n")[1]


def extra(members: object) -> str:
    return "extra " + base64.b64encode(json.dumps(members).encode()).decode()


def test_a_receipt_comes_back_from_its_text() -> None:
    assert Receipt.parse(RECEIPT.format()) == RECEIPT
    assert TEXT.startswith("c2sp.org/tlog-proof@v1\nextra ey")


def test_the_only_leaf_of_a_log_needs_no_hashes() -> None:
    checkpoint = Checkpoint("log.example", 1, naive.root(LEAVES[:1]))
    receipt = replace(RECEIPT, index=0, proof=(), leaf=LEAVES[0], note=checkpoint.signed(LOG))

    assert judge_receipt(POLICY, Receipt.parse(receipt.format())).checkpoint == checkpoint


def test_a_receipt_proves_its_leaf_to_a_policy() -> None:
    found = judge_receipt(POLICY, RECEIPT)

    assert found.quorum
    assert [(one.witness.name, one.at) for one in found.cosigned] == [("w", 1_800_000_000)]


@pytest.mark.parametrize("change", [{"index": 5}, {"index": 11}, {"leaf": LEAVES[5]}, {"proof": RECEIPT.proof[1:]}])
def test_another_leaf_or_place_is_not_proven(change: dict[str, object]) -> None:
    with pytest.raises(ProofInvalid):
        judge_receipt(POLICY, replace(RECEIPT, **change))  # type: ignore[arg-type]


def test_a_checkpoint_of_another_log_proves_nothing() -> None:
    stranger = SigningKey("log.example", bytes(32))

    with pytest.raises(SignatureInvalid):
        judge_receipt(POLICY, replace(RECEIPT, note=CHECKPOINT.signed(stranger)))
    with pytest.raises(ReceiptMalformed, match="three lines"):
        judge_receipt(POLICY, replace(RECEIPT, note=Note("text\n", (LOG.sign("text\n"),))))


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ("proof@v1", "proof@v2", "first line"),
        ("c2sp", "\nc2sp", "expected|first line"),
        (EXTRA + "\n", "", "begins with 'extra'"),
        ("extra ", "extra", "begins with 'extra'"),
        ("extra ", "extra  ", "not base64"),
        (EXTRA, EXTRA + "=", "not base64"),
        (EXTRA, extra([]), "object"),
        (EXTRA, extra({"leaf": "{}"}), "a leaf in ASCII"),
        (EXTRA, extra({"leaf": 1, "fields": []}), "a leaf in ASCII"),
        (EXTRA, extra({"leaf": "é", "fields": []}), "a leaf in ASCII"),
        (EXTRA, extra({"leaf": "{}", "fields": [], "more": 1}), "a leaf in ASCII"),
        (EXTRA, extra({"leaf": "{}", "fields": {}}), "not a list"),
        (EXTRA, extra({"leaf": "{}", "fields": ["ab"]}), "two or three"),
        (EXTRA, extra({"leaf": "{}", "fields": [["a"]]}), "two or three"),
        (EXTRA, extra({"leaf": "{}", "fields": [["a", "b", 1]]}), "two or three"),
        ("index 6", "index 06", "whole number"),
        ("index 6", "index -6", "whole number"),
        ("index 6", "index 6 ", "whole number"),
        ("index 6", "index ٦", "ASCII"),
        ("index 6", "Index 6", "begins with 'index'"),
        ("index 6\n", "index 6\nAAAA\n", "32 bytes"),
        ("index 6\n", "index 6\n" + (base64.b64encode(bytes(32)).decode() + "\n") * 64, "more than 63"),
        ("\n\nlog", "\nlog", "ASCII|base64"),
        ("— log.example", "- log.example", "checkpoint is malformed"),
    ],
)
def test_malformed_receipts_are_refused(old: str, new: str, word: str) -> None:
    assert old in TEXT

    with pytest.raises(ReceiptMalformed, match=word):
        Receipt.parse(TEXT.replace(old, new, 1).encode())


@pytest.mark.parametrize("data", [b"", b"\n\n", b"\xff", TEXT.encode()[:-1], TEXT.encode() + b"\n"])
def test_other_bytes_are_no_receipt(data: bytes) -> None:
    with pytest.raises(ReceiptMalformed):
        Receipt.parse(data)
