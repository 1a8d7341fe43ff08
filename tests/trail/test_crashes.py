"""The sequencer is killed between any two of its steps, and the next one goes on to the same log."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.db import connection

from dcase_audit.trail import rotation
from dcase_audit.trail.events import record
from dcase_audit.trail.publishing import Publisher
from dcase_audit.trail.selfcheck import check
from dcase_audit.trail.sequencing import drain, take_over
from dcase_audit.trail.signing import Signer
from dcase_audit.trail.tlog.checkpoints import Checkpoint
from dcase_audit.trail.tlog.merkle import leaf_hash, root_of
from dcase_audit.trail.tlog.notes import Note, verify
from dcase_audit.trail.tlog.succession import ANNOUNCED, RETIRED, parse_terms
from dcase_audit.trail.tlog.tiles import TileReader
from tests.buckets import S3
from tests.server import sequencing
from tests.trail.authorities import Stamper, serving, stamping_with
from tests.trail.dying import ROTATION_STEPS, STAMPING_STEPS, STEPS
from tests.trail.processes import ORIGIN, PATIENCE, Sequencers, epoch, kill, log_size, pending, wait_for

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sequencers(tmp_path: Path, database_url: Callable[[str], str]) -> Iterator[Sequencers]:
    started = Sequencers(tmp_path, database_url)
    yield started
    started.end()


def happen(first: int, last: int) -> None:
    for number in range(first, last + 1):
        record("party.created", f"party:{number}")


def waiting() -> list[int]:
    """Return the numbers of the events that are in the outbox."""
    with sequencing(), connection.cursor() as cursor:
        cursor.execute("SELECT id FROM trail.outbox ORDER BY id")
        return [number for (number,) in cursor.fetchall()]


def logged() -> list[bytes]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT leaf FROM trail.log ORDER BY seq")
        return [bytes(leaf) for (leaf,) in cursor.fetchall()]


def resumed(sequencers: Sequencers) -> Publisher:
    """Go on as the next process does, until everything is published."""
    publisher = Publisher(sequencers.store, Signer(sequencers.home / "signer", ORIGIN), [])
    with sequencing():
        mine = take_over()
        publisher.resume()
        while drain(mine):
            pass
        rotation.advance(publisher.signer, mine)
        publisher.publish()
    return publisher


@pytest.fixture
def in_a_bucket(tmp_path: Path, database_url: Callable[[str], str], s3: S3) -> Iterator[Sequencers]:
    started = Sequencers(tmp_path, database_url, s3.place())
    yield started
    started.end()


@pytest.mark.parametrize("step", STEPS)
def test_a_kill_between_two_steps_is_made_good_by_the_next_process(step: str, sequencers: Sequencers) -> None:
    is_made_good(step, sequencers)


@pytest.mark.long
@pytest.mark.parametrize("step", [step for step, (owner, _, _) in STEPS.items() if owner != "sequencing"])
def test_a_kill_between_two_steps_is_made_good_in_a_bucket(step: str, in_a_bucket: Sequencers) -> None:
    is_made_good(step, in_a_bucket)


def is_made_good(step: str, sequencers: Sequencers) -> None:
    happen(1, 300)
    resumed(sequencers)
    happen(301, 600)
    were, expected = logged(), waiting()

    assert sequencers.start("-m", "tests.trail.dying", step).wait(PATIENCE) == -signal.SIGKILL
    survived = logged()
    publisher = resumed(sequencers)

    leaves = logged()
    assert leaves[: len(survived)] == survived and survived[: len(were)] == were
    assert [json.loads(leaf)["id"] for leaf in leaves[len(were) :]] == expected
    note = Note.parse(sequencers.store.get("checkpoint"))
    checkpoint = Checkpoint.parse(note.text)
    assert verify(note, [publisher.signer.key.verifier])
    assert (checkpoint.size, checkpoint.root) == (len(leaves), root_of([leaf_hash(leaf) for leaf in leaves]))
    assert list(TileReader(sequencers.store, len(leaves)).entries(0, len(leaves))) == leaves


@pytest.mark.parametrize(
    ("which", "step"),
    [(ANNOUNCED, step) for step in ROTATION_STEPS if step != "ended"]
    + [(RETIRED, step) for step in ROTATION_STEPS if step not in ("a key made", "begun")],
)
def test_a_kill_while_the_key_changes_is_made_good_by_the_next_process(
    which: str, step: str, sequencers: Sequencers
) -> None:
    happen(1, 3)
    publisher = resumed(sequencers)
    if which == RETIRED:
        rotation.ask(publisher.signer, ANNOUNCED, os_user="root", reason="")
        publisher = resumed(sequencers)
    rotation.ask(publisher.signer, which, os_user="root", reason="")
    happen(4, 5)

    assert sequencers.start("-m", "tests.trail.dying", step).wait(PATIENCE) == -signal.SIGKILL
    happen(6, 6)
    publisher = resumed(sequencers)

    kinds = [json.loads(leaf)["kind"] for leaf in logged()]
    assert kinds.count(f"trail.key_{which}") == 1
    assert rotation.request_of(publisher.signer) is None
    old, young = publisher.signer.keyring.terms
    note = Note.parse(sequencers.store.get("checkpoint"))
    expected = [old.key, young.key] if which == ANNOUNCED else [young.key]
    assert [found.key for found in verify(note, [old.key, young.key])] == expected
    assert check(sequencers.store, parse_terms(sequencers.store.get("log.vkey").decode())) == len(kinds)


@pytest.mark.openssl
@pytest.mark.parametrize("step", STAMPING_STEPS)
def test_a_kill_while_a_checkpoint_is_stamped_leaves_one_token(step: str, sequencers: Sequencers) -> None:
    happen(1, 3)
    with serving(stamping_with(Stamper(sequencers.home / "tsa"))) as tsa:
        sequencers.environ["TRAIL_TSA_URLS"] = tsa.url

        assert sequencers.start("-m", "tests.trail.dying", step).wait(PATIENCE) == -signal.SIGKILL
        sequencers.start()
        wait_for(lambda: timestamps(sequencers) != [], "a token")

    ((size, response),) = kept_tokens()
    assert timestamps(sequencers) == [f"{size:012}.tsr"]
    assert sequencers.store.get(f"timestamps/{size:012}.tsr") == response


@pytest.mark.openssl
def test_an_authority_that_never_answers_delays_no_checkpoint(sequencers: Sequencers) -> None:
    released, stamper = threading.Event(), Stamper(sequencers.home / "tsa")

    def hang(query: bytes) -> tuple[int, bytes]:
        released.wait(PATIENCE)
        return 500, b""

    with serving(hang) as hanging, serving(stamping_with(stamper)) as tsa:
        sequencers.environ |= {"TRAIL_TSA_URLS": f"{hanging.url},{tsa.url}", "TRAIL_TSA_TIMEOUT": "600"}
        sequencers.environ["TRAIL_TSA_CERTIFICATES"] = str(stamper.root)
        happen(1, 1)
        process = sequencers.start()
        wait_for(lambda: hanging.queries != [] and timestamps(sequencers) != [], "one authority to stamp, one to hang")

        happen(2, 2)
        wait_for(lambda: pending() == 0 and sequencers.shown == log_size(), "a checkpoint beside it")
        process.terminate()

        assert process.wait(PATIENCE) == 0
        released.set()


def timestamps(sequencers: Sequencers) -> list[str]:
    return sorted(path.name for path in (sequencers.home / "trail").glob("timestamps/*"))


def kept_tokens() -> list[tuple[int, bytes]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT size, response FROM trail.token")
        return [(size, bytes(response)) for size, response in cursor.fetchall()]


def test_what_comes_right_after_a_checkpoint_is_in_the_next_without_waiting_for_more(sequencers: Sequencers) -> None:
    sequencers.start()
    happen(1, 1)
    wait_for(lambda: pending() == 0 and sequencers.shown == log_size(), "the first checkpoint")

    happen(2, 2)

    wait_for(lambda: pending() == 0 and sequencers.shown == log_size(), "the second")


def test_what_was_logged_and_not_published_is_published_without_waiting_for_more(sequencers: Sequencers) -> None:
    happen(1, 1)
    sequencers.start("-m", "tests.trail.dying", "in the log").wait(PATIENCE)
    assert pending() == 0 and sequencers.shown == 0

    sequencers.start()

    wait_for(lambda: sequencers.shown == log_size(), "a checkpoint")


def test_a_second_sequencer_waits_and_takes_over_from_one_that_was_killed(sequencers: Sequencers) -> None:
    first = sequencers.start()
    happen(1, 1)
    wait_for(lambda: pending() == 0 and sequencers.shown == log_size(), "the first to publish")
    second = sequencers.start()
    wait_for(lambda: _asked_for_the_lock() >= 1, "the second to ask for its turn")
    happen(2, 2)
    wait_for(lambda: pending() == 0 and sequencers.shown == log_size(), "the first to go on")
    before = epoch()

    kill(first)
    happen(3, 3)
    wait_for(lambda: pending() == 0 and sequencers.shown == log_size(), "the second to take over")

    assert (before, epoch()) == (1, 2)
    assert second.poll() is None
    assert [json.loads(leaf)["object"] for leaf in logged()][-3:] == ["party:1", "party:2", "party:3"]


def _asked_for_the_lock() -> int:
    """Return how many sequencers are connected that have not got the lock: who waits asks now and then."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE usename = 'dcase_sequencer' AND pid NOT IN"
            " (SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted)"
        )
        found: int = cursor.fetchone()[0]
        return found
