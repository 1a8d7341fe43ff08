"""``python -m bench [name ...]``: run the benchmarks and print their table."""

from __future__ import annotations

import sys

from bench import status
from bench.table import Row, show
from bench.world import database

BENCHMARKS = {"sweep": status.sweep, "settle": status.settle, "status": status.status}


def main(names: list[str]) -> int:
    """Run the named benchmarks, or all; exit 2 for a name that there is none of, 1 where a target is missed."""
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        print(f"no benchmark called {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    found: list[Row] = []
    with database() as owner:
        for name in names or BENCHMARKS:
            found += BENCHMARKS[name](owner)
    print(show(found))
    return 0 if all(row.within for row in found) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
