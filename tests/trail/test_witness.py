"""The witness over HTTP: what it cosigns, every refusal, two requests at once, restarts, forks and rollbacks."""

from __future__ import annotations

import http.client
import signal
import socket
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcase_audit.trail.standalone.witness import is_prefix
from dcase_audit.trail.tlog.merkle import ProofInvalid, verify_consistency
from dcase_audit.trail.tlog.notes import Note, SigningKey, Verified, VerifierKey, parse_signatures, verify
from tests.trail.tlog import naive
from tests.trail.witnesses import Answer, Log, Process

THREE = Log().grown(3)
EIGHT = THREE.grown(5)
FORK = THREE.grown(6, "other")


@pytest.fixture
def witness(tmp_path: Path) -> Iterator[Process]:
    process = Process(tmp_path / "witness")
    process.trust(THREE)
    process.start()
    yield process
    process.stop()


def cosignature(witness: Process, log: Log, answer: Answer) -> Verified:
    assert answer.status == 200, answer
    (found,) = verify(Note(log.note().text, parse_signatures(answer.text)), [witness.key])
    return found


def size_at(witness: Process) -> int:
    (log,) = witness.state()["logs"]
    assert isinstance(log["size"], int)
    return log["size"]


def test_a_log_that_goes_on_is_cosigned_at_each_size(witness: Process) -> None:
    first = cosignature(witness, THREE, witness.post(THREE.body(0)))
    second = cosignature(witness, EIGHT, witness.post(EIGHT.body(3)))

    assert first.at is not None
    assert second.at is not None
    assert time.time() - 60 < first.at <= second.at <= time.time()
    (log,) = witness.state()["logs"]
    assert (log["origin"], log["size"]) == ("log.example/a", 8)
    assert log["checkpoint"] == EIGHT.note().format().decode()
    assert log["at"].endswith("Z")


def test_the_same_checkpoint_is_cosigned_again(witness: Process) -> None:
    witness.post(THREE.body(0))

    cosignature(witness, THREE, witness.post(THREE.body(3)))


def test_the_empty_log_is_cosigned(witness: Process) -> None:
    cosignature(witness, Log(), witness.post(Log().body(0)))
    cosignature(witness, THREE, witness.post(THREE.body(0)))


def test_signatures_of_unknown_keys_are_ignored_and_not_kept(witness: Process) -> None:
    stranger = SigningKey("stranger.example", bytes(32)).sign(THREE.note().text)
    body = b"old 0\n\n" + THREE.note().with_signatures(stranger).format()

    cosignature(witness, THREE, witness.post(body))
    assert "stranger" not in str(witness.state())


def test_extension_lines_are_cosigned_as_they_are(witness: Process) -> None:
    text = THREE.note().text + "an extension\n"
    note = Note(text, (THREE.key.sign(text),))

    answer = witness.post(b"old 0\n\n" + note.format())

    assert answer.status == 200
    assert verify(Note(text, parse_signatures(answer.text)), [witness.key])


def test_a_log_that_is_not_trusted_is_not_known(witness: Process) -> None:
    other = Log([], SigningKey("other.example", bytes(32)))

    assert witness.post(other.body(0)).status == 404


def test_a_log_is_trusted_while_the_witness_runs(witness: Process) -> None:
    other = Log([b"x"], SigningKey("other.example", bytes(32)))
    witness.trust(other)

    cosignature(witness, other, witness.post(other.body(0)))


def test_a_second_key_of_a_log_goes_on_where_the_first_stopped(witness: Process) -> None:
    witness.post(THREE.body(0))
    renewed = Log(EIGHT.entries, SigningKey(THREE.key.name, bytes([8] * 32)))
    assert witness.post(renewed.body(3)).status == 403

    witness.trust(renewed)

    cosignature(witness, renewed, witness.post(renewed.body(3)))


