"""A case in OSCAL: valid for a tool that others wrote, and telling what our own pages tell."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from trestle.oscal.assessment_results import AssessmentResults
from trestle.oscal.poam import PlanOfActionAndMilestones

from dcase_audit.reports.oscal.words import NAMESPACE
from drills.models import Finding
from drills.services import add_action, close_action, record_result
from evidence import services
from tests.api.client import slug
from tests.api.conftest import As
from tests.cast import NOW, Cast, submitted
from tests.drills.samples import as_bytes, native
from tests.missed import FIRST, SECOND, missed_target

PLAN = "cases/recurrence/oscal/plan-of-action"
RESULTS = "cases/recurrence/oscal/assessment-results"


@pytest.fixture
def held(as_: As) -> int:
    """Return the number of a drill result that was taken."""
    answer = as_("olga").send(
        "POST", "drills/night-failover/results", json.dumps(native()), headers={"Idempotency-Key": "held"}
    )
    assert answer.status_code == 201, answer.content
    number: int = answer.json()["id"]
    return number


def asked(as_: As, path: str = RESULTS, name: str = "olga") -> Any:
    response = as_(name).get(path)
    assert response.status_code == 200, response.content
    return response.json()


@pytest.mark.parametrize("language", ["ja", "en"])
def test_another_tool_reads_the_results(as_: As, held: int, language: str) -> None:
    document = asked(as_, f"{RESULTS}?language={language}")

    read = AssessmentResults.parse_obj(document["assessment-results"])

    (result,) = read.results
    assert result.observations is not None
    assert [each.collected.isoformat() for each in result.observations]
    assert result.findings is not None
    targets = [each.target for each in result.findings]
    states = {each.target_id: each.status.state.value for each in targets if each.status}
    status = as_("olga").get("cases/recurrence/status").json()
    assert states == {
        node["key"]: "satisfied" if node["stands"] else "not-satisfied"
        for node in status["nodes"]
        if node["status"] is not None
    }


def test_an_observation_leads_to_the_bytes_that_were_received(as_: As, held: int) -> None:
    document = asked(as_)["assessment-results"]
    (observation,) = document["results"][0]["observations"]

    raw = next(
        each
        for each in document["back-matter"]["resources"]
        if f"#{each['uuid']}" == observation["relevant-evidence"][0]["href"]
    )

    taken = as_("olga").get(f"drill-results/{held}").json()
    assert raw["rlinks"][0]["hashes"] == [{"algorithm": "SHA-256", "value": taken["sha256"]}]
    assert raw["rlinks"][0]["href"].endswith(taken["raw"])
    assert {"name": "verdict", "ns": NAMESPACE, "value": taken["verdict"]} in observation["props"]


def test_the_leaf_that_the_drill_is_for_refers_to_it(as_: As, held: int) -> None:
    (result,) = asked(as_)["assessment-results"]["results"]

    related = {each["target"]["target-id"]: each.get("related-observations", []) for each in result["findings"]}

    assert related.pop("E_1") == [{"observation-uuid": result["observations"][0]["uuid"]}]
    assert not any(related.values())


def test_the_same_export_comes_out_again(as_: As, held: int) -> None:
    moment = "at=2026-11-20T06:00:00Z&since=2026-01-01T00:00:00Z"

    assert asked(as_, f"{RESULTS}?{moment}") == asked(as_, f"{RESULTS}?{moment}")


def test_what_was_received_later_is_not_in_it(as_: As, held: int) -> None:
    before = asked(as_, f"{RESULTS}?at=2026-11-20T05:00:00Z")["assessment-results"]["results"][0]

    assert "observations" not in before


def test_an_auditor_of_the_case_sees_it_and_another_department_does_not(as_: As, cast: Cast, held: int) -> None:
    assert asked(as_, name="rin")["assessment-results"]["results"][0]["observations"]
    assert slug(as_("otto").get(RESULTS)) == "not-found"


def test_a_result_of_evidence_that_the_reader_may_not_open_is_left_out(as_: As, cast: Cast, held: int) -> None:
    (result,) = asked(as_, name="bo")["assessment-results"]["results"]

    assert "observations" not in result


@pytest.mark.parametrize("query", ["at=2099-01-01T00:00:00Z", "since=2026-11-20T06:00:00Z&at=2026-11-20T05:00:00Z"])
def test_a_period_that_cannot_be_is_refused(as_: As, query: str) -> None:
    assert as_("olga").get(f"{RESULTS}?{query}").status_code == 400


def test_before_the_first_edition_nothing_was_reviewed(as_: As) -> None:
    document = asked(as_, f"{RESULTS}?at=2019-01-01T00:00:00Z&since=2018-01-01T00:00:00Z")

    read = AssessmentResults.parse_obj(document["assessment-results"])

    assert read.results[0].findings is None


def finding_of(cast: Cast) -> Finding:
    """Return the finding of a failed drill, with an action that is awaited."""
    failed = record_result(
        drill=cast.drill,
        actor=cast.olga,
        at=NOW,
        data=as_bytes(native(check_items=[{"text": "切替わった", "result": "fail"}])),
        name="r.json",
        through="session",
    )
    finding = Finding.objects.get(result=failed)
    add_action(finding=finding, text="監視を直す", owner=cast.olga, due_on=date(2026, 12, 4), actor=cast.ken, at=NOW)
    return finding


@pytest.mark.parametrize("language", ["ja", "en"])
def test_another_tool_reads_the_plan(as_: As, cast: Cast, language: str) -> None:
    finding = finding_of(cast)

    document = asked(as_, f"{PLAN}?language={language}")["plan-of-action-and-milestones"]
    read = PlanOfActionAndMilestones.parse_obj(document)

    (risk,) = document["risks"]
    assert risk["status"] == "remediating"
    assert {"name": "state", "ns": NAMESPACE, "value": "acting"} in risk["props"]
    # The day ends in Tokyo.
    assert datetime.fromisoformat(risk["deadline"]) == datetime(2026, 12, 4, 15, tzinfo=UTC)
    assert [(each["lifecycle"], each["description"]) for each in risk["remediations"]] == [("planned", "監視を直す")]
    assert read.observations is not None
    assert f"#{finding.result_id}" in str(read.observations[0].title)


def test_every_leaf_that_does_not_stand_is_an_item_of_the_plan(as_: As, cast: Cast) -> None:
    finding_of(cast)

    items = asked(as_, PLAN)["plan-of-action-and-milestones"]["poam-items"]

    nodes = as_("olga").get("cases/recurrence/status").json()["nodes"]
    failing = {node["key"] for node in nodes if node["stands"] is False and node["kind"] == "evidence"}
    assert failing and failing <= {each["title"].split()[0] for each in items}


def test_an_action_that_was_closed_is_completed_on_evidence(as_: As, cast: Cast) -> None:
    action = finding_of(cast).actions.get()
    manual = submitted(cast.review_rule, cast.bo, content=b"the manual")
    services.accept(revision=manual, actor=None, at=NOW)
    close_action(action=action, evidence=manual, note="", actor=cast.ken, at=NOW)

    # The manual is Bo's; an auditor sees all that supports the case.
    (risk,) = asked(as_, PLAN, name="rin")["plan-of-action-and-milestones"]["risks"]

    assert "deadline" not in risk
    assert "review-rule" not in str(asked(as_, PLAN)["plan-of-action-and-milestones"]["risks"])
    (remediation,) = risk["remediations"]
    assert remediation["lifecycle"] == "completed"
    assert {"name": "evidence", "ns": NAMESPACE, "value": "review-rule#1"} in remediation["props"]


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_action_for_a_missed_period_is_in_the_plan(as_: As, cast: Cast, language: str) -> None:
    remedy = services.propose_remedy(
        node=missed_target(cast.case, cast.it_service),
        start=FIRST,
        until=SECOND,
        text="監視を増やす",
        owner=cast.olga,
        due_on=date(2026, 12, 4),
        actor=cast.ken,
        at=NOW,
    )

    document = asked(as_, f"{PLAN}?language={language}")["plan-of-action-and-milestones"]
    PlanOfActionAndMilestones.parse_obj(document)

    (risk,) = document["risks"]
    (item,) = [each for each in document["poam-items"] if "related-risks" in each]
    assert item["related-risks"] == [{"risk-uuid": risk["uuid"]}]
    assert (
        risk["title"]
        == {
            "ja": "目標 C_9 の期間（2026-10-12 から 2026-10-19 の前日まで）の未達",
            "en": "Target C_9 was missed in the period from 2026-10-12 to the day before 2026-10-19",
        }[language]
    )
    assert risk["status"] == "remediating"
    assert datetime.fromisoformat(risk["deadline"]) == datetime(2026, 12, 4, 15, tzinfo=UTC)
    assert [(each["lifecycle"], each["description"]) for each in risk["remediations"]] == [("planned", "監視を増やす")]

    shown = submitted(cast.review_rule, cast.bo, content=b"the manual")
    services.accept(revision=shown, actor=None, at=NOW)
    services.close_remedy(remedy=remedy, evidence=shown, actor=cast.hana, at=NOW)

    (risk,) = asked(as_, PLAN)["plan-of-action-and-milestones"]["risks"]
    assert (risk["status"], risk["remediations"][0]["lifecycle"]) == ("closed", "completed")
    assert "deadline" not in risk
    # What it was closed on is Bo's.
    assert "review-rule" not in str(risk)
    (of_bo,) = asked(as_, PLAN, name="bo")["plan-of-action-and-milestones"]["risks"]
    assert "review-rule#1" in str(of_bo)


def test_a_plan_names_no_drill_that_the_reader_may_not_see(as_: As, cast: Cast) -> None:
    finding_of(cast)

    assert "risks" not in asked(as_, PLAN, name="bo")["plan-of-action-and-milestones"]


def test_where_nothing_is_to_be_done_there_is_no_plan(as_: As) -> None:
    assert slug(as_("olga").get(f"{PLAN}?at=2019-01-01T00:00:00Z&since=2018-01-01T00:00:00Z")) == "not-found"
