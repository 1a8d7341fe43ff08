"""Nothing that was committed is passed over, whenever it commits, and the log has it in an order that commits had."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pytest
from django.db import connection

from dcase_audit.accounts.models import Party
from dcase_audit.trail.sequencing import drain, take_over
from dcase_audit.trail.tlog.checkpoints import Checkpoint
from dcase_audit.trail.tlog.merkle import Frontier
from dcase_audit.trail.tlog.notes import Note
from dcase_audit.trail.tlog.tiles import TileReader
from tests.server import ROOT, sequencing
from tests.trail.processes import Sequencers, kill, log_size, pending, wait_for

pytestmark = pytest.mark.django_db(transaction=True)

DatabaseUrl = Callable[[str], str]
SAID = "SELECT set_config('trail.context', '{\"actor\": \"writer\"}', true)"
RECORD = "SELECT trail.record('party.changed', %s, '{}')"


# Which rule loses events


class Cursor:
    """The rule that is not ours: whatever has a higher number than the last."""

    def __init__(self) -> None:
        self.last = 0
        self.found: list[str] = []

    def read(self) -> None:
        with sequencing(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT id, subject FROM trail.outbox WHERE source = 'app' AND id > %s ORDER BY id", [self.last]
            )
            for self.last, subject in cursor.fetchall():
                self.found.append(subject)


class Ours:
    """The sequencer's rule: what is visible is taken out of the outbox."""

    def __init__(self) -> None:
        self.found: list[str] = []
        with sequencing():
            self._epoch = take_over()

    def read(self) -> None:
        with sequencing():
            self.found += [entry.leaf.object for entry in drain(self._epoch) if entry.leaf.source == "app"]


RULES: dict[str, tuple[type[Cursor] | type[Ours], bool]] = {
    "a cursor over numbers": (Cursor, True),
    "the outbox is drained": (Ours, False),
}


@pytest.mark.parametrize("rule", RULES)
def test_an_event_that_commits_after_a_later_one_is_lost_to_a_cursor_and_not_to_us(
    rule: str, database_url: DatabaseUrl
) -> None:
    make, loses = RULES[rule]
    reader = make()
    with psycopg.connect(database_url("app")) as slow, psycopg.connect(database_url("app")) as quick:
        for each, subject in ((slow, "writer:slow"), (quick, "writer:quick")):
            each.execute(SAID)
            each.execute(RECORD, [subject])
        quick.commit()
        reader.read()
        slow.commit()

    reader.read()

    assert reader.found == (["writer:quick"] if loses else ["writer:quick", "writer:slow"])


@pytest.mark.parametrize("rule", RULES)
def test_what_four_writers_commit_is_lost_to_a_cursor_and_not_to_us(rule: str, database_url: DatabaseUrl) -> None:
    """Each transaction waits up to 30 ms before it commits; a tenth of them roll back."""
    make, loses = RULES[rule]
    reader = make()
    committed: list[str] = []
    writers = [
        threading.Thread(target=_write, args=(database_url("app"), number, committed, 100)) for number in range(4)
    ]

    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        reader.read()
    for writer in writers:
        writer.join()
    reader.read()

    lost = set(committed) - set(reader.found)
    assert bool(lost) == loses, lost
    assert set(reader.found) <= set(committed)
    assert len(reader.found) == len(set(reader.found))


def _write(url: str, number: int, committed: list[str], transactions: int) -> None:
    draw = random.Random(number)
    with psycopg.connect(url) as connected:
        for transaction in range(transactions):
            subject = f"writer:{number}.{transaction}"
            connected.execute(SAID)
            connected.execute(RECORD, [subject])
            time.sleep(draw.random() * 0.03)
            if draw.random() < 0.1:
                connected.rollback()
            else:
                connected.commit()
                committed.append(subject)


# The whole, with kills

OBJECTS = 40
TOLD = """
CREATE TABLE public.told (xid xid8 NOT NULL, events int NOT NULL);
GRANT SELECT, INSERT ON public.told TO dcase_app;
"""


class Writers:
    """Four applications that write and are killed; each goes on as another."""

    def __init__(self, url: str, directory: Path) -> None:
        self.acknowledged = directory / "acknowledged"
        self._url = url
        self._seed = 0
        self._running = [self._started() for _ in range(4)]

    def _started(self) -> subprocess.Popen[bytes]:
        self._seed += 1
        arguments = [self._url, str(OBJECTS), f"{self.acknowledged}.{self._seed}", str(self._seed)]
        return subprocess.Popen([sys.executable, "-m", "tests.trail.writing", *arguments], cwd=ROOT)

    def kill_one(self) -> None:
        kill(self._running.pop(0))
        self._running.append(self._started())

    def end(self) -> None:
        for process in self._running:
            if process.poll() is None:
                process.kill()
            process.wait()

    def heard(self) -> list[tuple[int, int, int]]:
        """Return each acknowledged transaction with when it began and when it was acknowledged."""
        files = sorted(self.acknowledged.parent.glob("acknowledged.*"))
        # Whoever is killed may leave half a line.
        lines = [line for file in files for line in file.read_text().splitlines(True) if line.endswith("\n")]
        return [tuple(json.loads(line)) for line in lines]


