"""Pages of findings, what is done about them, signatures, and dates that are called off."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from drills.models import CorrectiveAction, DrillResult, Finding, SignOff
from drills.services import add_action, close_action, record_result
from evidence import services as evidence
from evidence.models import Revision
from tests.cast import NOW, Cast, submitted
from tests.drills.samples import as_bytes, whole
from tests.pages.conftest import As, queries, text_of
from tests.sealing import sealing, sound

__all__ = ["sealing", "sound"]

FAILED = [{"text": "切替わった", "result": "fail"}]


@pytest.fixture
def failed(cast: Cast) -> DrillResult:
    body = as_bytes(whole(check_items=FAILED, findings=[]))
    return record_result(drill=cast.drill, actor=cast.olga, at=NOW, data=body, name="r", through="session")


def manual(cast: Cast) -> Revision:
    found = submitted(cast.review_rule, cast.bo, content=b"the manual")
    evidence.accept(revision=found, actor=None, at=NOW)
    night = submitted(cast.night_drills, cast.olga, content=b"the record of the change")
    evidence.accept(revision=night, actor=cast.ken, at=NOW)
    return night


@pytest.mark.usefixtures("sound")
def test_from_a_failed_drill_to_a_closed_action(cast: Cast, as_: As, failed: DrillResult) -> None:
    """Ken says what is done, Olga does it, Ken closes it on what she handed in; the finding waits for the retest."""
    finding = Finding.objects.get()
    ken, olga = as_("ken"), as_("olga")
    assert f"/drills/findings/{finding.pk}/" in text_of(ken.get("/drills/night-failover/"))
    assert "Check 1 failed: 切替わった" in text_of(ken.get(f"/drills/findings/{finding.pk}/"))
    path = f"/drills/findings/{finding.pk}/actions/"

    added = ken.post(path, {"text": "手順書を直す", "owner": "olga", "due_on": "2026-12-04"})
    action = CorrectiveAction.objects.get()
    own = text_of(olga.get(f"/drills/findings/{finding.pk}/"))
    closing = {f"a{action.pk}-revision": manual(cast).pk, f"a{action.pk}-note": "直した"}
    refused = olga.post(f"{path}{action.pk}/close/", closing)
    closed = ken.post(f"{path}{action.pk}/close/", closing)

    assert (added.status_code, refused.status_code, closed.status_code) == (302, 200, 302)
    assert "It is yours; another person closes it." in own
    assert "This action is yours: somebody else closes it" in text_of(refused)
    page = text_of(ken.get(f"/drills/findings/{finding.pk}/"))
    assert "awaits a passed retest" in page
    assert "直した" in page


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ({"text": "x", "owner": "olga", "due_on": "2026-11-19"}, "この日は過ぎています。"),
        ({"text": "x", "owner": "bo", "due_on": "2026-12-04"}, "選択"),
        ({"text": "", "owner": "olga", "due_on": "2026-12-04"}, "必須"),
    ],
)
def test_what_is_wrong_with_an_action_is_said(
    cast: Cast, as_: As, failed: DrillResult, said: dict[str, Any], text: str
) -> None:
    response = as_("ken", "ja").post(f"/drills/findings/{Finding.objects.get().pk}/actions/", said)

    assert response.status_code == 200
    assert text in text_of(response)
    assert not CorrectiveAction.objects.exists()


def test_people_open_findings_and_call_dates_off(cast: Cast, as_: As) -> None:
    planned = cast.drill.occurrences.filter(state="planned").latest("planned_at")
    ken = as_("ken")

    opened = ken.post("/drills/night-failover/findings/", {"text": "名簿が古い", "severity": "major"})
    off = f"/drills/night-failover/occurrences/{planned.pk}/cancel/"
    without, called_off = ken.post(off), ken.post(off, {f"o{planned.pk}-reason": "要員が確保できない"})
    again = ken.post(off, {f"o{planned.pk}-reason": "別の理由"})

    assert (opened.status_code, without.status_code, called_off.status_code) == (302, 200, 302)
    assert again.status_code == 200
    planned.refresh_from_db()
    assert (planned.state, planned.reason, planned.cancelled_by, planned.cancelled_at) == (
        "cancelled", "要員が確保できない", cast.ken, NOW,
    )  # fmt: skip
    page = text_of(as_("rin").get("/drills/night-failover/"))
    assert "名簿が古い" in page
    assert "要員が確保できない (Ken)" in page
    assert "Open a finding" not in page
    assert "Call off" not in page


@pytest.mark.usefixtures("sound")
def test_the_auditor_signs_as_verifier_and_nobody_else_does(cast: Cast, as_: As, failed: DrillResult) -> None:
    path, sha256 = f"/drills/results/{failed.pk}/sign/", failed.raw.sha256
    rin = as_("rin")
    offered = text_of(rin.get(f"/drills/results/{failed.pk}/"))
    assert "independent verifier" in offered
    assert "responsible person" not in offered

    wordless = rin.post(path, {"role": "verifier", "sha256": sha256})
    other = rin.post(path, {"role": "verifier", "sha256": "0" * 64, "statement": "取引がない"})
    signed = rin.post(path, {"role": "verifier", "sha256": sha256, "statement": "取引がない"})

    assert (wordless.status_code, other.status_code, signed.status_code) == (200, 200, 302)
    assert "Say what makes the verification independent." in text_of(wordless)
    assert SignOff.objects.get().record_sha256 == sha256
    page = text_of(as_("ken", "ja").get(f"/drills/results/{failed.pk}/"))
    assert "独立した検証者" in page
    assert "取引がない" in page


def test_pages_take_as_many_queries_for_many_findings(cast: Cast, as_: As, failed: DrillResult) -> None:
    ken = as_("ken")
    few = queries(ken, "/drills/night-failover/")

    for number in range(20):
        ken.post("/drills/night-failover/findings/", {"text": f"{number}", "severity": "minor"})

    assert queries(ken, "/drills/night-failover/") == few


def test_what_an_action_was_closed_on_is_named_to_whoever_may_see_it(cast: Cast, as_: As, failed: DrillResult) -> None:
    finding = Finding.objects.get()
    action = add_action(finding=finding, text="直す", owner=cast.olga, due_on=date(2026, 12, 4), actor=cast.ken, at=NOW)
    manual_of_bo = submitted(cast.review_rule, cast.bo, content=b"the manual")
    evidence.accept(revision=manual_of_bo, actor=None, at=NOW)
    close_action(action=action, evidence=manual_of_bo, actor=cast.ken, at=NOW)
    path, link = f"/drills/findings/{finding.pk}/", f"/revisions/{manual_of_bo.pk}/"

    assert link not in text_of(as_("olga").get(path))
    assert link in text_of(as_("rin").get(path))