def test_a_key_is_trusted_for_the_sizes_that_were_said(witness: Process) -> None:
    """As at the end of a change of keys: the old key signed up to size 3, the new one from size 3 on."""
    renewed = Log(EIGHT.entries, SigningKey(THREE.key.name, bytes([8] * 32)))
    witness.trust(THREE, "0-3")
    witness.trust(renewed, "3-")
    witness.post(THREE.body(0))
    both = EIGHT.note().with_signatures(*renewed.note().signatures)
    head = EIGHT.body(3)[: -len(EIGHT.note().format())]

    refused = witness.post(EIGHT.body(3))
    assert (refused.status, refused.text) == (
        403,
        "no key that is trusted for log.example/a signed the checkpoint: those that did sign other sizes\n",
    )
    cosignature(witness, renewed, witness.post(head + both.format()))
    (shown,) = witness.state()["logs"]
    assert shown["keys"] == [f"{THREE.key.vkey()} 0-3", f"{renewed.key.vkey()} 3-"]


def test_a_record_that_knew_no_sizes_is_taken_over(witness: Process, tmp_path: Path) -> None:
    witness.post(THREE.body(0))
    witness.stop()
    with closing(sqlite3.connect(witness.home / "state" / "witness.sqlite")) as record:
        record.executescript(
            "CREATE TABLE old AS SELECT origin, vkey FROM log; DROP TABLE log;"
            "CREATE TABLE log (origin TEXT NOT NULL, vkey TEXT NOT NULL PRIMARY KEY);"
            "INSERT INTO log SELECT origin, vkey FROM old; DROP TABLE old;"
        )
    witness.start()

    cosignature(witness, EIGHT, witness.post(EIGHT.body(3)))


@pytest.mark.parametrize("sizes", ["", "3", "-3", "3-2", "03-", "3-4-5", " 3-", "3-x"])
def test_what_are_no_sizes_is_said(witness: Process, sizes: str) -> None:
    done = witness.run("trust", "state", THREE.key.vkey(), f"--sizes={sizes}", check=False)

    assert done.returncode == 2
    assert "is not sizes" in done.stderr


@pytest.mark.parametrize("value", [bytes(64), bytes(1), THREE.key.sign("other\n").value])
def test_a_checkpoint_that_the_log_did_not_sign_is_forbidden(witness: Process, value: bytes) -> None:
    note = THREE.note()
    bad = type(note.signatures[0])(THREE.key.name, THREE.key.verifier.key_id, value)
    unknown = Note(note.text, (SigningKey(THREE.key.name, bytes(32)).sign(note.text),))

    for refused in (Note(note.text, (bad,)), note.with_signatures(bad), unknown):
        assert witness.post(b"old 0\n\n" + refused.format()).status == 403
    assert size_at(witness) == 0


def test_another_old_size_is_a_conflict_that_tells_the_right_one(witness: Process) -> None:
    witness.post(THREE.body(0))

    for old in (0, 2, 4):
        assert witness.post(EIGHT.body(old)) == Answer(409, "3\n", "text/x.tlog.size")
    assert size_at(witness) == 3


def test_an_old_size_beyond_the_checkpoint_is_a_bad_request(witness: Process) -> None:
    witness.post(EIGHT.body(0))

    assert witness.post(THREE.body(8, proof=[])).status == 400


def test_a_rollback_is_refused(witness: Process) -> None:
    witness.post(EIGHT.body(0))

    assert witness.post(THREE.body(0)) == Answer(409, "8\n", "text/x.tlog.size")
    assert witness.post(THREE.body(3)) == Answer(409, "8\n", "text/x.tlog.size")
    assert size_at(witness) == 8
    assert witness.state()["contradictions"] == []


def test_another_root_at_the_same_size_is_a_conflict_and_is_kept_as_proof(witness: Process) -> None:
    log, forked = THREE.grown(5), THREE.grown(5, "other")
    witness.post(log.body(0))

    assert witness.post(forked.body(8)) == Answer(409, "8\n", "text/x.tlog.size")
    (found,) = witness.state()["contradictions"]
    assert found["signed"] == forked.note().format().decode()
    assert found["cosigned_before"] == log.note().format().decode()
    for kept in (found["signed"], found["cosigned_before"]):
        assert verify(Note.parse(kept.encode()), [THREE.key.verifier])


