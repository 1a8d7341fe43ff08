"""The client of a witness: what it follows, what it believes, and what it says when it is refused."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from dcase_audit.trail.tlog.notes import COSIGNATURE, Note, SigningKey, verify
from dcase_audit.trail.witnessing import WitnessRefused, WitnessUnavailable, cosigned
from tests.trail.witnesses import Log, Process

THREE = Log().grown(3)
EIGHT = THREE.grown(5)
KEY = SigningKey("witness.example", bytes([5] * 32), COSIGNATURE)


@pytest.fixture
def witness(tmp_path: Path) -> Iterator[Process]:
    process = Process(tmp_path / "witness")
    process.trust(THREE)
    process.start()
    yield process
    process.stop()


def ask(witness: Process, log: Log, old: int) -> Note:
    lines = cosigned(witness.url, log.note(), old, log.proof, [witness.key], timeout=10)
    return log.note().with_signatures(*lines)


@pytest.mark.parametrize("old", [3, 0, 8])
def test_a_cosignature_comes_back_whatever_the_witness_was_thought_to_have_seen(witness: Process, old: int) -> None:
    ask(witness, THREE, 0)

    note = ask(witness, EIGHT, old)

    assert [found.key for found in verify(note, [witness.key])] == [witness.key]


def test_a_fork_is_refused_and_the_witness_quoted(witness: Process) -> None:
    ask(witness, EIGHT, 0)

    with pytest.raises(WitnessRefused, match="422: the proof does not show") as refused:
        ask(witness, THREE.grown(6, "other"), 3)
    assert refused.value.status == 422


def test_another_root_at_one_size_is_refused(witness: Process) -> None:
    ask(witness, EIGHT, 0)

    with pytest.raises(WitnessRefused, match="another root at size 8"):
        ask(witness, THREE.grown(5, "other"), 8)


def test_a_rollback_is_refused_with_the_size_that_was_seen(witness: Process) -> None:
    ask(witness, EIGHT, 0)

    with pytest.raises(WitnessRefused, match="has cosigned size 8, and this checkpoint has 3") as refused:
        ask(witness, THREE, 3)
    assert refused.value.size == 8


def test_an_unknown_log_is_refused(witness: Process) -> None:
    with pytest.raises(WitnessRefused, match="404: the log is not known"):
        ask(witness, Log([], SigningKey("other.example", bytes(32))), 0)


def test_a_key_that_was_not_agreed_on_is_refused(witness: Process) -> None:
    with pytest.raises(WitnessRefused, match="no known key"):
        cosigned(witness.url, THREE.note(), 0, THREE.proof, [KEY.verifier], timeout=10)


def test_proxies_of_the_environment_are_not_asked_for_loopback(
    witness: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)

    assert ask(witness, THREE, 0)


def test_nobody_there_is_unavailable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    with pytest.raises(WitnessUnavailable):
        cosigned(f"http://127.0.0.1:{port}", THREE.note(), 0, THREE.proof, [KEY.verifier], timeout=5)


def test_silence_is_unavailable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"

        with pytest.raises(WitnessUnavailable, match="timed out"):
            cosigned(url, THREE.note(), 0, THREE.proof, [KEY.verifier], timeout=0.2)


def test_other_addresses_than_of_the_web_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="not the address"):
        cosigned("file:///etc", THREE.note(), 0, THREE.proof, [KEY.verifier], timeout=1)


@contextmanager
def answering(*answers: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[str]:
    """Serve these answers one after the other, as a witness that is not ours might."""
    waiting = list(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            waiting.pop(0)(self)

        def log_message(self, format: str, *arguments: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/prefix/"
        finally:
            server.shutdown()
            thread.join()
    assert not waiting


def answer(
    status: int, body: bytes = b"", headers: dict[str, str] | None = None
) -> Callable[[BaseHTTPRequestHandler], None]:
    def send(handler: BaseHTTPRequestHandler) -> None:
        assert handler.path == "/prefix/add-checkpoint"
        handler.send_response(status)
        for name, value in (headers or {}).items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    return send


GOOD = KEY.cosign(THREE.note().text, 1_800_000_000).line().encode()
STRANGER = SigningKey("witness.example", bytes(32), COSIGNATURE).cosign(THREE.note().text, 1).line().encode()


def asked(url: str) -> list[str]:
    found = cosigned(url, THREE.note(), 0, THREE.proof, [KEY.verifier], timeout=5)
    return [signature.line() for signature in found]


def test_cosignatures_of_other_keys_are_left_out() -> None:
    with answering(answer(200, STRANGER + GOOD)) as url:
        assert asked(url) == [GOOD.decode()]


@pytest.mark.parametrize(
    ("answers", "word"),
    [
        ([answer(200)], "no good cosignature"),
        ([answer(200, b"\xff\n")], "no good cosignature"),
        ([answer(200, b"<html>\n")], "no good cosignature"),
        ([answer(200, STRANGER)], "no known key"),
        ([answer(200, KEY.cosign("other\n", 1).line().encode())], "does not verify"),
        ([answer(200, GOOD + KEY.cosign("other\n", 1).line().encode())], "does not verify"),
        ([answer(204)], "204"),
        ([answer(302, b"", {"Location": "http://127.0.0.1:9/"})], "302"),
        ([answer(400, b"why\n")], "400: why"),
        ([answer(403, b"x" * 1000)], "403: x{500}$"),
        ([answer(409, b"no size")], "409: no size"),
        ([answer(409, b"01\n")], "409: 01"),
        ([answer(409, b"0\n")], "another root"),
        ([answer(409, b"4\n")], "has cosigned size 4"),
        ([answer(409, b"2\n"), answer(409, b"1\n")], "409: 1"),
    ],
)
def test_answers_without_a_good_cosignature_are_refusals(
    answers: list[Callable[[BaseHTTPRequestHandler], None]], word: str
) -> None:
    with answering(*answers) as url, pytest.raises(WitnessRefused, match=word):
        asked(url)


@pytest.mark.parametrize(
    "given",
    [
        answer(500, b"why"),
        answer(503),
        answer(429),
        answer(200, GOOD[:20], {"Content-Length": str(len(GOOD))}),
        answer(200, b"x" * 70_000),
    ],
)
def test_passing_troubles_are_unavailable(given: Callable[[BaseHTTPRequestHandler], None]) -> None:
    with answering(given) as url, pytest.raises(WitnessUnavailable):
        asked(url)
