"""``dcase-upload`` as a pipeline runs it: another process, with a token in its environment."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from pytest_django.live_server_helper import LiveServer

import drills
from drills.models import DrillResult, RefusedUpload
from tests.cast import make_cast
from tests.drills import foreign
from tests.drills.samples import native

COMMAND = Path(drills.__file__).parent / "upload.py"
ON_TIME = [{"measure": "switch_over_confirmed", "value": "PT9M"}]
LATE = [{"measure": "switch_over_confirmed", "value": "PT19M"}]


class Done(NamedTuple):
    status: int
    said: str
    told: str

    @property
    def receipt(self) -> Any:
        return json.loads(self.said)


def run(url: str, path: Path, *more: str, token: str = "dca_secret", limit: int | None = None) -> Done:
    def limited() -> None:
        if limit:
            resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))

    command = [sys.executable, "-I", str(COMMAND), "night-failover", str(path), "--url", url, *more]
    environment = {"PATH": os.environ["PATH"], "DCASE_TOKEN": token, "no_proxy": "*"}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=120, preexec_fn=limited
    )
    assert "dca_secret" not in done.stdout + done.stderr
    return Done(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def result(tmp_path: Path) -> Callable[..., Path]:
    def write(**changes: Any) -> Path:
        path = tmp_path / "result.json"
        path.write_text(json.dumps(native(**{"measures": ON_TIME} | changes)))
        return path

    return write


# Against the product


@pytest.mark.django_db(transaction=True)
def test_however_often_it_is_sent_there_is_one_record(
    live_server: LiveServer, the_clock: object, result: Callable[..., Path]
) -> None:
    token = make_cast().secrets["robot"]
    path = result()

    first = run(live_server.url, path, token=token)
    again = run(f"{live_server.url}/", path, token=token)

    assert (first.status, again.status) == (0, 0), first.told + again.told
    assert first.receipt["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert first.receipt["id"] == again.receipt["id"] == DrillResult.objects.get().pk
    assert "passed, kept as /api/v1/drill-results/" in first.told


@pytest.mark.django_db(transaction=True)
def test_it_exits_by_the_verdict_and_says_what_is_refused(
    live_server: LiveServer, the_clock: object, result: Callable[..., Path], tmp_path: Path
) -> None:
    token = make_cast().secrets["robot"]
    broken = tmp_path / "broken.json"
    broken.write_text('{"schema": "dcase-drill/1"}')

    failed = run(live_server.url, result(measures=LATE), token=token)
    inconclusive = run(live_server.url, result(measures=[]), token=token)
    refused = run(live_server.url, broken, token=token)
    unknown = run(live_server.url, result(), token="dca_secret_of_nobody")

    assert [failed.status, inconclusive.status, refused.status, unknown.status] == [1, 2, 3, 3], refused.told
    assert failed.receipt["verdict"] == "failed"
    assert "422: " in refused.told and "/started_at: " in refused.told
    assert "401: " in unknown.told
    assert RefusedUpload.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_it_states_when_the_drill_was_held_where_the_file_does_not(
    live_server: LiveServer, the_clock: object, tmp_path: Path
) -> None:
    token = make_cast().secrets["robot"]
    report = tmp_path / "report.xml"
    report.write_bytes(foreign.junit(timestamp="2026-11-20T01:00:00"))
    stated = ("--started-at", "2026-11-20T01:00:00+09:00", "--ended-at", "2026-11-20T01:10:00+09:00")

    done = run(live_server.url, report, "--format", "junit", *stated, token=token)

    assert done.receipt["occurrence"]["planned_at"] == "2026-11-19T16:00:00+00:00", done.told
    assert DrillResult.objects.get().doubts[-1]["code"] == "times_stated"


# Against servers that misbehave


class Server(NamedTuple):
    """A server that gives these answers in turn, and what it was sent."""

    url: str
    received: list[tuple[dict[str, str], bytes]]


@pytest.fixture
def answering() -> Iterator[Callable[..., Server]]:
    running: list[ThreadingHTTPServer] = []

    def start(*answers: Any) -> Server:
        left, received = list(answers), []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                digest, head = hashlib.sha256(), b""
                while length:
                    piece = self.rfile.read(min(length, 1 << 20))
                    digest.update(piece)
                    head, length = head or piece, length - len(piece)
                received.append((dict(self.headers), head))
                answer = left.pop(0) if len(left) > 1 else left[0]
                if answer is None:
                    self.connection.close()
                    return
                status, headers, body = answer
                said = json.dumps(body).encode()
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(said))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, format: str, *args: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        running.append(server)
        return Server(f"http://127.0.0.1:{server.server_address[1]}", received)

    yield start
    for server in running:
        server.shutdown()
        server.server_close()


def receipt_for(path: Path) -> tuple[int, dict[str, str], Any]:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return 201, {}, {"verdict": "passed", "href": "/api/v1/drill-results/1", "sha256": digest, "warnings": []}


def test_what_passes_is_tried_again_with_the_same_key(
    answering: Callable[..., Server], result: Callable[..., Path]
) -> None:
    path = result()
    busy = (503, {"Retry-After": "0"}, {"title": "The database is away"})
    running = (409, {"Retry-After": "0"}, {"type": "https://dcase.example/problems/idempotency-still-running"})
    server = answering(busy, None, running, receipt_for(path))

    done = run(server.url, path)

    assert done.status == 0, done.told
    assert len(server.received) == 4
    assert len({headers["Idempotency-Key"] for headers, _ in server.received}) == 1
    assert "503: The database is away" in done.told


def test_what_does_not_pass_is_not_tried_again(answering: Callable[..., Server], result: Callable[..., Path]) -> None:
    reused: Any = (409, {}, {"type": "about:blank", "title": "Conflict"})
    server = answering(reused)

    assert run(server.url, result()).status == 3
    assert len(server.received) == 1


def test_without_an_answer_it_gives_up_in_time(answering: Callable[..., Server], result: Callable[..., Path]) -> None:
    away = run(answering((503, {"Retry-After": "3600"}, {})).url, result(), "--timeout", "5")
    nobody = run("http://127.0.0.1:9", result(), "--timeout", "2")

    assert (away.status, nobody.status) == (4, 4)
    assert "no receipt in time" in away.told


def test_the_token_follows_no_redirect_and_no_plain_address(
    answering: Callable[..., Server], result: Callable[..., Path]
) -> None:
    path = result()
    elsewhere = answering(receipt_for(path))
    server = answering((307, {"Location": f"{elsewhere.url}/"}, {}))

    assert run(server.url, path).status == 3
    assert elsewhere.received == []
    assert "https only" in run("http://dcase.example", path).told
    assert run("ftp://dcase.example", path).status == 3


def test_a_receipt_for_other_bytes_or_none_is_no_success(
    answering: Callable[..., Server], result: Callable[..., Path]
) -> None:
    path = result()
    status, headers, receipt = receipt_for(path)

    other = run(answering((status, headers, {**receipt, "sha256": "0" * 64})).url, path)
    page = run(answering((200, {}, ["a login page"])).url, path)

    assert (other.status, page.status) == (3, 3)
    assert "other bytes" in other.told and "no receipt" in page.told


def test_a_large_file_is_streamed(answering: Callable[..., Server], tmp_path: Path) -> None:
    path = tmp_path / "large.log"
    with path.open("wb") as file:
        file.truncate(300 << 20)
    digest = subprocess.run(["sha256sum", str(path)], capture_output=True, text=True, check=True).stdout.split()[0]
    server = answering((201, {}, {"verdict": "passed", "href": "/x", "sha256": digest, "warnings": []}))

    done = run(server.url, path, "--format", "junit", limit=64 << 20)

    assert done.status == 0, done.told
    assert server.received[0][0]["Content-Length"] > str(300 << 20)


@pytest.mark.parametrize("token", ["", " "])
def test_without_a_token_nothing_is_sent(token: str, answering: Callable[..., Server], tmp_path: Path) -> None:
    server = answering((500, {}, {}))

    assert run(server.url, tmp_path / "missing", token=token).status == 3
    assert run(server.url, tmp_path / "missing").status == 3
    assert server.received == []


def test_it_runs_on_python_39_without_any_package() -> None:
    vermin = [str(Path(sys.executable).with_name("vermin")), "--target=3.9-", "--no-tips", "--violations", str(COMMAND)]
    done = subprocess.run(vermin, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout
