"""Policies: who counts, how groups add up, and a table of what is refused and in which line."""

from __future__ import annotations

import itertools

import pytest

from dcase_audit.trail.tlog.checkpoints import Checkpoint, CheckpointMalformed
from dcase_audit.trail.tlog.notes import COSIGNATURE, Note, Signature, SignatureInvalid, SigningKey
from dcase_audit.trail.tlog.policy import PolicyMalformed, judge, parse

LOG = SigningKey("log.example/a", bytes([1] * 32))
WITNESSES = {
    name: SigningKey(f"{name}.example/w", bytes([2 + number] * 32), COSIGNATURE)
    for number, name in enumerate(("X1", "X2", "X3", "Y1", "Y2", "Y3"))
}
OWN = SigningKey("same-host.invalid/witness", bytes([99] * 32), COSIGNATURE)
CHECKPOINT = Checkpoint("log.example/a", 7, bytes(32))
DEFINED = "".join(f"witness {name} {key.vkey()}\n" for name, key in WITNESSES.items())
# Source: the example of C2SP tlog-policy.
EXAMPLE = f"""
# two levels of groups
log {LOG.vkey()}

{DEFINED}
group X-witnesses 2 X1 X2 X3
\tgroup  Y-witnesses any Y1 Y2 Y3 \t

group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
"""


def cosigned(*names: str, at: int = 1_800_000_000) -> Note:
    text = CHECKPOINT.text()
    return CHECKPOINT.signed(LOG).with_signatures(*(WITNESSES[name].cosign(text, at) for name in names))


@pytest.mark.parametrize("count", range(7))
def test_the_example_of_the_specification_wants_two_of_x_and_one_of_y(count: int) -> None:
    policy = parse(EXAMPLE.encode())

    for names in itertools.combinations(WITNESSES, count):
        enough = sum(name[0] == "X" for name in names) >= 2 and any(name[0] == "Y" for name in names)
        assert judge(policy, cosigned(*names)).quorum == enough


def test_a_judgement_says_who_signed_and_when() -> None:
    policy = parse(f"log {LOG.vkey()} https://log.example\n{DEFINED}quorum X1\n".encode())

    found = judge(policy, cosigned("X2", "X1", at=1_800_000_000))

    assert (found.log, found.checkpoint, found.quorum) == (LOG.verifier, CHECKPOINT, True)
    assert [(one.witness.name, one.at) for one in found.cosigned] == [("X1", 1_800_000_000), ("X2", 1_800_000_000)]
    assert policy.logs[0].url == "https://log.example"


def test_of_two_times_the_first_counts() -> None:
    policy = parse(f"log {LOG.vkey()}\n{DEFINED}quorum X1\n".encode())
    note = cosigned("X1", at=2000).with_signatures(*cosigned("X1", at=1000).signatures)

    assert [one.at for one in judge(policy, note).cosigned] == [1000]


def test_a_witness_on_the_same_host_counts_and_is_named_as_not_independent() -> None:
    text = f"log {LOG.vkey()}\nwitness own {OWN.vkey()}\nwitness X1 {WITNESSES['X1'].vkey()}\n"
    policy = parse(f"{text}group both all own X1\nquorum both\n".encode())

    found = judge(policy, cosigned("X1").with_signatures(OWN.cosign(CHECKPOINT.text(), 1)))

    assert found.quorum
    assert [witness.name for witness in found.not_independent] == ["own"]


def test_no_quorum_asks_for_the_log_alone() -> None:
    assert judge(parse(f"log {LOG.vkey()}\nquorum none\n".encode()), cosigned()).quorum


def test_a_note_that_no_log_of_the_policy_signed_is_refused() -> None:
    policy = parse(f"log {LOG.vkey()}\n{DEFINED}quorum X1\n".encode())
    stranger = Note(CHECKPOINT.text(), cosigned("X1").signatures[1:])

    with pytest.raises(SignatureInvalid, match="no log of the policy"):
        judge(policy, stranger)


def test_a_log_signs_for_its_own_origin_only() -> None:
    policy = parse(f"log {LOG.vkey()}\nquorum none\n".encode())
    text = Checkpoint("other.example", 7, bytes(32)).text()

    with pytest.raises(SignatureInvalid, match="signed for other.example"):
        judge(policy, Note(text, (LOG.sign(text),)))


NEXT = SigningKey(LOG.name, bytes([77] * 32))


@pytest.mark.parametrize(
    ("sizes", "signed"),
    [
        ("", True),
        (" https://log.example/", True),
        (" sizes:0-7", True),
        (" sizes:7-7", True),
        (" sizes:7-", True),
        (" sizes:0-6", False),
        (" sizes:8-", False),
    ],
)
def test_a_key_signs_for_the_sizes_that_the_policy_gives_it(sizes: str, signed: bool) -> None:
    """The checkpoint is of size 7."""
    policy = parse(f"log {LOG.vkey()}{sizes}\nquorum none\n".encode())

    if signed:
        assert judge(policy, cosigned()).log == LOG.verifier
    else:
        with pytest.raises(SignatureInvalid, match="no key that signed is one for checkpoints of size 7"):
            judge(policy, cosigned())


def test_of_two_keys_one_that_signs_the_size_is_enough() -> None:
    policy = parse(f"log {LOG.vkey()} sizes:0-6\nlog {NEXT.vkey()} sizes:5-\nquorum none\n".encode())
    both = cosigned().with_signatures(NEXT.sign(CHECKPOINT.text()))

    assert judge(policy, both).log == NEXT.verifier
    with pytest.raises(SignatureInvalid):
        judge(policy, cosigned())


