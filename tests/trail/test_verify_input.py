"""Whatever bytes ``verify.py`` is given, it answers: malformed input, every byte changed, random worlds."""

from __future__ import annotations

import hashlib
import io
import json
import random
import struct
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.trail.bundles import (
    DEMO_WITNESS,
    LOG,
    POLICY,
    SECOND_WITNESS,
    WITNESS,
    Bundle,
    Signer,
    World,
    packed,
    policy,
    small_world,
)
from tests.trail.verifier import FILE, module, run, run_here


def tiny_world() -> World:
    """Return a world of four events, small enough to change every byte of its bundle."""
    world = World()
    world.context = {"actor": "user:1"}
    world.shape("t")
    named = world.insert("t", id=1)
    world.publish()
    world.update(named, a="é")
    world.say("a.b", "a:1", k=1)
    return world


# --- The file itself ------------------------------------------------------------------------------------------------


def test_the_file_runs_on_python_3_9() -> None:
    command = [str(Path(sys.executable).with_name("vermin")), "--target=3.9-", "--no-tips", "--violations", str(FILE)]

    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout


def test_the_report_for_people_ends_with_the_verdict_in_japanese(tmp_path: Path) -> None:
    (tmp_path / "bundle.zip").write_bytes(small_world().bundle(witnesses=[DEMO_WITNESS]).zip())
    (tmp_path / "policy").write_text(policy(("demo", DEMO_WITNESS)))
    command = [
        sys.executable,
        "-I",
        "-S",
        str(FILE),
        str(tmp_path / "bundle.zip"),
        "--policy",
        str(tmp_path / "policy"),
    ]

    done = subprocess.run(command, capture_output=True, text=True, check=True, encoding="utf-8", env={"LC_ALL": "C"})

    said = done.stdout.splitlines()
    assert "  complete up to 23 events, witnessed at 2026-04-01T09:00:21Z by same-host.invalid/witness" in said
    assert "  same-host.invalid/witness: operated by the same host (demo): NOT independent" in said
    assert any(line.startswith("  not checked  Timestamps") for line in said)
    assert said[-1] == "判定: 検証済み（独立した証人はいません）"


def test_nothing_in_a_receipt_can_draw_on_the_terminal(tmp_path: Path) -> None:
    world = World()
    world.say("a.b", "a:1", k="\x1b[2J")
    world.events[0].fields["payload.k"] = '"\x7f\u202e\u009b2J"'
    (tmp_path / "receipt").write_text(world.receipt(0).text())
    (tmp_path / "policy").write_text(POLICY)
    command = [sys.executable, "-I", "-S", str(FILE), str(tmp_path / "receipt"), "--policy", str(tmp_path / "policy")]

    said = subprocess.run(command, capture_output=True, text=True, check=True, encoding="utf-8").stdout

    assert r'"\x7f\u202e\x9b2J"' in said


# --- Ed25519 --------------------------------------------------------------------------------------------------------

# RFC 8032 section 7.1: TEST 1, TEST 2, TEST 3, TEST SHA(abc); key, message, both halves of the signature.
RFC_8032 = f"""
d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a
-
e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155
5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b

3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c
72
92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da
085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00

fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025
af82
6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac
18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a

ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf
{hashlib.sha512(b"abc").hexdigest()}
dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589
09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704
"""


@pytest.mark.parametrize("vector", RFC_8032.strip().split("\n\n"))
def test_signatures_of_rfc_8032(vector: str) -> None:
    key, message, *signature = vector.split("\n")
    said, proof = bytes.fromhex(message.strip("-")), bytes.fromhex("".join(signature))

    assert module().signed(bytes.fromhex(key), proof, said)
    assert not module().signed(bytes.fromhex(key), proof, said + b"\x00")
    assert not module().signed(bytes.fromhex(key), proof[:32], said)


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=200), st.integers(0, 511))
@settings(max_examples=25)
def test_a_signature_of_another_implementation_verifies_and_no_bit_of_it_may_change(
    seed: bytes, said: bytes, bit: int
) -> None:
    private = Ed25519PrivateKey.from_private_bytes(seed)
    key, proof = private.public_key().public_bytes_raw(), private.sign(said)
    changed = (int.from_bytes(proof, "little") ^ 1 << bit).to_bytes(64, "little")

    assert module().signed(key, proof, said)
    assert not module().signed(key, changed, said)


