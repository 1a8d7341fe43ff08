from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest

from dcase_audit.accounts.models import Membership, Party, User
from dcase_audit.notices.models import OpenItem
from dcase_audit.notices.services import open_item

TOKYO = ZoneInfo("Asia/Tokyo")
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)

OpenAnItem = Callable[..., OpenItem]


def tokyo(text: str) -> datetime:
    """Read a moment as people in Tokyo write it: ``2026-11-20 09:00``."""
    return datetime.fromisoformat(text).replace(tzinfo=TOKYO).astimezone(UTC)


class Cast(NamedTuple):
    """Olga owns evidence in IT Service, Ken approves there, Hana heads it; Miki manages; Bo belongs elsewhere."""

    olga: User
    ken: User
    hana: User
    miki: User
    bo: User
    service: Party
    development: Party


def person(username: str, language: str = "ja", **fields: Any) -> User:
    return User.objects.create_user(username, language=language, email=f"{username}@example.com", **fields)


def join(user: User, party: Party, role: str) -> None:
    Membership.objects.create(user=user, party=party, role=role, since=LONG_AGO)


@pytest.fixture
def cast(db: None) -> Cast:
    service = Party.objects.create(key="it-service", name_ja="ITサービス部", name_en="IT Service")
    development = Party.objects.create(key="it-development", name_ja="IT開発部", name_en="IT Development")
    management = Party.objects.create(key="management", name_ja="経営層", name_en="Management")
    olga, ken = person("olga", name_ja="織賀 恵", name_en="Megumi Olga"), person("ken", name_ja="健", name_en="Ken")
    hana, miki, bo = person("hana", "en", name_en="Hana"), person("miki", name_ja="美紀"), person("bo")
    join(olga, service, "owner")
    join(ken, service, "approver")
    join(hana, service, "head")
    join(miki, management, "management")
    join(bo, development, "owner")
    return Cast(olga, ken, hana, miki, bo, service, development)


@pytest.fixture
def open_an_item(cast: Cast) -> OpenAnItem:
    """Open an item of Olga's; keyword arguments override what it says."""

    def open_it(key: str = "leaf:1", *, at: datetime, **said: object) -> OpenItem:
        defaults: dict[str, object] = {
            "kind": "missing",
            "text_ja": f"{key} 証拠がありません",
            "text_en": f"{key} has no evidence",
            "href": "/cases/exchange/nodes/E_11/",
            "party": cast.service,
            "owner": cast.olga,
        }
        return open_item(key=key, at=at, **defaults | said)  # type: ignore[arg-type]

    return open_it


@pytest.fixture
def new_year(db: None) -> None:
    """Close the organisation over the New Year, as exchanges do."""
    from dcase_audit.calendars.models import Holiday

    for day in (date(2026, 12, 31), date(2027, 1, 2), date(2027, 1, 3)):
        Holiday.objects.create(day=day, name_ja="年末年始休業")
