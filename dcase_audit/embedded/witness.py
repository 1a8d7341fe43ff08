"""The witness that ``run`` starts in place of a third party's: in a directory of its own, with a key of its own.

It is run by the same host and so is no witness against it; its key's name says so to every verifier.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from dcase_audit.embedded import CannotStart
from dcase_audit.embedded.child import Process

SCRIPT = Path(__file__).resolve().parents[1] / "trail" / "standalone" / "witness.py"
NAME = "same-host.invalid/witness"
POLICY = """# 検証者のポリシー / what a verifier trusts: this log, once this witness has seen it.
# The witness is run by the operator of the log, as in the demo: NOT independent.
{logs}
witness demo {witness}
quorum demo
"""


class Witness:
    """A witness's directory and the process that serves it on a port of this machine."""

    def __init__(self, directory: Path, port: int) -> None:
        self._directory = directory
        self.port = port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def prepare(self, log_keys: str) -> str:
        """Make the key where there is none, trust the log, and return the witness's own key in one line.

        ``log_keys`` are the log's keys as it publishes them: a line each, with the sizes that it signs where these are
        not all. A verifier's policy that trusts both is written beside the key, as a third party would hand it out.

        Raises:
            CannotStart: the witness refuses.
        """
        if not self._directory.exists():
            self._run("init", "--name", NAME)
        logs = []
        for vkey, *sizes in (line.split() for line in log_keys.splitlines()):
            self._run("trust", vkey, "--sizes", *(sizes or ["0-"]))
            logs.append(" ".join(["log", vkey, *(f"sizes:{each}" for each in sizes)]))
        key = self._run("key")
        self.policy.write_text(POLICY.format(logs="\n".join(logs), witness=key), encoding="utf-8")
        return key

    @property
    def policy(self) -> Path:
        return self._directory / "policy"

    def process(self, stops: int) -> Process:
        argv = [sys.executable, str(SCRIPT), "serve", str(self._directory), "--port", str(self.port), "--quiet"]
        return Process("witness", argv, stops)

    def _run(self, command: str, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, str(SCRIPT), command, str(self._directory), *arguments],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise CannotStart(f"the witness: {done.stderr.strip()}")
        return done.stdout.strip()
