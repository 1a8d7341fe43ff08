from __future__ import annotations

from datetime import timedelta

import pytest

from dcase_audit.accounts.models import Delegation
from dcase_audit.jobs import services as jobs
from dcase_audit.notices.models import OpenItem
from dcase_audit.notices.services import open_item
from tests.api.conftest import As
from tests.cast import NOW, Cast, revision, submitted


def due(as_: As, name: str, **query: str) -> list[str]:
    return [item["kind"] for item in as_(name).get("due", query).json()["items"]]


@pytest.fixture
def told(cast: Cast) -> None:
    """Let people be told of the case's leaves, as a worker would."""
    jobs.drain("evidence.tell")


def test_an_owner_is_told_of_a_leaf_without_evidence(as_: As, told: None) -> None:
    assert due(as_, "olga") == ["missing"]
    assert due(as_, "bo") == ["missing"]
    assert due(as_, "otto") == []
    assert as_("olga").get("due").json()["items"][0]["party"] == "it-service"


def test_a_submission_is_due_for_approvers_and_not_for_who_submitted_it(as_: As, cast: Cast) -> None:
    submitted(cast.night_drills, cast.ken)

    assert due(as_, "ken") == []
    assert due(as_, "olga") == []
    assert due(as_, "olga", whose="department") == ["waiting"]

    submitted(cast.night_drills, cast.olga, content=b"another")

    assert due(as_, "ken") == ["waiting"]


def test_drafts_are_their_authors(as_: As, cast: Cast) -> None:
    draft = revision(cast.night_drills, cast.olga)

    assert [each["id"] for each in as_("olga").get("due").json()["drafts"]] == [draft.pk]
    assert as_("ken").get("due").json()["drafts"] == []


def test_what_escalates_is_due_for_the_head_and_then_for_management(as_: As, told: None) -> None:
    items = OpenItem.objects.filter(party__key="it-service")

    assert due(as_, "hana") == []
    items.update(step=1)
    assert due(as_, "hana") == ["missing"]
    assert due(as_, "miki") == []
    items.update(step=2)
    assert due(as_, "miki") == ["missing"]
    assert due(as_, "olga") == ["missing"]


def test_a_deputy_has_the_principals_items(as_: As, cast: Cast, told: None) -> None:
    Delegation.objects.create(
        principal=cast.olga,
        deputy=cast.ken,
        party=cast.it_service,
        since=NOW - timedelta(days=1),
        until=NOW + timedelta(days=1),
        reason="休暇",
    )

    assert due(as_, "ken") == ["missing"]


def test_a_delegation_that_ended_gives_nothing(as_: As, cast: Cast, told: None) -> None:
    Delegation.objects.create(
        principal=cast.olga,
        deputy=cast.ken,
        party=cast.it_service,
        since=NOW - timedelta(days=2),
        until=NOW - timedelta(days=1),
        reason="休暇",
    )

    assert due(as_, "ken") == []


def test_the_list_goes_page_by_page_what_has_a_day_first(as_: As, cast: Cast) -> None:
    days = [None, 3, 1, None, 2]
    for number, day in enumerate(days):
        open_item(
            key=f"test:{number}",
            kind=f"kind-{number}",
            text_ja="対応する",
            text_en="See to it",
            href="/",
            party=cast.it_service,
            owner=cast.olga,
            at=NOW,
            due_on=(NOW + timedelta(days=day)).date() if day else None,
        )

    address, kinds = "/api/v1/due?limit=2", []
    while address:
        page = as_("olga").get(address).json()
        kinds += [item["kind"] for item in page["items"]]
        address = page["next"]

    assert kinds == ["kind-2", "kind-4", "kind-1", "kind-0", "kind-3"]
