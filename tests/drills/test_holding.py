"""Version 2 of the native format: how a drill was held, what it was to reach and how finely that was measured."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from drills import holding, verdict
from drills.formats import native
from drills.results import Bound, Found, Malformed, Measure, check_moments
from tests.drills.samples import NIGHT, WHOLE, as_bytes, whole
from tests.drills.samples import native as first

SCHEMA = native.json_schema()
RECEIVED = datetime(2026, 11, 20, 6, tzinfo=UTC)
MOMENT = "2026-11-20T01:05:00+09:00"


def test_every_member_comes_through() -> None:
    parsed = native.parse(as_bytes(WHOLE))
    held = holding.of_record(parsed.record)

    assert (parsed.kind, held.kind) == ("full-scale", "full-scale")
    assert held.scenario is not None
    assert held.scenario.objectives == ("二人で切替わりを確認する", "経営層へ30分以内に知らせる")
    assert held.scenario.preconditions == ("参加者との接続を閉じてある",)
    assert held.scenario.abort_criteria == ("本番の売買に影響が出た",)
    assert held.runbooks == (holding.Runbook("切替え手順書", "7"), holding.Runbook("連絡網"))
    assert held.lessons == ("診断結果の文言では切替わりと判断しない",)
    assert parsed.findings == (
        Found("連絡網の電話番号が古い", "major", "異動のあと改めていない"),
        Found("確認票の欄が狭い"),
    )
    assert held.injects[0].expected == "二人目に照合を頼む"
    assert (held.injects[1].at, held.injects[1].observed) == (None, "")
    assert held.environment == holding.Environment("recovery", "災対環境", "参加者は模擬装置")
    assert held.participants == (
        holding.Participant("it-service", "夜間責任者", "P-17", shift="night"),
        holding.Participant("management", "当番役員", present=False),
        holding.Participant("management", "役員代行", "M-4", stands_in_for="当番役員"),
        holding.Participant("A証券", "接続担当", outside=True),
    )
    assert held.observer == holding.Watcher("監査部", "A-2")
    assert held.verifier == holding.Watcher("第三者機関", "T-1", "実施部署との取引も指揮関係もない")
    assert held.clock == "基準時計 NTP-1"
    assert [one.event for one in held.timeline] == ["fault_injected", "confirmed", "failback_started"]
    assert [event.name for event in parsed.timeline] == ["fault_injected", "confirmed"]
    assert held.since == datetime(2026, 11, 19, 16, 1, tzinfo=UTC)
    assert parsed.measures == (
        Measure(
            "switch_over_confirmed",
            timedelta(minutes=9),
            "PT9M",
            method="確認票の時刻",
            resolution=timedelta(minutes=1),
            resolution_sent="PT1M",
            bound=Bound("<=", timedelta(minutes=10), "PT10M"),
        ),
        Measure("participants_ready", 96.5, 96.5, unit="%", resolution=0.5, resolution_sent=0.5),
    )
    assert [measure.as_json() for measure in parsed.measures] == WHOLE["measures"]
    check_moments(parsed, received_at=RECEIVED)


def test_measures_that_were_kept_are_read_again() -> None:
    parsed = native.parse(as_bytes(WHOLE))

    assert verdict.measures_of([measure.as_json() for measure in parsed.measures]) == parsed.measures


def test_a_record_of_version_1_is_read_as_before() -> None:
    parsed = native.parse(as_bytes(NIGHT))
    held = holding.of_record(parsed.record)

    assert parsed.kind == ""
    assert held.environment == holding.Environment(text="災対環境（本番との差: 二重化まで）")
    assert held.participants[1] == holding.Participant("management", "duty manager", present=False)
    assert [one.event for one in held.timeline] == ["fault_injected", "confirmed"]


def test_of_another_format_nothing_is_known_of_the_holding() -> None:
    assert holding.of_record({"title": "a journal"}) == holding.Holding()


def measure(**members: Any) -> dict[str, Any]:
    return whole(measures=[{"measure": "x", "value": "PT1M"} | members])


def line(**members: Any) -> dict[str, Any]:
    return whole(timeline=[members])


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    (whole(kind="party"), "/kind", "live-incident"),
    (whole(scenario="a fire"), "/scenario", "object"),
    (whole(scenario={"text": "x"}), "/scenario/title", "missing"),
    (whole(scenario={"title": "x", "objectives": [""]}), "/scenario/objectives/0", "empty"),
    (whole(scenario={"title": "x", "cause": "y"}), "/scenario/cause", "no such member"),
    (whole(injects=[{"to": "x"}]), "/injects/0/text", "missing"),
    (whole(injects=[{"text": "x", "at": "01:05"}]), "/injects/0/at", "RFC 3339"),
    (whole(environment="災対環境"), "/environment", "object"),
    (whole(environment={"place": "home"}), "/environment/place", "production"),
    (whole(environment={"place": "test"}), "/environment/differs", "differs"),
    (whole(environment={"place": "production", "differs": " "}), "/environment/differs", "empty"),
    (whole(participants=[{"party": "x", "shift": "late"}]), "/participants/0/shift", "holiday"),
    (whole(participants=[{"party": "x", "outside": "yes"}]), "/participants/0/outside", "True or false"),
    (whole(observer={}), "/observer/party", "missing"),
    (whole(observer={"party": "x", "independence": "y"}), "/observer/independence", "no such member"),
    (whole(verifier={"party": "x"}), "/verifier/independence", "missing"),
    (whole(clock=1), "/clock", "text"),
    (whole(scenario={"title": "x", "abort_criteria": "y"}), "/scenario/abort_criteria", "list"),
    (whole(runbooks=[{"version": "7"}]), "/runbooks/0/title", "missing"),
    (whole(findings=[{"cause": "x"}]), "/findings/0/text", "missing"),
    (whole(findings=[{"text": "x", "severity": "worst"}]), "/findings/0/severity", "minor"),
    (whole(findings=[{"text": "x"}] * 101), "/findings", "100"),
    (whole(lessons=[" "]), "/lessons/0", "empty"),
    (line(event="x"), "/timeline/0/at", "missing"),
    (line(event="confirmed", planned_at=MOMENT), "/timeline/0/at", "missing"),
    (line(event="x", planned_at="2026-11-20T01:05:00"), "/timeline/0/planned_at", "no zone"),
    (measure(unit="min"), "/measures/0/unit", "duration"),
    (measure(resolution=1), "/measures/0/resolution", "value's kind"),
    (measure(value=1, resolution="PT1S"), "/measures/0/resolution", "value's kind"),
    (measure(value=1, resolution=-1), "/measures/0/resolution", "not negative"),
    (measure(target={"op": "<", "value": 1}), "/measures/0/target/op", "<="),
    (measure(target={"op": "<="}), "/measures/0/target/value", "missing"),
    (measure(target="PT1M"), "/measures/0/target", "object"),
    (first(kind="functional"), "/kind", "no such member"),
    (first(environment={"place": "test", "differs": "x"}), "/environment", "text"),
]


@pytest.mark.parametrize(("document", "pointer", "word"), REFUSED)
def test_a_refusal_names_the_place_and_the_schema_refuses_it_too(
    document: dict[str, Any], pointer: str, word: str
) -> None:
    with pytest.raises(Malformed) as refused:
        native.parse(as_bytes(document))

    assert (refused.value.status, refused.value.pointer) == (422, pointer)
    assert word in refused.value.detail
    assert not jsonschema.Draft202012Validator(SCHEMA).is_valid(document)


def test_the_published_schema_takes_records_of_both_versions() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    for document in (WHOLE, NIGHT, first(), first(schema="dcase-drill/2")):
        native.parse(as_bytes(document))
        jsonschema.validate(document, SCHEMA)


@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        (line(event="x", at="2026-11-20T07:00:00Z"), "/timeline/0/at"),
        (line(event="x", planned_at="2027-12-20T07:00:00Z"), "/timeline/0/planned_at"),
        (line(event="x", planned_at="9999-12-31T23:59:59Z"), "/timeline/0/planned_at"),
        (whole(injects=[{"text": "x", "at": "1999-01-01T00:00:00Z"}]), "/injects/0/at"),
        (whole(injects=[{"text": "x"}, {"text": "y", "planned_at": "0001-01-01T00:00:00Z"}]), "/injects/1/planned_at"),
    ],
)
def test_moments_that_cannot_be_are_a_422(document: dict[str, Any], pointer: str) -> None:
    with pytest.raises(Malformed) as refused:
        check_moments(native.parse(as_bytes(document)), received_at=RECEIVED)

    assert (refused.value.status, refused.value.pointer) == (422, pointer)


@pytest.mark.parametrize(
    ("op", "value", "resolution", "bound", "derived"),
    [
        ("<=", "PT9M", "PT1M", "PT10M", "passed"),
        ("<=", "PT9M30S", "PT1M", "PT10M", "inconclusive"),
        ("<=", "PT11M", "PT1M", "PT10M", "failed"),
        (">=", 96.5, 0.5, 96, "passed"),
        (">=", 96.2, 0.5, 96, "inconclusive"),
        (">=", 95.0, 2.0, 96, "failed"),
        ("==", 3, 1, 3, "passed"),
        ("<=", "PT9M", "PT0S", 10, "inconclusive"),
    ],
)
def test_what_a_record_says_it_was_to_reach_counts_as_finely_as_it_was_measured(
    op: str, value: Any, resolution: Any, bound: Any, derived: str
) -> None:
    one = {"measure": "x", "value": value, "resolution": resolution, "target": {"op": op, "value": bound}}

    assert verdict.judge(native.parse(as_bytes(whole(measures=[one]))), (), ()).verdict == derived


def test_a_target_of_the_record_does_not_stand_for_the_plans() -> None:
    one = {"measure": "x", "value": "PT20M", "target": {"op": "<=", "value": "PT1H"}}
    plan = verdict.targets_of([{"measure": "x", "op": "<=", "value": "PT15M"}])

    judgement = verdict.judge(native.parse(as_bytes(whole(measures=[one]))), plan, ())

    assert judgement.verdict == "failed"
    assert [because["target"] for because in judgement.because] == ["PT15M"]
