"""Outages against a model that looks at all events at once: order and repetition change nothing."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drills import services
from drills.models import Monitor, Outage
from drills.monitors.events import DOWN, RESOLVED, UP, Event, Read
from tests.cast import NOW, Cast
from tests.monitors.world import make_monitor

MOMENTS = st.integers(0, 8).map(lambda minutes: NOW - timedelta(minutes=minutes))
THINGS = st.sampled_from(["a", "b"])


def said(kind: str, thing: str, start: datetime, end: datetime | None = None) -> Event:
    return Event(kind, start, f"{kind} {thing} {start} {end}", end, fingerprint=thing, component=thing)


FIRING = st.builds(said, st.just(DOWN), THINGS, MOMENTS)
RESTORED = st.builds(said, st.just(UP), THINGS, MOMENTS)
RESOLVING = st.builds(
    lambda thing, one, other: said(RESOLVED, thing, min(one, other), max(one, other)), THINGS, MOMENTS, MOMENTS
)
ALERTS = st.lists(FIRING | RESOLVING, max_size=12)
EVENTS = st.lists(FIRING | RESOLVING | RESTORED, max_size=12)

Spans = set[tuple[str, datetime, datetime | None]]


def expected(events: Sequence[Event]) -> Spans:
    """Return the outages, each found by looking at every event."""
    found: Spans = set()
    for begun in events:
        if begun.kind == UP:
            continue
        of_it = [event for event in events if event.fingerprint == begun.fingerprint]
        said_ends = [
            event.ended_at for event in of_it if event.ended_at is not None and event.started_at == begun.started_at
        ]
        ups = [event.started_at for event in of_it if event.kind == UP and event.started_at >= begun.started_at]
        end = max(said_ends) if said_ends else min(ups, default=None)
        found.add((begun.fingerprint, begun.started_at, end))
    return found


def outages_of(monitor: Monitor, number: int) -> Spans:
    found = Outage.objects.filter(monitor=monitor, fingerprint__endswith=f" {number}")
    return set(found.values_list("fingerprint", "started_at", "ended_at"))


def receive(monitor: Monitor, cast: Cast, *events: Event) -> services.Received:
    return services.receive(
        monitor=monitor,
        actor=cast.olga,
        at=NOW,
        through="test",
        format="native",
        sha256="0" * 64,
        read=Read(list(events), []),
    )


@pytest.mark.parametrize("strategy", [ALERTS, EVENTS], ids=["alerts", "events"])
def test_any_order_and_any_repetition_give_the_same_outages(
    strategy: st.SearchStrategy[list[Event]], cast: Cast
) -> None:
    # What was said stays, so that each round speaks of things of its own.
    monitor, rounds = make_monitor(cast), itertools.count()

    @settings(max_examples=60, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def any_order(data: st.DataObject) -> None:
        drawn = data.draw(strategy)
        for _ in range(2):
            number = next(rounds)
            events = [event._replace(fingerprint=f"{event.fingerprint} {number}") for event in drawn]
            order = data.draw(st.permutations(events + data.draw(st.lists(st.sampled_from(events))) if events else []))
            cuts = data.draw(st.lists(st.booleans(), min_size=len(order), max_size=len(order)))
            part: list[Event] = []
            for event, is_cut in zip(order, cuts, strict=True):
                part.append(event)
                if is_cut:
                    receive(monitor, cast, *part)
                    part = []
            if part:
                receive(monitor, cast, *part)
            assert outages_of(monitor, number) == expected(events)

    any_order()


def test_provenance_names_the_events(cast: Cast) -> None:
    monitor = make_monitor(cast)
    start, end = NOW - timedelta(minutes=3), NOW - timedelta(minutes=1)
    receive(monitor, cast, said(DOWN, "a", start))
    outage = Outage.objects.get()
    assert (outage.began_with.kind, outage.ended_with) == (DOWN, None)

    receive(monitor, cast, said(RESOLVED, "a", start, end))

    outage.refresh_from_db()
    assert outage.ended_with is not None
    assert (outage.began_with.kind, outage.ended_with.kind) == (DOWN, RESOLVED)
