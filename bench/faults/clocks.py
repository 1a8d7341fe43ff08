"""F6: the clock of the web server jumps."""

from __future__ import annotations

import os
import uuid
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from pathlib import Path

from bench.faults import client
from bench.faults.outcome import Outcome
from bench.faults.rig import RESULTS, REVISIONS, Rig, Web
from bench.uploads import result

JUMPS = ("+1h", "-1h", "-1d", "+10y")
FAULT = "the clock of web jumps"
NO_LIBRARY = "libfaketime is not installed (apt install faketime)"
# Python sleeps until a moment of the monotonic clock, which libfaketime 0.9.10 takes for one of the other.
SLEEP = """
import select, time
time.sleep = lambda seconds: select.select([], [], [], seconds) and None
"""
LATE = (
    "SELECT kind, run_at FROM jobs_job WHERE state = 'queued' AND attempts = 0 AND run_at > now() + interval '1 minute'"
)
NUMBERS = "SELECT note, number FROM evidence_revision WHERE note = ANY(%s)"


def library() -> Path | None:
    """Return libfaketime as it is for programs with threads; None where it is not installed."""
    return next(iter(sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))), None)


def clock_jumps(rig: Rig, *, jumps: Sequence[str] = JUMPS) -> Outcome:
    """Serve under each clock: upload a result and a revision, submit, accept and read; then again by the true one."""
    acked: dict[str, int] = {}
    results: list[str] = []
    revisions: list[str] = []
    broken, said = [], []
    for jump in (*jumps, ""):
        with Web(rig, **_clock(jump, rig.home / "clock")).running() as address:
            answers = _day(rig, address, results, revisions, acked)
        said.append(f"{jump or 'true'} {'/'.join(str(answer.status) for answer in answers)}")
        broken += [
            f"{jump}: {answer.status} {answer.headers.get('Content-Type', '')}"
            for answer in answers
            if answer.status >= HTTPStatus.BAD_REQUEST and not answer.explains
        ]
    kept = [mark for mark in revisions if mark in acked]
    numbers = dict(rig.ask(NUMBERS, kept))
    if [numbers[mark] for mark in kept] != sorted(numbers.values()):
        broken.append("revisions are numbered in another order than they came")
    broken += [f"{kind} waits until {run_at:%F %H:%M}" for kind, run_at in rig.ask(LATE)]
    stored = rig.stored(REVISIONS, revisions) | rig.stored(RESULTS, results)
    beside = f"result/revision/submitted/accepted/list: {', '.join(said)}"
    return Outcome(FAULT, acked, stored, broken, beside)


def _day(
    rig: Rig, address: client.Address, results: list[str], revisions: list[str], acked: dict[str, int]
) -> list[client.Answer]:
    """Do what people and machines do in a day, and return the answers."""
    owner, mark, note = rig.person("owner"), str(uuid.uuid4()), str(uuid.uuid4())
    results.append(mark)
    revisions.append(note)
    body = result(mark, passed=True)
    answers = [
        client.result_of_drill(rig.drill(0), rig.made["secret"], mark, body).send(address),
        client.revision(owner, note, os.urandom(1000)).send(address),
    ]
    for answer, name in zip(list(answers), (mark, note), strict=True):
        if answer.status == HTTPStatus.CREATED:
            acked[name] = answer.number
    if answers[-1].status == HTTPStatus.CREATED:
        path, etag = f"/api/v1/revisions/{answers[-1].number}", answers[-1].members["etag"]
        answers.append(client.post(f"{path}/submit", owner, {}, If_Match=etag).send(address))
        etag = answers[-1].headers.get("ETag", etag)
        answers.append(client.post(f"{path}/accept", rig.person("approver"), {}, If_Match=etag).send(address))
    answers.append(client.get("/api/v1/artefacts", owner).send(address))
    return answers


def _clock(jump: str, home: Path) -> Mapping[str, str]:
    """Return what gives a process the clock; time-outs and the times of files stay as they are."""
    if not jump:
        return {}
    home.mkdir(exist_ok=True)
    (home / "sitecustomize.py").write_text(SLEEP)
    return {
        "LD_PRELOAD": str(library()),
        "FAKETIME": jump,
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "NO_FAKE_STAT": "1",
        "PYTHONPATH": str(home),
    }
