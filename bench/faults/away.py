"""F3: PostgreSQL is killed under load and comes back, while the web server runs on."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from bench.faults import client
from bench.faults.outcome import Outcome
from bench.faults.rig import RESULTS, Rig
from bench.stack import PATIENCE, wait_for
from bench.uploads import Uploaders

ROUNDS = 10
CLIENTS = 4
BETWEEN = 6
# So many answers have to come while it is away.
MEANWHILE = 8
PAUSE = 0.05
AWAY = HTTPStatus.SERVICE_UNAVAILABLE


def database_killed(rig: Rig, *, rounds: int = ROUNDS) -> Outcome:
    """Kill it so many times under four clients that upload and one that reads pages and lists."""
    uploaders = Uploaders(lambda: rig.address, rig.made["secret"], rig.made["drills"], CLIENTS)
    seen: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    try:
        with _reading(rig, seen, wrong):
            for _ in range(rounds):
                _until_acked(uploaders, BETWEEN)
                before = _refused(seen, uploaders)
                rig.kill_database()
                wait_for(lambda before=before: _refused(seen, uploaders) >= before + MEANWHILE, PATIENCE, "503")  # type: ignore[misc]
                rig.start_database()
            _until_acked(uploaders, BETWEEN)
    finally:
        tally = uploaders.stop()
    broken = [f"{path} was answered {many} times" for path, many in wrong.items()]
    unmeant = {name: many for name, many in tally.answers.items() if name not in {"201", "again", "409", "503"}}
    if unmeant:
        broken.append(f"uploads were answered {unmeant}")
    beside = f"{rounds} kills; uploads {dict(tally.answers)}; reads {dict(seen)}"
    stored = rig.stored(RESULTS, list(tally.acked))
    return Outcome("kill -9 of PostgreSQL, web runs on", tally.acked, stored, broken, beside)


def _until_acked(uploaders: Uploaders, more: int) -> None:
    wanted = uploaders.acked() + more
    wait_for(lambda: uploaders.acked() >= wanted, PATIENCE, f"{more} uploads")


def _refused(seen: Counter[str], uploaders: Uploaders) -> int:
    """Return how many answers were a 503, of both kinds at least one."""
    uploads = uploaders.tally.answers["503"]
    return min(seen["503"], uploads) if min(seen["503"], uploads) == 0 else seen["503"] + uploads


@contextmanager
def _reading(rig: Rig, seen: Counter[str], wrong: Counter[str]) -> Iterator[None]:
    """Read on and on in a thread: the API, pages of a person who is logged in, and the page of who is not."""
    enough = threading.Event()
    cookie = {"Cookie": f"sessionid={rig.made['session']}"}
    reads = [
        client.get("/api/v1/artefacts", rig.person("owner")),
        client.Request("GET", "/", cookie),
        client.Request("GET", "/cases/bench/", cookie),
        client.Request("GET", "/login/", cookie),
        client.Request("GET", "/readyz", {}),
    ]

    def read() -> None:
        turn = 0
        while not enough.wait(PAUSE):
            request = reads[turn % len(reads)]
            turn += 1
            try:
                answer = request.send(rig.address)
            except OSError as error:
                wrong[f"{request.path} {type(error).__name__}"] += 1
                continue
            seen[str(answer.status)] += 1
            if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR and answer.status != AWAY:
                wrong[f"{request.path} {answer.status}"] += 1
            if answer.status == AWAY and "Retry-After" not in answer.headers:
                wrong[f"{request.path} 503 without Retry-After"] += 1

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield
    finally:
        enough.set()
        reader.join()
