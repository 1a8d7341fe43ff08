"""Half-open spans of time in whole milliseconds of UTC since 1970; a set of them is in order and touches nowhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

Span = tuple[int, int]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


def milliseconds(moment: datetime) -> int:
    """Return the moment (aware) in milliseconds since 1970; what is finer is cut off."""
    return (moment - EPOCH) // MILLISECOND


def moment_of(milliseconds: int) -> datetime:
    """Return the moment, in UTC."""
    return EPOCH + milliseconds * MILLISECOND


def united(spans: Iterable[Span]) -> list[Span]:
    """Return the time that any of the spans covers: overlaps count once, empty spans not at all.

    Raises:
        ValueError: a span ends before it starts.
    """
    found: list[Span] = []
    start = end = 0
    for each_start, each_end in sorted(spans):
        if each_end < each_start:
            raise ValueError("a span ends before it starts")
        if found and each_start <= end:
            if each_end > end:
                end = each_end
                found[-1] = (start, end)
        elif each_start < each_end:
            start, end = each_start, each_end
            found.append((start, end))
    return found


def common(one: Sequence[Span], other: Sequence[Span]) -> list[Span]:
    """Return the time that lies in both sets."""
    found: list[Span] = []
    mine = theirs = 0
    while mine < len(one) and theirs < len(other):
        start = max(one[mine][0], other[theirs][0])
        end = min(one[mine][1], other[theirs][1])
        if start < end:
            found.append((start, end))
        if one[mine][1] < other[theirs][1]:
            mine += 1
        else:
            theirs += 1
    return found


def without(one: Sequence[Span], other: Sequence[Span]) -> list[Span]:
    """Return the time of ``one`` that does not lie in ``other``."""
    found: list[Span] = []
    position = 0
    for start, end in one:
        while position < len(other) and other[position][1] <= start:
            position += 1
        ahead = position
        while ahead < len(other) and other[ahead][0] < end:
            if start < other[ahead][0]:
                found.append((start, other[ahead][0]))
            start = max(start, other[ahead][1])
            ahead += 1
        if start < end:
            found.append((start, end))
    return found


def length(spans: Iterable[Span]) -> int:
    """Return how many milliseconds a set has."""
    return sum(end - start for start, end in spans)


def in_at_least(count: int, sets: Iterable[Sequence[Span]]) -> list[Span]:
    """Return the time that lies in ``count`` or more of the sets (1: in any; their number: in all)."""
    if count < 1:
        raise ValueError("at least one set is asked for")
    turns = sorted((moment, turn) for spans in sets for start, end in spans for moment, turn in ((start, 1), (end, -1)))
    found: list[Span] = []
    inside, since = 0, 0
    for moment, turn in turns:
        # Ends come before starts at the same moment; the two pieces are joined below.
        if turn > 0:
            inside += 1
            if inside == count:
                since = moment
        else:
            if inside == count and since < moment:
                if found and found[-1][1] == since:
                    found[-1] = (found[-1][0], moment)
                else:
                    found.append((since, moment))
            inside -= 1
    return found
