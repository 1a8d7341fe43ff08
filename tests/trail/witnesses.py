"""A witness as somebody else runs it: its one file, copied away from the product, in a process of its own."""

from __future__ import annotations

import http.client
import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dcase_audit.trail.standalone import witness
from dcase_audit.trail.tlog.checkpoints import Checkpoint
from dcase_audit.trail.tlog.merkle import consistency_proof
from dcase_audit.trail.tlog.notes import Note, SigningKey, VerifierKey, encode_base64
from tests.trail.tlog import naive


@dataclass
class Answer:
    status: int
    text: str
    kind: str


class Process:
    """A witness with a new key, in ``home``."""

    def __init__(self, home: Path) -> None:
        self.home = home
        home.mkdir()
        self._file = shutil.copy(witness.__file__, home / "witness.py")
        self.key = VerifierKey.parse(witness.Witness.init(home / "state", "witness.example/w1").key.vkey())

    def trust(self, log: Log, sizes: str = "0-") -> None:
        witness.Witness(self.home / "state").trust(log.key.vkey(), sizes)

    def run(self, command: str, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        # Isolated: neither the directory nor the environment leads to the product.
        argv = [sys.executable, "-I", self._file, command, *arguments]
        return subprocess.run(argv, cwd=self.home, check=check, capture_output=True, text=True, timeout=30)

    def start(self) -> None:
        argv = [sys.executable, "-I", self._file, "serve", "state", "--port", "0"]
        self._log = (self.home / "log").open("a")
        self._process = subprocess.Popen(argv, cwd=self.home, stdout=subprocess.PIPE, stderr=self._log, text=True)
        assert self._process.stdout is not None
        word, self.url = self._process.stdout.readline().split()
        assert word == "READY"

    def stop(self, number: int = signal.SIGTERM) -> int:
        self._process.send_signal(number)
        status = self._process.wait(timeout=10)
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._log.close()
        return status

    def post(self, body: bytes, path: str = "/add-checkpoint", headers: dict[str, str] | None = None) -> Answer:
        return self._ask("POST", path, body, headers or {})

    def state(self) -> dict[str, Any]:
        answer = self._ask("GET", "/", None, {})
        assert answer.status == 200
        found: dict[str, Any] = json.loads(answer.text)
        return found

    def _ask(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Answer:
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=20)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return Answer(response.status, response.read().decode(), response.headers["Content-Type"])
        finally:
            connection.close()


@dataclass
class Log:
    """A log of these entries, and what it sends."""

    entries: list[bytes] = field(default_factory=list)
    key: SigningKey = field(default_factory=lambda: SigningKey("log.example/a", bytes([7] * 32)))

    def grown(self, count: int, word: str = "entry") -> Log:
        more = [f"{word} {number}".encode() for number in range(count)]
        return Log([*self.entries, *more], self.key)

    @property
    def size(self) -> int:
        return len(self.entries)

    def note(self) -> Note:
        return Checkpoint(self.key.name, self.size, naive.root(self.entries)).signed(self.key)

    def proof(self, old: int) -> list[bytes]:
        return consistency_proof(old, self.size, naive.hash_at(self.entries))

    def body(self, old: int, proof: Sequence[bytes] | None = None) -> bytes:
        proof = self.proof(old) if proof is None else proof
        lines = [f"old {old}", *map(encode_base64, proof)]
        return "\n".join(lines).encode() + b"\n\n" + self.note().format()
