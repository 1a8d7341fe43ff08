"""Seal what a test did in a log of its own, with a witness, and have the offline verifier look at it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings
from django.db import connection

from dcase_audit.cases.models import Case
from dcase_audit.trail import rotation
from dcase_audit.trail.publishing import Publisher, WitnessAt
from dcase_audit.trail.sequencing import drain, take_over
from dcase_audit.trail.signing import Signer
from dcase_audit.trail.tlog.local import LocalTiles
from dcase_audit.trail.tlog.notes import COSIGNATURE, Note, SigningKey
from dcase_audit.verification import bundles
from tests.server import sequencing

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
    """Has what it signs cosigned at once, as by a witness that follows the log."""

    cosigner: SigningKey
    at: int

    def _witnessed(self, note: Note, reader: Any) -> Note:
        return note.with_signatures(self.cosigner.cosign(note.text, self.at))


class Sealing:
    """A log in ``home``: ``seal`` takes in what was committed (or done in this test's transaction) and publishes it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.signer = Signer(home / "signer", settings.TRAIL_ORIGIN)
        self.witness = SigningKey.generate(WITNESS, COSIGNATURE)

    def make_known(self) -> None:
        """Have the application know the log's key and its witness, as it does where the sequencer is set up."""
        settings.TRAIL_DIR.mkdir(parents=True, exist_ok=True)
        (settings.TRAIL_DIR / "log.vkey").write_text(f"{self.signer.key.vkey()}\n")
        settings.TRAIL_WITNESSES = [f"{self.witness.vkey()} http://127.0.0.1:9/"]

    def seal(self) -> Note:
        witnesses = [WitnessAt(self.witness.verifier, "")]
        publisher = CosigningPublisher(LocalTiles(settings.TRAIL_DIR), self.signer, witnesses)
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

    def bundle(self, cases: Sequence[Case] | None = None) -> Path:
        path = self.home / "bundle.zip"
        with path.open("wb") as file:
            bundles.write(Case.objects.all() if cases is None else cases, file)
        return path

    def verify(self, path: Path, *arguments: str) -> Verdict:
        """Run the verifier as a third party does: another process, nothing of ours but the one file and the policy."""
        policy = self.home / "policy"
        logs = [f"log {key.vkey()} sizes:{sizes.format()}" for key, sizes in self.signer.keyring.terms]
        policy.write_text("\n".join([*logs, f"witness w {self.witness.vkey()}", "quorum w"]) + "\n")
        command = [sys.executable, "-I", str(VERIFY), str(path), "--policy", str(policy), "--json", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode in (0, 1, 2), done.stderr
        return Verdict(done.returncode, json.loads(done.stdout))

    def assert_sound(self) -> None:
        """Seal everything and have it verified."""
        self.seal()
        verdict = self.verify(self.bundle())
        assert verdict.status == 0, json.dumps(verdict.report["checks"], indent=1, ensure_ascii=False)


def size_of_log() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT size FROM trail.head")
        size: int = cursor.fetchone()[0]
        return size
