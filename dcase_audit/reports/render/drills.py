"""What section 6 says of each result of a drill: how it was held, and once only what several results share."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from dcase_audit.reports.contents import Drill, Holding, Moment, ReportContents, Result


@dataclass(frozen=True)
class Earlier:
    """The result before in the same drill that says the same: the day it was held or received, and its revision."""

    on: datetime
    revision: int


class Course(NamedTuple):
    """What happened, under its heading; ``planned`` where any of it was planned for a time."""

    heading: str
    moments: tuple[Moment, ...]
    planned: bool


@dataclass(frozen=True)
class ResultSection:
    """A result; ``conditions_of`` and ``people_of`` name an earlier one that was held alike, and with the same people.

    ``conditions`` tells whether the record says anything of how the drill was set up.
    """

    result: Result
    conditions: bool
    conditions_of: Earlier | None
    people_of: Earlier | None
    courses: tuple[Course, ...]


def drill_sections(contents: ReportContents) -> list[tuple[Drill, list[ResultSection]]]:
    """Return each drill with its results, in the order in which they are printed."""
    return [(drill, _sections(drill)) for drill in contents.drills]


def _sections(drill: Drill) -> list[ResultSection]:
    seen: dict[Hashable, Earlier] = {}
    found = []
    for result in drill.results:
        held = result.holding
        conditions = _conditions(held)
        this = Earlier(result.started_at or result.received_at, result.revision)
        found.append(
            ResultSection(
                result=result,
                conditions=conditions != Holding(),
                conditions_of=_before(seen, conditions, this) if conditions != Holding() else None,
                people_of=_before(seen, held.people, this) if held.people else None,
                courses=tuple(_courses(held)),
            )
        )
    return found


def _conditions(held: Holding) -> Holding:
    """Return what was given before the drill began; the rest is of the one holding."""
    return replace(held, people=(), timeline=(), injects=(), lessons=())


def _before(seen: dict[Hashable, Earlier], said: Hashable, this: Earlier) -> Earlier | None:
    first = seen.setdefault(said, this)
    return None if first is this else first


def _courses(held: Holding) -> list[Course]:
    return [
        Course(heading, moments, any(one.planned_at for one in moments))
        for heading, moments in (("drills.event", held.timeline), ("drills.inject", held.injects))
        if moments
    ]
