"""Notes and keys: published examples, round trips, and tables of what is refused."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcase_audit.trail.tlog.notes import (
    COSIGNATURE,
    ED25519,
    LARGEST_NOTE,
    MOST_SIGNATURES,
    Note,
    NoteMalformed,
    Signature,
    SignatureInvalid,
    SigningKey,
    VerifierKey,
    decode_base64,
    parse_signatures,
    verify,
)

# Source: C2SP signed-note; its key is not published.
SAMPLE = """Ognuno sta solo sul cuor della terra
trafitto da un raggio di sole:

ed è subito sera.

— quasimodo.example/salvatore \
NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=
"""
# Source: the examples of golang.org/x/mod/sumdb/note, on which signed-note is built.
SKEY = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
LINE = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
# Source: C2SP tlog-cosignature.
COSIGNED = """example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa \
Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— witness.example.com/w1 \
jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==
"""
LOG = SigningKey("log.example", bytes(range(32)))
WITNESS = SigningKey("witness.example", bytes(range(1, 33)), COSIGNATURE)
SIGNED = "— log.example AAAAAAA=\n"


def test_the_sample_of_the_specification_is_read_and_written_back() -> None:
    note = Note.parse(SAMPLE.encode())

    assert note.text == SAMPLE.partition("\n— ")[0]
    assert [signature.name for signature in note.signatures] == ["quasimodo.example/salvatore"]
    assert note.format() == SAMPLE.encode()


def test_the_published_key_makes_the_published_signature() -> None:
    key = SigningKey.parse(SKEY)

    assert key.format() == SKEY
    assert key.vkey() == VKEY == VerifierKey.parse(VKEY).vkey()
    assert key.sign(TEXT).line() == LINE


def test_the_published_note_verifies_by_its_key_alone() -> None:
    note = Note.parse(f"{TEXT}\n{LINE}".encode())

    (found,) = verify(note, [VerifierKey.parse(VKEY)])
    assert (found.key.name, found.at) == ("PeterNeumann", None)
    with pytest.raises(SignatureInvalid, match="no known key"):
        verify(note, [LOG.verifier])


def test_a_cosigned_checkpoint_of_the_specification_states_its_time() -> None:
    _, cosignature = Note.parse(COSIGNED.encode()).signatures

    assert len(cosignature.value) == 8 + 64
    assert int.from_bytes(cosignature.value[:8], "big") == 1679315147


def test_a_log_signs_and_a_witness_cosigns_at_a_time() -> None:
    note = Note("text\n", (LOG.sign("text\n"), WITNESS.cosign("text\n", 1_800_000_000)))

    found = verify(Note.parse(note.format()), [LOG.verifier, WITNESS.verifier])

    assert [(verified.key.name, verified.at) for verified in found] == [
        ("log.example", None),
        ("witness.example", 1_800_000_000),
    ]


def test_a_cosignature_holds_for_its_own_time_and_text_only() -> None:
    made = WITNESS.cosign("text\n", 1_800_000_000)
    later = Signature(made.name, made.key_id, (1_800_000_001).to_bytes(8, "big") + made.value[8:])

    for text, signature in (("text\n", later), ("other\n", made)):
        with pytest.raises(SignatureInvalid, match="witness.example does not verify"):
            WITNESS.verifier.verify(text, signature)


def test_a_time_beyond_63_bits_is_refused() -> None:
    with pytest.raises(SignatureInvalid, match="states no time"):
        WITNESS.verifier.verify("text\n", WITNESS.cosign("text\n", 2**63))


def test_unknown_keys_are_ignored_even_with_a_known_name_or_number() -> None:
    same_name = SigningKey("log.example", bytes(32)).sign("text\n")
    same_number = Signature("other.example", LOG.verifier.key_id, bytes(64))
    note = Note("text\n", (same_name, same_number, LOG.sign("text\n")))

    assert [verified.key for verified in verify(note, [LOG.verifier])] == [LOG.verifier]


@pytest.mark.parametrize(
    "value", [bytes(64), b"\x00", bytes(63), LOG.sign("other\n").value, LOG.sign("x\n").value + b"x"]
)
def test_one_bad_signature_of_a_known_key_refuses_the_note(value: bytes) -> None:
    good = LOG.sign("text\n")
    note = Note("text\n", (good, Signature(good.name, good.key_id, value)))

    with pytest.raises(SignatureInvalid, match="log.example does not verify"):
        verify(note, [LOG.verifier])


@pytest.mark.parametrize("value", [b"\x00", bytes(8), bytes(71), bytes(72)])
def test_a_cosignature_of_any_wrong_length_is_refused(value: bytes) -> None:
    with pytest.raises(SignatureInvalid):
        WITNESS.verifier.verify("text\n", Signature(WITNESS.name, WITNESS.verifier.key_id, value))


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "no empty line"),
        (b"text\n", "no empty line"),
        (b"text\n\n", "no empty line"),
        (f"text\n{SIGNED}".encode(), "no empty line"),
        (f"text\n\n{SIGNED}\n".encode(), "no empty line"),
        (f"text\n\n{SIGNED}"[:-1].encode(), "newline"),
        (f"text\n\n{SIGNED}rest".encode(), "newline"),
        (f"text\r\n\n{SIGNED}".encode(), "character 4 is a control"),
        (f"te\txt\n\n{SIGNED}".encode(), "character 2 is a control"),
        (f"te\0xt\n\n{SIGNED}".encode(), "character 2 is a control"),
        (b"te\xffxt\n\n" + SIGNED.encode(), "byte 2 is not UTF-8"),
        (b"te\xed\xa0\x80xt\n\n" + SIGNED.encode(), "byte 2 is not UTF-8"),
        (b"text\n\n- log.example AAAAAAA=\n", "a dash, a name"),
        ("text\n\n—  AAAAAAA=\n".encode(), "a dash, a name"),
        ("text\n\n— log.example\n".encode(), "a dash, a name"),
        ("text\n\n— log example AAAAAAA=\n".encode(), "a dash, a name"),
        ("text\n\n— log\u00a0example AAAAAAA=\n".encode(), "a dash, a name"),
        ("text\n\n— log\u3000example AAAAAAA=\n".encode(), "a dash, a name"),
        ("text\n\n— log+example AAAAAAA=\n".encode(), "a dash, a name"),
        ("text\n\n— log.example  AAAAAAA=\n".encode(), "a dash, a name"),
        ("text\n\n— log.example AAAAAAA= \n".encode(), "a dash, a name"),
        ("text\n\n— log.example AAAAAAA\n".encode(), "not base64"),
        ("text\n\n— log.example AAAAAAB=\n".encode(), "one spelling"),
        ("text\n\n— log.example AAAA\n".encode(), "too short"),
        ("text\n\n— log.example AAAAAA==\n".encode(), "too short"),
        (f"text\n\n{SIGNED * (MOST_SIGNATURES + 1)}".encode(), "more than 100"),
        (b"x" * LARGEST_NOTE + f"\n\n{SIGNED}".encode(), "the limit is"),
    ],
)
def test_malformed_notes_are_refused(data: bytes, word: str) -> None:
    with pytest.raises(NoteMalformed, match=word):
        Note.parse(data)


def test_a_note_may_have_a_hundred_signatures_and_empty_lines() -> None:
    note = Note.parse(f"\n\na\n\n{SIGNED * MOST_SIGNATURES}".encode())

    assert note.text == "\n\na\n"
    assert len(note.signatures) == MOST_SIGNATURES


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]) | st.just("\n"), max_size=50))
def test_every_text_comes_back_from_its_note(text: str) -> None:
    note = Note(text + "\n", (LOG.sign(text + "\n"), WITNESS.cosign(text + "\n", 0)))

    assert Note.parse(note.format()) == note


@given(st.binary(max_size=200) | st.binary(max_size=60).map(lambda junk: junk + f"\n\n{SIGNED}".encode()))
def test_any_bytes_are_a_note_or_malformed(data: bytes) -> None:
    try:
        note = Note.parse(data)
    except NoteMalformed:
        return
    assert note.format() == data


def key_text(name: str, material: bytes, number: str | None = None) -> str:
    number = number or "00000000"
    return f"{name}+{number}+{base64.b64encode(material).decode()}"


@pytest.mark.parametrize(
    ("vkey", "word"),
    [
        ("", "plus signs"),
        ("PeterNeumann", "plus signs"),
        ("PeterNeumann+c74f20a3", "plus signs"),
        (VKEY.replace("c74f20a3", "C74F20A3"), "plus signs"),
        (VKEY.replace("c74f20a3", "74f20a3"), "plus signs"),
        (VKEY.replace("c74f20a3", "c74f20a4"), "not c74f20a4"),
        (VKEY.replace("Peter", "Paul"), "not c74f20a3"),
        (VKEY.replace("Peter", "Peter "), "plus signs"),
        (VKEY.replace("Peter", "Peter+"), "plus signs"),
        (VKEY.replace("Peter", ""), "not c74f20a3"),
        (VKEY.replace("Peter", "Peter\udc80"), "plus signs"),
        (VKEY + "\n", "plus signs"),
        (VKEY[:-1], "not base64"),
        (key_text("a", bytes([0x02]) + bytes(32)), "type 0x02"),
        (key_text("a", bytes([0x06]) + bytes(1312)), "type 0x06"),
        (key_text("a", bytes([0x01]) + bytes(31)), "32 bytes"),
        (key_text("a", bytes([0x01]) + bytes(33)), "32 bytes"),
        (key_text("a", bytes([0x01]) + (2**255 - 19).to_bytes(32, "little")), "32 bytes"),
        (key_text("a", bytes([0x01]) + b"\xff" * 32), "32 bytes"),
    ],
)
def test_malformed_verifier_keys_are_refused(vkey: str, word: str) -> None:
    with pytest.raises(NoteMalformed, match=word):
        VerifierKey.parse(vkey)


@pytest.mark.parametrize(
    ("skey", "word"),
    [
        ("", "does not begin"),
        (VKEY, "does not begin"),
        (SKEY.replace("c74f20a3", "c74f20a4"), "not c74f20a4"),
        (SKEY.replace("Peter", "Paul"), "not c74f20a3"),
        (SKEY[:-4], "32 bytes"),
        ("PRIVATE+KEY+" + key_text("a", bytes([0x02]) + bytes(32)), "Ed25519"),
    ],
)
def test_malformed_signing_keys_are_refused(skey: str, word: str) -> None:
    with pytest.raises(NoteMalformed, match=word):
        SigningKey.parse(skey)


@pytest.mark.parametrize("type", [ED25519, COSIGNATURE])
def test_generated_keys_come_back_from_their_text(type: int) -> None:
    key = SigningKey.generate("log.example/a", type)

    assert SigningKey.parse(key.format()) == key
    assert VerifierKey.parse(key.vkey()) == key.verifier


def test_a_private_key_is_not_printed() -> None:
    assert "seed" not in repr(LOG)


def test_a_key_makes_signatures_of_its_own_type_only() -> None:
    with pytest.raises(ValueError, match="type 0x01"):
        LOG.cosign("text\n", 0)
    with pytest.raises(ValueError, match="type 0x04"):
        WITNESS.sign("text\n")


@pytest.mark.parametrize("text", ["", "text", "te\0xt\n"])
def test_only_texts_that_a_note_can_carry_are_signed(text: str) -> None:
    with pytest.raises(ValueError, match="newline"):
        LOG.sign(text)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\n", "a\u3000b", "\ud800"])
def test_names_that_a_line_cannot_carry_are_refused(name: str) -> None:
    with pytest.raises(NoteMalformed, match="name"):
        SigningKey.generate(name)


def test_a_signature_is_added_once() -> None:
    note = Note("text\n", (LOG.sign("text\n"),))

    assert note.with_signatures(*parse_signatures(LINE), LOG.sign("text\n")).signatures == (
        LOG.sign("text\n"),
        *parse_signatures(LINE),
    )


@pytest.mark.parametrize("text", ["A", "AA", "AAA", "AB==", "AA==\n", "A A=", "_-==", "AAA=AAA=", "ÄAA="])
def test_base64_has_one_spelling(text: str) -> None:
    with pytest.raises(ValueError, match="not base64"):
        decode_base64(text)
