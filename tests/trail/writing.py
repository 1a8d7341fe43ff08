"""``python -m tests.trail.writing URL OBJECTS FILE SEED``: an application that writes until it is killed.

Each transaction changes some shared rows, says so in an event, waits a little, and commits or rolls back. What was
committed is told to ``public.told``, which is not captured, by the transaction itself; when it began and when it was
acknowledged, to FILE.
"""

from __future__ import annotations

import json
import random
import sys
import time
from pathlib import Path
from typing import Any

import psycopg

CONTEXT = json.dumps({"actor": "writer"})


def main(url: str, objects: int, path: Path, seed: int) -> None:
    draw = random.Random(seed)
    with psycopg.connect(url) as connection, path.open("a", buffering=1) as acknowledged:
        while True:
            begun = time.monotonic_ns()
            number = written(connection, draw, objects)
            if draw.random() < 0.1:
                connection.rollback()
            else:
                connection.commit()
                acknowledged.write(json.dumps([number, begun, time.monotonic_ns()]) + "\n")


def written(connection: psycopg.Connection[Any], draw: random.Random, objects: int) -> int:
    """Write a transaction of some events; return its number. Rows are locked in one order, so that nobody deadlocks."""
    rows = sorted(draw.sample(range(1, objects + 1), draw.randint(1, 8)))
    connection.execute("SELECT set_config('trail.context', %s, true)", [CONTEXT])
    for row in rows:
        connection.execute("UPDATE accounts_party SET name_en = %s WHERE id = %s", [str(draw.getrandbits(20)), row])
        if draw.random() < 0.05:
            time.sleep(draw.random() / 100)
    connection.execute("SELECT trail.record('party.changed', %s, '{}')", [f"writer:{draw.getrandbits(30)}"])
    found = connection.execute(
        "INSERT INTO public.told (xid, events) VALUES (pg_current_xact_id(), %s) RETURNING xid::text", [len(rows) + 1]
    ).fetchone()
    assert found is not None
    return int(found[0])


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))
