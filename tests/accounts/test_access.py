"""What a person may do at a moment: memberships, engagements and what others delegated, each for its time."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from dcase_audit.accounts.access import NOBODY, Access, access_of
from dcase_audit.accounts.models import User
from tests.accounts.conftest import DAY, NOW, Parties, audits, delegates, joins

SECOND = timedelta(seconds=1)


@pytest.fixture
def hana(db: None) -> User:
    return User.objects.create_user("hana")


def test_a_person_without_roles_may_nothing(olga: User) -> None:
    assert access_of(olga, at=NOW) == Access(user_id=olga.pk)


def test_each_role_is_held_in_its_party(olga: User, parties: Parties) -> None:
    joins(olga, parties.service, "owner")
    joins(olga, parties.service, "approver")
    joins(olga, parties.development, "head")
    joins(olga, parties.auditors, "management")

    access = access_of(olga, at=NOW)

    assert access.owns == access.approves == {parties.service.pk}
    assert access.heads == {parties.development.pk}
    assert access.manages == {parties.auditors.pk}
    assert access.departments == {parties.service.pk, parties.development.pk}
    assert access.parties == access.departments | {parties.auditors.pk}
    assert access.is_member
    assert access.scopes is None


@pytest.mark.parametrize(
    ("at", "holds"), [(NOW - SECOND, False), (NOW, True), (NOW + DAY - SECOND, True), (NOW + DAY, False)]
)
def test_a_role_holds_from_its_start_until_its_end(olga: User, parties: Parties, at: datetime, holds: bool) -> None:
    joins(olga, parties.service, since=NOW, until=NOW + DAY)
    audits(olga, "recurrence", parties.auditors, since=NOW, until=NOW + DAY)

    access = access_of(olga, at=at)

    assert access.is_member == holds
    assert access.audits == ({"recurrence"} if holds else set())


def test_a_role_without_end_goes_on(olga: User, parties: Parties) -> None:
    joins(olga, parties.service)

    assert access_of(olga, at=NOW + 10_000 * DAY).is_member


@pytest.mark.usefixtures("today")
def test_without_a_moment_the_domains_clock_decides(olga: User, parties: Parties) -> None:
    joins(olga, parties.service, since=NOW - SECOND, until=NOW + SECOND)

    assert access_of(olga).is_member
    assert olga.access.is_member


def test_who_left_may_nothing(olga: User, parties: Parties) -> None:
    joins(olga, parties.service)
    olga.is_active, olga.is_administrator = False, True

    assert access_of(olga, at=NOW) == NOBODY
    assert not NOBODY.has_scope("read")


def test_a_deputy_has_the_principals_roles_in_the_party_and_no_others(olga: User, hana: User, parties: Parties) -> None:
    joins(hana, parties.service, "head")
    joins(hana, parties.service, "approver")
    joins(hana, parties.development, "head")
    joins(olga, parties.service, "owner")
    delegates(hana, olga, parties.service)

    access = access_of(olga, at=NOW)

    assert access.owns == access.approves == access.heads == {parties.service.pk}
    assert access_of(hana, at=NOW).owns == frozenset()


@pytest.mark.parametrize(
    ("at", "holds"), [(NOW - SECOND, False), (NOW, True), (NOW + DAY - SECOND, True), (NOW + DAY, False)]
)
def test_a_delegation_holds_from_its_start_until_its_end(
    olga: User, hana: User, parties: Parties, at: datetime, holds: bool
) -> None:
    joins(hana, parties.service, "head")
    delegates(hana, olga, parties.service, since=NOW, until=NOW + DAY)

    assert bool(access_of(olga, at=at).heads) == holds


def test_a_role_that_ended_is_delegated_no_longer(olga: User, hana: User, parties: Parties) -> None:
    joins(hana, parties.service, "head", until=NOW)
    delegates(hana, olga, parties.service)

    assert access_of(olga, at=NOW - SECOND).heads
    assert not access_of(olga, at=NOW).heads


def test_a_deputys_deputy_gets_nothing(olga: User, hana: User, parties: Parties) -> None:
    ken = User.objects.create_user("ken")
    joins(hana, parties.service, "head")
    delegates(hana, ken, parties.service)
    delegates(ken, olga, parties.service)

    assert access_of(ken, at=NOW).heads
    assert not access_of(olga, at=NOW).heads


def test_audits_are_not_delegated(olga: User, hana: User, parties: Parties) -> None:
    audits(hana, "recurrence", parties.auditors)
    delegates(hana, olga, parties.auditors)

    assert access_of(olga, at=NOW).audits == frozenset()


@pytest.mark.parametrize("many", [1, 12])
def test_access_is_read_in_one_query(
    olga: User, parties: Parties, many: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(many):
        principal = User.objects.create_user(f"head-{number}")
        joins(principal, parties.service, "head")
        delegates(principal, olga, parties.service)
        audits(olga, f"case-{number}", parties.auditors)

    with django_assert_num_queries(1):
        access = access_of(olga, at=NOW)

    assert len(access.audits) == many


@pytest.mark.usefixtures("today")
def test_access_is_read_once_for_each_instance(olga: User, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(1):
        assert olga.access is olga.access