def test_the_other_spelling_of_a_signature_is_refused() -> None:
    key, proof = WITNESS.private.public_key().public_bytes_raw(), WITNESS.private.sign(b"x")
    larger = int.from_bytes(proof[32:], "little") + module().L

    assert not module().signed(key, proof[:32] + larger.to_bytes(32, "little"), b"x")


P = 2**255 - 19
SMALL_ORDER = [0, 1, P - 1, 1 | 1 << 255, P - 1 | 1 << 255, 1 << 255]
SMALL_ORDER += [
    int.from_bytes(bytes.fromhex(key), "little")
    for key in (
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    )
]
NOT_CANONICAL = [P, P + 1, P + 3, 2**255 - 1, P | 1 << 255]


@pytest.mark.parametrize("key", [*SMALL_ORDER, *NOT_CANONICAL, 2], ids=hex)
def test_keys_that_sign_for_everybody_or_are_no_keys_are_refused(key: int) -> None:
    # With a key of small order this signature, whose R is the neutral point, would be good for every message.
    assert not module().signed(key.to_bytes(32, "little"), (1).to_bytes(32, "little") + bytes(32), b"x")


# --- The policy -----------------------------------------------------------------------------------------------------

L1, W1, W2 = f"log {LOG.vkey}\n", f"witness w1 {WITNESS.vkey}\n", f"witness w2 {SECOND_WITNESS.vkey}\n"
NO_SIZES = ["sizes:", "sizes:4", "sizes:-4", "sizes:5-4", "sizes:04-4", "sizes:0-4-4", "sizes:4-x", "size:0-4", "4-4"]
NO_SIZES += ["sizes:0-1000000000000", "ftp://log.example/", "SIZES:0-", "sizes:\u0664-"]
GOOD_POLICIES = [
    L1 + W1 + "quorum w1\n",
    f"\n# 注釈\n \t{L1}\twitness\tw1  {WITNESS.vkey} https://w1.example/ \nquorum w1",
    L1 + W1 + W2 + "group g 1 w1 w2\ngroup h all g\nquorum h\n",
    L1 + W1 + "witness w3 x.example/ml+00000000+BgE=\ngroup g any w1 w3\nquorum g\n",
    L1 + f"log {Signer('other.example/log', 1, b'other').vkey}\n" + W1 + "quorum w1\n",
    *(f"log {LOG.vkey} {address}\n{W1}quorum w1\n" for address in ("https://log.example/", "sizes:0-", "sizes:0-4")),
]
BAD_POLICIES = [
    "",
    W1 + "quorum w1\n",
    L1 + W1,
    L1 + "quorum w1\n",
    L1 + W1 + "quorum w1\nquorum w1\n",
    L1 + L1 + W1 + "quorum w1\n",
    L1 + W1 + W1 + "quorum w1\n",
    L1 + W1 + f"witness w1 {SECOND_WITNESS.vkey}\nquorum w1\n",
    L1 + f"witness none {WITNESS.vkey}\nquorum none\n",
    L1 + W1 + "group g 2 w1\nquorum g\n",
    L1 + W1 + "group g 0 w1\nquorum g\n",
    L1 + W1 + "group g 01 w1\nquorum g\n",
    L1 + W1 + W2 + "group g any w1 w1\nquorum g\n",
    L1 + W1 + W2 + "group g any w1\ngroup h all g w1\nquorum h\n",
    L1 + W1 + "group g any g\nquorum g\n",
    L1 + W1 + "group g any none\nquorum g\n",
    L1 + W1 + "quorum\n",
    f"log {LOG.vkey} https://log.example/ sizes:0-\n{W1}quorum w1\n",
    *(f"log {LOG.vkey} {address}\n{W1}quorum w1\n" for address in NO_SIZES),
    L1 + W1 + "quorum w1 w1\n",
    L1 + W1 + "trust w1\nquorum w1\n",
    L1 + W1 + "quorum w1\r\n",
    L1.replace("+", "+0", 1) + W1 + "quorum w1\n",
    L1 + W1.replace("w1 witness.", "w1 Witness.") + "quorum w1\n",
    L1.rstrip("\n") + "A\n" + W1 + "quorum w1\n",
    f"log {WITNESS.vkey}\n" + W1 + "quorum w1\n",
    L1 + f"witness w1 {LOG.vkey}\nquorum w1\n",
    "log a+b+c\nquorum none\n",
]


