"""What it costs to have every change captured: beside writing without, and beside what others keep of it."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench.table import Row
from bench.world import ROOT, World

OURS, PLAIN = "capture", "plain"
TO_PLAIN, TO_PEERS = 1.7, 1.3
WHAT = {
    "save": "a save in its transaction",
    "bulk_create": "bulk_create of 1,000",
    "update": "update() of 1,000",
    "writers": "4 processes that save",
}


def capture(world: World) -> list[Row]:
    """Write rows of one shape in paired rounds: plainly, captured, and with each peer."""
    world.renew()
    told = {**os.environ, "DJANGO_SETTINGS_MODULE": "bench.peers.settings", "PYTHONPATH": str(_peers())}
    owner = {"DATABASE_OWNER_URL": world.url("dcase_owner"), "DATABASE_ROLE": "owner"}
    migrate = [sys.executable, "manage.py", "migrate", "--run-syncdb", "--verbosity", "0"]
    subprocess.run(migrate, cwd=ROOT, env={**told, **owner}, check=True)
    rounds = [sys.executable, "-m", "bench.peers.rounds"]
    told["OUTBOX_URL"] = world.url("dcase_owner")
    found = json.loads(subprocess.run(rounds, cwd=ROOT, env=told, check=True, stdout=subprocess.PIPE).stdout)
    return [row for operation in WHAT for row in _rows(operation, found["times"], found["recorded"])]


def _peers() -> Path:
    """Install the peers beside the benchmarks' data, unless they are there; return where."""
    lock = ROOT / "requirements" / "bench.txt"
    home = Path(os.environ["DATA_DIR"]) / "peers"
    stamp = home / "lock"
    if not stamp.exists() or stamp.read_text() != lock.read_text():
        install = "source bin/uv-environment.sh && exec .venv/bin/uv pip install --quiet --no-deps --require-hashes"
        command = ["bash", "-c", f'{install} --upgrade --target "$1" --requirement "$2"', "-", str(home), str(lock)]
        subprocess.run(command, cwd=ROOT, check=True)
        stamp.write_text(lock.read_text())
    return home


def _rows(operation: str, times: dict[str, dict[str, list[float]]], recorded: dict[str, Any]) -> list[Row]:
    """Compare one operation with writing plainly, and with the cheapest peer that keeps every row of it."""
    took = {name: each[operation] for name, each in times.items()}
    ratios = {name: paired(took[name], took[PLAIN]) for name in took if name != PLAIN}
    peers = {name: recorded[name][operation] for name in ratios if name != OURS}
    whole = [name for name, share in peers.items() if share >= 1]
    cheapest = min(whole, key=lambda name: statistics.median(ratios[name]))
    to_plain, to_peer = ratios[OURS], paired(took[OURS], took[cheapest])
    per = statistics.median(took[PLAIN])
    others = [
        f"{name} {quartiles(ratios[name])}" if name in whole else f"{name} {_lost(share)}"
        for name, share in peers.items()
    ]
    return [
        _row(f"capture: {WHAT[operation]}, to plain", to_plain, TO_PLAIN, f"plain {per * 1000:.0f} ms a round"),
        _row(f"capture: {WHAT[operation]}, to {cheapest}", to_peer, TO_PEERS, f"to plain: {'; '.join(others)}"),
    ]


def _lost(share: float) -> str:
    return "records nothing" if share == 0 else f"records {share:.0%}"


def _row(what: str, ratios: list[float], target: float, beside: str) -> Row:
    return Row(what, quartiles(ratios), f"<= {target}", statistics.median(ratios) <= target, beside)


def paired(ours: list[float], theirs: list[float]) -> list[float]:
    return [our / their for our, their in zip(ours, theirs, strict=True)]


def quartiles(ratios: list[float]) -> str:
    low, middle, high = statistics.quantiles(ratios, n=4)
    return f"{middle:.2f} [{low:.2f}-{high:.2f}]"
