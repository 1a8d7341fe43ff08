"""F2 and F8: the server dies while it receives, the client is gone before it is answered."""

from __future__ import annotations

import hashlib
import json
import os
import time
import uuid
from collections.abc import Sequence
from http import HTTPStatus

from bench.faults import client
from bench.faults.outcome import Outcome
from bench.faults.rig import RESULTS, REVISIONS, Rig, Web
from bench.stack import PATIENCE, wait_for
from bench.uploads import result

SHARES = (0.1, 0.3, 0.5, 0.7, 0.9, 1.0)
SIZE = 8 * 1024 * 1024
GONE = 20
CALLS, LINES = 5, 500
TWO_DAYS = 2 * 24 * 3600


def web_killed(rig: Rig, *, shares: Sequence[float] = SHARES) -> Outcome:
    """Kill the whole web server when a share of an 8 MiB file was sent; send the file again to the next one.

    After a share of 1 nobody knows whether it was stored; after less it may not be.
    """
    web, acked, broken, left = Web(rig), {}, [], 0
    secret, digests = rig.person("owner"), set[str]()
    for share in shares:
        mark, content = str(uuid.uuid4()), os.urandom(SIZE)
        sha256 = hashlib.sha256(content).hexdigest()
        request = client.revision(secret, mark, content)
        with web.running() as address:
            opened = request.send_share(address, share)
            web.kill()
            opened.close()
        if share < 1 and (rig.stored(REVISIONS, [mark]) or _files(web) - digests):
            broken.append(f"something was stored of {share:.0%} of a file")
        left += _made_old(web)
        with web.running() as address:
            answer = request.send_until_done(address)
            found = client.get(f"/api/v1/revisions/{answer.number}/files/{sha256}", secret).send(address)
        acked[mark] = answer.number
        digests.add(sha256)
        if answer.status != HTTPStatus.CREATED or found.body != content:
            broken.append(f"sent again after {share:.0%}: {answer.status}, {len(found.body)} bytes")
    if _files(web) != digests:
        broken.append(f"{len(_files(web) ^ digests)} files that nobody was told of, or that are missing")
    if unswept := _temporary(web):
        broken.append(f"{unswept} temporary files not swept")
    beside = f"{len(shares)} kills at {shares[0]:.0%} to {shares[-1]:.0%} of {SIZE >> 20} MiB, {left} temporaries left"
    return Outcome("kill -9 of web in an upload", acked, rig.stored(REVISIONS, list(acked)), broken, beside)


def web_killed_between_lines(rig: Rig, *, times: int = CALLS, lines: int = LINES) -> Outcome:
    """Kill the whole web server when it has stored some lines of a call; send the same call to the next one."""
    # Into the files of the stack, whose reports are to find them.
    web = Web(rig, OBJECT_STORE_URL=rig.objects.as_uri())
    acked: dict[str, int] = {}
    broken, before = [], []
    for number in range(times):
        marks = [str(uuid.uuid4()) for _ in range(lines)]
        request = client.results_of_drills(
            rig.made["secret"],
            [(rig.drill(number + n), mark, result(mark, passed=True)) for n, mark in enumerate(marks)],
        )
        with web.running() as address:
            opened = request.send_share(address, 1.0)
            wait_for(lambda marks=marks: bool(rig.stored(RESULTS, marks)), PATIENCE, "the first lines")  # type: ignore[misc]
            web.kill()
            opened.close()
        before.append(len(rig.stored(RESULTS, marks)))
        with web.running() as address:
            answer = request.send_until_done(address)
        answers = [json.loads(line) for line in answer.body.splitlines()] if answer.status == HTTPStatus.OK else []
        taken = {line["key"]: int(line["receipt"]["id"]) for line in answers if line["status"] == HTTPStatus.CREATED}
        if list(taken) != marks:
            broken.append(f"sent again: {answer.status}, {len(taken)} of {lines} lines taken")
        acked |= taken
    beside = f"{times} calls of {lines} lines, of which {', '.join(map(str, before))} were stored at the kill"
    return Outcome("kill -9 of web in a call of many", acked, rig.stored(RESULTS, list(acked)), broken, beside)


def client_gone(rig: Rig, *, times: int = GONE) -> Outcome:
    """Send all, close the socket before the answer, and send it again: results of drills and files of 1 MiB in turn.

    Half of the retries come when the first sending is stored, the others at once after a reset, which may lose it.
    """
    acked: dict[str, int] = {}
    broken, replayed, marks = [], 0, []
    for number in range(times):
        mark, is_file = str(uuid.uuid4()), number % 2 == 0
        marks.append(mark)
        request = (
            client.revision(rig.person("owner"), mark, os.urandom(1 << 20))
            if is_file
            else client.result_of_drill(rig.drill(number), rig.made["secret"], mark, result(mark, passed=True))
        )
        opened = request.send_share(rig.address, 1.0)
        query = REVISIONS if is_file else RESULTS
        if number % 4 < 2:
            opened.close()
            wait_for(lambda query=query, mark=mark: bool(rig.stored(query, [mark])), PATIENCE, "the upload")  # type: ignore[misc]
        else:
            client.drop(opened)
        before = rig.stored(query, [mark]).get(mark, [])
        answer = request.send_until_done(rig.address)
        acked[mark] = answer.number
        replayed += answer.replayed
        if answer.status != HTTPStatus.CREATED or (before and answer.number != before[0]):
            broken.append(f"{answer.status}: stored as {before}, answered as {answer.number}")
    stored = rig.stored(REVISIONS, marks[::2]) | rig.stored(RESULTS, marks[1::2])
    beside = f"{times} times, {replayed} answered with the first answer"
    return Outcome("client gone before the answer", acked, stored, broken, beside)


def _files(web: Web) -> set[str]:
    """Return the names of the final files."""
    return {path.name for path in web.objects.glob("??/??/*")}


def _scratch(web: Web) -> list[os.PathLike[str]]:
    return [*web.temporary.iterdir(), *web.objects.glob("tmp/*")]


def _temporary(web: Web) -> int:
    return len(_scratch(web))


def _made_old(web: Web) -> int:
    """Let what a killed server left be two days old, when the next one sweeps it; return how many files."""
    long_ago = time.time() - TWO_DAYS
    found = _scratch(web)
    for path in found:
        os.utime(path, (long_ago, long_ago))
    return len(found)