def test_another_root_at_an_earlier_size_is_kept_as_proof_too(witness: Process) -> None:
    witness.post(EIGHT.body(0))
    witness.post(EIGHT.grown(4).body(8))
    forked = THREE.grown(5, "other")

    assert witness.post(forked.body(0)).status == 409
    (found,) = witness.state()["contradictions"]
    assert found["signed"] == forked.note().format().decode()


def test_a_fork_is_unprocessable_and_is_kept(witness: Process) -> None:
    witness.post(EIGHT.body(0))

    for proof in (FORK.proof(8), [], FORK.proof(3), [bytes(32)] * 63):
        assert witness.post(FORK.body(8, proof)).status == 422
    assert size_at(witness) == 8
    (found,) = witness.state()["unproven"]
    assert found["signed"] == FORK.note().format().decode()


def test_a_good_checkpoint_that_somebody_sent_with_a_bad_proof_is_not_held_against_the_log(witness: Process) -> None:
    witness.post(THREE.body(0))
    assert witness.post(EIGHT.body(3, [bytes(32)])).status == 422

    cosignature(witness, EIGHT, witness.post(EIGHT.body(3)))

    assert witness.state()["unproven"] == []


def test_a_proof_from_the_empty_log_has_to_be_empty(witness: Process) -> None:
    assert witness.post(THREE.body(0, [bytes(32)])).status == 422


def test_the_empty_log_has_one_root(witness: Process) -> None:
    text = f"{THREE.key.name}\n0\n{'A' * 43}=\n"

    assert witness.post(b"old 0\n\n" + Note(text, (THREE.key.sign(text),)).format()).status == 409


BODY = EIGHT.body(3).decode()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (BODY, ""),
        (BODY, "\n\n"),
        ("old 3\n", ""),
        ("old 3\n", "3\n"),
        ("old 3", "old 03"),
        ("old 3", "old -3"),
        ("old 3", "old  3"),
        ("old 3", "old 3 "),
        ("old 3", f"old {'9' * 19}"),
        ("old 3", "old ٣"),
        ("old 3\n", "old 3\r\n"),
        ("old 3\n", "old 3\nAAAA\n"),
        ("old 3\n", "old 3\n" + ("A" * 43 + "=\n") * 63),
        ("old 3\n", "old 3\n" + "A" * 42 + "B=\n"),
        ("old 3\n", "old 3\n" + "*" * 44 + "\n"),
        ("\n8\n", "\n08\n"),
        ("\n8\n", "\n8"),
        ("\n8\n", "\n8\n\n"),
        ("\n\n— ", "\n— "),
        ("— log", "- log"),
        ("— log.example/a ", "— log.example/a "[:-1]),
        ("— log.example/a ", "— log example/a "),
        ("=\n\n— ", "=\n\n\n— "),
        ("log.example/a\n8", "\n8"),
        ("log.example/a\n8", "log\t.example/a\n8"),
    ],
)
def test_malformed_requests_are_bad_requests(witness_of_the_module: Process, old: str, new: str) -> None:
    assert old in BODY

    assert witness_of_the_module.post(BODY.replace(old, new, 1).encode()).status == 400


@pytest.mark.parametrize("body", [b"\xff" + BODY.encode(), BODY.encode()[:-1], BODY.encode() + b"x"])
def test_other_bytes_are_bad_requests(witness_of_the_module: Process, body: bytes) -> None:
    assert witness_of_the_module.post(body).status == 400


@pytest.fixture(scope="module")
def witness_of_the_module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """Give a witness that has cosigned ``THREE``, and that no test makes cosign more."""
    process = Process(tmp_path_factory.mktemp("module") / "witness")
    process.trust(THREE)
    process.start()
    process.post(THREE.body(0))
    yield process
    assert size_at(process) == 3
    process.stop()


def test_large_requests_and_those_without_a_length_are_refused(witness_of_the_module: Process) -> None:
    assert witness_of_the_module.post(b"x" * (256 * 1024 + 1)).status == 413
    assert witness_of_the_module.post(b"", headers={"Transfer-Encoding": "chunked"}).status == 411
    assert witness_of_the_module.post(BODY.encode(), path="/elsewhere").status == 404


