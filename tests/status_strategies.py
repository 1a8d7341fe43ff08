"""Random facts of a leaf on a grid of six hours, so that brute force can visit every instant that matters."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from dcase_audit.calendars.durations import Duration
from evidence.facts import Criterion, Hearing, LeafFacts, Revision, SubjectVersion, Support

STEP = timedelta(hours=6)
START = datetime(2026, 1, 1, tzinfo=UTC)
STEPS = 60
END = START + STEPS * STEP
KINDS = ("rule", "test-run")
ITEMS = ("night", "day")
SUBJECTS = ("firmware",)

steps = st.integers(0, STEPS)
moments = steps.map(lambda step: START + step * STEP)
maybe_moments = st.none() | moments
durations = st.builds(
    lambda days, hours: Duration(days=days, exact=timedelta(hours=hours)),
    st.integers(0, 6),
    st.sampled_from([0, 6, 12]),
)
maybe_durations = st.none() | durations


def grid(start: datetime = START, end: datetime = END + timedelta(days=20)) -> list[datetime]:
    """Every instant of the grid, and those a moment before: half-open ends are told apart."""
    count = int((end - start) / STEP)
    return [start + n * STEP for n in range(count)]


@st.composite
def criteria(draw: st.DrawFn) -> Criterion:
    return Criterion(
        kinds=draw(st.sampled_from([frozenset(), frozenset(), frozenset({"rule"}), frozenset(KINDS)])),
        minimum=draw(st.sampled_from([1, 1, 1, 2])),
        must_cover=draw(st.sampled_from([(), (), ("night",), ITEMS])),
        max_age=draw(maybe_durations),
        warn_before=draw(maybe_durations),
        silence=draw(st.none() | st.none() | st.sampled_from([STEP, 4 * STEP])),
        subjects=draw(st.sampled_from([(), (), SUBJECTS])),
    )


@st.composite
def revisions(draw: st.DrawFn, artefact: int, number: int) -> Revision:
    submitted = draw(moments)
    decided = submitted + STEP * draw(st.integers(0, 8))
    fate = draw(st.sampled_from(["waits", "accepted", "accepted", "accepted", "returned", "withdrawn", "voided"]))
    verdict = draw(st.sampled_from(["supports", "supports", "supports", "refutes", "inconclusive"]))
    later = decided + STEP * draw(st.integers(1, 12))
    proves_from = draw(maybe_moments)
    proves_until = draw(st.none() | moments) if proves_from is None else proves_from + STEP * draw(st.integers(0, 8))
    valid_from = draw(maybe_moments) if proves_until is not None else draw(moments)
    accepted = fate in ("accepted", "withdrawn", "voided") and verdict != "refutes"
    return Revision(
        id=artefact * 100 + number,
        artefact=artefact,
        number=number,
        verdict=verdict,
        submitted_at=submitted,
        covers=draw(st.sampled_from([frozenset(), frozenset({"night"}), frozenset(ITEMS), frozenset(ITEMS)])),
        valid_from=valid_from,
        valid_until=None if draw(st.booleans()) else (valid_from or submitted) + STEP * draw(st.integers(1, 40)),
        proves_from=proves_from,
        proves_until=proves_until,
        subjects=draw(st.sampled_from([{"firmware": ("1", "")}, {"firmware": ("2", "")}, {}])),
        accepted_at=decided if accepted else None,
        returned_at=decided if fate == "returned" and verdict != "refutes" else None,
        withdrawn_at=later if fate == "withdrawn" and accepted else None,
        withdrawn_from=later + STEP * draw(st.integers(0, 4)) if fate == "withdrawn" and accepted else None,
        voided_at=later if fate == "voided" and accepted else None,
        annulled_at=later if fate == "withdrawn" and verdict == "refutes" else None,
    )


@st.composite
def hearings(draw: st.DrawFn) -> Hearing:
    points = sorted(set(draw(st.lists(moments, min_size=2, max_size=6))))
    if len(points) < 2:
        return Hearing(points[0], points[0])
    inner = points[1:-1]
    gaps = tuple(zip(inner[::2], inner[1::2], strict=False))
    return Hearing(points[0], points[-1], gaps)


def linked_for(start: datetime) -> Callable[[int], datetime]:
    return lambda count: start + count * STEP


@st.composite
def leaf_facts(draw: st.DrawFn) -> LeafFacts:
    supports: list[Support] = []
    found: list[Revision] = []
    heard: dict[int, Hearing] = {}
    for artefact in range(1, draw(st.integers(0, 3)) + 1):
        linked = draw(moments)
        unlinked = draw(st.none() | st.none() | st.integers(1, 30).map(linked_for(linked)))
        supports.append(Support(artefact, draw(st.sampled_from(KINDS)), linked, unlinked, draw(maybe_durations)))
        found += [draw(revisions(artefact, number)) for number in range(1, draw(st.integers(0, 4)) + 1)]
        if draw(st.booleans()):
            heard[artefact] = draw(hearings())
    versions = draw(st.lists(st.tuples(st.sampled_from("12"), moments, st.integers(0, 4)), max_size=3))
    changes = tuple(
        SubjectVersion("firmware", version, "", since, since + (early - 2) * STEP) for version, since, early in versions
    )
    return LeafFacts(ZoneInfo("Asia/Tokyo"), draw(criteria()), tuple(supports), tuple(found), changes, heard)
