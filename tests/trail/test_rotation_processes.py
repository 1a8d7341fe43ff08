"""The log's key is changed while the sequencer runs, by the command, under the eyes of a witness."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dcase_audit.trail.events import record
from dcase_audit.trail.signing import Signer
from dcase_audit.trail.standalone import witness as standalone
from dcase_audit.trail.tlog.checkpoints import Checkpoint
from dcase_audit.trail.tlog.notes import Note, VerifierKey, verify
from tests.server import ROOT
from tests.trail.processes import ORIGIN, PATIENCE, Sequencers, log_size, pending, wait_for
from tests.trail.witnesses import Process

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def witness(tmp_path: Path) -> Iterator[Process]:
    process = Process(tmp_path / "witness")
    process.start()
    yield process
    process.stop()


@pytest.fixture
def sequencers(tmp_path: Path, database_url: Callable[[str], str], witness: Process) -> Iterator[Sequencers]:
    started = Sequencers(tmp_path, database_url)
    started.environ["TRAIL_WITNESSES"] = f"{witness.key.vkey()} {witness.url}"
    yield started
    started.end()


def signers(sequencers: Sequencers, witness: Process) -> list[VerifierKey]:
    """Return who signed and cosigned the checkpoint that is shown."""
    keys = [term.key for term in Signer(sequencers.home / "signer", ORIGIN).keyring.terms]
    note = Note.parse(sequencers.store.get("checkpoint"))
    return [found.key for found in verify(note, [*keys, witness.key])]


def all_is_shown(sequencers: Sequencers) -> bool:
    return pending() == 0 and sequencers.shown == log_size()


def rotate(sequencers: Sequencers, *arguments: str) -> str:
    command = [sys.executable, "manage.py", "rotate_key", *arguments]
    done = subprocess.run(
        command, cwd=ROOT, env=sequencers.environ, capture_output=True, text=True, check=True, timeout=PATIENCE
    )
    return done.stdout


def trust(witness: Process, key: VerifierKey, sizes: str = "0-") -> None:
    standalone.Witness(witness.home / "state").trust(key.vkey(), sizes)


def test_a_running_log_changes_its_key_and_its_witness_follows(sequencers: Sequencers, witness: Process) -> None:
    old = Signer(sequencers.home / "signer", ORIGIN).key.verifier
    trust(witness, old)
    record("party.created", "party:1")
    sequencers.start()
    wait_for(lambda: all_is_shown(sequencers), "the first checkpoint")
    assert signers(sequencers, witness) == [old, witness.key]

    both = rotate(sequencers, "--announce", "--reason", "once a year")
    wait_for(lambda: all_is_shown(sequencers), "a checkpoint that holds the announcement")
    young = Signer(sequencers.home / "signer", ORIGIN).keyring.terms[1]
    assert f"log {young.key.vkey()} sizes:{young.sizes.format()}" in both and "Both keys sign" in both
    assert signers(sequencers, witness) == [old, young.key, witness.key]

    alone = rotate(sequencers, "--retire", "--reason", "everybody has the new one")
    assert "One key signs" in alone
    wait_for(lambda: all_is_shown(sequencers), "a checkpoint of the new key")
    assert signers(sequencers, witness) == [young.key], "the witness was not told of the new key"
    trust(witness, young.key, young.sizes.format())
    record("party.created", "party:2")
    wait_for(lambda: all_is_shown(sequencers), "a checkpoint that the witness cosigns")
    assert signers(sequencers, witness) == [young.key, witness.key]
    (seen,) = witness.state()["logs"]
    assert seen["size"] == Checkpoint.parse(Note.parse(sequencers.store.get("checkpoint")).text).size
    assert witness.state()["contradictions"] == []


def test_a_step_that_nobody_takes_waits_for_the_sequencer(sequencers: Sequencers, witness: Process) -> None:
    signer = Signer(sequencers.home / "signer", ORIGIN)
    trust(witness, signer.key.verifier)

    said = rotate(sequencers, "--announce", "--wait", "0")
    assert "The sequencer has not taken the step yet (announced)" in said
    sequencers.start()

    wait_for(lambda: len(Signer(sequencers.home / "signer", ORIGIN).keyring.terms) == 2, "the announcement")
    wait_for(lambda: all_is_shown(sequencers), "a checkpoint that holds it")
