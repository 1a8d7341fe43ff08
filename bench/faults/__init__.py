"""Faults caused on purpose in a whole stack. Everything acknowledged is there once, everything else is not there."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from bench.faults import clocks, full, kills
from bench.faults.away import database_killed
from bench.faults.broker import broker_away
from bench.faults.clocks import clock_jumps
from bench.faults.full import disk_full
from bench.faults.interrupted import client_gone, web_killed, web_killed_between_lines
from bench.faults.outcome import Outcome, missed
from bench.faults.races import same_key, two_approvers
from bench.faults.rig import Rig
from bench.stack import ROOT
from bench.table import Row

PORT = 18500
NO_ROOM = "no file system of its own can be mounted here (unshare)"

# By the numbers that they have in the plan; what spoils the clock comes last.
SCENARIOS: dict[str, tuple[Callable[[Rig], Outcome], ...]] = {
    "f2": (web_killed, web_killed_between_lines),
    "f8": (client_gone,),
    "f7": (same_key, two_approvers),
    "f5": (broker_away,),
    "f4": (disk_full,),
    "f3": (database_killed,),
    "f6": (clock_jumps,),
}


def faults() -> list[Row]:
    """Kill every process in turn, then cause everything else."""
    return [*kills.faults(), *others(list(SCENARIOS))]


def others(names: list[str]) -> list[Row]:
    """Cause the named faults in one stack, and verify its log at the end."""
    home = Path(os.environ.get("BENCH_DIR", ROOT / "var" / "bench")) / "faults"
    with Rig(home, PORT) as rig:
        found = [_row(rig, scenario) for name in names for scenario in SCENARIOS[name]]
        return [*found, _log(rig)]


def parts() -> dict[str, Callable[[], list[Row]]]:
    """Return each fault by a name under which it is caused alone."""
    each: dict[str, Callable[[], list[Row]]] = {"faults-f1": kills.faults}
    return each | {f"faults-{name}": lambda name=name: others([name]) for name in SCENARIOS}


def _row(rig: Rig, scenario: Callable[[Rig], Outcome]) -> Row:
    if scenario is disk_full and rig.room is None:
        return missed(full.FAULT, NO_ROOM)
    if scenario is clock_jumps and clocks.library() is None:
        return missed(clocks.FAULT, clocks.NO_LIBRARY)
    return scenario(rig).row()


def _log(rig: Rig) -> Row:
    """Verify the whole log, once nothing is waiting for it."""
    rig.wait_for_jobs()
    done = rig.manage("verify_trail")
    said = (done.stdout or done.stderr).strip().splitlines()
    return Row("faults: the log after all of them", f"exit {done.returncode}", "exit 0", not done.returncode, said[-1])
