"""F7: many at the same moment."""

from __future__ import annotations

import json
import os
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus

from bench.faults import client
from bench.faults.outcome import Outcome
from bench.faults.rig import RESULTS, Rig
from bench.uploads import result

AT_ONCE = 100
ROUNDS = 20
ACCEPTED = "SELECT count(*) FROM evidence_decision WHERE revision_id = %s AND kind = 'accepted'"


def same_key(rig: Rig, *, many: int = AT_ONCE) -> Outcome:
    """Send one result so many times at once, from a barrier; those told that it is being worked on ask again."""
    mark = str(uuid.uuid4())
    request = client.result_of_drill(rig.drill(0), rig.made["secret"], mark, result(mark, passed=True))
    answers = at_once([lambda: request.send(rig.address)] * many)
    first = Counter("again" if answer.replayed else str(answer.status) for answer in answers)
    done = [
        request.send_until_done(rig.address) if answer.status == HTTPStatus.CONFLICT else answer for answer in answers
    ]
    numbers = {answer.number for answer in done if answer.status == HTTPStatus.CREATED}
    # How far the log has come with it is told anew each time.
    bodies = {json.dumps(answer.members | {"trail": None}, sort_keys=True) for answer in done}
    broken = []
    if len(bodies) != 1 or {answer.status for answer in done} != {HTTPStatus.CREATED}:
        broken.append(f"{len(bodies)} different answers, {Counter(answer.status for answer in done)}")
    if wrong := [answer.status for answer in answers if answer.status not in {HTTPStatus.CREATED, HTTPStatus.CONFLICT}]:
        broken.append(f"answers {wrong}")
    acked = dict.fromkeys([mark], min(numbers, default=0))
    beside = f"first answers {dict(first)}, {len(numbers)} number in the end"
    return Outcome(f"{many} times the same key at once", acked, rig.stored(RESULTS, [mark]), broken, beside)


def two_approvers(rig: Rig, *, rounds: int = ROUNDS) -> Outcome:
    """Have two persons accept the same revision at once, with the same ``If-Match``."""
    acked: dict[str, int] = {}
    stored: dict[str, list[int]] = {}
    broken, losers = [], Counter[str]()
    for _ in range(rounds):
        mark = str(uuid.uuid4())
        number, etag = submitted(rig, mark)
        path = f"/api/v1/revisions/{number}/accept"
        each = [client.post(path, rig.person(role), {}, If_Match=etag) for role in ("approver", "head")]
        answers = at_once([lambda request=request: request.send(rig.address) for request in each])  # type: ignore[misc]
        won = [answer for answer in answers if answer.status == HTTPStatus.CREATED]
        losers.update(str(answer.status) for answer in answers if answer not in won)
        acked[mark] = number
        stored[mark] = [number] * rig.ask(ACCEPTED, number)[0][0]
        if len(won) != 1 or not all(answer.explains for answer in answers if answer not in won):
            broken.append(f"answers {[answer.status for answer in answers]}")
    beside = f"{rounds} rounds, the other was answered {dict(losers)}"
    return Outcome("two approvers at once", acked, stored, broken, beside)


def submitted(rig: Rig, mark: str) -> tuple[int, str]:
    """Add a revision and submit it; return its number and its ETag."""
    secret = rig.person("owner")
    added = client.revision(secret, mark, os.urandom(1000)).send(rig.address)
    path = f"/api/v1/revisions/{added.number}/submit"
    done = client.post(path, secret, {}, If_Match=added.members["etag"]).send(rig.address)
    if done.status != HTTPStatus.CREATED:
        raise RuntimeError(f"a revision could not be submitted: {done.status} {done.body[:300]!r}")
    return added.number, done.headers["ETag"]


def at_once(calls: Sequence[Callable[[], client.Answer]]) -> list[client.Answer]:
    """Make all calls, each by a thread of its own, from one barrier."""
    barrier = threading.Barrier(len(calls))

    def call(work: Callable[[], client.Answer]) -> client.Answer:
        barrier.wait()
        return work()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(call, calls))
