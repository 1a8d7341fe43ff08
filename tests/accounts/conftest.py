"""Two departments and an institution, and ways to give people something to do there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest

from dcase_audit import clock
from dcase_audit.accounts.models import Delegation, Engagement, Membership, Party, User

NOW = datetime(2026, 11, 20, 6, tzinfo=UTC)
DAY = timedelta(days=1)


class Parties(NamedTuple):
    service: Party
    development: Party
    auditors: Party


@pytest.fixture
def parties(db: None) -> Parties:
    names = {"it-service": "department", "it-development": "department", "auditors": "institution"}
    made = [Party.objects.create(key=key, name_ja=key, name_en=key, kind=kind) for key, kind in names.items()]
    return Parties(*made)


@pytest.fixture
def olga(db: None) -> User:
    return User.objects.create_user("olga")


def joins(
    user: User, party: Party, role: str = "owner", since: datetime = NOW - DAY, until: datetime | None = None
) -> None:
    Membership.objects.create(user=user, party=party, role=role, since=since, until=until)


def delegates(
    principal: User, deputy: User, party: Party, since: datetime = NOW - DAY, until: datetime | None = None
) -> None:
    Delegation.objects.create(
        principal=principal, deputy=deputy, party=party, since=since, until=until, reason="on leave"
    )


def audits(user: User, slug: str, institution: Party, since: datetime = NOW - DAY, until: datetime = NOW + DAY) -> None:
    Engagement.objects.create(user=user, institution=institution, case_slug=slug, since=since, until=until)


@pytest.fixture
def today() -> object:
    """Set the domain's clock to ``NOW``."""
    with clock.at(NOW):
        yield
