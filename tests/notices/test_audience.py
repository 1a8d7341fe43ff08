from __future__ import annotations

from datetime import date

import pytest
from pytest_django import DjangoAssertNumQueries

from dcase_audit.accounts.models import Delegation, Party, User
from dcase_audit.notices import audience
from dcase_audit.notices.models import Notice
from dcase_audit.notices.services import acknowledge, remind
from tests.notices.conftest import LONG_AGO, Cast, OpenAnItem, join, person, tokyo

AT = tokyo("2026-11-16 09:00")


def told(at: str = "2026-11-16 09:00") -> set[str]:
    remind(tokyo(at))
    notices = Notice.objects.filter(created_at=tokyo(at)).select_related("recipient")
    return {notice.recipient.username for notice in notices}


def delegate(principal: User, deputy: User, party: Party, until: str | None = None) -> None:
    Delegation.objects.create(
        principal=principal,
        deputy=deputy,
        party=party,
        since=LONG_AGO,
        until=tokyo(until) if until else None,
        reason="出張のため",
    )


def test_without_an_owner_those_who_own_evidence_in_the_department_are_told(
    cast: Cast, open_an_item: OpenAnItem
) -> None:
    open_an_item(at=AT, owner=None)
    join(person("otto"), cast.service, "owner")

    assert told() == {"olga", "otto"}


def test_a_decision_waits_for_the_approvers_and_not_for_who_submitted(cast: Cast, open_an_item: OpenAnItem) -> None:
    join(cast.olga, cast.service, "approver")
    open_an_item(at=AT, owner=None, role="approver", not_to=cast.olga)

    assert told() == {"ken"}


def test_heads_who_submitted_are_not_asked_to_decide_either(cast: Cast, open_an_item: OpenAnItem) -> None:
    join(cast.hana, cast.service, "approver")
    open_an_item(at=AT, owner=None, role="approver", not_to=cast.hana)

    assert told() == {"ken"}
    assert told("2026-11-19 09:00") == {"miki"}


def test_a_deputy_is_told_as_well_while_the_delegation_is_in_force(cast: Cast, open_an_item: OpenAnItem) -> None:
    delegate(cast.olga, cast.bo, cast.service, until="2026-11-18 00:00")
    open_an_item("leaf:1", at=AT)
    assert told() == {"olga", "bo"}

    open_an_item("leaf:2", at=tokyo("2026-11-18 09:00"))
    assert told("2026-11-18 09:00") == {"olga"}


def test_a_delegation_for_another_department_does_not_count(cast: Cast, open_an_item: OpenAnItem) -> None:
    delegate(cast.olga, cast.bo, cast.development)
    open_an_item(at=AT)

    assert told() == {"olga"}


def test_deputies_of_deputies_and_circles_end(cast: Cast, open_an_item: OpenAnItem) -> None:
    delegate(cast.olga, cast.bo, cast.service)
    delegate(cast.bo, cast.ken, cast.service)
    delegate(cast.ken, cast.olga, cast.service)
    open_an_item(at=AT)

    assert told() == {"olga", "bo", "ken"}


def test_heads_and_management_delegate_too(cast: Cast, open_an_item: OpenAnItem) -> None:
    delegate(cast.hana, cast.bo, cast.service)
    delegate(cast.miki, cast.ken, Party.objects.get(key="management"))
    open_an_item(at=AT)

    assert told() == {"olga"}
    assert told("2026-11-19 09:00") == {"hana", "bo"}
    assert told("2026-11-27 09:00") == {"miki", "ken"}


def test_the_items_of_somebody_who_left_go_to_the_deputy(cast: Cast, open_an_item: OpenAnItem) -> None:
    delegate(cast.olga, cast.bo, cast.service)
    open_an_item(at=AT)
    User.objects.filter(pk=cast.olga.pk).update(is_active=False)

    assert told() == {"bo"}


def test_without_a_deputy_they_go_to_the_department(cast: Cast, open_an_item: OpenAnItem) -> None:
    join(person("otto"), cast.service, "owner")
    open_an_item(at=AT)
    User.objects.filter(pk=cast.olga.pk).update(is_active=False)

    assert told() == {"otto"}


def test_what_somebody_acknowledged_and_left_reaches_the_owner(cast: Cast, open_an_item: OpenAnItem) -> None:
    item = open_an_item(at=AT)
    assert told() == {"olga"}
    acknowledge(item=item, actor=cast.ken, at=AT)
    User.objects.filter(pk=cast.ken.pk).update(is_active=False)

    assert told("2026-12-01 09:00") == {"olga"}


def test_machines_read_no_inbox(cast: Cast, open_an_item: OpenAnItem) -> None:
    robot = person("robot", kind=User.Kind.MACHINE)
    open_an_item(at=AT, owner=robot)

    assert told() == {"olga"}


def test_what_a_merged_department_left_is_its_successors(cast: Cast, open_an_item: OpenAnItem) -> None:
    open_an_item(at=AT, owner=None)
    Party.objects.filter(pk=cast.service.pk).update(until=date(2026, 11, 16), successor=cast.development)

    assert told() == {"bo"}


def test_a_department_is_there_until_the_day_its_successor_begins(cast: Cast, open_an_item: OpenAnItem) -> None:
    open_an_item(at=AT, owner=None)
    Party.objects.filter(pk=cast.service.pk).update(until=date(2026, 11, 17), successor=cast.development)

    assert told() == {"olga"}


def test_departments_that_succeed_each_other_in_a_circle_end(cast: Cast, open_an_item: OpenAnItem) -> None:
    Party.objects.filter(pk=cast.service.pk).update(until=date(2026, 1, 1), successor=cast.development)
    Party.objects.filter(pk=cast.development.pk).update(until=date(2026, 1, 1), successor=cast.service)
    open_an_item(at=AT, owner=None)

    assert told() <= {"bo", "olga"}


@pytest.mark.parametrize("number", [1, 20])
def test_the_roster_takes_three_queries(
    cast: Cast, open_an_item: OpenAnItem, django_assert_num_queries: DjangoAssertNumQueries, number: int
) -> None:
    items = [open_an_item(f"leaf:{n}", at=AT) for n in range(number)]
    for n in range(number):
        join(person(f"owner-{n}"), cast.service, "owner")
        delegate(cast.olga, person(f"deputy-{n}"), cast.service)

    with django_assert_num_queries(3):
        audience.read(items, at=AT)
