"""From a fact to a mail: what the services settle and the sweep turns, people are told of."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from dcase_audit import clock
from dcase_audit.accounts.models import User
from dcase_audit.jobs.services import drain
from dcase_audit.notices.models import Notice, OpenItem
from dcase_audit.notices.services import remind
from evidence import services
from evidence.sweeping import sweep
from tests.evidence.world import World
from tests.notices.conftest import join, person, tokyo

pytestmark = pytest.mark.usefixtures("sound")

START = tokyo("2026-11-16 09:00")


@pytest.fixture
def world(db: None) -> World:
    return World(at=START)


@pytest.fixture
def olga(world: World) -> User:
    olga = person("olga")
    join(olga, world.service, "owner")
    return olga


def tell(at: datetime) -> None:
    with clock.at(at):
        drain("evidence.tell")


def items(world: World) -> dict[str, str]:
    """Return what is open, by the key of the leaf or by what else it is about."""
    keys = {f"leaf:{node.pk}": node.key for node in world.case.nodes.all()}
    found = OpenItem.objects.open().values_list("key", "kind")
    return {keys.get(key, key.partition(":")[0]): kind for key, kind in found}


def test_a_new_case_tells_who_has_to_bring_evidence(world: World, olga: User) -> None:
    tell(START)

    assert items(world) == {"E_1": "missing", "E_2": "missing", "M_1": "missing"}
    assert {item.party for item in OpenItem.objects.all()} == {world.service}
    remind(START)
    assert Notice.objects.filter(recipient=olga).count() == 3


def test_evidence_goes_from_missing_to_waiting_to_standing_and_ends(world: World, olga: User) -> None:
    world.link("rule-c", "E_2", at=START)
    revision = world.submit("rule-c", START + timedelta(hours=1))
    tell(START + timedelta(hours=1))
    assert items(world) == {"E_1": "missing", "M_1": "missing", "waiting": "waiting"}

    services.accept(revision=revision, actor=None, at=START + timedelta(hours=2))
    tell(START + timedelta(hours=2))
    assert items(world) == {"E_1": "missing", "M_1": "missing"}

    ends = START + timedelta(days=20, hours=1)
    sweep(now=ends - timedelta(days=2), clock_now=ends)
    tell(ends - timedelta(days=2))
    expiring = OpenItem.objects.get(kind="expiring")
    assert expiring.due_on == date(2026, 12, 6)
    assert "「small-rule-c」の有効期間は2026年12月6日までです。" in expiring.text_ja

    sweep(now=ends, clock_now=ends)
    tell(ends)
    expiring.refresh_from_db()
    assert expiring.kind == "expired"
    assert expiring.due_on is None


def test_three_days_without_worker_or_sweep_are_one_digest(world: World, olga: User) -> None:
    for name, leaf in (("rule-a", "E_1"), ("rule-c", "E_2")):
        world.link(name, leaf, at=START)
        world.accept(name, START)
    services.record_subject_version(
        subject=world.subject, version="2", digest="", since=START + timedelta(days=1), actor=None, at=START
    )
    back_up = START + timedelta(days=21)

    sweep(now=back_up, clock_now=back_up)
    tell(back_up)
    for number in range(2):
        world.submit("rule-b", back_up + timedelta(minutes=number))
    join(olga, world.service, "approver")
    remind(back_up + timedelta(minutes=5))

    assert items(world)["E_2"] == "expired"
    (notice,) = Notice.objects.filter(recipient=olga)
    assert notice.kind == "digest"
    assert notice.items.count() == OpenItem.objects.open().count() == 5
