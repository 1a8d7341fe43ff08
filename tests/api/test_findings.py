"""Findings, what is done about them, and signatures through the API."""

from __future__ import annotations

from typing import Any

import pytest

from drills.models import Finding
from evidence import services as evidence
from tests.api.client import pointers, slug
from tests.api.conftest import As
from tests.api.test_drills import native, upload
from tests.cast import NOW, Cast, submitted

pytestmark = pytest.mark.usefixtures("sound")

FAILED = native(check_items=[{"text": "切替わった", "result": "fail"}])
ACTION = {"text": "手順書を直す", "owner": "olga", "due_on": "2026-12-04"}


def failed(as_: As) -> tuple[int, str]:
    """Return the number of the failed result and the SHA-256 of its record."""
    made = upload(as_("robot"), FAILED).json()
    return made["id"], made["sha256"]


def test_a_failed_drill_is_followed_to_a_closed_action(as_: As, cast: Cast) -> None:
    result, _ = failed(as_)
    (finding,) = as_("ken").get("drills/night-failover/findings").json()["items"]
    assert (finding["result"], finding["state"], finding["opened_by"]) == (result, "open", None)
    shown = submitted(cast.review_rule, cast.bo)
    evidence.accept(revision=shown, actor=None, at=NOW)
    night = submitted(cast.night_drills, cast.olga)
    evidence.accept(revision=night, actor=cast.ken, at=NOW)
    path = f"findings/{finding['id']}/actions"

    acting = as_("ken").post(path, ACTION, Idempotency_Key="a").json()
    again = as_("ken").post(path, ACTION, Idempotency_Key="a")
    close = f"{path}/{acting['actions'][0]['id']}/close"
    own = as_("olga").post(close, {"revision": night.pk})
    # Of another department's revision nothing is said to exist.
    unseen = as_("ken").post(close, {"revision": shown.pk})
    closed = as_("ken").post(close, {"revision": night.pk, "note": "直した"})
    repeated = as_("ken").post(close, {"revision": night.pk, "note": "直した"})

    assert acting["state"] == "acting"
    assert again.headers["Idempotent-Replayed"] == "true"
    assert (own.status_code, slug(own)) == (409, "own-action")
    assert (unseen.status_code, pointers(unseen)) == (422, {"/revision"})
    assert (closed.status_code, repeated.status_code) == (201, 200)
    done = closed.json()
    assert (done["state"], done["actions"][0]["closed_by"]) == ("awaits_retest", "ken")
    assert done["actions"][0]["evidence"] == f"/api/v1/revisions/{night.pk}"
    assert as_("rin").get(f"findings/{finding['id']}").json() == done


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({**ACTION, "owner": "nobody"}, "/owner"),
        ({**ACTION, "owner": "bo"}, "/owner"),
        ({**ACTION, "due_on": "2026-11-19"}, "/due_on"),
        ({**ACTION, "due_on": "soon"}, "/due_on"),
        ({**ACTION, "state": "closed"}, "/state"),
        ({**ACTION, "text": ""}, "/text"),
    ],
)
def test_an_action_that_cannot_be_is_refused_with_its_place(as_: As, body: dict[str, Any], pointer: str) -> None:
    failed(as_)

    refused = as_("ken").post(f"findings/{Finding.objects.get().pk}/actions", body)

    assert (refused.status_code, pointers(refused)) == (422, {pointer})


def test_a_finding_names_a_result_of_its_drill(as_: As) -> None:
    result, _ = failed(as_)
    said = {"text": "名簿が古い", "severity": "critical", "cause": "担当がない"}

    opened = as_("olga").post("drills/night-failover/findings", {**said, "result": result})
    wrong = as_("olga").post("drills/night-failover/findings", {**said, "result": result + 1})

    assert opened.status_code == 201
    assert {**opened.json(), **said, "opened_by": "olga", "result": result} == opened.json()
    assert (wrong.status_code, pointers(wrong)) == (422, {"/result"})


def test_a_signature_covers_the_record_that_it_names(as_: As) -> None:
    result, sha256 = failed(as_)
    path = f"drill-results/{result}/sign-offs"
    signed = {"role": "verifier", "sha256": sha256, "statement": "取引がない"}

    first, again = as_("rin").post(path, signed), as_("rin").post(path, signed)
    other = as_("ken").post(path, {"role": "observer", "sha256": "0" * 64})

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert (other.status_code, slug(other), pointers(other)) == (409, "another-record", {"/sha256"})
    assert [one["record_sha256"] for one in as_("ken").get(path).json()["items"]] == [sha256]