def test_one_bad_cosignature_of_a_known_witness_refuses_the_note() -> None:
    policy = parse(f"log {LOG.vkey()}\n{DEFINED}quorum none\n".encode())
    key = WITNESSES["X1"]

    with pytest.raises(SignatureInvalid, match="X1.example/w does not verify"):
        judge(policy, cosigned().with_signatures(Signature(key.name, key.verifier.key_id, bytes(72))))


def test_a_note_that_is_no_checkpoint_is_refused() -> None:
    policy = parse(f"log {LOG.vkey()}\nquorum none\n".encode())

    with pytest.raises(CheckpointMalformed):
        judge(policy, Note("text\n", (LOG.sign("text\n"),)))


def test_names_are_bytes_and_kelvin_is_not_k() -> None:
    key = WITNESSES["X1"].vkey().encode()
    kelvin = "\u212a".encode()

    policy = parse(b"witness \xff " + key + b"\nquorum \xff")
    assert policy.quorum == "\udcff"
    with pytest.raises(PolicyMalformed, match="nothing above is called K"):
        parse(b"witness " + kelvin + b" " + key + b"\nquorum K\n")


X1, X2 = (WITNESSES[name].vkey() for name in ("X1", "X2"))
RENAMED = SigningKey("renamed.example", WITNESSES["X1"].seed, COSIGNATURE).vkey()
RENAMED_LOG = SigningKey("renamed.example", LOG.seed).vkey()


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("", 0, "no quorum"),
        ("# quorum none\n", 0, "no quorum"),
        ("quorum none\nquorum none\n", 2, "already"),
        ("quorum\n", 1, "quorum <name>"),
        ("quorum none none\n", 1, "quorum <name>"),
        ("quorum a\n", 1, "nothing above"),
        (f"quorum a\nwitness a {X1}\n", 1, "nothing above"),
        ("Quorum none\n", 1, "neither"),
        ("quorum none # why\n", 1, "quorum <name>"),
        ("quorum none\r\n", 1, "byte 11"),
        ("quorum\fnone\n", 1, "byte 6"),
        ("# \x7f\nquorum none\n", 1, "byte 2"),
        ("\nquorum\u00a0none\n", 2, "neither"),
        ("log\nquorum none\n", 1, "log <vkey>"),
        ("log x\nquorum none\n", 1, "plus signs"),
        (f"log {X1}\nquorum none\n", 1, "type 0x01"),
        (f"log {LOG.vkey()} a b\nquorum none\n", 1, "log <vkey>"),
        (f"log {LOG.vkey()} size:0-7\nquorum none\n", 1, "sizes:<first>"),
        (f"log {LOG.vkey()} 0-7\nquorum none\n", 1, "sizes:<first>"),
        (f"log {LOG.vkey()} sizes:\nquorum none\n", 1, "a hyphen"),
        (f"log {LOG.vkey()} sizes:7\nquorum none\n", 1, "a hyphen"),
        (f"log {LOG.vkey()} sizes:-7\nquorum none\n", 1, "a hyphen"),
        (f"log {LOG.vkey()} sizes:7-6\nquorum none\n", 1, "a hyphen"),
        (f"log {LOG.vkey()} sizes:07-9\nquorum none\n", 1, "a hyphen"),
        (f"log {LOG.vkey()} sizes:0-7-9\nquorum none\n", 1, "a hyphen"),
        (f"log {LOG.vkey()} sizes:0-1000000000000\nquorum none\n", 1, "a hyphen"),
        (f"log {LOG.vkey()}\nlog {LOG.vkey()}\nquorum none\n", 2, "there already"),
        (f"log {LOG.vkey()}\nlog {RENAMED_LOG}\nquorum none\n", 2, "there already"),
        (f"witness {X1}\nquorum none\n", 1, "witness <name>"),
        (f"witness a {LOG.vkey()}\nquorum none\n", 1, "type 0x04"),
        (f"witness none {X1}\nquorum none\n", 1, "taken"),
        (f"witness a {X1}\nwitness a {X2}\nquorum none\n", 2, "taken"),
        (f"witness a {X1}\nwitness b {RENAMED}\nquorum none\n", 2, "there already"),
        (f"witness a {X1}\ngroup a all a\nquorum a\n", 2, "taken"),
        (f"witness a {X1}\ngroup g all g\nquorum g\n", 2, "nothing above"),
        (f"witness a {X1}\ngroup g all\nquorum g\n", 2, "group <name>"),
        (f"witness a {X1}\ngroup g 0 a\nquorum g\n", 2, "from 1 to 1"),
        (f"witness a {X1}\ngroup g 2 a\nquorum g\n", 2, "from 1 to 1"),
        (f"witness a {X1}\ngroup g 01 a\nquorum g\n", 2, "from 1 to 1"),
        (f"witness a {X1}\ngroup g some a\nquorum g\n", 2, "from 1 to 1"),
        (f"witness a {X1}\ngroup g all a a\nquorum g\n", 2, "already"),
        (f"witness a {X1}\ngroup g all none\nquorum g\n", 2, "member"),
        (f"witness a {X1}\ngroup g all a\ngroup h all a\nquorum g\n", 3, "already"),
        ("#" * 300_000, 0, "the limit"),
    ],
)
def test_malformed_policies_are_refused_with_the_line(text: str, line: int, word: str) -> None:
    with pytest.raises(PolicyMalformed, match=word) as refused:
        parse(text.encode())

    assert refused.value.line == line
