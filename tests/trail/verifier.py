"""Run ``verify.py`` as a third party does, or in this process where thousands of runs are wanted."""

from __future__ import annotations

import importlib.util
import io
import json
import subprocess
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.trail.bundles import POLICY

FILE = Path(__file__).resolve().parents[2] / "dcase_audit" / "trail" / "standalone" / "verify.py"


@dataclass(frozen=True)
class Outcome:
    """What one run said."""

    status: int
    report: dict[str, Any]

    def outcome(self, check: str) -> str:
        return str({each["check"]: each["outcome"] for each in self.report["checks"]}[check])

    def says(self, check: str) -> str:
        return str({each["check"]: each["says"] for each in self.report["checks"]}[check])

    @property
    def refuted(self) -> list[str]:
        return [each["check"] for each in self.report["checks"] if each["outcome"] == "refuted"]

    @property
    def bad(self) -> dict[str, Any]:
        return self.report["first_bad"] or {}


@cache
def module() -> Any:
    """Import the file by its path, as something of its own."""
    specification = importlib.util.spec_from_file_location("standalone_verifier", FILE)
    assert specification is not None and specification.loader is not None
    made = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = made
    specification.loader.exec_module(made)
    return made


def words(folder: Path, given: bytes | str, policy: str | None, known: Sequence[str], more: Sequence[str]) -> list[str]:
    """Write the input files and return the command's arguments."""
    path = folder / ("bundle.zip" if isinstance(given, bytes) else "receipt.tlog-proof")
    path.write_bytes(given if isinstance(given, bytes) else given.encode())
    said = [str(path), "--json", *more]
    if policy is not None:
        (folder / "policy").write_text(policy)
        said += ["--policy", str(folder / "policy")]
    for number, checkpoint in enumerate(known):
        (folder / f"known-{number}").write_text(checkpoint)
        said += ["--known-checkpoint", str(folder / f"known-{number}")]
    return said


def run(
    given: bytes | str, *, policy: str | None = POLICY, known: Sequence[str] = (), more: Sequence[str] = ()
) -> Outcome:
    """Run the file with nothing but the standard library in reach."""
    with TemporaryDirectory() as folder:
        command = [sys.executable, "-I", "-S", str(FILE), *words(Path(folder), given, policy, known, more)]
        done = subprocess.run(command, capture_output=True, check=False, text=True, encoding="utf-8")
    assert done.stderr == ""
    return Outcome(done.returncode, json.loads(done.stdout))


def run_here(
    given: bytes | str, *, policy: str | None = POLICY, known: Sequence[str] = (), more: Sequence[str] = ()
) -> Outcome:
    """Run the same code in this process."""
    said = io.StringIO()
    with TemporaryDirectory() as folder, redirect_stdout(said):
        status = module().main([*words(Path(folder), given, policy, known, more), "--jobs", "1"])
    return Outcome(status, json.loads(said.getvalue()))
