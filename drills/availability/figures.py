"""Availability of one service over one period, and what may be claimed of it.

``A = 1 - D/T``: T the agreed service time of the period, D the time of it in which the service was down. Time in which
nobody looked is *unknown*: the best figure takes it as up, the worst as down. Terms as in IEC 60050-192.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from drills.availability.spans import Span, common, in_at_least, length, united, without


class Outage(NamedTuple):
    """That something was down over [start, end); an open one (``end`` None) lasts until the figure's own moment."""

    start: int
    end: int | None


class Window(NamedTuple):
    """A planned interruption over [start, end), and when it was approved; None where nobody did."""

    start: int
    end: int
    approved_at: int | None

    @property
    def excuses(self) -> bool:
        """Tell whether it was approved before it began; afterwards, anything could be called planned."""
        return self.approved_at is not None and self.approved_at < self.start


@dataclass(frozen=True)
class Figure:
    """What one service came to over one period. All times in milliseconds.

    ``required`` is the agreed service time less ``excused``; ``down`` and ``unknown`` are parts of it that do not
    overlap. ``outages`` is the number of separate outages within the agreed time, ``longest`` the longest of them.
    ``provisional``: the period or an outage is not over yet.
    """

    required: int
    down: int
    unknown: int
    excused: int
    down_in_windows: int
    outages: int
    longest: int
    provisional: bool

    @property
    def best(self) -> Fraction:
        """Availability if the service was up whenever nobody looked; 1 where nothing was required."""
        return self._share(self.down)

    @property
    def worst(self) -> Fraction:
        """Availability if the service was down whenever nobody looked."""
        return self._share(self.down + self.unknown)

    @property
    def without_windows(self) -> Fraction:
        """The best figure if no planned window were excused."""
        whole = self.required + self.excused
        return 1 - Fraction(self.down + self.down_in_windows, whole) if whole else Fraction(1)

    def _share(self, down: int) -> Fraction:
        return 1 - Fraction(down, self.required) if self.required else Fraction(1)

    def budget(self, target: Fraction) -> Fraction:
        """Return how long the service may be down in the period and still meet ``target``, in milliseconds."""
        return (1 - target) * self.required

    def left(self, target: Fraction) -> tuple[Fraction, Fraction]:
        """Return what is left of the budget at best and at worst, in milliseconds; negative where it is overspent."""
        budget = self.budget(target)
        return budget - self.down, budget - self.down - self.unknown

    @property
    def between_failures(self) -> Fraction | None:
        """Mean up time between failures (MUT), in milliseconds; None without an outage."""
        return Fraction(self.required - self.down, self.outages) if self.outages else None

    @property
    def to_restoration(self) -> Fraction | None:
        """Mean down time (MDT), in milliseconds; None without an outage."""
        return Fraction(self.down, self.outages) if self.outages else None


def figure(
    agreed: Sequence[Span],
    outages: Iterable[Outage],
    *,
    as_of: int,
    windows: Iterable[Window] = (),
    unknown: Iterable[Span] = (),
    allowance: int | None = None,
) -> Figure:
    """Count one service. ``agreed`` is the agreed service time of the period, as a set; what lies outside is nothing.

    ``as_of``: the moment up to which is known; agreed time after it does not count yet. Windows excuse only if they
    were approved before they began, the earliest first, up to ``allowance`` in all.

    Raises:
        ValueError: an outage or window ends before it starts.
    """
    given = list(outages)
    counted = common(agreed, [(agreed[0][0], as_of)]) if agreed and agreed[0][0] < as_of else []
    down = united((start, as_of if end is None else end) for start, end in given if end is not None or start < as_of)
    approved = united((window.start, window.end) for window in windows if window.excuses)
    excused = _up_to(allowance, common(counted, approved))
    required = without(counted, excused)
    known_down = common(required, down)
    unseen = without(common(required, united(unknown)), known_down)
    is_open = any(end is None for _, end in given)
    lengths = _lengths_of(down, known_down)
    return Figure(
        required=length(required),
        down=length(known_down),
        unknown=length(unseen),
        excused=length(excused),
        down_in_windows=length(common(excused, down)),
        outages=len(lengths),
        longest=max(lengths, default=0),
        provisional=is_open or bool(agreed and as_of < agreed[-1][1]),
    )


def _up_to(allowance: int | None, spans: list[Span]) -> list[Span]:
    if allowance is None:
        return spans
    found: list[Span] = []
    for start, end in spans:
        end = min(end, start + allowance)
        if start < end:
            found.append((start, end))
            allowance -= end - start
    return found


def _lengths_of(outages: Sequence[Span], parts: Iterable[Span]) -> list[int]:
    """Return how long each outage is within agreed time; ``parts`` are what lies there of all of them, in order."""
    found: list[int] = []
    last, position = -1, 0
    for start, end in parts:
        while outages[position][1] <= start:
            position += 1
        if position == last:
            found[-1] += end - start
        else:
            found.append(end - start)
            last = position
    return found


def service_down(components: Iterable[Iterable[Outage]], *, needed: int, as_of: int) -> list[Outage]:
    """Return when a redundant service was down: fewer than ``needed`` of its components were up.

    Raises:
        ValueError: more components are needed than there are, or none.
    """
    given = [list(each) for each in components]
    if not 1 <= needed <= len(given):
        raise ValueError("from one to all of the components can be needed")
    sets = [united((start, as_of if end is None else end) for start, end in each) for each in given]
    is_open = any(end is None for each in given for _, end in each)
    found = in_at_least(len(sets) - needed + 1, sets)
    return [Outage(start, None if is_open and end == as_of else end) for start, end in found]


def can_prove(target: Fraction, required: int, resolution: int) -> bool:
    """Tell whether a probe every ``resolution`` milliseconds can show that the target was met.

    It cannot prove an outage shorter than that; the rule is a tenth of the budget at the most.
    """
    return resolution * 10 <= (1 - target) * required


def lost(sessions: Iterable[Sequence[Span]], down: Sequence[Span]) -> int:
    """Return how many sessions (each a set of spans of agreed time) were down from beginning to end."""
    return sum(bool(session) and not without(session, down) for session in sessions)