def test_a_connection_is_used_again(witness: Process) -> None:
    connection = http.client.HTTPConnection(urlsplit(witness.url).netloc, timeout=20)
    with closing(connection):
        for body, status in ((THREE.body(0), 200), (EIGHT.body(0), 409), (b"", 400), (EIGHT.body(3), 200)):
            connection.request("POST", "/add-checkpoint", body)
            response = connection.getresponse()
            assert (response.status, response.will_close) == (status, False)
            response.read()


def test_a_client_that_sends_nothing_more_keeps_nobody_else_waiting(witness_of_the_module: Process) -> None:
    host, port = urlsplit(witness_of_the_module.url).netloc.split(":")
    with socket.create_connection((host, int(port))) as idle:
        idle.sendall(b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 100\r\n\r\nold")

        assert size_at(witness_of_the_module) == 3


def test_of_requests_at_once_one_is_cosigned_and_the_others_conflict(witness: Process) -> None:
    log = THREE
    witness.post(log.body(0))

    for _ in range(5):
        grown = [log.grown(count, f"writer {count}") for count in range(1, 9)]
        with ThreadPoolExecutor(len(grown)) as threads:
            answers = list(threads.map(witness.post, [one.body(log.size) for one in grown]))

        assert sorted(answer.status for answer in answers) == [200] + [409] * 7
        log = next(one for one, answer in zip(grown, answers, strict=True) if answer.status == 200)
        assert size_at(witness) == log.size


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_what_was_cosigned_is_known_after_a_restart(witness: Process, number: int) -> None:
    key = witness.key
    witness.post(EIGHT.body(0))

    status = witness.stop(number)
    witness.start()

    assert status == (-number if number == signal.SIGKILL else 0)
    assert VerifierKey.parse(witness.state()["witness"]) == key
    assert witness.post(FORK.body(0)) == Answer(409, "8\n", "text/x.tlog.size")
    assert witness.post(FORK.body(8)).status == 422


def test_the_commands_say_what_cannot_be_done(tmp_path: Path) -> None:
    process = Process(tmp_path / "witness")
    assert process.run("init", "fresh", "--name", "fresh.example").stdout.startswith("fresh.example+")
    process.run("trust", "fresh", THREE.key.vkey())
    refusals = [
        ("init", "state", "--name", "other.example"),
        ("init", "new", "--name", "a b"),
        ("trust", "state", "nonsense"),
        ("trust", "state", process.key.vkey()),
        ("trust", "state", THREE.key.vkey().replace("log.example", "lug.example")),
        ("key", "nowhere"),
    ]

    for refused in refusals:
        ended = process.run(*refused, check=False)
        assert (ended.returncode, ended.stdout) == (2, "")
        assert len(ended.stderr.splitlines()) == 1
    assert process.run("key", "state").stdout == process.key.vkey() + "\n"
    assert (tmp_path / "witness" / "state" / "key").stat().st_mode & 0o777 == 0o600


def test_a_witness_without_its_record_does_not_begin_anew(tmp_path: Path) -> None:
    process = Process(tmp_path / "witness")
    (tmp_path / "witness" / "state" / "witness.sqlite").unlink()

    assert process.run("trust", "state", THREE.key.vkey(), check=False).returncode == 2
    assert not (tmp_path / "witness" / "state" / "witness.sqlite").exists()


@given(st.integers(0, 40), st.integers(0, 40), st.lists(st.binary(min_size=32, max_size=32), max_size=2), st.data())
def test_the_witness_and_the_product_agree_on_every_proof(
    old: int, more: int, junk: list[bytes], data: st.DataObject
) -> None:
    log = Log().grown(old + more)
    proof = (log.proof(old) + junk)[data.draw(st.integers(0, 7)) :]
    roots = {"old_root": naive.root(log.entries[:old]), "new_root": naive.root(log.entries)}

    try:
        verify_consistency(old=old, new=log.size, proof=proof, **roots)
        holds = True
    except ProofInvalid:
        holds = False

    assert is_prefix(old, roots["old_root"], log.size, roots["new_root"], proof) == holds
