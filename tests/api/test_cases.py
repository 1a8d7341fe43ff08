from __future__ import annotations

from datetime import timedelta

import pytest

from dcase_audit.cases.models import Case
from evidence import services
from tests.api.client import slug
from tests.api.conftest import As
from tests.cast import NOW, Cast, case_pointing_at, submitted


def test_a_case_is_its_nodes_and_links_under_the_edition_in_force(as_: As) -> None:
    response = as_("bo").get("cases/recurrence")

    assert response.status_code == 200
    case = response.json()
    assert [node["key"] for node in case["nodes"]] == ["G_1", "G_2", "E_1", "G_3", "E_2"]
    assert case["edition"]["number"] == 1
    assert {"source": "G_2", "kind": "supported_by", "target": "E_1"} in case["links"]


def test_a_case_keeps_its_keys_and_says_what_they_are_called(as_: As, cast: Cast) -> None:
    labels = {"night": {"ja": "夜間", "en": "by night"}, "failover-setting": {"ja": "切替え設定"}}
    Case.objects.filter(pk=cast.case.pk).update(labels=labels)

    shown = as_("bo").get("cases/recurrence").json()

    assert shown["labels"] == labels
    assert next(node["criterion"]["must_cover"] for node in shown["nodes"] if node["key"] == "E_1") == ["night"]


def test_status_names_every_leaf_that_does_not_stand(as_: As) -> None:
    nodes = {node["key"]: node for node in as_("miki").get("cases/recurrence/status").json()["nodes"]}

    assert nodes["G_1"]["status"] == "missing"
    assert not nodes["G_1"]["stands"]
    assert {reason["node"] for reason in nodes["G_1"]["because"]} == {"E_1", "E_2"}


def test_status_can_be_asked_for_any_moment_as_known_at_another(as_: As, cast: Cast) -> None:
    record = submitted(cast.night_drills, cast.olga, subjects={"failover-setting": {"version": "on", "digest": ""}})
    services.accept(revision=record, actor=cast.ken, at=NOW)
    later = NOW + timedelta(days=1)
    before = (NOW - timedelta(days=1)).isoformat().replace("+00:00", "Z")

    def e_1(**query: str) -> str:
        nodes = as_("bo").get("cases/recurrence/status", query).json()["nodes"]
        return str(next(node["status"] for node in nodes if node["key"] == "E_1"))

    assert e_1() == "supported"
    assert e_1(at=later.isoformat()) == "supported"
    assert e_1(at=later.isoformat(), known=before) == "missing"
    assert e_1(at=(NOW + timedelta(days=400)).isoformat()) == "expired"


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("at=2026-11-20T15:00:00", "no zone"),
        ("at=2026-11-20T15:00:00+09:00", "%2B"),
        ("at=yesterday", "no RFC 3339 time"),
        ("at=2026-11-20T15:00:60Z", "Leap seconds"),
        ("at=2026-02-30T15:00:00Z", "no such day"),
        ("at=9999-12-31T23:59:59Z", "years"),
        ("at=0001-01-01T00:00:00%2B14:00", "no such day"),
        ("known=2036-11-20T15:00:00Z", "future"),
        ("at=2026-11-20T15:00:00Z&at=2026-11-20T15:00:00Z", "twice"),
        ("at=%00", "U+0000"),
        ("when=2026-11-20T15:00:00Z", "no such parameter"),
        ("at=" + "9" * 300, "longer than"),
    ],
)
def test_a_query_that_could_be_read_differently_is_refused(as_: As, query: str, why: str) -> None:
    response = as_("bo").get(f"cases/recurrence/status?{query}")

    assert response.status_code == 400
    assert why in response.json()["detail"]
    assert slug(response) == "bad-parameter"


def test_the_forecast_says_what_falls_and_when(as_: As, cast: Cast) -> None:
    record = submitted(cast.night_drills, cast.olga, subjects={"failover-setting": {"version": "on", "digest": ""}})
    services.accept(revision=record, actor=cast.ken, at=NOW)

    response = as_("bo").get("cases/recurrence/forecast", {"days": "200"})

    falls = [(change["node"], change["after"]) for change in response.json()["items"]]
    assert ("E_1", "expiring") in falls
    assert ("E_1", "expired") in falls


def test_a_forecast_names_goals_of_the_own_case_and_none_of_a_hidden_one(as_: As, cast: Cast) -> None:
    record = submitted(cast.night_drills, cast.olga, subjects={"failover-setting": {"version": "on", "digest": ""}})
    services.accept(revision=record, actor=cast.ken, at=NOW)
    case_pointing_at(cast.node("G_2"), held_by=cast.sales)

    forecast = as_("otto").get("cases/other/forecast", {"days": "200"}).json()["items"]

    assert as_("otto").get("cases/recurrence").status_code == 404
    falls = {change["node"]: change["because"][0] for change in forecast if change["after"] == "expired"}
    assert falls["G_1"]["nodes"] == ["Ex_1"]
    assert (falls["Ex_1"]["reason"], falls["Ex_1"]["node"]) == ("external", None)


def test_changes_come_latest_first_and_name_what_people_know(as_: As, cast: Cast) -> None:
    submitted(cast.night_drills, cast.olga, verdict="refutes")

    page = as_("bo").get("cases/recurrence/changes", {"node": "E_1"}).json()

    assert [change["after"] for change in page["items"]] == ["refuted", "missing"]
    assert page["items"][0]["because"][0]["artefact"] == "night-drills"
    assert page["items"][0]["because"][0]["revision"] == 1


def test_changes_page_by_page_are_the_changes_at_once(as_: As, cast: Cast) -> None:
    at_once = as_("bo").get("cases/recurrence/changes").json()["items"]

    address, paged = "/api/v1/cases/recurrence/changes?limit=2", []
    while address:
        page = as_("bo").get(address).json()
        paged += page["items"]
        address = page["next"]
        if len(paged) == 2:
            submitted(cast.review_rule, cast.bo, verdict="refutes", at=NOW + timedelta(hours=1))

    assert [change["id"] for change in paged] == [change["id"] for change in at_once]
