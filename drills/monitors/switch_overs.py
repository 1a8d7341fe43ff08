"""Switch-overs as their observers saw them: one observation is a diagnosis, two independent ones a confirmation."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from drills.monitors.events import CONFIRMED, CONTRADICTED

UNCONFIRMED = "unconfirmed"
STATES = (UNCONFIRMED, CONFIRMED, CONTRADICTED)
ENOUGH = 2


class Observation(NamedTuple):
    """That somebody saw in a time band that a switch-over took place, or that it did not."""

    switch_over: str
    switched_at: datetime
    band: str
    observer: str
    result: str


class SwitchOver(NamedTuple):
    """A switch-over and who saw what of it."""

    switch_over: str
    switched_at: datetime
    band: str
    confirmed_by: tuple[str, ...]
    contradicted_by: tuple[str, ...]

    @property
    def state(self) -> str:
        """Contradicted by anybody, else confirmed by two observers, else unconfirmed."""
        if self.contradicted_by:
            return CONTRADICTED
        return CONFIRMED if len(self.confirmed_by) >= ENOUGH else UNCONFIRMED


def switch_overs(observations: Iterable[Observation]) -> list[SwitchOver]:
    """Return the switch-overs, the latest first."""
    found: dict[tuple[datetime, str, str], dict[str, set[str]]] = {}
    for each in observations:
        seen = found.setdefault(
            (each.switched_at, each.switch_over, each.band), {CONFIRMED: set(), CONTRADICTED: set()}
        )
        seen[each.result].add(each.observer)
    return [
        SwitchOver(name, at, band, tuple(sorted(seen[CONFIRMED])), tuple(sorted(seen[CONTRADICTED])))
        for (at, name, band), seen in sorted(found.items(), key=lambda item: item[0], reverse=True)
    ]