@pytest.mark.parametrize("text", GOOD_POLICIES)
def test_a_policy_is_read_as_c2sp_specifies_it(text: str) -> None:
    assert run_here(tiny_world().bundle().zip(), policy=text).status == 0


@pytest.mark.parametrize("text", BAD_POLICIES)
def test_a_policy_that_is_none_is_no_use(text: str) -> None:
    outcome = run_here(tiny_world().bundle().zip(), policy=text)

    assert outcome.status == 2
    assert "policy" in outcome.report["problem"]


def test_a_known_checkpoint_that_the_log_did_not_sign_is_no_use() -> None:
    bundle = tiny_world().bundle()
    forged = tiny_world().bundle(log=Signer(LOG.name, 1, b"forger")).checkpoint()

    assert run_here(bundle.zip(), known=[forged]).status == 2
    assert run_here(bundle.zip(), known=["nonsense"]).status == 2


def test_a_known_checkpoint_of_another_log_is_no_use() -> None:
    other = Signer("other.example/log", 1, b"other")
    elsewhere = replace(tiny_world().bundle(log=other), origin=other.name)
    both = policy(("w1", WITNESS), logs=[LOG, other])

    for given_input in (tiny_world().bundle().zip(), tiny_world().receipt(0).text()):
        outcome = run_here(given_input, policy=both, known=[elsewhere.checkpoint()])
        assert (outcome.status, "of another log" in outcome.report["problem"]) == (2, True)


# --- Malformed checkpoints, each instead of the good one ------------------------------------------------------------

CHECKPOINT = tiny_world().bundle().checkpoint()
TEXT, SIGNATURE, COSIGNATURE = CHECKPOINT.split("\n\n")[0], *CHECKPOINT.splitlines()[4:]
BAD_CHECKPOINTS = {
    "no signature": f"{TEXT}\n\n",
    "no empty line": CHECKPOINT.replace("\n\n", "\n"),
    "an extension line": CHECKPOINT.replace("\n\n", "\nmore\n\n"),
    "no last newline": CHECKPOINT[:-1],
    "a line behind": CHECKPOINT + "\n",
    "a tab": CHECKPOINT.replace("\n", "\t\n", 1),
    "a leading zero": CHECKPOINT.replace("\n4\n", "\n04\n"),
    "a sign": CHECKPOINT.replace("\n4\n", "\n+4\n"),
    "another size": CHECKPOINT.replace("\n4\n", "\n5\n"),
    "base64 without padding": CHECKPOINT.replace("=\n\n", "\n\n"),
    "a hyphen for the dash": CHECKPOINT.replace("—", "-"),
    "two spaces": CHECKPOINT.replace("— ", "—  ", 1),
    "the cosignature first": f"{TEXT}\n\n{COSIGNATURE}\n{SIGNATURE}\n",
    "the cosignature alone": f"{TEXT}\n\n{COSIGNATURE}\n",
    "no cosignature": f"{TEXT}\n\n{SIGNATURE}\n",
    "not UTF-8": "",
}


@pytest.mark.parametrize("name", BAD_CHECKPOINTS)
def test_a_malformed_checkpoint_is_refuted(name: str) -> None:
    bundle = tiny_world().bundle()
    bundle.changed["checkpoint"] = BAD_CHECKPOINTS[name].encode() or CHECKPOINT.encode("utf-16")

    outcome = run_here(bundle.zip())

    assert outcome.status == 1 and "checkpoint" in outcome.refuted


def test_signatures_of_keys_that_nobody_knows_are_passed_over() -> None:
    bundle = tiny_world().bundle(witnesses=[WITNESS, SECOND_WITNESS])
    bundle.changed["checkpoint"] = f"{bundle.checkpoint()}— log.example.jp/x AAAAAAAA\n".encode()

    assert run_here(bundle.zip()).status == 0


# --- Odd containers -------------------------------------------------------------------------------------------------


