from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from evidence import services
from evidence.models import Artefact
from tests.api.client import pointers, slug
from tests.api.conftest import As
from tests.cast import NOW, Cast, submitted

RULE = {
    "kind": "rule",
    "key": "night-recovery-rule",
    "title": {"ja": "夜間復旧手順", "en": "Night recovery rule"},
    "custodian": "it-service",
    "review_interval": "P1Y",
}


def test_an_owner_adds_an_artefact(as_: As) -> None:
    response = as_("olga").post("artefacts", RULE)

    assert response.status_code == 201
    assert response.headers["Location"] == "/api/v1/artefacts/night-recovery-rule"
    assert response.json()["owner"] == "olga"
    assert response.json()["status"] == "missing"
    assert as_("ken").get("artefacts/night-recovery-rule").json()["title"] == RULE["title"]


def test_another_member_of_the_department_may_be_the_owner_and_nobody_else(as_: As) -> None:
    assert as_("olga").post("artefacts", {**RULE, "owner": "ken"}).json()["owner"] == "ken"

    refused = as_("olga").post("artefacts", {**RULE, "key": "other", "owner": "bo"})

    assert refused.status_code == 422
    assert pointers(refused) == {"/owner"}


@pytest.mark.parametrize("name", ["bo", "rin", "ada", "miki", "otto"])
def test_nobody_adds_to_a_department_that_is_not_theirs(as_: As, name: str) -> None:
    response = as_(name).post("artefacts", RULE)

    assert response.status_code == 403
    assert not Artefact.objects.filter(key=RULE["key"]).exists()


@pytest.mark.parametrize(
    ("changes", "places"),
    [
        ({"approved": True, "status": "supported", "id": 1}, {"/approved", "/status", "/id"}),
        ({"key": "Not A Key"}, {"/key"}),
        ({"key": "k" * 81}, {"/key"}),
        ({"key": 5}, {"/key"}),
        ({"key": "night-drills"}, {"/key"}),
        ({"kind": "poem"}, {"/kind"}),
        ({"custodian": "nobody"}, {"/custodian"}),
        ({"review_interval": "a year"}, {"/review_interval"}),
        ({"title": {"ja": "あ" * 301}}, {"/title/ja"}),
        ({"title": {"fr": "règle"}}, {"/title/fr"}),
        ({"title": "夜間"}, {"/title"}),
        ({"title": None}, {"/title"}),
        ({"owner": "nobody"}, {"/owner"}),
    ],
)
def test_N8_each_refused_member_is_named(as_: As, changes: dict[str, Any], places: set[str]) -> None:
    response = as_("olga").post("artefacts", {**RULE, **changes})

    assert response.status_code == 422
    assert pointers(response) == places


@pytest.mark.parametrize("owner", ["ken", "nobody"])
def test_who_belongs_to_another_department_is_not_told(as_: As, owner: str) -> None:
    response = as_("bo").post("artefacts", {**RULE, "owner": owner})

    assert (response.status_code, pointers(response)) == (403, set())


def test_all_missing_members_are_named_at_once(as_: As) -> None:
    response = as_("olga").post("artefacts", {})

    assert pointers(response) == {"/kind", "/key", "/title", "/custodian"}


def test_the_list_shows_what_ends_first_and_what_is_seen(as_: As, cast: Cast) -> None:
    record = submitted(cast.night_drills, cast.olga, subjects={"failover-setting": {"version": "on", "digest": ""}})
    services.accept(revision=record, actor=cast.ken, at=NOW)
    as_("olga").post("artefacts", RULE)

    page = as_("ken").get("artefacts").json()

    assert [item["key"] for item in page["items"]] == ["night-drills", "night-recovery-rule"]
    assert page["items"][0]["status"] == "supported"
    assert page["items"][0]["revision"] == 1


def test_an_auditor_sees_what_ever_supported_the_case_in_scope(as_: As) -> None:
    keys = {item["key"] for item in as_("rin").get("artefacts").json()["items"]}

    assert keys == {"night-drills", "review-rule"}


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        ({"status": "missing"}, {"night-drills"}),
        ({"status": "supported"}, set()),
        ({"department": "it-service"}, {"night-drills"}),
        ({"department": "it-development"}, set()),
        ({"department": "no-such-thing"}, set()),
        ({"kind": "drill-record"}, {"night-drills"}),
        ({"kind": "rule"}, set()),
        ({"case": "recurrence"}, {"night-drills"}),
        ({"case": "no-such-thing"}, set()),
        ({"q": "夜間訓練"}, {"night-drills"}),
        ({"q": "ＮＩＧＨＴ"}, {"night-drills"}),
        ({"q": "訓練"}, {"night-drills"}),
        ({"q": "%"}, set()),
        ({"q": ""}, {"night-drills"}),
    ],
)
def test_filters(as_: As, query: dict[str, str], keys: set[str]) -> None:
    response = as_("olga").get("artefacts", query)

    assert {item["key"] for item in response.json()["items"]} == keys


@pytest.mark.parametrize(
    "query",
    [
        {"status": "fine"},
        {"limit": "0"},
        {"limit": "101"},
        {"limit": "1000000000000"},
        {"limit": "²"},
        {"limit": "-1"},
        {"q": "x" * 201},
        {"cursor": "nothing"},
        {"cursor": "WzFd:abc"},
        {"page": "1"},
        {"password__startswith": "a"},
        {"_connector": "OR"},
    ],
)
def test_N43_what_a_list_does_not_take_is_refused(as_: As, query: dict[str, str]) -> None:
    response = as_("olga").get("artefacts", query)

    assert response.status_code == 400
    assert slug(response) == "bad-parameter"


def test_a_cursor_belongs_to_its_list_and_filters(as_: As) -> None:
    as_("olga").post("artefacts", RULE)
    following = as_("olga").get("artefacts", {"limit": "1"}).json()["next"]
    cursor = following.partition("cursor=")[2].partition("&")[0]

    assert as_("olga").get(following).json()["items"][0]["key"] == "night-recovery-rule"
    assert as_("olga").get(f"/api/v1/artefacts?limit=1&kind=rule&cursor={cursor}").status_code == 400
    assert as_("olga").get(f"/api/v1/drills?limit=1&cursor={cursor}").status_code == 400
    assert as_("olga").get(following[:-1] + ("A" if following[-1] != "A" else "B")).status_code == 400


def test_what_is_added_after_the_first_page_is_on_no_later_page(as_: As, the_clock: object) -> None:
    from dcase_audit import clock

    as_("olga").post("artefacts", RULE)
    first = as_("olga").get("artefacts", {"limit": "1"}).json()

    clock.fix(NOW + timedelta(seconds=1))
    as_("olga").post("artefacts", {**RULE, "key": "zzz"})
    second = as_("olga").get(first["next"]).json()

    assert [item["key"] for item in second["items"]] == ["night-recovery-rule"]
    assert second["next"] is None
    assert second["known"] == first["known"]
    assert len(as_("olga").get("artefacts").json()["items"]) == 3
