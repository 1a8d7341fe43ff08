from __future__ import annotations

from typing import Any

import pytest

from evidence import services
from evidence.models import SubjectVersion
from tests.api.client import pointers
from tests.api.conftest import As
from tests.cast import NOW, Cast, submitted

pytestmark = pytest.mark.usefixtures("sound")

PATH = "subjects/failover-setting"


@pytest.fixture
def supported(cast: Cast) -> None:
    """Have E_1 stand on a drill that was held with the setting on."""
    services.record_subject_version(subject=cast.subject, version="on", actor=None, at=NOW)
    record = submitted(cast.night_drills, cast.olga, subjects={"failover-setting": {"version": "on"}})
    services.accept(revision=record, actor=cast.ken, at=NOW)


def test_a_machine_reports_a_version_and_repeats_itself(as_: As) -> None:
    first = as_("robot").put(PATH, {"version": "on", "digest": "sha256:5f0d"})
    again = as_("robot").put(PATH, {"version": "on", "digest": "sha256:5f0d"})

    assert first.status_code == 201
    assert again.status_code == 200
    assert again.json() == first.json()
    assert SubjectVersion.objects.count() == 1


def test_a_dry_run_lists_what_would_go_stale_and_records_nothing(as_: As, supported: None) -> None:
    response = as_("robot").send("PUT", PATH, '{"version": "off"}', query={"dry_run": "1"})

    assert response.status_code == 200
    assert [each["node"] for each in response.json()["stale"]] == ["E_1"]
    assert SubjectVersion.objects.count() == 1


def test_the_department_sees_in_a_dry_run_what_the_version_then_does(as_: As, supported: None) -> None:
    foretold = as_("olga").send("PUT", PATH, '{"version": "off"}', query={"dry_run": "1"}).json()
    as_("olga").put(PATH, {"version": "off"})

    assert foretold["stale"] == [{"case": "recurrence", "node": "E_1", "before": "supported", "after": "stale"}]
    nodes = {node["key"]: node["status"] for node in as_("bo").get("cases/recurrence/status").json()["nodes"]}
    assert nodes["E_1"] == "stale"


def test_a_dry_run_of_the_present_version_changes_nothing(as_: As, supported: None) -> None:
    response = as_("olga").send("PUT", PATH, '{"version": "on"}', query={"dry_run": "1"})

    assert response.json()["unchanged"]
    assert response.json()["stale"] == []


def test_a_planned_change_is_judged_at_its_moment(as_: As, supported: None) -> None:
    body = '{"version": "off", "since": "2026-12-01T00:00:00+09:00"}'

    foretold = as_("olga").send("PUT", PATH, body, query={"dry_run": "1"}).json()

    assert foretold["since"] == "2026-11-30T15:00:00+00:00"
    assert foretold["stale"][0]["after"] == "stale"


@pytest.mark.parametrize(
    ("body", "places"),
    [
        ({}, {"/version"}),
        ({"version": ""}, {"/version"}),
        ({"version": 7}, {"/version"}),
        ({"version": "x" * 101}, {"/version"}),
        ({"version": "on", "digest": None}, {"/digest"}),
        ({"version": "on", "since": "2026-12-01"}, {"/since"}),
        ({"version": "on", "department": "sales"}, {"/department"}),
    ],
)
def test_what_a_version_may_not_say(as_: As, body: dict[str, Any], places: set[str]) -> None:
    response = as_("olga").put(PATH, body)

    assert response.status_code == 422
    assert pointers(response) == places


def test_subjects_are_their_departments(as_: As) -> None:
    assert as_("bo").put(PATH, {"version": "on"}).status_code == 404
    assert as_("rin").put(PATH, {"version": "on"}).status_code == 403
    assert as_("robot").get(PATH).status_code in {403, 405}
