"""Seal what a test did in a log of its own, with a witness, and have the offline verifier look at it."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from django.conf import settings
from django.db import connection
from pytest_django import Settings

from dcase_audit.cases.models import Case
from dcase_audit.trail import rotation
from dcase_audit.trail.published import log_files
from dcase_audit.trail.publishing import Publisher, WitnessAt
from dcase_audit.trail.sequencing import drain, take_over
from dcase_audit.trail.signing import Signer
from dcase_audit.trail.tlog.notes import COSIGNATURE, Note, SigningKey
from dcase_audit.verification import bundles, sampling
from tests.server import sequencing
from tests.trail import verifier

VERIFY = Path(settings.BASE_DIR) / "dcase_audit" / "trail" / "standalone" / "verify.py"
WITNESS = "witness.example/w1"


class Verdict(NamedTuple):
    """What ``verify.py --json`` said."""

    status: int
    report: dict[str, Any]

    @property
    def refuted(self) -> dict[str, Any]:
        """Return the first thing that is not as it was recorded."""
        found: dict[str, Any] = next(check for check in self.report["checks"] if check["outcome"] == "refuted")
        return found


class CosigningPublisher(Publisher):
    """Has what it signs cosigned at once, as by a witness that follows the log, if it has one."""

    cosigner: SigningKey
    at: int

    def _witnessed(self, note: Note, reader: Any) -> Note:
        return note.with_signatures(self.cosigner.cosign(note.text, self.at)) if self.witnesses else note


class Sealing:
    """A log in ``home``: ``seal`` takes in what was committed (or done in this test's transaction) and publishes it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.signer = Signer(home / "signer", settings.TRAIL_ORIGIN)
        self.witness = SigningKey.generate(WITNESS, COSIGNATURE)

    def make_known(self) -> None:
        """Have the application know the log's key and its witness, as it does where the sequencer is set up."""
        log_files().replace("log.vkey", f"{self.signer.key.vkey()}\n".encode())
        settings.TRAIL_WITNESSES = [f"{self.witness.vkey()} http://127.0.0.1:9/"]

    def seal(self, *, witnessed: bool = True) -> Note:
        witnesses = [WitnessAt(self.witness.verifier, "")] if witnessed else []
        publisher = CosigningPublisher(log_files(), self.signer, witnesses)
        publisher.cosigner, publisher.at = self.witness, int(time.time())
        epoch = self.drain()
        with sequencing():
            publisher.resume()
            rotation.advance(self.signer, epoch)
            return publisher.publish()

    def drain(self) -> int:
        """Number what was committed, and publish nothing; return whose turn it is."""
        with sequencing():
            epoch = take_over()
            while drain(epoch):
                pass
            return epoch

    def change_keys(self, step: str) -> None:
        """Have the next seal take a step of a change of keys."""
        rotation.ask(self.signer, step, os_user="root", reason="once a year")

    def bundle(self, cases: Sequence[Case] | None = None, *, sample: sampling.Order | None = None) -> Path:
        path = self.home / "bundle.zip"
        with path.open("wb") as file:
            bundles.write(
                Case.objects.filter(editions__isnull=False).distinct() if cases is None else cases, file, sample=sample
            )
        return path

    def verify(self, path: Path, *arguments: str) -> Verdict:
        """Run the verifier as a third party does: another process, nothing of ours but the one file and the policy."""
        command = [sys.executable, "-I", str(VERIFY), *self._words(path), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode in (0, 1, 2), done.stderr
        return Verdict(done.returncode, json.loads(done.stdout))

    def verify_here(self, path: Path) -> Verdict:
        """Run the same code in this process, for the many tests that end with it."""
        said = io.StringIO()
        with redirect_stdout(said):
            status = verifier.module().main([*self._words(path), "--jobs", "1"])
        return Verdict(status, json.loads(said.getvalue()))

    def _words(self, path: Path) -> list[str]:
        policy = self.home / "policy"
        logs = [f"log {key.vkey()} sizes:{sizes.format()}" for key, sizes in self.signer.keyring.terms]
        policy.write_text("\n".join([*logs, f"witness w {self.witness.vkey()}", "quorum w"]) + "\n")
        return [str(path), "--policy", str(policy), "--json"]

    def assert_sound(self) -> None:
        """Seal everything and have it verified."""
        self.seal()
        verdict = self.verify_here(self.bundle())
        assert verdict.status == 0, json.dumps(verdict.report["checks"], indent=1, ensure_ascii=False)


def size_of_log() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT size FROM trail.head")
        size: int = cursor.fetchone()[0]
        return size


@pytest.fixture
def sealing(settings: Settings, tmp_path: Path) -> Sealing:
    settings.TRAIL_DIR = tmp_path / "trail"
    settings.TRAIL_MERGE_DELAY = 2
    settings.OBJECT_STORE_URL = (tmp_path / "objects").as_uri()
    return Sealing(tmp_path)


@pytest.fixture
def known(sealing: Sealing, settings: Settings) -> Sealing:
    """A log whose key and witness the application knows, and no alarm of a busy machine or of the rows that every
    test's database was made with, at the start of the run."""
    settings.TRAIL_MERGE_DELAY = 24 * 60 * 60
    sealing.make_known()
    return sealing


@pytest.fixture
def sound(request: pytest.FixtureRequest, db: None, sealing: Sealing) -> Iterator[None]:
    """Whatever the test did, it is a log and a state that the offline verifier finds to be each other's.

    A test that makes up part of the log itself is marked ``tampers``.
    """
    yield
    if request.node.get_closest_marker("tampers") is None:
        sealing.assert_sound()
