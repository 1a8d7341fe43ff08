from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier, Event, local
from typing import TypeVar

import pytest
from django.db import connection, transaction

from dcase_audit import clock
from dcase_audit.jobs.models import Job
from dcase_audit.notices import reminding, tasks
from dcase_audit.notices.models import Notice, NoticeItem, OpenItem
from dcase_audit.notices.services import Counts, close_item, remind
from dcase_audit.trail.context import acting
from evidence.models import Told
from evidence.telling import tell
from tests.evidence.world import World
from tests.notices.conftest import Cast, OpenAnItem, person, tokyo

Result = TypeVar("Result")
pytestmark = pytest.mark.django_db(transaction=True)
AT = tokyo("2026-11-16 09:00")


def in_threads(*calls: Callable[[], Result]) -> list[Result]:
    """Run the calls at once, each on a connection of its own."""

    def on_its_own(call: Callable[[], Result]) -> Result:
        try:
            with acting("test"):
                return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result() for future in [pool.submit(on_its_own, call) for call in calls]]


def test_two_ticks_at_once_tell_each_person_once(
    cast: Cast, open_an_item: OpenAnItem, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(40):
        open_an_item(f"leaf:{number}", at=AT, owner=person(f"owner-{number}"))
    monkeypatch.setattr(reminding, "BATCH", 10)
    together, waited = Barrier(2, timeout=20), local()
    claim = reminding._claim

    def claim_together(at: datetime) -> list[OpenItem]:
        claimed = claim(at)
        if not hasattr(waited, "once"):
            waited.once = together.wait()  # each holds its first items before either goes on
        return claimed

    monkeypatch.setattr(reminding, "_claim", claim_together)

    counts = in_threads(lambda: remind(AT), lambda: remind(AT))

    assert sum(count.items for count in counts) == sum(count.notices for count in counts) == 40
    assert sorted(Notice.objects.values_list("recipient__username", flat=True)) == sorted(
        f"owner-{number}" for number in range(40)
    )
    assert Job.objects.filter(kind="notices.mail").count() == 40


def test_a_tick_passes_over_what_another_holds_and_finds_it_when_that_one_dies(
    cast: Cast, open_an_item: OpenAnItem
) -> None:
    open_an_item(at=AT)
    held, done = Event(), Event()

    def die_holding_it() -> Counts:
        with transaction.atomic():
            counts = remind(AT)
            held.set()
            assert done.wait(20)
            transaction.set_rollback(True)
        return counts

    def pass_over() -> Counts:
        assert held.wait(20)
        try:
            return remind(AT)
        finally:
            done.set()

    dying, passing = in_threads(die_holding_it, pass_over)

    assert (dying.notices, passing.notices) == (1, 0)
    assert not Notice.objects.exists()
    assert remind(AT).notices == 1
    assert NoticeItem.objects.count() == 1


def test_opening_the_same_item_twice_at_once_opens_one(cast: Cast, open_an_item: OpenAnItem) -> None:
    together = Barrier(4, timeout=20)

    def open_it() -> OpenItem:
        together.wait()
        return open_an_item(at=AT)

    items = in_threads(*[open_it] * 4)

    assert len({item.pk for item in items}) == OpenItem.objects.count() == 1


def test_two_workers_who_tell_of_one_case_tell_once(cast: Cast) -> None:
    world = World(at=AT)
    together = Barrier(2, timeout=20)

    def tell_together() -> None:
        together.wait()
        tell(world.case.pk, at=AT)

    in_threads(tell_together, tell_together)

    assert OpenItem.objects.filter(kind="missing").count() == 3
    assert Told.objects.get().change_id > 0


def test_what_closes_during_a_tick_is_closed(cast: Cast, open_an_item: OpenAnItem) -> None:
    open_an_item(at=AT)
    told = Event()

    def tell() -> None:
        with transaction.atomic():
            remind(AT)
            told.set()

    def close() -> None:
        assert told.wait(20)
        close_item(key="leaf:1", at=AT)

    in_threads(tell, close)

    item = OpenItem.objects.get()
    assert item.closed_at == AT
    assert item.next_at is None


def test_the_beats_tick_leaves_the_work_to_one_that_is_at_it(cast: Cast, open_an_item: OpenAnItem) -> None:
    open_an_item(at=AT)
    held, done = Event(), Event()

    def tick() -> None:
        with transaction.atomic(), clock.at(tokyo("2026-11-15 09:00")):  # a Sunday: tells nobody and holds the lock
            tasks.remind()
            held.set()
            assert done.wait(20)

    def tick_beside_it() -> int:
        assert held.wait(20)
        try:
            with clock.at(AT):
                tasks.remind()
            return Notice.objects.count()
        finally:
            done.set()

    assert in_threads(tick, tick_beside_it)[1] == 0
    with clock.at(AT):
        tasks.remind()
    assert Notice.objects.count() == 1
