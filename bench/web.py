"""The web server as the embedded stack runs it, in front of the benchmark's database; and a client that keeps up."""

from __future__ import annotations

import http.client
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import NamedTuple

from bench.stack import ROOT, UNLIMITED, wait_for
from dcase_audit.embedded import plan
from dcase_audit.embedded.run import HOST, listen
from dcase_audit.embedded.valkey import Valkey

FIRST_PORT = 18300
PRODUCT = "dcase_audit.wsgi:application"


class Request(NamedTuple):
    """What a client sends, and the status that it has to be answered with."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""
    expects: int = HTTPStatus.OK


@dataclass(frozen=True)
class Load:
    """What a run of requests took: seconds of each, of all, and of the client's processor."""

    times: list[float]
    took: float
    client: float

    @property
    def rate(self) -> float:
        """Requests a second."""
        return len(self.times) / self.took

    @property
    def client_share(self) -> float:
        """How much of one processor the client used: far below 1, it kept nobody waiting."""
        return self.client / self.took


@contextmanager
def broker() -> Iterator[None]:
    """Run the embedded broker: what publishes a job pays for it."""
    valkey = Valkey(Path(os.environ["DATA_DIR"]) / "valkey")
    server = subprocess.Popen(valkey.command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(valkey.answers, 30, "the broker")
        os.environ["CELERY_BROKER_URL"] = valkey.url
        yield
    finally:
        os.environ["CELERY_BROKER_URL"] = "memory://"
        server.terminate()
        server.wait()


@contextmanager
def serving(application: str = PRODUCT, *, asks: str = "/livez", **environ: str) -> Iterator[int]:
    """Serve ``application`` by gunicorn with the arguments of the embedded stack; yield the port."""
    with listen(FIRST_PORT) as listener:
        port: int = listener.getsockname()[1]
        home = Path(os.environ["DATA_DIR"])
        web = next(each for each in plan.servers(listener.fileno(), home, with_demo=False) if each.name == "web")
        argv = [application if word == PRODUCT else word for word in web.argv]
        told = {**os.environ, **web.environ, **UNLIMITED, "PORT": str(port), **environ}
        server = subprocess.Popen(argv, cwd=ROOT, env=told, pass_fds=web.descriptors)
    try:
        wait_for(lambda: server.poll() is not None or _answers(port, asks), 120, "the web server")
        yield port
    finally:
        server.terminate()
        server.wait()


def _answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=10)
    try:
        connection.request("GET", path)
        return connection.getresponse().status < HTTPStatus.INTERNAL_SERVER_ERROR
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def load(port: int, requests: Sequence[Request], *, connections: int = 1) -> Load:
    """Send the requests over so many connections that are kept alive, each one after the other."""
    shares = [requests[number::connections] for number in range(connections)]
    opened = [_open(port, share[0].headers) for share in shares]
    begun, used = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(connections) as pool:
        times = [one for share in pool.map(_send, opened, shares) for one in share]
    took, client = time.perf_counter() - begun, time.process_time() - used
    for connection in opened:
        connection.close()
    return Load(times, took, client)


def _open(port: int, headers: Mapping[str, str]) -> http.client.HTTPConnection:
    connection = http.client.HTTPConnection(HOST, port, timeout=60)
    connection.connect()
    return connection


def _send(connection: http.client.HTTPConnection, requests: Sequence[Request]) -> list[float]:
    times = []
    socket = connection.sock
    for request in requests:
        begun = time.perf_counter()
        connection.request(request.method, request.path, request.body or None, dict(request.headers))
        response = connection.getresponse()
        text = response.read()
        times.append(time.perf_counter() - begun)
        if response.status != request.expects:
            raise RuntimeError(f"{request.method} {request.path}: {response.status} {text[:500]!r}")
    if connection.sock is not socket:
        raise RuntimeError("the server did not keep the connection")
    return times


def rounds(count: int, works: Sequence[Callable[[], Load]]) -> list[list[Load]]:
    """Run the works in turn, several times over, so that a busy moment of the machine meets all of them."""
    found: list[list[Load]] = [[] for _ in works]
    for _ in range(count):
        for loads, work in zip(found, works, strict=True):
            loads.append(work())
    return found