def odd_members() -> dict[str, tuple[bytes, int]]:
    """Return odd inputs, each with the exit status that answers it."""
    good = tiny_world().bundle().members()
    whole = packed(good)
    deep = b"[" * 200_000
    deflated = packed(good, method=zipfile.ZIP_DEFLATED)
    bomb = packed({**good, "README.txt": bytes(50_000_000)}, method=zipfile.ZIP_DEFLATED)
    return {
        "deflated": (deflated, 0),
        "a long README": (bomb, 0),
        "nothing": (b"", 2),
        "text": (b"a bundle\n", 2),
        "a first line of a receipt": (b"c2sp.org/tlog-proof@v1\n", 2),
        "the first half": (whole[: len(whole) // 2], 2),
        "a ZIP file of something else": (packed({"a": b""}), 2),
        "another format": (packed({**good, "bundle.json": b'{"format": "zip"}'}), 2),
        "bzip2": (packed(good, method=zipfile.ZIP_BZIP2), 1),
        "lzma": (packed(good, method=zipfile.ZIP_LZMA), 1),
        "encrypted": (whole.replace(b"PK\x01\x02\x14\x03\x14\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01"), 1),
        "a folder": (packed({**good, "files/": b""}), 1),
        "a way out": (packed({**good, "../checkpoint": b""}), 1),
        "deep header": (packed({**good, "bundle.json": deep}), 1),
        "deep disclosure": (packed({**good, "disclosures.jsonl": deep + b"\n"}), 1),
        "deep row": (packed({**good, "state/t.jsonl": b'{"id": ' + deep + b"\n"}), 1),
        "a huge number": (packed({**good, "disclosures.jsonl": b'{"seq": ' + b"9" * 100_000 + b"}\n"}), 1),
        "a huge key": (packed({**good, "state/t.jsonl": b'{"id": ' + b"9" * 100_000 + b"}\n"}), 1),
        "a line without end": (packed({**good, "disclosures.jsonl": b" " * 17_000_000}), 2),
        "half a character": (packed({**good, "disclosures.jsonl": b'{"seq": 0, "fields": [["\xe3"]]}\n'}), 1),
        "a lone surrogate": (
            packed({**good, "disclosures.jsonl": b'{"seq": 0, "fields": [["\\ud800", "\\ud800", "\\ud800"]]}\n'}),
            1,
        ),
        "an enormous log": (
            packed({**good, "bundle.json": good["bundle.json"].replace(b": 4,", b": 999999999999,")}),
            1,
        ),
        "no disclosures": (packed({name: data for name, data in good.items() if name != "disclosures.jsonl"}), 1),
        "an empty tile": (packed({**good, "tile/entries/000.p/4": b""}), 1),
        "a response that is none": (packed({**good, "timestamps/000000000004.tsr": b"x"}), 0),
    }


ODD = odd_members()


@pytest.mark.parametrize("name", ODD)
def test_odd_input_is_answered(name: str) -> None:
    data, status = ODD[name]

    outcome = run_here(data)

    assert outcome.status == status
    assert "fault of its own" not in (outcome.report["problem"] or "")


@pytest.mark.parametrize("value", [None, 1, [], {}, "x", -1, 1e3, True])
@pytest.mark.parametrize("key", ["origin", "size", "state_size", "made_at", "cases", "at", "tables", "more"])
def test_a_header_of_other_types_is_answered(key: str, value: Any) -> None:
    bundle = tiny_world().bundle()
    bundle.header[key] = value

    outcome = run_here(bundle.zip())

    same = (key, value) in ((("at", None)), ("cases", []), ("size", 4))
    assert outcome.status == (0 if same else 1)
    assert "fault of its own" not in (outcome.report["problem"] or "")


FIELD_TYPES = [
    None,
    1,
    "x",
    {},
    {"a": 1, "b": 2, "c": 3},
    [],
    ["row.id"],
    [1, 2, 3],
    ["a", "b", "c", "d"],
    [["a"], "b", "c"],
]


@pytest.mark.parametrize("value", FIELD_TYPES, ids=str)
def test_fields_of_other_types_are_refuted(value: Any) -> None:
    for place in (None, 0):
        bundle = tiny_world().bundle()
        if place is None:
            bundle.disclosures[1]["fields"] = value
        else:
            bundle.disclosures[1]["fields"][place] = value

        assert run_here(bundle.zip()).refuted == ["disclosures"]


@given(st.binary(max_size=300))
def test_any_bytes_are_answered(data: bytes) -> None:
    assert run_here(data).status == 2
    assert run_here("c2sp.org/tlog-proof@v1\nextra " + data.decode("latin-1")).status in (1, 2)


# --- Where two readers could differ ---------------------------------------------------------------------------------


def border_cases() -> dict[str, tuple[bytes, int]]:
    """Return bundles at the border of a rule, each with the exit status that the specification demands."""
    made: dict[str, tuple[bytes, int]] = {}
    for n, status in ((2**53 - 1, 0), (2**53, 1)):
        made[f"a closed event of {n} fields"] = (with_n(n).zip(), status)
    for depth, status in ((100, 0), (101, 1)):
        for value in ("[" * depth + "]" * depth, '{"a":[' * (depth // 2) + "[]" * (depth % 2) + "]}" * (depth // 2)):
            world = World()
            world.say("a.b", "a:1", k=json.loads(value))
            made[f"{value[:6]} {depth} deep"] = (world.bundle().zip(), status)
    for moment, status in (
        ("2026-04-02T00:00:00+09", 0),
        ("2026-04-02T00:00:00.123456-2359", 0),
        ("2026-04-02T24:00:00Z", 1),
        ("2026-04-02T00:00:00+09:60", 1),
        ("2026-04-02T00:00:00+24:00", 1),
        ("2026-02-29T00:00:00Z", 1),
        ("2026-04-02T00:00:60Z", 1),
        ("2026-04-02 00:00:00Z", 1),
        ("２０２６-04-02T00:00:00Z", 1),
    ):
        bundle = tiny_world().bundle()
        bundle.header["made_at"] = moment
        made[f"made at {moment}"] = (bundle.zip(), status)
    response = tiny_world().bundle()
    response.changed["timestamps/000000000004.tsr"] = b"a response"
    made["a damaged response"] = (response.zip().replace(b"a response", b"A response"), 1)
    for name, (old, new, status) in {
        "as it is printed": ("", "", 0),
        "with another space": ('"id": ', '"id":  ', 1),
        "with a tab": (', "', ',\t"', 1),
        "without a space": (', "', ',"', 1),
        "with a column more": ("}", ', "zz": 1}', 1),
        "in another order": ('"id": 1, "secret": "x"', '"secret": "x", "id": 1', 1),
    }.items():
        world = World()
        world.shape("t")
        world.insert("t", id=1, secret="x")
        bundle = world.bundle(closed={1: ["row.secret"]})
        bundle.state["t"][0] = bundle.state["t"][0].replace(old, new)
        made[f"a row with a closed column, {name}"] = (bundle.zip(), status)
    whole = tiny_world().bundle().zip()
    made["a ZIP64 field that nothing needs"] = (with_extra(whole, b"\x01\x00\x08\x00" + bytes(8)), 1)
    made["a ZIP64 field that is cut off"] = (with_extra(whole, b"\x01\x00\x18\x00" + bytes(8)), 2)
    made["another extra field"] = (with_extra(whole, b"\x0a\x00\x08\x00" + bytes(8)), 1)
    return made


def with_n(n: int) -> Bundle:
    """Return a bundle that does not disclose its last event, of which it says that it has ``n`` fields."""
    world = tiny_world()
    leaf = world.events[3].leaf().replace(b'"n":4,', b'"n":%d,' % n)
    assert b'"n":%d,' % n in leaf
    bundle = world.bundle(undisclosed=[3])
    bundle.leaves[3] = leaf
    return bundle


def with_extra(data: bytes, extra: bytes) -> bytes:
    """Give the first entry of a ZIP file's directory an extra field."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        at, name = archive.start_dir, len(archive.infolist()[0].filename)
    entry = bytearray(data[at:])
    struct.pack_into("<H", entry, 30, len(extra))
    entry[46 + name : 46 + name] = extra
    (size,) = struct.unpack_from("<L", entry, len(entry) - 10)
    struct.pack_into("<L", entry, len(entry) - 10, size + len(extra))
    return data[:at] + bytes(entry)


BORDERS = border_cases()


@pytest.mark.parametrize("name", BORDERS)
def test_what_two_readers_could_read_in_two_ways_is_settled(name: str) -> None:
    data, status = BORDERS[name]

    outcome = run_here(data)

    assert outcome.status == status, outcome.report


# --- Every byte -----------------------------------------------------------------------------------------------------


# A prime, so that a part of every length is changed somewhere; each byte in the long run.
EVERY_BYTE = pytest.mark.parametrize("stride", [11, pytest.param(1, marks=pytest.mark.long)], ids=["some", "each"])


def central_positions(data: bytes) -> set[int]:
    """Return the places of those bytes of a ZIP file that say nothing about a member's content and name.

    In each entry of the directory: by which program it was made, the attributes of the file, and which disk it is on;
    and the version needed, which both headers say and no reader obeys.
    """
    free: set[int] = set()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        at = archive.start_dir
        for info in archive.infolist():
            free |= {at + offset for offset in (4, 5, 6, 7, 34, 35, 36, 37, 38, 39, 40, 41)}
            free |= {info.header_offset + offset for offset in (4, 5)}
            at += 46 + len(info.filename)
    return free


@EVERY_BYTE
@pytest.mark.no_cover
def test_every_byte_of_a_bundle_is_protected_or_says_nothing(stride: int) -> None:
    data = tiny_world().bundle().zip()
    free = central_positions(data)
    passed = []
    random_bits = random.Random(0)

    for place in range(0, len(data), stride):
        changed = bytearray(data)
        changed[place] ^= 1 << random_bits.randrange(8)
        outcome = run_here(bytes(changed))
        assert "fault of its own" not in (outcome.report["problem"] or ""), place
        if outcome.status == 0:
            passed.append(place)

    assert set(passed) <= free


@pytest.mark.long
def test_every_byte_of_every_member_is_protected_or_says_nothing() -> None:
    """Hold for content with its CRC-32 put right.

    What may change: README.txt; when the bundle says that it was made; the spelling of JSON between values; and whether
    a key of the policy cosigned an earlier checkpoint, since a line of another key is passed over.
    """
    bundle = tiny_world().bundle()
    members = bundle.members()
    passed: dict[str, set[bytes]] = {}

    for name, data in members.items():
        for place in range(len(data)):
            changed = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
            if run_here(packed({**members, name: changed})).status == 0:
                passed.setdefault(name, set()).add(changed)

    earlier = f"checkpoints/{min(bundle.times):012d}"
    assert passed.keys() <= {"bundle.json", "README.txt", "disclosures.jsonl", earlier}
    assert len(passed["README.txt"]) == len(members["README.txt"])
    for changed in passed["bundle.json"]:
        assert {**json.loads(changed), "made_at": ""} == {**json.loads(members["bundle.json"]), "made_at": ""}
    for changed in passed.get("disclosures.jsonl", ()):
        assert list(map(json.loads, changed.splitlines())) == bundle.disclosures
    for changed in passed[earlier]:
        assert changed.splitlines()[:5] == members[earlier].splitlines()[:5]


# --- Random worlds --------------------------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["insert", "update", "update", "delete", "say", "publish", "shape"]),
        st.integers(1, 12),
        st.booleans(),
        JSON,
    ),
    max_size=60,
)


def lived(steps: list[tuple[str, int, bool, Any]]) -> World:
    """Return a world in which the steps happened that could happen."""
    world = World(len(steps))
    for what, key, same, value in steps:
        named = f"thing/{key}"
        if what == "insert" and named not in world.rows:
            world.insert("thing", id=key, value=value, same=same and bool(world.events))
        elif what == "update" and named in world.rows:
            world.update(named, value=value, same=same)
        elif what == "delete" and named in world.rows:
            world.delete(named)
        elif what == "say":
            world.say("thing.told", f"thing:{key}", value=value)
        elif what == "publish" and world.events:
            world.publish()
        elif what == "shape":
            world.shape("thing")
    return world


@given(STEPS, st.data())
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_happens_honestly_is_verified_and_one_changed_text_is_not(
    steps: list[tuple[str, int, bool, Any]], data: st.DataObject
) -> None:
    world = lived(steps)
    closed = {
        event.seq: [name for name in event.fields if name.startswith(("context", "db")) and data.draw(st.booleans())]
        for event in world.events[:5]
    }

    assert run_here(world.bundle(closed=closed).zip()).status == 0

    if world.events:
        bundle = world.bundle()
        fields = data.draw(st.sampled_from(bundle.disclosures))["fields"]
        data.draw(st.sampled_from(fields))[2] += " "
        assert run_here(bundle.zip()).refuted == ["disclosures"]


def test_workers_find_what_one_process_finds() -> None:
    world = World()
    for key in range(1, 400):
        world.insert("thing", id=key, value="x")
    world.events[300].fields["row.value"] = '"y"'
    bundle = world.bundle()
    bundle.disclosures[301]["fields"][-1][2] = "changed"

    alone, together = run(bundle.zip(), more=["--jobs", "1"]), run(bundle.zip(), more=["--jobs", "2"])

    assert alone.report == together.report
    assert alone.bad["seq"] == 301
