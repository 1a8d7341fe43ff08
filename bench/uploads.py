"""Honest clients: each upload has an Idempotency-Key and is sent until it is acknowledged."""

from __future__ import annotations

import http
import http.client
import json
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

AGAIN = frozenset({409, 429, 500, 502, 503, 504})
PAUSE = 0.05
REST = 0.2


@dataclass
class Tally:
    """What the clients saw; ``acked`` maps the mark that each upload bears to the number it was given.

    ``answers`` counts every sending by its status, by ``again`` where the answer was one given before, or by
    ``nothing`` where none came.
    """

    acked: dict[str, int] = field(default_factory=dict)
    answers: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)


def result(mark: str, *, passed: bool) -> bytes:
    """Return a result of a drill, in the native format; ``mark`` is its note."""
    held = datetime.now(UTC) - timedelta(hours=1)
    told = {
        "schema": "dcase-drill/1",
        "started_at": held.isoformat(),
        "ended_at": (held + timedelta(minutes=40)).isoformat(),
        "check_items": [{"text": "予備系へ切り替わる", "result": "pass" if passed else "fail"}],
        "note": mark,
    }
    return json.dumps(told).encode()


class Uploaders:
    """Clients that upload results of drills, one each, until they are told to stop; then each finishes its last."""

    def __init__(
        self, address: Callable[[], tuple[str, int] | None], secret: str, drills: list[str], many: int
    ) -> None:
        self.tally = Tally()
        self._address, self._secret, self._drills = address, secret, drills
        self._enough = threading.Event()
        self._pool = ThreadPoolExecutor(many)
        self._clients: list[Future[None]] = [self._pool.submit(self._upload, number) for number in range(many)]

    def stop(self) -> Tally:
        """Have each client finish what it is sending; raise what went wrong in any of them."""
        self._enough.set()
        for client in self._clients:
            client.result()
        self._pool.shutdown()
        return self.tally

    def acked(self) -> int:
        """Return how many uploads were acknowledged so far; raise if a client has given up."""
        for client in self._clients:
            if client.done():
                client.result()
        with self.tally.lock:
            return len(self.tally.acked)

    def _upload(self, number: int) -> None:
        turn = 0
        while not self._enough.wait(PAUSE):
            drill = self._drills[(number + turn) % len(self._drills)]
            self._until_acknowledged(drill, passed=turn % 2 == 0)
            turn += 1

    def _until_acknowledged(self, drill: str, *, passed: bool) -> None:
        mark = str(uuid.uuid4())
        body = result(mark, passed=passed)
        headers = {
            "Authorization": f"Bearer {self._secret}",
            "Content-Type": "application/json",
            "Idempotency-Key": mark,
        }
        while (answer := self._send(f"/api/v1/drills/{drill}/results", body, headers)) is None:
            time.sleep(REST)  # whoever was not answered comes back after a while
        with self.tally.lock:
            self.tally.acked[mark] = answer

    def _send(self, path: str, body: bytes, headers: dict[str, str]) -> int | None:
        """Send once; return the number that the result was given, or None if nobody knows what became of it."""
        address = self._address()
        if address is None:
            return None
        connection = http.client.HTTPConnection(*address, timeout=30)
        answer = "nothing"
        try:
            connection.request("POST", path, body, headers)
            response = connection.getresponse()
            text = response.read()
            replayed = response.headers.get("Idempotent-Replayed") == "true"
            answer = "again" if replayed else str(response.status)
            if response.status == http.HTTPStatus.SERVICE_UNAVAILABLE and "Retry-After" not in response.headers:
                answer += " without Retry-After"
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()
            with self.tally.lock:
                self.tally.answers[answer] += 1
        if response.status in AGAIN:
            return None
        if response.status != 201:
            raise RuntimeError(f"an upload was refused: {response.status} {text.decode(errors='replace')}")
        return int(json.loads(text)["id"])
