"""Two batches at once, on true connections."""

from __future__ import annotations

from datetime import timedelta

import pytest

from drills import services
from drills.models import MonitorBatch, MonitorEvent, Outage
from drills.monitors import proofs
from drills.monitors.events import DOWN, HEARTBEAT, RESOLVED, UP, Event, Read
from evidence.models import Hearing
from tests.cast import NOW, make_cast
from tests.evidence.test_concurrent_sweeps import at_once
from tests.monitors.world import make_monitor

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("the_clock")]

MINUTE = timedelta(minutes=1)


def beats(first: int, many: int) -> list[Event]:
    return [Event(HEARTBEAT, NOW - n * MINUTE, f"beat {n}") for n in range(first, first + many)]


def test_equal_batches_at_once_are_kept_once() -> None:
    cast = make_cast()
    monitor = make_monitor(cast)

    def send() -> None:
        read = Read(beats(0, 200), [])
        services.receive(
            monitor=monitor, actor=cast.olga, at=NOW, through="t", format="native", sha256="0" * 64, read=read
        )

    at_once(*[send] * 4)

    batch = MonitorBatch.objects.get()
    contents = list(batch.events.order_by("position").values_list("content", flat=True))
    assert (batch.count, len(contents), proofs.root(contents)) == (200, 200, batch.root)
    assert Hearing.objects.filter(artefact=monitor.artefact).count() == 1


def test_batches_that_overlap_share_nothing_and_lose_nothing() -> None:
    cast = make_cast()
    monitor = make_monitor(cast)
    failing = [
        Event(DOWN, NOW - 9 * MINUTE, "d9", fingerprint="a"),
        Event(UP, NOW - 5 * MINUTE, "u5", fingerprint="a"),
        Event(DOWN, NOW - 4 * MINUTE, "d4", fingerprint="a"),
        Event(RESOLVED, NOW - 4 * MINUTE, "r4", NOW, fingerprint="a"),
    ]

    def sending(events: list[Event]) -> None:
        read = Read(events, [])
        services.receive(
            monitor=monitor, actor=cast.olga, at=NOW, through="t", format="native", sha256="0" * 64, read=read
        )

    parts = [[*beats(n * 50, 100), *failing[n:], *failing[:n]] for n in range(4)]
    at_once(*[lambda part=part: sending(part) for part in parts])

    assert MonitorEvent.objects.count() == 250 + 4
    assert sum(MonitorBatch.objects.values_list("count", flat=True)) == 254
    for batch in MonitorBatch.objects.all():
        contents = list(batch.events.order_by("position").values_list("content", flat=True))
        assert proofs.root(contents) == batch.root
    spans = list(Outage.objects.values_list("started_at", "ended_at"))
    assert spans == [(NOW - 9 * MINUTE, NOW - 5 * MINUTE), (NOW - 4 * MINUTE, NOW)]
