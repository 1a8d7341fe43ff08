"""What two keys of a log state of each other, byte for byte, and everything that is not it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcase_audit.trail.tlog.notes import COSIGNATURE, Note, NoteMalformed, Signature, SigningKey
from dcase_audit.trail.tlog.succession import (
    ALL,
    ANNOUNCED,
    RETIRED,
    ChangeMalformed,
    KeyChange,
    Sizes,
    Term,
    format_terms,
    parse_terms,
)

OLD = SigningKey("log.example/a", bytes([1] * 32))
NEW = SigningKey("log.example/a", bytes([2] * 32))
OTHER = SigningKey("log.example/a", bytes([3] * 32))
CHANGE = KeyChange(ANNOUNCED, OLD.verifier, NEW.verifier, 951)


def test_a_statement_is_a_note_of_five_lines_and_two_signatures() -> None:
    note = CHANGE.signed(OLD, NEW)

    assert note.text == f"dcase-audit log key v1\nlog.example/a\nannounced 951\n{OLD.vkey()}\n{NEW.vkey()}\n"
    assert [signature.key_id for signature in note.signatures] == [OLD.verifier.key_id, NEW.verifier.key_id]


@given(st.sampled_from([ANNOUNCED, RETIRED]), st.integers(0, 10**12 - 1))
def test_a_statement_is_read_as_it_was_written(kind: str, size: int) -> None:
    change = replace(CHANGE, kind=kind, size=size)

    assert KeyChange.parse(change.signed(OLD, NEW).format()) == change


def signed(text: str, *keys: SigningKey) -> bytes:
    return Note(text, tuple(key.sign(text) for key in keys)).format()


TEXT = CHANGE.text()
ELSEWHERE = SigningKey("log.example/b", bytes([2] * 32))
WITNESS = SigningKey("log.example/a", bytes([2] * 32), COSIGNATURE)
WRONG = {
    "nothing": b"",
    "by the old key alone": signed(TEXT, OLD),
    "by the new key alone": signed(TEXT, NEW),
    "by the new key first": signed(TEXT, NEW, OLD),
    "by another key": signed(TEXT, OLD, OTHER),
    "by a third key, too": signed(TEXT, OLD, NEW, OTHER),
    "by one twice": signed(TEXT, OLD, OLD),
    "by one twice, and the other": signed(TEXT, OLD, NEW, NEW),
    "a bad signature": Note(TEXT, (OLD.sign(TEXT), Signature(NEW.name, NEW.verifier.key_id, bytes(64)))).format(),
    "over another text": CHANGE.signed(OLD, NEW).format().replace(b"announced 951", b"announced 952"),
    "of itself": signed(replace(CHANGE, new=OLD.verifier).text(), OLD, OLD),
    "another header": signed(TEXT.replace("v1", "v2"), OLD, NEW),
    "another origin": signed(TEXT.replace("log.example/a\n", "log.example/b\n", 1), OLD, NEW),
    "another log's key": signed(replace(CHANGE, new=ELSEWHERE.verifier).text(), OLD, ELSEWHERE),
    "a witness's key": signed(TEXT.replace(NEW.vkey(), WITNESS.vkey()), OLD, NEW),
    "another word": signed(TEXT.replace("announced", "proposed"), OLD, NEW),
    "no size": signed(TEXT.replace(" 951", ""), OLD, NEW),
    "a size in another spelling": signed(TEXT.replace(" 951", " 0951"), OLD, NEW),
    "too large a size": signed(TEXT.replace(" 951", " 1000000000000"), OLD, NEW),
    "a line less": signed(TEXT.rpartition(NEW.vkey())[0], OLD, NEW),
    "a line more": signed(f"{TEXT}more\n", OLD, NEW),
    "a key that is none": signed(TEXT.replace(NEW.vkey(), "no key"), OLD, NEW),
    "no note": TEXT.encode(),
}


@pytest.mark.parametrize("what", WRONG)
def test_anything_else_is_no_statement(what: str) -> None:
    with pytest.raises(ChangeMalformed):
        KeyChange.parse(WRONG[what])


@given(st.integers(0, 10**12 - 1), st.none() | st.integers(0, 10**12 - 1), st.integers(0, 10**13))
def test_sizes_are_read_as_they_were_written(first: int, more: int | None, size: int) -> None:
    last = None if more is None else max(first, more)
    sizes = Sizes(first, last)

    assert Sizes.parse(sizes.format()) == sizes
    assert sizes.hold(size) == (size in range(first, 10**13 + 1 if last is None else last + 1))


def test_the_published_keys_are_read_as_they_were_written() -> None:
    terms = (Term(OLD.verifier, Sizes(0, 1200)), Term(NEW.verifier, Sizes(951)))

    assert format_terms(terms) == f"{OLD.vkey()} 0-1200\n{NEW.vkey()} 951-\n"
    assert parse_terms(format_terms(terms)) == terms
    assert parse_terms(OLD.vkey()) == (Term(OLD.verifier, ALL),)


@pytest.mark.parametrize("text", ["", "no key\n", f"{OLD.vkey()} 7\n", f"{OLD.vkey()}\n\n"])
def test_what_are_no_published_keys_is_said(text: str) -> None:
    with pytest.raises(NoteMalformed):
        parse_terms(text)
