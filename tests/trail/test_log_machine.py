"""Any sequence of events, crashes and restored copies: what is published only ever grows, or the alarm is raised."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from dcase_audit.trail import rotation, sequencing
from dcase_audit.trail.context import send
from dcase_audit.trail.keyring import Keyring
from dcase_audit.trail.publishing import CHECKPOINT, Publisher
from dcase_audit.trail.sequencing import Superseded, drain, take_over
from dcase_audit.trail.signing import Fork, Signer
from dcase_audit.trail.tlog.checkpoints import Checkpoint
from dcase_audit.trail.tlog.local import LocalTiles
from dcase_audit.trail.tlog.notes import Note, verify
from dcase_audit.trail.tlog.succession import parse_terms
from dcase_audit.trail.tlog.tiles import TileReader
from tests.server import sequencing as as_sequencer
from tests.trail.tlog import naive

ORIGIN = "audit.example/trail"
COPIES = 3
Step = tuple[Any, str, str]
DRAINING: dict[str, Step] = {
    "taken": (sequencing, "entries_of", ""),
    "committed to": (sequencing, "_keep", ""),
}
PUBLISHING: dict[str, Step] = {
    "tiles": (Signer, "sign", ""),
    "signed": (Publisher, "_witnessed", ""),
    "witnessed": (Publisher, "_announce", ""),
    "noted": (LocalTiles, "replace", "checkpoints/"),
    "kept": (LocalTiles, "replace", CHECKPOINT),
}
CHANGING: dict[str, Step] = {
    "asked": (Keyring, "propose", ""),
    "a key made": (rotation, "_log", ""),
    "committed to": (sequencing, "_keep", ""),
    "logged": (rotation, "adopt", ""),
    "noted": (rotation, "_done", ""),
}


class Crash(Exception):
    """The process ends here."""


def crashing(step: Step, call: Callable[[], object]) -> None:
    """Call, and end at ``step`` if it comes to that."""
    owner, name, path = step
    original = getattr(owner, name)

    def crash(*args: Any, **kwargs: Any) -> Any:
        if not path or args[1].startswith(path):
            raise Crash
        return original(*args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, name, crash)
        try:
            call()
        except Crash:
            pass


class TheLog(RuleBasedStateMachine):
    """The real sequencer and publisher; beside them, what was signed, by keys too, and what others have seen."""

    def __init__(self) -> None:
        super().__init__()
        self.beginning = transaction.savepoint()
        self.directory = Path(tempfile.mkdtemp())
        self.signed: list[bytes] = []
        self.promised: dict[int, bytes] = {}
        self.shown: list[bytes] = []
        self.copies: list[str] = []
        self.number = 0
        self.publisher: Publisher | None = None
        self.store = LocalTiles(self.directory / "trail")
        self.restart()

    def teardown(self) -> None:
        transaction.savepoint_rollback(self.beginning)
        shutil.rmtree(self.directory)

    @rule()
    def restart(self) -> None:
        """Begin as a new process: it refuses to go on exactly if the log is not an extension of what was signed."""
        publisher = Publisher(self.store, Signer(self.directory / "signer", ORIGIN), [])
        self.publisher, self.has_seen_all = publisher, True
        with as_sequencer():
            self.epoch = take_over()
            if self._is_whole():
                publisher.resume()
                self._look_at_keys()
            else:
                with pytest.raises(Fork):
                    publisher.resume()
                self.publisher = None

    @rule(count=st.sampled_from([1, 2, 7, 255, 256, 300]))
    def happen(self, count: int) -> None:
        send(connection)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT trail.record('party.created', 'party:' || n, '{}') FROM generate_series(%s::int, %s::int) n",
                [self.number + 1, self.number + count],
            )
        self.number += count

    @rule(limit=st.sampled_from([1, 200, 5000]))
    def drain(self, limit: int) -> None:
        with as_sequencer():
            try:
                drain(self.epoch, limit=limit)
            except Superseded:
                self.publisher = None

    @rule(step=st.sampled_from(sorted(DRAINING)))
    def crash_while_draining(self, step: str) -> None:
        before = leaves()
        crashing(DRAINING[step], lambda: self.drain(5000))
        self.publisher = None
        assert leaves() == before

    @rule(step=st.sampled_from(rotation.STEPS))
    def ask_for_a_change_of_keys(self, step: str) -> None:
        signer = Signer(self.directory / "signer", ORIGIN)
        try:
            rotation.ask(signer, step, os_user="root", reason="")
        except rotation.NotNow:
            pass

    @precondition(lambda self: self.publisher)
    @rule()
    def change_keys(self) -> None:
        """Take the step that was asked for, if one was."""
        assert self.publisher is not None
        before = leaves()
        with as_sequencer():
            try:
                entry = rotation.advance(self.publisher.signer, self.epoch)
            except (Superseded, Fork):
                assert not self.has_seen_all
                self.publisher = None
                return
        assert leaves() == before + ([entry.encoded] if entry else [])
        assert rotation.request_of(self.publisher.signer) is None
        self._look_at_keys()

    @precondition(lambda self: self.publisher)
    @rule(step=st.sampled_from(sorted(CHANGING)))
    def crash_while_changing_keys(self, step: str) -> None:
        crashing(CHANGING[step], self.change_keys)
        self._look_at_keys()
        self.publisher = None

    @precondition(lambda self: self.publisher)
    @rule()
    def publish(self) -> None:
        """Publish what there is, which may be nothing new."""
        log, refused = leaves(), self._published()
        if self.has_seen_all:
            assert refused or checkpoint_of(self.store) == (len(log), naive.root(log))
        if refused:
            self.publisher = None

    @precondition(lambda self: self.publisher)
    @rule(step=st.sampled_from(sorted(PUBLISHING)), is_restored=st.booleans())
    def crash_while_publishing(self, step: str, is_restored: bool) -> None:
        crashing(PUBLISHING[step], self._published)
        self._look_at_keys()
        self._look_at_what_was_signed()
        self.publisher = None
        if is_restored and self.copies:
            self.restore(1, at_once=False)
            self.restart()

    def _published(self) -> bool:
        """Publish; tell whether the alarm was raised."""
        assert self.publisher is not None
        with as_sequencer():
            try:
                self.publisher.publish()
            except Fork:
                return True
        self._look_at_keys()
        self._look_at_what_was_signed()
        return False

    def _is_whole(self) -> bool:
        """Tell whether the log begins with what was signed, and has what the keys say of it."""
        log = leaves()
        return log[: len(self.signed)] == self.signed and all(
            log[seq : seq + 1] == [leaf] for seq, leaf in self.promised.items()
        )

    def _look_at_keys(self) -> None:
        """Keep the entries that say for which sizes the keys sign."""
        log = leaves()
        for term in Signer(self.directory / "signer", ORIGIN).keyring.terms:
            for seq in (term.sizes.first - 1, -1 if term.sizes.last is None else term.sizes.last):
                if seq >= 0 and seq not in self.promised:
                    self.promised[seq] = log[seq]

    def _look_at_what_was_signed(self) -> None:
        """Keep the entries that the signer has signed; they extend what it had signed."""
        last = Signer(self.directory / "signer", ORIGIN).last
        if last is not None:
            entries = list(TileReader(self.store, last.size).entries(0, last.size))
            assert naive.root(entries) == last.root
            assert entries[: len(self.signed)] == self.signed
            self.signed = entries

    @precondition(lambda self: len(self.copies) < COPIES)
    @rule()
    def back_up(self) -> None:
        self.copies.append(transaction.savepoint())

    @precondition(lambda self: self.copies)
    @rule(age=st.integers(1, COPIES), at_once=st.booleans())
    def restore(self, age: int, at_once: bool) -> None:
        """Restore a copy of the database; ``at_once``: under a process that goes on."""
        del self.copies[max(len(self.copies) - age, 0) + 1 :]
        transaction.savepoint_rollback(self.copies[-1])
        self.has_seen_all = False
        if not at_once:
            self.publisher = None

    @invariant()
    def what_others_see_only_grows(self) -> None:
        try:
            note = Note.parse(self.store.get(CHECKPOINT))
        except Exception:
            assert not self.shown
            return
        checkpoint = Checkpoint.parse(note.text)
        terms = Signer(self.directory / "signer", ORIGIN).keyring.terms
        signers = [found.key for found in verify(note, [term.key for term in terms])]
        assert signers == [term.key for term in terms if term.sizes.hold(checkpoint.size)]
        known = {term.key for term in parse_terms(self.store.get("log.vkey").decode())}
        assert known.issuperset(signers)
        entries = list(TileReader(self.store, checkpoint.size).entries(0, checkpoint.size))
        assert naive.root(entries) == checkpoint.root
        assert entries[: len(self.shown)] == self.shown
        self.shown = entries


def leaves() -> list[bytes]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT leaf FROM trail.log ORDER BY seq")
        return [bytes(leaf) for (leaf,) in cursor.fetchall()]


def checkpoint_of(store: LocalTiles) -> tuple[int, bytes]:
    found = Checkpoint.parse(Note.parse(store.get(CHECKPOINT)).text)
    return found.size, found.root


@pytest.mark.django_db
@pytest.mark.parametrize("count", [1, 300])
@pytest.mark.parametrize("step", ["tiles", "signed"])
def test_tiles_of_events_that_a_restored_copy_does_not_have_raise_the_alarm(step: str, count: int) -> None:
    """The process ends before or after it signs them; the log goes on from an older copy with as many others."""
    log = TheLog()
    log.drain(5000)
    log.publish()
    log.back_up()
    log.happen(count)
    log.drain(5000)

    log.crash_while_publishing(step, is_restored=True)
    log.happen(count)
    log.drain(5000)

    assert log.publisher is None if step == "signed" else log._published()
    log.what_others_see_only_grows()
    log.teardown()


@pytest.mark.django_db
@pytest.mark.parametrize("before", [0, 5])
def test_an_older_copy_that_is_restored_under_a_running_process_raises_the_alarm(before: int) -> None:
    log = TheLog()
    if before:
        log.drain(before)
    log.back_up()
    log.drain(5000)
    log.publish()

    log.restore(1, at_once=True)

    assert log._published()
    log.what_others_see_only_grows()
    log.teardown()


CHECKS = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


@pytest.mark.django_db
@pytest.mark.parametrize("examples", [12, pytest.param(400, marks=pytest.mark.long)])
def test_what_is_published_only_grows_or_the_alarm_is_raised(examples: int) -> None:
    run_state_machine_as_test(
        TheLog,
        settings=settings(max_examples=examples, stateful_step_count=30, deadline=None, suppress_health_check=CHECKS),
    )
