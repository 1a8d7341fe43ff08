"""Items to cover, measures and subjects are called by their labels, in the reader's language; by their keys without."""

from __future__ import annotations

import json

import pytest

from dcase_audit.cases.models import Case
from drills.models import DrillResult
from drills.services import record_result
from evidence import services
from tests.cast import NOW, Cast, case_pointing_at, submitted
from tests.drills.samples import native
from tests.pages.conftest import As, text_of

LABELS = {
    "night": {"ja": "夜間", "en": "by night"},
    "failover-setting": {"ja": "切替え設定", "en": "switch-over setting"},
    "switch_over_confirmed": {"ja": "切替わりの確認までの時間", "en": "time to confirm the switch-over"},
}
TARGET = "time to confirm the switch-over: no more than 15 minutes"


@pytest.fixture(autouse=True)
def labels(cast: Cast) -> None:
    Case.objects.filter(pk=cast.case.pk).update(labels=LABELS)


def late_result(cast: Cast) -> DrillResult:
    body = json.dumps(native(measures=[{"measure": "switch_over_confirmed", "value": "PT20M"}])).encode()
    return record_result(drill=cast.drill, actor=cast.olga, at=NOW, data=body, name="r.json", through="session")


def test_a_leaf_says_in_labels_what_it_asks(cast: Cast, as_: As) -> None:
    japanese = text_of(as_("bo", "ja").get("/cases/recurrence/nodes/E_1/"))
    english = text_of(as_("bo").get("/cases/recurrence/nodes/E_1/"))

    assert "<dd>夜間</dd>" in japanese
    assert "<dd>切替え設定</dd>" in japanese
    assert "<dd>by night</dd>" in english


def test_a_key_without_a_label_is_shown(cast: Cast, as_: As) -> None:
    Case.objects.update(labels={})

    assert "<dd>night</dd>" in text_of(as_("bo", "ja").get("/cases/recurrence/nodes/E_1/"))


def test_a_reason_names_items_and_subjects_by_their_labels(cast: Cast, as_: As) -> None:
    record = submitted(cast.night_drills, cast.olga, subjects={})
    services.accept(revision=record, actor=cast.ken, at=NOW)

    assert "切替え設定の版が記録されていません（範囲: 夜間）" in text_of(
        as_("bo", "ja").get("/cases/recurrence/nodes/E_1/")
    ).replace("</a>", "")


def test_an_artefact_and_its_form_say_what_is_covered(cast: Cast, as_: As) -> None:
    submitted(cast.night_drills, cast.olga, subjects={"failover-setting": {"version": "FS-12", "digest": ""}})

    page = text_of(as_("ken").get("/evidence/night-drills/"))
    form = text_of(as_("olga").get("/evidence/night-drills/revisions/new/"))

    assert "<dd>by night</dd>" in page
    assert "switch-over setting FS-12" in page
    assert 'value="night"' in form
    assert "by night" in form
    assert "Obtained on switch-over setting, version" in form


def test_a_drill_and_its_result_say_what_is_measured(cast: Cast, as_: As) -> None:
    result = late_result(cast)

    plan = text_of(as_("olga").get("/drills/night-failover/"))
    shown = text_of(as_("olga").get(f"/drills/results/{result.pk}/"))

    assert "<dd>by night</dd>" in plan
    assert f"<li>{TARGET}</li>" in plan
    assert "time to confirm the switch-over was 20 minutes; the target is no more than 15 minutes" in shown
    assert '<th scope="row">time to confirm the switch-over</th>' in shown
    assert "switch_over_confirmed" not in plan + shown


def test_reading_notes_are_in_the_readers_language_where_the_case_has_them(cast: Cast, as_: As) -> None:
    notes = ["It gives no arrows.", "It gives no holders."]
    Case.objects.update(reading_notes=notes, labels={notes[0]: {"ja": "矢印はない。"}})

    japanese = text_of(as_("bo", "ja").get("/cases/recurrence/"))
    english = text_of(as_("bo").get("/cases/recurrence/"))

    assert '<li lang="ja">矢印はない。</li><li lang="en">It gives no holders.</li>' in japanese
    assert '<li lang="en">It gives no arrows.</li>' in english


def test_words_of_a_case_outside_of_the_view_are_not_used(cast: Cast, as_: As) -> None:
    other = case_pointing_at(cast.node("G_2"), held_by=cast.sales)
    Case.objects.filter(pk=cast.case.pk).update(labels={})
    Case.objects.filter(pk=other.pk).update(labels=LABELS)

    assert "<dd>night</dd>" in text_of(as_("olga").get("/drills/night-failover/"))
