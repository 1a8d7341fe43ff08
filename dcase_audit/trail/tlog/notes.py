"""Signed notes: texts with signatures under them.

Source: C2SP signed-note.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from dcase_audit.trail.tlog.keys import (
    CONTROL,
    COSIGNATURE,
    ED25519,
    NAME,
    NoteMalformed,
    Signature,
    SignatureInvalid,
    SigningKey,
    Verified,
    VerifierKey,
    decode_base64,
    decode_material,
    encode_base64,
)

__all__ = [
    "CONTROL",
    "COSIGNATURE",
    "ED25519",
    "Note",
    "NoteMalformed",
    "Signature",
    "SignatureInvalid",
    "SigningKey",
    "Verified",
    "VerifierKey",
    "decode_base64",
    "encode_base64",
    "parse_signatures",
    "verify",
]

# Room for a hundred signatures of the longest kind there is, 5 kB after quantum computers.
LARGEST_NOTE = 512 * 1024
MOST_SIGNATURES = 100
SIGNATURE_LINE = re.compile(rf"— ({NAME.pattern}) ([A-Za-z0-9+/=]+)")


@dataclass(frozen=True)
class Note:
    """A text, which ends in a newline, and the signatures under it, none of them verified."""

    text: str
    signatures: tuple[Signature, ...]

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a note.

        Raises:
            NoteMalformed: not UTF-8, control characters, too large, no signature or more than a hundred.
        """
        if len(data) > LARGEST_NOTE:
            raise NoteMalformed(f"the note has {len(data)} bytes; the limit is {LARGEST_NOTE}")
        decoded = _decoded(data)
        # The text may have empty lines: the last one ends it.
        text, separator, lines = decoded.rpartition("\n\n")
        if not separator or not lines:
            raise NoteMalformed("there is no empty line with signatures after it")
        return cls(text + "\n", parse_signatures(lines))

    def format(self) -> bytes:
        return (self.text + "\n" + "".join(signature.line() for signature in self.signatures)).encode()

    @property
    def stamped(self) -> bytes:
        """What an RFC 3161 time-stamp is over: the text and the first signature, which is the log's."""
        return f"{self.text}\n{self.signatures[0].line()}".encode()

    def with_signatures(self, *more: Signature) -> Self:
        """Return the note with these signatures after those that it has, each once."""
        return type(self)(self.text, tuple(dict.fromkeys((*self.signatures, *more))))


def verify(note: Note, keys: Iterable[VerifierKey]) -> list[Verified]:
    """Return the signatures of known keys, all of them good, in the order of the note; others are ignored.

    Raises:
        SignatureInvalid: one of a known key does not verify, or there is none of a known key.
    """
    known = {(key.name, key.key_id): key for key in keys}
    found = [
        known[signature.name, signature.key_id].verify(note.text, signature)
        for signature in note.signatures
        if (signature.name, signature.key_id) in known
    ]
    if not found:
        raise SignatureInvalid("no known key signed the note")
    return found


def parse_signatures(lines: str) -> tuple[Signature, ...]:
    """Read signature lines, as they are under a note and as a witness answers.

    Raises:
        NoteMalformed: a line is not one, or there are none or more than a hundred.
    """
    *signatures, rest = lines.split("\n")
    if rest or not signatures:
        raise NoteMalformed("the signatures do not end in a newline")
    if len(signatures) > MOST_SIGNATURES:
        raise NoteMalformed(f"there are more than {MOST_SIGNATURES} signatures")
    return tuple(_signature(line) for line in signatures)


def _decoded(data: bytes) -> str:
    try:
        decoded = data.decode()
    except UnicodeDecodeError as error:
        raise NoteMalformed(f"byte {error.start} is not UTF-8") from None
    if found := CONTROL.search(decoded):
        raise NoteMalformed(f"character {found.start()} is a control character")
    return decoded


def _signature(line: str) -> Signature:
    matched = SIGNATURE_LINE.fullmatch(line)
    if not matched:
        raise NoteMalformed("a signature line is not a dash, a name and a signature")
    raw = decode_material(matched[2])
    if len(raw) < 5:
        raise NoteMalformed(f"the signature of {matched[1]} is too short")
    return Signature(matched[1], raw[:4], raw[4:])
