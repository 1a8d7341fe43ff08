"""The log's files: how fast entries become tiles on the disk, and how long a proof takes from them."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Iterable
from pathlib import Path

from bench.stack import ROOT
from bench.table import Row, median_of, p95, seconds
from dcase_audit.trail.tlog.local import LocalTiles
from dcase_audit.trail.tlog.merkle import consistency_proof, frontier_of, inclusion_proof, leaf_hash, verify_inclusion
from dcase_audit.trail.tlog.tiles import TileReader, drop_partials, publish

LARGE = 1_000_000
# What the sequencer publishes at once while it is busy, and how much of it is measured.
STEP, STEPPED = 5_000, 100_000
PROOFS = 1_000
RATE = 20_000


def log() -> list[Row]:
    """Publish a million entries at once and a hundred thousand by steps; prove a thousand of the million."""
    home = Path(os.environ.get("BENCH_DIR", ROOT / "var" / "bench")) / "log"
    shutil.rmtree(home, ignore_errors=True)
    try:
        large = LocalTiles(home / "large")
        at_once = LARGE / seconds(lambda: publish(large, 0, entries(0, LARGE)))
        stepped = LocalTiles(home / "stepped")
        by_steps = STEPPED / seconds(lambda: publish_by_steps(stepped))
        return [
            _rate(f"log: publish {LARGE:,} entries at once", at_once),
            _rate(f"log: publish {STEPPED:,} entries, {STEP:,} at a time", by_steps),
            *proofs(large),
        ]
    finally:
        shutil.rmtree(home, ignore_errors=True)


def entries(begin: int, end: int) -> Iterable[bytes]:
    """Yield entries as long as leaves are."""
    return (b'{"seq":%0173d}' % number for number in range(begin, end))


def publish_by_steps(store: LocalTiles) -> None:
    for size in range(0, STEPPED, STEP):
        publish(store, size, entries(size, size + STEP))
        drop_partials(store, size, size + STEP)


def proofs(store: LocalTiles) -> list[Row]:
    """Time proofs, each by a reader that has read nothing yet."""
    draw = random.Random(LARGE)
    places = draw.sample(range(LARGE), PROOFS)
    included = [seconds(lambda at=at: included_in(store, at)) for at in places]  # type: ignore[misc]
    consistent = [seconds(lambda at=at: consistent_with(store, at + 1)) for at in places]  # type: ignore[misc]
    verify_one(store, places[0])
    return [_time("inclusion", included), _time("consistency", consistent)]


def included_in(store: LocalTiles, index: int) -> list[bytes]:
    return inclusion_proof(index, LARGE, TileReader(store, LARGE).hash_at)


def consistent_with(store: LocalTiles, old: int) -> list[bytes]:
    return consistency_proof(old, LARGE, TileReader(store, LARGE).hash_at)


def verify_one(store: LocalTiles, index: int) -> None:
    """Make sure that what was timed is a proof."""
    root = frontier_of(LARGE, TileReader(store, LARGE).hash_at).root()
    (entry,) = entries(index, index + 1)
    verify_inclusion(leaf=leaf_hash(entry), index=index, size=LARGE, proof=included_in(store, index), root=root)


def _rate(what: str, rate: float) -> Row:
    return Row(what, f"{rate:,.0f} entries/s", f"> {RATE:,} entries/s", rate > RATE)


def _time(kind: str, times: list[float]) -> Row:
    median = median_of(times)
    return Row(
        f"log: {kind} proof at {LARGE:,}",
        f"p50 {1000 * median:.2f} ms",
        "p50 < 2 ms",
        median < 0.002,
        f"p95 {1000 * p95(times):.2f} ms, no tile read before",
    )
