"""Many sweepers and settlers at once, on true connections: the rows are those of one that never slept."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction

from dcase_audit import clock
from dcase_audit.accounts.models import Membership, User
from dcase_audit.cases.models import NodeStatus, StatusChange
from dcase_audit.cases.words import Status
from dcase_audit.jobs import services as jobs
from dcase_audit.notices.models import Notice
from dcase_audit.notices.services import remind
from dcase_audit.trail.context import acting
from evidence import services, settling, turning
from evidence.sweeping import sweep
from tests.cast import NOW, case_pointing_at
from tests.evidence.world import DAY, START, World

pytestmark = pytest.mark.django_db(transaction=True)
HOUR = timedelta(hours=1)


def at_once(*works: Callable[[], None]) -> None:
    """Run the works in threads that start together; raise the first error."""
    gate, errors = threading.Barrier(len(works), timeout=60), list[BaseException]()

    def run(work: Callable[[], None]) -> None:
        try:
            with acting("test"):
                gate.wait(timeout=10)
                work()
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    if errors:
        raise errors[0]


def filled(slug: str) -> World:
    world = World(slug)
    for name, key in (("rule-a", "E_1"), ("rule-c", "E_2"), ("log", "M_1")):
        world.link(name, key)
        world.accept(name, START + DAY)
    services.hear(artefact=world.artefacts["log"], at=START + DAY + HOUR)
    return world


def sweep_alone(world: World, at: datetime) -> None:
    """Sweep one case, as if the sweeper of all others had been down."""
    with transaction.atomic():
        settling.lock([world.case.pk])
        turning.turn([world.case.pk], now=at)
        settling.close([world.case.pk], at)


def sweep_all(at: datetime) -> None:
    sweep(now=at, clock_now=at)


def tell_and_remind(at: datetime) -> None:
    with clock.at(at):
        jobs.drain("evidence.tell")
        remind(at)


def test_two_sweeps_after_three_days_leave_the_rows_of_an_hourly_one_and_one_notice_each() -> None:
    hourly, late = filled("hourly"), filled("late")
    owner = User.objects.create_user("olga", email="olga@example.org")
    Membership.objects.create(user=owner, party=late.service, role="owner", since=START)
    begin, end = START + 20 * DAY, START + 23 * DAY + 3 * HOUR
    sweep_all(begin)
    before = set(late.changes())
    for hour in range(24 * 3 + 4):
        sweep_alone(hourly, begin + hour * HOUR)

    at_once(lambda: sweep_all(end), lambda: sweep_all(end))
    monday = datetime(2026, 1, 26, 1, tzinfo=UTC)
    at_once(lambda: tell_and_remind(monday), lambda: tell_and_remind(monday))

    assert late.changes() == hourly.changes()
    assert set(late.changes()) > before
    items = [item.pk for notice in Notice.objects.filter(recipient=owner) for item in notice.items.all()]
    assert items
    assert len(items) == len(set(items))


def test_a_goal_that_falls_while_a_case_that_points_at_it_is_published_falls_there_too() -> None:
    world = filled("theirs")
    published, fallen = threading.Event(), threading.Event()

    def publish() -> None:
        with transaction.atomic():
            case_pointing_at(world.node("G_2"), held_by=world.service)
            published.set()
            assert fallen.wait(timeout=30)

    def fall() -> None:
        assert published.wait(timeout=30)
        world.submit("rule-a", NOW, verdict="refutes")
        fallen.set()

    at_once(publish, fall)
    sweep_all(NOW + HOUR)

    assert world.stored()["G_2"] is Status.REFUTED
    external = NodeStatus.objects.get(case__slug="other", node__key="Ex_1")
    assert Status(external.status) is Status.REFUTED


def test_settlers_and_sweepers_together_leave_what_the_rules_say() -> None:
    worlds = [filled(f"case-{number}") for number in range(3)]
    ticks = [START + 2 * DAY + step * 6 * HOUR for step in range(30)]

    def settle(name: str) -> None:
        for number, at in enumerate(ticks):
            world = worlds[number % len(worlds)]
            revision = world.submit(name, at, valid_until=at + 2 * DAY)
            services.accept(revision=revision, actor=None, at=at)
            if number % 3 == 0:
                services.withdraw(revision=revision, actor=None, at=at, reason="taken back")

    def sweep_each() -> None:
        for at in ticks:
            sweep_all(at)

    at_once(lambda: settle("rule-a"), lambda: settle("rule-c"), sweep_each, sweep_each)

    end = ticks[-1] + DAY
    sweep_all(end)
    for world in worlds:
        assert world.stored() == world.by_rule(end)
        for change in StatusChange.objects.filter(case=world.case, before__isnull=False).select_related("node"):
            known = max(change.effective_at, change.recorded_at)
            assert world.by_rule(change.effective_at, known)[change.node.key] is Status(change.after)
