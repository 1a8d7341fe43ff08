from __future__ import annotations

from tests.api.conftest import As


def test_a_case_is_its_nodes_and_links_under_the_edition_in_force(as_: As) -> None:
    response = as_("bo").get("cases/recurrence")

    assert response.status_code == 200
    assert [node["key"] for node in response.json()["nodes"]] == ["G_1", "G_2", "E_1", "G_3", "E_2"]


def test_status(as_: As) -> None:
    response = as_("bo").get("cases/recurrence/status")
    assert response.status_code == 200
    print(response.json())
    print(as_("bo").get("cases/recurrence/forecast").json())
    print(as_("bo").get("cases/recurrence/changes").json())
    print(as_("olga").get("artefacts").json())
    print(as_("olga").get("me").json())
    print(as_("olga").get("due").json())
    print(as_("olga").get("drills").json())
    print(as_("olga").get("cases/none").json())
