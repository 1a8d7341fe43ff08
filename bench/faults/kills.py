"""Kill each supervised process while clients upload: nothing acknowledged is lost, nothing doubled, all work ends."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import psycopg

from bench.faults import client
from bench.stack import INTERVAL, PATIENCE, ROOT, TARGETS, Stack, Target, wait_for
from bench.table import Row
from bench.uploads import Tally, Uploaders
from bench.uploads_world import made_for
from dcase_audit.embedded.database import Database

PORT = 18200
CLIENTS = 4
KILLS = 20
# Uploads that have to be acknowledged before the next kill.
BETWEEN = 12

STORED = """
SELECT d.id, r.note FROM drills_drillresult d JOIN evidence_revision r ON r.id = d.revision_id ORDER BY d.id
"""
OPEN_JOBS = "SELECT count(*) FROM jobs_job WHERE state IN ('queued', 'running')"
ACTING = "SELECT set_config('trail.context', '{\"actor\": \"bench\"}', false)"
RENDERING = "SELECT 1 FROM jobs_job WHERE kind = 'reports.render' AND state = 'running'"
REPORTS = "SELECT state, count(*) FROM reports_accountabilityreport GROUP BY state"
FINISHED = "SELECT count(*), trail.waiting_since() IS NULL FROM trail.log WHERE kind = 'report.finished'"
# Killed while they work.
BUSY = frozenset({"worker", "pool child"})


@dataclass(frozen=True)
class Kill:
    """One kill: the seconds until the next upload was acknowledged, and of them those until all had ended.

    ``ended`` is None where the rest ran on, so that nothing had to be started again.
    """

    target: str
    away: float
    ended: float | None
    acked: int
    stored: int
    doubled: int


@dataclass(frozen=True)
class Outcome:
    """What a run of kills came to."""

    kills: list[Kill]
    tally: Tally
    stored: dict[str, list[int]]
    revisions: int
    jobs: dict[str, int]
    reports: dict[str, int]
    finished: int
    last_start: float
    last_status: int

    @property
    def lost(self) -> list[str]:
        """Uploads that were acknowledged and are not there under the number that was given."""
        return [mark for mark, number in self.tally.acked.items() if number not in self.stored.get(mark, [])]

    @property
    def doubled(self) -> list[str]:
        return [mark for mark, numbers in self.stored.items() if len(numbers) > 1]

    @property
    def unasked(self) -> list[str]:
        """Uploads that are there and that no client knows of: every client went on until it was answered."""
        return [mark for mark in self.stored if mark not in self.tally.acked]

    @property
    def sound(self) -> bool:
        whole = not (self.lost or self.doubled or self.unasked) and self.revisions == len(self.stored)
        once = set(self.jobs) <= {"done"} and self.reports == {"done": self.finished}
        return whole and once and self.last_status == 0


def faults() -> list[Row]:
    """Kill twenty times in turn, under four clients that go on uploading."""
    home = Path(os.environ.get("BENCH_DIR", ROOT / "var" / "bench")) / "faults"
    turns = [TARGETS[number % len(TARGETS)] for number in range(KILLS)]
    outcome = run(home, turns, port=PORT)
    tally = outcome.tally
    found = [_row(target, [kill for kill in outcome.kills if kill.target == target.name]) for target in TARGETS]
    return [
        *found,
        Row(
            f"faults: {len(outcome.kills)} kills, {CLIENTS} clients",
            f"{len(outcome.lost)} lost, {len(outcome.doubled)} doubled",
            "0 lost, 0 doubled",
            outcome.sound,
            f"{len(tally.acked)} acknowledged, {len(outcome.stored)} stored, answers {dict(tally.answers)},"
            f" jobs {outcome.jobs}, reports {outcome.reports} of which the log says {outcome.finished} times that they"
            f" were finished; started again in {outcome.last_start:.1f} s",
        ),
    ]


def _row(target: Target, kills: list[Kill]) -> Row:
    away = [kill.away for kill in kills]
    ended = [kill.ended for kill in kills if kill.ended is not None]
    doubled = sum(kill.doubled for kill in kills)
    restarts = f"{len(ended)} restarts (all ended within {max(ended):.1f} s)" if ended else "no restart"
    return Row(
        f"faults: kill -9 of {target.name}",
        f"{len(kills)} times, away {min(away):.1f}-{max(away):.1f} s",
        "nothing doubled",
        not doubled,
        f"{restarts}, {doubled} doubled; after the last: {kills[-1].acked} acknowledged, {kills[-1].stored} stored",
    )


def run(home: Path, targets: Sequence[Target], *, port: int) -> Outcome:
    """Kill ``targets`` one after the other in a new stack."""
    shutil.rmtree(home, ignore_errors=True)
    stack = Stack(home, port)
    try:
        stack.start()
        made = made_for(stack.environ)
        uploaders = Uploaders(lambda: stack.address, made["secret"], made["drills"], CLIENTS)
        try:
            kills = [_kill(stack, target, uploaders, made["persons"]["owner"]) for target in targets]
            _until_acked(uploaders, BETWEEN)
        finally:
            tally = uploaders.stop()
        with closing(_connect(home)) as connection:
            _finish_jobs(connection)
        stack.stop()
        last_start = stack.start()
        with closing(_connect(home)) as connection:
            found = _found(connection)
            reports, finished = _reports(connection)
        return Outcome(kills, tally, *found, reports, finished, last_start=last_start, last_status=stack.stop())
    finally:
        stack.abandon()


def _kill(stack: Stack, target: Target, uploaders: Uploaders, secret: str) -> Kill:
    """Kill once enough was uploaded; start again what does not go on by itself, and wait until uploads get through.

    A worker, and both of its children, are killed while a report is being made.
    """
    _until_acked(uploaders, BETWEEN)
    if target.name in BUSY:
        _begin_report(stack, secret)
    killed_at, ended = time.monotonic(), None
    pids = stack.kill_all(target) if target.name in BUSY else {stack.kill(target)}
    if target.survives:
        wait_for(lambda: stack.find(target) not in pids, PATIENCE, f"another {target.name}")
    else:
        stack.ended()
        ended = time.monotonic() - killed_at
        stack.start()
    _until_acked(uploaders, 1)
    away = time.monotonic() - killed_at
    with closing(_connect(stack.home)) as connection:
        stored, _, _ = _found(connection)
    doubled = sum(len(numbers) > 1 for numbers in stored.values())
    return Kill(target.name, away, ended, uploaders.acked(), len(stored), doubled)


def _begin_report(stack: Stack, secret: str) -> None:
    """Order a report and wait until a worker makes it."""
    assert stack.address is not None
    order = client.post("/api/v1/reports", secret, {"case": "bench", "language": "en"})
    if (answer := order.send(stack.address)).status != HTTPStatus.ACCEPTED:
        raise RuntimeError(f"a report was refused: {answer.status} {answer.body[:300]!r}")
    with closing(_connect(stack.home)) as connection:
        wait_for(lambda: bool(connection.execute(RENDERING).fetchone()), PATIENCE, "a report to be made")


def _reports(connection: psycopg.Connection[Any]) -> tuple[dict[str, int], int]:
    """Return how many reports there are in each state, and how many were finished by the log, once that is complete."""
    states = dict(connection.execute(REPORTS).fetchall())

    def logged() -> tuple[int, bool]:
        row = connection.execute(FINISHED).fetchone()
        assert row is not None
        return row[0], row[1]

    wait_for(lambda: logged()[1], PATIENCE, "the log")
    return states, logged()[0]


def _until_acked(uploaders: Uploaders, more: int) -> None:
    wanted = uploaders.acked() + more
    wait_for(lambda: uploaders.acked() >= wanted, PATIENCE, f"{more} uploads to be acknowledged")


def _connect(home: Path) -> psycopg.Connection[Any]:
    """Return a connection as the application, to look at what is stored."""
    return psycopg.connect(Database(home).url("dcase_app"), autocommit=True)


def _finish_jobs(connection: psycopg.Connection[Any]) -> None:
    """Wait until no job is open; those of dead workers wait for the end of their leases."""

    def none_open() -> bool:
        row = connection.execute(OPEN_JOBS).fetchone()
        return row is not None and row[0] == 0

    ends = time.monotonic() + 2 * PATIENCE
    while not none_open() and time.monotonic() < ends:
        time.sleep(10 * INTERVAL)


def _found(connection: psycopg.Connection[Any]) -> tuple[dict[str, list[int]], int, dict[str, int]]:
    """Return the numbers stored for each mark, how many revisions there are, and how many jobs in each state."""
    stored: dict[str, list[int]] = {}
    for number, mark in connection.execute(STORED):
        stored.setdefault(mark, []).append(number)
    row = connection.execute("SELECT count(*) FROM evidence_revision").fetchone()
    jobs = dict(connection.execute("SELECT state, count(*) FROM jobs_job GROUP BY state").fetchall())
    return stored, row[0] if row else 0, jobs
