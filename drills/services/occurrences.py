"""Which planned occurrence a result belongs to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from dcase_audit.trail.statements import rows
from drills.models import Occurrence
from drills.services.seeing_first import EARLY

# Those held are among them: a second result of tonight's drill is not tomorrow's.
AROUND = """
SELECT drill_id, id, planned_at, report_by FROM drills_occurrence
WHERE drill_id = ANY(%s) AND state <> 'cancelled' AND planned_at <= %s AND report_by >= %s ORDER BY planned_at, id
"""


class Held(NamedTuple):
    """That a drill (by id) was held: when, if that leads to what was planned, and which occurrence its sender named."""

    drill: int
    started_at: datetime | None
    named: Occurrence | None


class Planned(NamedTuple):
    """An occurrence among which the nearest one is sought."""

    id: int
    planned_at: datetime
    report_by: datetime


def occurrences_of(held: Sequence[Held]) -> list[Occurrence | None]:
    """Return the occurrence of each that was named, or the nearest one in whose window the drill started.

    Their rows are locked; one that was named may have been cancelled.
    """
    around = _around([one for one in held if one.named is None])
    wanted = [one.named.pk if one.named else _nearest(one, around) for one in held]
    numbers = {one for one in wanted if one is not None}
    if not numbers:
        return [None] * len(held)
    locked = Occurrence.objects.select_for_update(no_key=True).filter(pk__in=numbers).order_by("pk")
    current = {one.pk: one for one in locked}
    return [current[one] if one is not None else None for one in wanted]


def _around(held: Sequence[Held]) -> dict[int, list[Planned]]:
    """Return the occurrences of each drill (by id) among which the nearest ones are, cancelled ones aside."""
    found: dict[int, list[Planned]] = defaultdict(list)
    started = [one.started_at for one in held if one.started_at is not None]
    if started:
        drills = sorted({one.drill for one in held})
        for drill, *planned in rows(AROUND, [drills, max(started) + EARLY, min(started)]):
            found[drill].append(Planned(*planned))
    return found


def _nearest(held: Held, around: Mapping[int, Sequence[Planned]]) -> int | None:
    """Return the id of the nearest occurrence in whose window the drill started."""
    started_at = held.started_at
    if started_at is None:
        return None
    of_drill = around.get(held.drill, ())
    in_window = [one for one in of_drill if one.planned_at <= started_at + EARLY and one.report_by >= started_at]
    return min(in_window, key=lambda one: abs(one.planned_at - started_at)).id if in_window else None
