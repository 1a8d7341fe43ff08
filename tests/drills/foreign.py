"""Files as other tools write them: small ones to change, and those that were recorded."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

RECORDED = Path(__file__).parent / "recorded"
HELD = "2026-11-20T01:00:00+00:00"
ENDED = "2026-11-20T01:10:00+00:00"
MILLISECONDS = 1_795_136_400_000
MINUTE = 60_000


def recorded(name: str) -> bytes:
    return (RECORDED / name).read_bytes()


def all_recorded(before: str) -> Iterator[bytes]:
    """Yield the recorded files whose names begin so, in the order of their names."""
    for path in sorted(RECORDED.glob(f"{before}*")):
        yield path.read_bytes()


def run(name: str = "switch", status: str = "succeeded", **more: Any) -> dict[str, Any]:
    """Return the run of one activity of a Chaos Toolkit journal."""
    return {
        "activity": {"type": "action", "name": name, "provider": {"type": "python", "module": "x", "func": "y"}},
        "output": None,
        "status": status,
        "start": HELD,
        "end": ENDED,
        "duration": 600.0,
        **more,
    }


def state(*, met: bool | None = True, **more: Any) -> dict[str, Any]:
    return {"steady_state_met": met, "probes": [run("answers", tolerance_met=met, output=True)], **more}


def journal(**changes: Any) -> dict[str, Any]:
    """Return a journal that passes, with some members changed, or left out where None."""
    whole = {
        "chaoslib-version": "1.44.0",
        "experiment": {
            "title": "Standby takes over",
            "steady-state-hypothesis": {"title": "answers", "probes": []},
            "method": [{"type": "action", "name": "switch"}],
            "rollbacks": [],
            "dry": None,
        },
        "start": HELD,
        "status": "completed",
        "deviated": False,
        "steady_states": {"before": state(), "after": state(), "during": []},
        "run": [run()],
        "rollbacks": [],
        "end": ENDED,
        "duration": 600.0,
    } | changes
    return {name: value for name, value in whole.items() if value is not None}


def experiment(**changes: Any) -> dict[str, Any]:
    return {**journal()["experiment"], **changes}


def states(**changes: Any) -> dict[str, Any]:
    return {"before": state(), "after": state(), "during": [], **changes}


def one_test(name: str = "switches over", status: str = "passed", **more: Any) -> dict[str, Any]:
    """Return one test of a CTRF report."""
    return {"name": name, "status": status, "duration": 5, **more}


def ctrf(*tests: dict[str, Any], summary: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """Return a CTRF report of ``tests`` that counts them rightly, with some members changed, or left out where None."""
    listed = list(tests) if tests or changes.get("results") else [one_test()]
    counts = dict.fromkeys(("passed", "failed", "pending", "skipped", "other"), 0)
    for each in listed:
        counts[each["status"]] = counts.get(each["status"], 0) + 1
    times = {"start": MILLISECONDS, "stop": MILLISECONDS + 10 * MINUTE}
    whole = {
        "reportFormat": "CTRF",
        "specVersion": "1.0.0",
        "results": {
            "tool": {"name": "jest", "version": "30.1"},
            "summary": {"tests": len(listed), **counts, **times, **(summary or {})},
            "tests": copy.deepcopy(listed),
        },
    } | changes
    return {name: value for name, value in whole.items() if value is not None}


def junit(body: str = '<testcase classname="night" name="switches over"/>', **attributes: str) -> bytes:
    """Return one suite of JUnit XML with a zone in its times; an empty attribute is left out."""
    given = {"name": "pytest", "tests": "1", "timestamp": HELD, "time": "600", **attributes}
    said = "".join(f' {name}="{value}"' for name, value in given.items() if value)
    return (
        f'<?xml version="1.0" encoding="utf-8"?><testsuites><testsuite{said}>{body}</testsuite></testsuites>'.encode()
    )


def as_json(document: object) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode()
