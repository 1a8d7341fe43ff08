"""The rules of a leaf as properties over random facts."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

from hypothesis import given

from evidence.facts import LeafFacts
from evidence.leaf_status import Verdict, leaf_status, leaf_timeline
from tests.status_strategies import STEP, grid, leaf_facts, moments

INSTANT = timedelta(microseconds=1)


def read(timeline: list[Verdict], at: datetime) -> Verdict:
    return [verdict for verdict in timeline if verdict.at <= at][-1]


@given(leaf_facts(), moments, moments)
def test_the_timeline_says_at_each_moment_what_the_rule_says(
    facts: LeafFacts, start: datetime, known: datetime
) -> None:
    timeline = leaf_timeline(facts, start, known)

    for at in grid(start):
        for moment in (at, at + INSTANT, at + STEP - INSTANT):
            assert (read(timeline, moment).status, read(timeline, moment).because) == leaf_status(facts, moment, known)


@given(leaf_facts(), moments, moments)
def test_until_the_instant_of_a_change_the_old_status_holds(facts: LeafFacts, start: datetime, known: datetime) -> None:
    timeline = leaf_timeline(facts, start, known)

    for before, after in pairwise(timeline):
        assert leaf_status(facts, after.at - INSTANT, known) == (before.status, before.because)
        assert leaf_status(facts, after.at, known) == (after.status, after.because)
