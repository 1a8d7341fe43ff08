"""One row a measurement: what, the figure, the target, and what it is compared with."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """``figure`` and ``target`` share the unit; ``within``: the target is met; ``beside``: what else was seen."""

    what: str
    figure: str
    target: str
    within: bool
    beside: str = ""


def seconds(work: Callable[[], object]) -> float:
    """Return how long one call takes, by the wall clock."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def repeated(work: Callable[[], object], times: int) -> list[float]:
    """Return the seconds of each of several calls."""
    return [seconds(work) for _ in range(times)]


def p95(samples: Sequence[float]) -> float:
    """Return the 95th percentile, by the nearest rank above."""
    return sorted(samples)[min(len(samples) - 1, int(len(samples) * 0.95))]


def median_of(samples: Sequence[float]) -> float:
    return statistics.median(samples)


def show(rows: Sequence[Row]) -> str:
    """Return the rows as a table in plain text."""
    header = Row("what", "figure", "target", True, "beside")
    columns = [
        (r.what, r.figure, r.target, "" if r is header else ("ok" if r.within else "MISSED"), r.beside)
        for r in (header, *rows)
    ]
    widths = [max(len(row[i]) for row in columns) for i in range(5)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in columns
    )
