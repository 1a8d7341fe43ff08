"""Receipts: the proof, in one file, that an event is in the log that witnesses have seen.

Source: C2SP tlog-proof; docs/verification.md section 5 for what is in ``extra``.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Self

from dcase_audit.strict_json import StrictJSONError, loads_object
from dcase_audit.trail.tlog.checkpoints import CheckpointMalformed
from dcase_audit.trail.tlog.merkle import HASH_SIZE, leaf_hash, verify_inclusion
from dcase_audit.trail.tlog.notes import Note, NoteMalformed, decode_base64, encode_base64
from dcase_audit.trail.tlog.policy import Judgement, Policy, judge

HEADER = "c2sp.org/tlog-proof@v1"
LONGEST_PROOF = 63
# A leaf, and fields which may each hold a long text.
LARGEST_RECEIPT = 32 * 1024 * 1024
INDEX = re.compile(r"0|[1-9][0-9]{0,17}", re.ASCII)

# A name, and either salt and text of an open field or the commitment of a closed one.
Field = tuple[str, str, str] | tuple[str, str]


class ReceiptMalformed(Exception):
    """The bytes are not a receipt."""


@dataclass(frozen=True)
class Receipt:
    """``leaf`` are the bytes that are in the log; ``fields`` is what they commit to, as far as it may be told."""

    index: int
    proof: tuple[bytes, ...]
    note: Note
    leaf: bytes
    fields: tuple[Field, ...]

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a receipt.

        Raises:
            ReceiptMalformed: it is not spelt as it has to be, or its checkpoint is not.
        """
        if len(data) > LARGEST_RECEIPT:
            raise ReceiptMalformed(f"the receipt has {len(data)} bytes; the limit is {LARGEST_RECEIPT}")
        head, _, note = data.partition(b"\n\n")
        try:
            header, extra, index, *proof = head.decode("ascii").split("\n")
        except ValueError:
            raise ReceiptMalformed("there are no lines for header, extra data and index in ASCII") from None
        if header != HEADER:
            raise ReceiptMalformed(f"the first line is not {HEADER}")
        if len(proof) > LONGEST_PROOF:
            raise ReceiptMalformed(f"the proof has more than {LONGEST_PROOF} hashes")
        try:
            leaf, fields = _parse_extra(_base64(_after("extra", extra)))
            return cls(
                _index(_after("index", index)), tuple(_hash(line) for line in proof), Note.parse(note), leaf, fields
            )
        except NoteMalformed as error:
            raise ReceiptMalformed(f"the checkpoint is malformed: {error}") from None

    def format(self) -> bytes:
        lines = [
            HEADER,
            f"extra {encode_base64(self._extra())}",
            f"index {self.index}",
            *map(encode_base64, self.proof),
        ]
        return "".join(f"{line}\n" for line in lines).encode() + b"\n" + self.note.format()

    def _extra(self) -> bytes:
        members = {"leaf": self.leaf.decode("ascii"), "fields": self.fields}
        return json.dumps(members, separators=(",", ":")).encode()


def judge_receipt(policy: Policy, receipt: Receipt) -> Judgement:
    """Check that the receipt's leaf is in the log at its index, and say who vouches for that.

    Whether the fields are those of the leaf is not looked at here.

    Raises:
        ProofInvalid: the leaf is not in that tree.
        ReceiptMalformed, SignatureInvalid: the note is not a checkpoint, or not one that the policy trusts.
    """
    try:
        judgement = judge(policy, receipt.note)
    except CheckpointMalformed as error:
        raise ReceiptMalformed(f"the checkpoint is malformed: {error}") from None
    checkpoint = judgement.checkpoint
    leaf = leaf_hash(receipt.leaf)
    verify_inclusion(leaf=leaf, index=receipt.index, size=checkpoint.size, proof=receipt.proof, root=checkpoint.root)
    return judgement


def _after(word: str, line: str) -> str:
    found, _, rest = line.partition(" ")
    if found != word:
        raise ReceiptMalformed(f"a line that begins with {word!r} is expected")
    return rest


def _index(text: str) -> int:
    if not INDEX.fullmatch(text):
        raise ReceiptMalformed("the index is not a whole number of at most 18 digits")
    return int(text)


def _hash(line: str) -> bytes:
    found = _base64(line)
    if len(found) != HASH_SIZE:
        raise ReceiptMalformed(f"a hash of the proof is not {HASH_SIZE} bytes long")
    return found


def _base64(text: str) -> bytes:
    try:
        return decode_base64(text)
    except ValueError as error:
        raise ReceiptMalformed(str(error)) from None


def _parse_extra(data: bytes) -> tuple[bytes, tuple[Field, ...]]:
    try:
        members = loads_object(data, limit=LARGEST_RECEIPT)
    except StrictJSONError as error:
        raise ReceiptMalformed(f"the extra data: {error}") from None
    leaf, fields = members.get("leaf"), members.get("fields")
    if set(members) != {"leaf", "fields"} or not isinstance(leaf, str) or not leaf.isascii():
        raise ReceiptMalformed("the extra data are not a leaf in ASCII and fields")
    if not isinstance(fields, list):
        raise ReceiptMalformed("the fields are not a list")
    return leaf.encode(), tuple(_field(found) for found in fields)


def _field(found: object) -> Field:
    if not isinstance(found, list) or len(found) not in (2, 3) or not all(isinstance(part, str) for part in found):
        raise ReceiptMalformed("a field is not two or three texts")
    return (found[0], found[1], found[2]) if len(found) == 3 else (found[0], found[1])
