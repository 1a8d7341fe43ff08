"""How one key of a log follows another: for which sizes each signs, and what both state when that changes.

Between the two statements both sign. Source: docs/verification.md section 1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, Self

from dcase_audit.trail.tlog.notes import ED25519, Note, NoteMalformed, SignatureInvalid, SigningKey, VerifierKey, verify

HEADER = "dcase-audit log key v1"
ANNOUNCED, RETIRED = "announced", "retired"
SIZE = "0|[1-9][0-9]{0,11}"
SIZES = re.compile(rf"({SIZE})-({SIZE})?")
STATEMENT = re.compile(rf"({ANNOUNCED}|{RETIRED}) ({SIZE})")


class ChangeMalformed(Exception):
    """What keys state of each other is not spelt as it has to be, or not signed by both."""


class Sizes(NamedTuple):
    """The sizes of checkpoints that a key signs, both included; without ``last`` there is no end to them."""

    first: int = 0
    last: int | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``0-1200`` or ``951-``.

        Raises:
            ValueError: it is neither, or ends before it begins.
        """
        matched = SIZES.fullmatch(text)
        if not matched or (matched[2] and int(matched[2]) < int(matched[1])):
            raise ValueError("sizes are two numbers with a hyphen between, or one before it")
        return cls(int(matched[1]), int(matched[2]) if matched[2] else None)

    def format(self) -> str:
        return f"{self.first}-{'' if self.last is None else self.last}"

    def hold(self, size: int) -> bool:
        return self.first <= size and (self.last is None or size <= self.last)


ALL = Sizes()


class Term(NamedTuple):
    """A key and what it signs."""

    key: VerifierKey
    sizes: Sizes

    def line(self) -> str:
        """Return the line by which the key is published; one that signs everything needs no sizes."""
        return f"{self.key.vkey()}\n" if self.sizes == ALL else f"{self.key.vkey()} {self.sizes.format()}\n"


def parse_terms(text: str) -> tuple[Term, ...]:
    """Read the published keys of a log, the oldest first.

    Raises:
        NoteMalformed: a line is not a key, with or without sizes, or there is none.
    """
    terms = []
    for line in text.splitlines():
        vkey, _, sizes = line.partition(" ")
        try:
            terms.append(Term(VerifierKey.parse(vkey), Sizes.parse(sizes) if sizes else ALL))
        except ValueError as error:
            raise NoteMalformed(str(error)) from None
    if not terms:
        raise NoteMalformed("there is no key")
    return tuple(terms)


def format_terms(terms: Iterable[Term]) -> str:
    return "".join(term.line() for term in terms)


@dataclass(frozen=True)
class KeyChange:
    """What ``old`` and ``new`` state together.

    ``announced``: from ``size`` on the new key signs. ``retired``: from ``size`` on the old key signs no more.
    """

    kind: str
    old: VerifierKey
    new: VerifierKey
    size: int

    @property
    def origin(self) -> str:
        return self.old.name

    def text(self) -> str:
        lines = (HEADER, self.origin, f"{self.kind} {self.size}", self.old.vkey(), self.new.vkey())
        return "".join(f"{line}\n" for line in lines)

    def signed(self, old: SigningKey, new: SigningKey) -> Note:
        """Return the statement as a note signed by both."""
        return Note(self.text(), (old.sign(self.text()), new.sign(self.text())))

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a statement and check that both keys signed it, and nobody else.

        Raises:
            ChangeMalformed: anything else.
        """
        try:
            note = Note.parse(data)
            header, origin, statement, old, new, end = note.text.split("\n")
            change = cls._read(statement, VerifierKey.parse(old), VerifierKey.parse(new))
            signers = [found.key for found in verify(note, [change.old, change.new])]
        except (ValueError, NoteMalformed, SignatureInvalid) as error:
            raise ChangeMalformed(f"the statement of two keys: {error}") from None
        if change.text() != note.text or (header, end) != (HEADER, "") or origin != change.new.name:
            raise ChangeMalformed("the statement of two keys is not spelt as it has to be")
        if signers != [change.old, change.new] or len(note.signatures) != 2 or change.old == change.new:
            raise ChangeMalformed("the statement is not signed by two keys, the old one and the new one")
        return change

    @classmethod
    def _read(cls, statement: str, old: VerifierKey, new: VerifierKey) -> Self:
        matched = STATEMENT.fullmatch(statement)
        if not matched or old.type != ED25519 or new.type != ED25519:
            raise ValueError("it says neither announced nor retired, or the keys are not those of a log")
        return cls(matched[1], old, new, int(matched[2]))
