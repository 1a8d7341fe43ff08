"""The published vectors: ``verify.py`` gives the answers that they ask for, and they are what their script writes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.trail.verifier import FILE, Outcome

ROOT = Path(__file__).resolve().parents[2]
VECTORS = ROOT / "docs" / "vectors"
TABLE = json.loads((VECTORS / "vectors.json").read_text())


@pytest.mark.parametrize(
    "vector",
    [
        pytest.param(vector, id=vector["input"], marks=[pytest.mark.openssl] if "certificates" in vector else [])
        for vector in TABLE
    ],
)
def test_a_vector_gets_its_answer(vector: dict[str, Any]) -> None:
    known = [word for name in vector["known"] for word in ("--known-checkpoint", name)]
    if "certificates" in vector:
        known += ["--tsa-certificates", vector["certificates"]]
    command = [sys.executable, "-I", "-S", str(FILE), vector["input"], "--policy", vector["policy"], "--json", *known]

    done = subprocess.run(command, cwd=VECTORS, capture_output=True, check=False)

    outcome = Outcome(done.returncode, json.loads(done.stdout))
    assert outcome.status == vector["status"]
    assert outcome.refuted == vector.get("refuted", [])
    for key, value in vector.get("first_bad", {}).items():
        assert outcome.bad[key] == value


def test_the_vectors_are_what_their_script_writes(tmp_path: Path) -> None:
    subprocess.run([sys.executable, str(ROOT / "bin" / "make_vectors.py"), str(tmp_path / "made")], check=True)

    made, published = contents(tmp_path / "made"), contents(VECTORS)
    assert made.keys() == published.keys()
    assert [name for name in made if made[name] != published[name]] == []


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}
