"""How fast the sequencer turns an outbox into a log: to signed checkpoints and tiles on the disk."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.table import Row
from bench.world import ROOT, World

EVENTS, FIELDS = 100_000, 13
RATE = 5_000
# Of the fields, four are the database's, three the context's, one is the row before; five are columns.
FILL = """
INSERT INTO trail.outbox (source, kind, subject, relid, payload, previous, context)
SELECT 'row', 'update', 'evidence_revision/' || n %% 20000, 'evidence_revision'::regclass,
       jsonb_build_object('id', n, 'title_ja', '夜間復旧手順の確認結果', 'note', repeat('Checked by hand. ', 15),
                          'number', n, 'created_at', now()),
       jsonb_build_object('id', n, 'title_ja', '夜間復旧手順の確認結果', 'note', repeat('Checked by hand. ', 15),
                          'number', n - 1, 'created_at', now())::text,
       jsonb_build_object('actor', 'user:7', 'request', md5(n::text), 'address', '192.0.2.1')
FROM generate_series(1, %(events)s) n
"""


def sequencing(world: World) -> list[Row]:
    """Drain 100,000 events and publish them, a checkpoint a second, as one process."""
    world.renew()
    world.execute("DELETE FROM trail.outbox")
    world.execute(FILL, {"events": EVENTS})
    world.execute("VACUUM ANALYZE trail.outbox")
    told = {**os.environ, "DATABASE_ROLE": "sequencer", "DATABASE_SEQUENCER_URL": world.url("dcase_sequencer")}
    run = [sys.executable, "-m", "bench.sequencing"]
    found = json.loads(subprocess.run(run, cwd=ROOT, env=told, check=True, stdout=subprocess.PIPE).stdout)
    assert found["size"] == EVENTS and found["fields"] == FIELDS, found
    rate = EVENTS / found["seconds"]
    parts = ", ".join(f"{name} {took:.1f}" for name, took in found["parts"].items())
    return [
        Row(
            f"sequencing: {EVENTS:,} events of {FIELDS} fields",
            f"{rate:,.0f} events/s",
            f">= {RATE:,} events/s",
            rate >= RATE,
            f"{found['seconds']:.1f} s, {found['checkpoints']} checkpoints; seconds: {parts}",
        )
    ]


class Parts:
    """Where the time goes: each function's own, without that of the others inside."""

    def __init__(self) -> None:
        self.took: defaultdict[str, float] = defaultdict(float)
        self._inside: list[float] = []

    def watch(self, owner: Any, name: str, part: str) -> None:
        """Put a clock around a function of a module or a class."""
        function = getattr(owner, name)
        setattr(owner, name, lambda *args, **kwargs: self._timed(part, function, args, kwargs))

    def _timed(self, part: str, function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        self._inside.append(0.0)
        begun = time.perf_counter()
        try:
            return function(*args, **kwargs)
        finally:
            took = time.perf_counter() - begun
            self.took[part] += took - self._inside.pop()
            if self._inside:
                self._inside[-1] += took


def main() -> None:
    """Work as ``manage.py sequence`` does until the outbox is empty and published; print what it took."""
    import django

    django.setup()
    from dcase_audit.trail import publishing, sequencing
    from dcase_audit.trail.signing import Signer
    from dcase_audit.trail.tlog import tiles
    from dcase_audit.trail.tlog.local import LocalTiles

    home = Path(os.environ["DATA_DIR"]) / "sequencing"
    shutil.rmtree(home, ignore_errors=True)
    parts = Parts()
    parts.watch(sequencing, "_taken", "take from the outbox")
    parts.watch(sequencing, "_versions", "versions")
    parts.watch(sequencing, "entries_of", "hash")
    parts.watch(sequencing, "_keep", "copy into the log")
    parts.watch(sequencing, "drain", "commit and the rest")
    parts.watch(tiles, "publish", "tiles and bundles")
    parts.watch(publishing.Publisher, "_announce", "checkpoint")
    parts.watch(Signer, "sign", "sign")
    publisher = publishing.Publisher(LocalTiles(home / "trail"), Signer(home / "signer", "bench.example/trail"), [])
    begun = time.perf_counter()
    entry, checkpoints = _sequence(sequencing, publisher)
    took = time.perf_counter() - begun
    shutil.rmtree(home, ignore_errors=True)
    found = {"seconds": took, "size": publisher.size, "fields": len(entry.names), "checkpoints": checkpoints}
    json.dump({**found, "parts": parts.took}, sys.stdout)


def _sequence(sequencing: Any, publisher: Any) -> tuple[Any, int]:
    """Drain it all, with a checkpoint a second and one at the end; return the last entry and how many there were."""
    from dcase_audit.trail.sequencer import BETWEEN_CHECKPOINTS

    epoch, entry, checkpoints, published_at = sequencing.take_over(), None, 0, time.monotonic()
    while entries := sequencing.drain(epoch):
        entry = entries[-1]
        if time.monotonic() - published_at >= BETWEEN_CHECKPOINTS:
            published_at, checkpoints = time.monotonic(), checkpoints + 1
            publisher.publish()
    publisher.publish()
    return entry, checkpoints + 1


if __name__ == "__main__":
    main()