class Logged(NamedTuple):
    """An entry with the row that it tells of, printed."""

    seq: int
    xid: int
    source: str
    object: str
    version: int
    before: str | None
    printed: str


@pytest.fixture
def sequencers(tmp_path: Path, database_url: DatabaseUrl) -> Iterator[Sequencers]:
    started = Sequencers(tmp_path, database_url)
    yield started
    started.end()


@pytest.fixture
def writers(tmp_path: Path, database_url: DatabaseUrl) -> Iterator[Writers]:
    with psycopg.connect(database_url("owner"), autocommit=True) as owner:
        owner.execute(TOLD)
    Party.objects.bulk_create([Party(pk=number, key=f"p{number}") for number in range(1, OBJECTS + 1)])
    started = Writers(database_url("app"), tmp_path)
    yield started
    started.end()


@pytest.mark.parametrize("events", [3_000, pytest.param(100_000, marks=pytest.mark.long)])
def test_the_log_holds_what_was_committed_whoever_is_killed(
    events: int, writers: Writers, sequencers: Sequencers
) -> None:
    draw = random.Random(events)
    running = sequencers.start()
    while _told() < events:
        time.sleep(1 + draw.random())
        writers.kill_one()
        if draw.random() < 0.7:
            kill(running)
            running = sequencers.start()
    writers.end()
    wait_for(lambda: pending() == 0 and sequencers.shown == log_size(), "the log to be published")

    entries = _entries()
    _each_committed_event_is_there_once(entries)
    _versions_and_rows_follow_each_other(entries)
    _what_was_acknowledged_first_comes_first(entries, writers.heard())
    _checkpoints_are_prefixes(sequencers)


def _told() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(sum(events), 0) FROM public.told")
        found: int = cursor.fetchone()[0]
        return found


def _entries() -> list[Logged]:
    """Return what the writers logged, in the log's order."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT l.seq, l.xid, l.source, l.object, l.version, d.names, d.texts FROM trail.log l"
            " JOIN trail.disclosure d USING (seq) WHERE d.actor IN ('writer', 'test') ORDER BY l.seq"
        )
        return [_logged(*row) for row in cursor.fetchall()]


def _logged(*row: Any) -> Logged:
    seq, xid, source, subject, version, names, texts = row
    fields = dict(zip(names, texts, strict=True))
    columns = {name[4:]: text for name, text in fields.items() if name.startswith("row.")}
    ordered = sorted(columns, key=lambda name: (len(name), name))
    printed = "{" + ", ".join(f'"{name}": {columns[name]}' for name in ordered) + "}"
    before = fields.get("before")
    return Logged(seq, xid, source, subject, version, json.loads(before) if before else None, printed)


def _each_committed_event_is_there_once(entries: list[Logged]) -> None:
    """Each committed transaction has as many entries as it wrote events, and nobody else has any."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT xid::text::bigint, events FROM public.told")
        told = dict(cursor.fetchall())
    found = Counter(entry.xid for entry in entries if entry.version > 1 or entry.source == "app")
    assert found == told
    assert len({(entry.object, entry.version) for entry in entries}) == len(entries)


def _versions_and_rows_follow_each_other(entries: list[Logged]) -> None:
    """The rows of one object were changed one after the other; the log has them in that order."""
    last: dict[str, Logged] = {}
    for entry in entries:
        before = last.get(entry.object)
        assert entry.version == (before.version + 1 if before else 1)
        if entry.source == "row" and before:
            assert entry.before == sha256(before.printed.encode()).hexdigest()
        last[entry.object] = entry


def _what_was_acknowledged_first_comes_first(entries: list[Logged], heard: list[tuple[int, int, int]]) -> None:
    """A transaction that began after another was acknowledged has all its entries after that one's."""
    places: dict[int, list[int]] = defaultdict(list)
    for entry in entries:
        places[entry.xid].append(entry.seq)
    acknowledged = sorted((at, max(places[xid])) for xid, _, at in heard)
    assert acknowledged, "nothing was acknowledged"
    furthest, number = -1, 0
    for xid, begun, _ in sorted(heard, key=lambda each: each[1]):
        while number < len(acknowledged) and acknowledged[number][0] < begun:
            furthest, number = max(furthest, acknowledged[number][1]), number + 1
        assert min(places[xid]) > furthest


def _checkpoints_are_prefixes(sequencers: Sequencers) -> None:
    """The files hold the database's log, and every checkpoint that was ever shown is of its beginning."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT leaf FROM trail.log ORDER BY seq")
        leaves = [bytes(leaf) for (leaf,) in cursor.fetchall()]
    files = sorted((sequencers.home / "trail" / "checkpoints").iterdir())
    shown = [Checkpoint.parse(Note.parse(file.read_bytes()).text) for file in files]
    frontier, roots = Frontier(), {}
    for size, leaf in enumerate(leaves, 1):
        frontier.append(sha256(b"\0" + leaf).digest())
        if any(size == checkpoint.size for checkpoint in shown):
            roots[size] = frontier.root()
    assert {checkpoint.size: checkpoint.root for checkpoint in shown} == roots
    assert list(TileReader(sequencers.store, len(leaves)).entries(0, len(leaves))) == leaves
