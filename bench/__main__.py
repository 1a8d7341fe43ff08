"""``python -m bench [name ...]``: run the benchmarks and print their table."""

from __future__ import annotations

import sys

from bench import availability, capture, faults, http, monitors, results, sequencing, status, trail_log, verification
from bench.table import Row, show
from bench.world import server

# In a database that the benchmark seeds.
SEEDED = {
    "sweep": status.sweep,
    "settle": status.settle,
    "status": status.status,
    "create": http.create,
    "list": http.listing,
    "pages": http.pages,
    "capture": capture.capture,
    "sequencing": sequencing.sequencing,
    "monitors": monitors.monitors,
    "uploads": results.uploads,
    "results": results.results,
    "availability": availability.availability,
}
# Without that database: with a whole stack, or with files alone.
ALONE = {"faults": faults.faults, "log": trail_log.log, "verify": verification.verification}

# Parts of one of them, by name only.
PARTS = faults.parts()


def main(names: list[str]) -> int:
    """Run the named benchmarks, or all; exit 2 for a name that there is none of, 1 where a target is missed."""
    known = [*SEEDED, *ALONE, *PARTS]
    unknown = [name for name in names if name not in known]
    if unknown:
        print(f"no benchmark called {', '.join(unknown)}; there are {', '.join(known)}", file=sys.stderr)
        return 2
    wanted = names or [*SEEDED, *ALONE]
    found: list[Row] = []
    if any(name in SEEDED for name in wanted):
        with server() as world:
            for name in wanted:
                found += SEEDED[name](world) if name in SEEDED else []
    for name in wanted:
        alone = ALONE.get(name) or PARTS.get(name)
        found += alone() if alone else []
    print(show(found))
    return 0 if all(row.within for row in found) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
