"""Submissions that nobody decides on: many of them cost little, and what is left out of them changes nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dcase_audit.calendars.durations import Duration
from evidence import services
from evidence.facts import Criterion, LeafFacts
from evidence.leaf_status import Leaf
from evidence.loading import facts_of
from evidence.models import Revision
from evidence.outlook import outlook
from evidence.services import FileIn
from tests.evidence.world import START, World

pytestmark = [pytest.mark.django_db, pytest.mark.no_cover]
# Where ends of months and a change of clocks come together: a month after the last days of February 2026 in Berlin.
AROUND = datetime(2026, 2, 25, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
ZONES = [ZoneInfo("Europe/Berlin"), ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Asia/Tokyo")]
CRITERIA = [
    Criterion(must_cover=items, max_age=limit, warn_before=Duration(days=2))
    for items in ((), ("day", "night"))
    for limit in (None, Duration(months=1), Duration(days=1), Duration(days=30, exact=timedelta(hours=1)))
]


class Sent(NamedTuple):
    """A submission: when it proves until and is valid until, counted from ``AROUND``, and what becomes of it."""

    proves_until: timedelta
    valid_until: timedelta | None
    covers: tuple[str, ...]
    verdict: str
    fate: str
    place: int


spans = st.one_of(
    st.integers(0, 40).map(lambda n: n * 4 * MINUTE),
    st.integers(0, 14 * 48).map(lambda n: n * 30 * MINUTE),
)
sent = st.lists(
    st.builds(
        Sent,
        spans,
        st.sampled_from([None, None, None, 40 * DAY, 50 * DAY]),
        st.sampled_from([("day", "night"), ("day", "night"), ("day",), ()]),
        st.sampled_from(["supports"] * 6 + ["refutes", "inconclusive"]),
        st.sampled_from(["waits"] * 6 + ["accepted", "returned"]),
        st.integers(0, 99),
    ),
    min_size=2,
    max_size=14,
)


@pytest.mark.parametrize("examples", [25, pytest.param(400, marks=pytest.mark.long)])
def test_what_is_left_out_changes_no_status_from_then_on(examples: int) -> None:
    settings(max_examples=examples, suppress_health_check=[HealthCheck.function_scoped_fixture])(holds_for)()


def test_many_submissions_are_few_facts() -> None:
    world = World()
    world.link("rule-a", "E_1")
    sent = [Sent(n * MINUTE, None, ("day",), "supports", "waits", n) for n in range(60)]
    hand_in(world, sent)
    node = world.node("E_1").pk

    assert len(facts_of([node], at=AROUND)[node].revisions) == 60
    assert len(facts_of([node], at=AROUND, since=AROUND + 20 * DAY)[node].revisions) == 4


@given(sent, st.integers(0, 20), st.integers(0, 20), st.sampled_from(ZONES))
def holds_for(sent: list[Sent], at: int, known: int, zone: ZoneInfo) -> None:
    with transaction.atomic():
        world = World()
        world.link("rule-a", "E_1")
        hand_in(world, sent)
        assert_alike(world, AROUND + at * DAY, AROUND + known * DAY, zone)
        transaction.set_rollback(True)


def hand_in(world: World, sent: list[Sent]) -> None:
    """Add the revisions in their order, hand them in as their places say, a quarter of a day apart, and decide."""
    revisions = [add(world, one) for one in sent]
    order = sorted(range(len(sent)), key=lambda n: (sent[n].place, n))
    for step, n in enumerate(order):
        at = AROUND + step * DAY / 4
        services.submit(revision=revisions[n], actor=None, at=at)
        if sent[n].fate == "accepted" and sent[n].verdict == "supports":
            services.accept(revision=revisions[n], actor=None, at=at + DAY)
        elif sent[n].fate == "returned" and sent[n].verdict == "supports":
            services.return_revision(revision=revisions[n], actor=None, at=at + DAY, reason="r")


def add(world: World, one: Sent) -> Revision:
    return services.add_revision(
        artefact=world.artefacts["rule-a"],
        actor=None,
        at=START,
        files=[FileIn(world.file, "rule.txt")],
        verdict=one.verdict,
        covers=one.covers,
        valid_until=None if one.valid_until is None else AROUND + one.valid_until,
        proves_until=AROUND + one.proves_until,
    )


def assert_alike(world: World, at: datetime, known: datetime, zone: ZoneInfo) -> None:
    node, artefact = world.node("E_1").pk, world.artefacts["rule-a"].pk
    since = min(at, known)
    everything, telling = facts_of([node], at=at)[node], facts_of([node], at=at, since=since)[node]
    for criterion in CRITERIA:
        whole, part = leaf(everything, criterion, known, zone), leaf(telling, criterion, known, zone)
        assert part.timeline(since) == whole.timeline(since)
        assert outlook(artefact, [part], since) == outlook(artefact, [whole], since)


def leaf(facts: LeafFacts, criterion: Criterion, known: datetime, zone: ZoneInfo) -> Leaf:
    supports = tuple(support._replace(review_interval=Duration(months=1)) for support in facts.supports)
    return Leaf(facts._replace(criterion=criterion, zone=zone, supports=supports), known)
