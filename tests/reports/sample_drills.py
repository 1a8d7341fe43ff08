"""The sample's drills: one failed and was repeated, one was cancelled, one was never reported."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from dcase_audit.reports.contents import (
    Achieved,
    Check,
    CorrectiveAction,
    Drill,
    Finding,
    Holding,
    Language,
    Moment,
    Occurrence,
    Player,
    RefusedUpload,
    Result,
    SignOff,
    Target,
)
from tests.reports.sample_words import Pair, day, digest, pick

TOLD = Target(measure="management_told", op="<=", value="PT30M")
CONFIRMED = Target(measure="switch_over_confirmed", op="<=", value="PT15M")
FORCED = Target(measure="forced_switch", op="<=", value="PT10M")
PARTICIPANTS = Target(measure="participants_told", op="<=", value="PT15M")
RESTORED = Target(measure="service_restored", op="<=", value="PT2H")

CHECKS = (
    (("診断結果と画面表示の二つで切替わりを確認した", "Switch-over confirmed by two observations"),
     ("二つが一致する", "the two agree")),
    (("強制切替えの手順書どおりに実行した", "Forced switch carried out as the manual says"),
     ("10分以内に完了する", "done within 10 minutes")),
    (("経営層の当番に電話で報告した", "Management on duty told by telephone"),
     ("30分以内に本人が受ける", "the person answers within 30 minutes")),
    (("不通のときの代理者に連絡した", "Deputy reached when the first person cannot be"),
     ("次の順位の者が受ける", "the next in order answers")),
)  # fmt: skip


def drills(language: Language) -> tuple[Drill, ...]:
    return (night(language), by_day(language), market(language))


def night(language: Language) -> Drill:
    failed = checked(language, [
        ("pass", ("一致", "agreed"), ("", "")),
        ("fail", ("14分20秒を要した。手順書の図が旧機種のまま", "took 14 min 20 s; the manual shows the old model"),
         ("", "")),
        ("fail", ("42分後に代理者が受けた", "a deputy answered after 42 minutes"), ("", "")),
        ("remark", ("名簿の番号が一件古い", "one number in the list was out of date"), ("", "")),
    ])  # fmt: skip
    passed = checked(language, [
        ("pass", ("一致", "agreed"), ("", "")),
        ("pass", ("8分05秒", "8 min 5 s"), ("", "")),
        ("pass", ("12分後に本人が受けた", "the person answered after 12 minutes"), ("", "")),
        ("not_applicable", ("", ""), ("本人が受けたため", "the first person answered")),
    ])  # fmt: skip
    return Drill(
        key="night-switch-over",
        title=pick(language, ("夜間の切替え訓練", "Night switch-over drill")),
        kind="functional",
        artefact="night-drill",
        department=pick(language, ("ITサービス部", "IT Service")),
        scenario=pick(language, (
            "午前1時27分、三重化した売買サーバの一台が故障し、自動切替えが働かない。診断結果は「切替え済み」と表示する。",
            "At 01:27 one of three trading servers fails and is not switched over; the diagnosis says that it was.",
        )),
        recurrence=pick(language, ("四半期ごと", "each quarter")),
        covers=("night",),
        occurrences=(
            occurrence(day(2026, 2, 18, 1), Result(
                verdict="passed", **held(day(2026, 2, 18, 1, 3), 74), revision=1,
                **received(language, day(2026, 2, 18, 9, 2)),
                checks=passed, achieved=times("PT9M", "PT24M", "PT7M30S"))),
            occurrence(day(2026, 5, 20, 1), Result(
                verdict="passed", **held(day(2026, 5, 20, 1), 66), revision=2,
                **received(language, day(2026, 5, 20, 8, 55)),
                checks=passed, achieved=times("PT8M", "PT19M", "PT8M"))),
            occurrence(day(2026, 8, 19, 1), Result(
                verdict="failed", **held(day(2026, 8, 19, 1, 10), 95), revision=3,
                **received(language, day(2026, 8, 19, 9, 31)), claimed_verdict="passed", checks=failed,
                kind="unannounced", holding=holding(language), sign_offs=(
                    SignOff(role="responsible", by=pick(language, ("畑中 花", "Hana Hatanaka")),
                            at=day(2026, 8, 20, 10)),
                    SignOff(role="verifier", by=pick(language, ("鈴置 凛", "Rin Suzuoki")), at=day(2026, 8, 21, 15),
                            statement=pick(language, ("実施部署と取引がない", "no dealings with who held it"))),
                ),
                achieved=times("PT11M", "PT42M", "PT14M20S"))),
            Occurrence(planned_at=day(2026, 11, 25, 1), report_by=day(2026, 11, 30), recorded_at=day(2026, 8, 27, 11),
                       outcome="planned"),
        ),
        unplanned=(
            Result(verdict="passed", **held(day(2026, 8, 26, 1, 2), 58), revision=4,
                   **received(language, day(2026, 8, 26, 9, 12)), checks=passed,
                   achieved=times("PT7M", "PT12M", "PT8M5S")),
        ),
        findings=findings(language),
    )  # fmt: skip


def findings(language: Language) -> tuple[Finding, ...]:
    """One that the failure opened and a retest answered, and one that somebody opened."""
    olga, hana = pick(language, ("折笠 オルガ", "Olga Orikasa")), pick(language, ("畑中 花", "Hana Hatanaka"))
    return (
        Finding(number=3, severity="major", state="closed", opened_at=day(2026, 8, 19, 9, 31),
                failed_at=day(2026, 8, 19, 1, 10), retest_at=day(2026, 8, 26, 1, 2), actions=(
                    CorrectiveAction(text=pick(language, ("手順書の図を改める", "Redraw the manual")), owner=olga,
                                     due_on=date(2026, 9, 1), closed_at=day(2026, 8, 25, 11), closed_by=hana,
                                     evidence="night-rule 4"),)),
        Finding(number=4, severity="minor", state="open", opened_at=day(2026, 8, 20, 9), opened_by=hana,
                text=pick(language, ("連絡名簿が古い", "The list of numbers is out of date")),
                cause=pick(language, ("異動を反映する担当がない", "nobody keeps it"))),
    )  # fmt: skip


def holding(language: Language) -> Holding:
    """Everything that a record of the second version says of how a drill was held."""
    return Holding(
        scenario=pick(language, ("売買サーバ1号機の故障", "Trading server 1 fails")),
        place="recovery",
        environment=pick(language, ("災対環境", "recovery site")),
        differs=pick(language, ("参加者は模擬装置", "participants are simulated")),
        observer=pick(language, ("監査部 A-2", "Audit A-2")),
        verifier=pick(language, ("第三者機関 T-1", "Third party T-1")),
        independence=pick(language, ("実施部署と指揮関係がない", "not under whoever held it")),
        clock="NTP-1",
        people=(
            Player(party=pick(language, ("ITサービス部", "IT Service")), role="P", person="P-41", shift="night"),
            Player(party=pick(language, ("経営層", "Management")), present=False),
            Player(party=pick(language, ("A証券", "Broker A")), outside=True, stands_in_for="B"),
        ),
        timeline=(
            Moment(text=pick(language, ("障害の注入", "Fault injected")), planned_at=day(2026, 8, 19, 1),
                   at=day(2026, 8, 19, 1, 12)),
            Moment(text=pick(language, ("切戻しの開始", "Failback started")), planned_at=day(2026, 8, 19, 2), at=None),
        ),
        injects=(
            Moment(text=pick(language, ("役員の電話を不通にする", "The duty phone is dead")), planned_at=None,
                   at=day(2026, 8, 19, 1, 20), detail=pick(language, ("代理者に連絡した", "the deputy was called"))),
        ),
    )  # fmt: skip


def by_day(language: Language) -> Drill:
    return Drill(
        key="day-switch-over",
        title=pick(language, ("中間帯の切替え訓練", "Day switch-over drill")),
        kind="functional",
        artefact="day-drill",
        department=pick(language, ("ITサービス部", "IT Service")),
        recurrence=pick(language, ("四半期ごと", "each quarter")),
        covers=("day",),
        occurrences=(
            occurrence(day(2026, 3, 4, 10), Result(
                verdict="passed", **held(day(2026, 3, 4, 10), 51), revision=1,
                **received(language, day(2026, 3, 4, 15, 40)),
                achieved=times("PT4M", "PT15M", "PT6M"))),
            Occurrence(planned_at=day(2026, 6, 3, 10), report_by=day(2026, 6, 8), recorded_at=day(2026, 3, 5, 10),
                       outcome="not_reported"),
            occurrence(day(2026, 9, 2, 10), Result(
                verdict="failed", **held(day(2026, 9, 2, 10, 4), 70), revision=2,
                **received(language, day(2026, 9, 2, 16)), achieved=times("PT19M", "PT22M", ""))),
            occurrence(day(2026, 9, 30, 10), Result(
                verdict="passed", **held(day(2026, 9, 30, 10), 49), revision=3,
                **received(language, day(2026, 9, 30, 15, 2)), achieved=times("PT4M", "PT13M", "PT6M30S"))),
            Occurrence(planned_at=day(2026, 12, 2, 10), report_by=day(2026, 12, 7), recorded_at=day(2026, 10, 1, 10),
                       outcome="planned"),
        ),
    )  # fmt: skip


def market(language: Language) -> Drill:
    return Drill(
        key="market-wide",
        title=pick(language, ("取引参加者との総合訓練", "Market-wide drill with participants")),
        kind="full-scale",
        artefact="market-drill",
        department=pick(language, ("経営層", "Management")),
        recurrence=pick(language, ("毎年", "each year")),
        covers=("derivatives", "cash", "off-auction"),
        occurrences=(
            Occurrence(planned_at=day(2026, 4, 18, 9), report_by=day(2026, 4, 23), recorded_at=day(2026, 1, 15, 13),
                       outcome="cancelled",
                       reason=pick(language, ("参加者の一社で実障害があり、6月に延期",
                                              "a real failure at one participant; moved to June"))),
            occurrence(day(2026, 6, 13, 9), Result(
                verdict="passed", **held(day(2026, 6, 13, 9), 210), revision=1,
                **received(language, day(2026, 6, 15, 11, 20)),
                achieved=(Achieved(target=PARTICIPANTS, value="PT9M", outcome="met"),
                          Achieved(target=RESTORED, value="PT1H35M", outcome="met")))),
        ),
    )  # fmt: skip


def occurrence(planned_at: datetime, result: Result) -> Occurrence:
    return Occurrence(
        planned_at=planned_at,
        report_by=planned_at + timedelta(days=5),
        recorded_at=planned_at - timedelta(days=60),
        outcome="held",
        results=(result,),
    )


def held(start: datetime, minutes: int) -> dict[str, Any]:
    return {"started_at": start, "ended_at": start + timedelta(minutes=minutes)}


def received(language: Language, at: datetime) -> dict[str, Any]:
    return {
        "received_at": at,
        "received_from": pick(language, ("訓練受付（機器）", "drill intake (machine)")),
        "raw_sha256": digest(f"raw {at.isoformat()}"),
    }


def checked(language: Language, rows: list[tuple[Any, Pair, Pair]]) -> tuple[Check, ...]:
    return tuple(
        Check(
            number=number,
            text=pick(language, text),
            expected=pick(language, expected),
            observed=pick(language, observed),
            outcome=outcome,
            reason=pick(language, reason),
        )
        for number, ((text, expected), (outcome, observed, reason)) in enumerate(zip(CHECKS, rows, strict=True), 1)
    )


def times(confirmed: str, told: str, forced: str) -> tuple[Achieved, ...]:
    return tuple(
        Achieved(
            target=target,
            value=value,
            outcome="not_measured" if not value else "met" if minutes(value) <= minutes(target.value) else "missed",
        )
        for target, value in ((CONFIRMED, confirmed), (TOLD, told), (FORCED, forced))
    )


def minutes(value: str) -> float:
    whole, _, seconds = value.removeprefix("PT").removesuffix("S").partition("M")
    return float(whole) + float(seconds or 0) / 60


def refused_uploads(language: Language) -> tuple[RefusedUpload, ...]:
    machine = pick(language, ("訓練受付（機器）", "drill intake (machine)"))
    return (
        RefusedUpload(at=day(2026, 5, 20, 8, 51), by=machine, through="token dd-7f", drill="night-switch-over",
                      problem="digest-mismatch",
                      detail=pick(language, ("宣言された SHA-256 と受信した内容が一致しない",
                                             "the declared SHA-256 differs from what was received")),
                      sha256=digest("mismatch")),
        RefusedUpload(at=day(2026, 9, 2, 15, 58), by=machine, through="token dd-7f", drill="day-switch-over",
                      problem="invalid",
                      detail=pick(language, ("終了時刻が開始時刻より前", "it ends before it starts")),
                      sha256=digest("ends early")),
    )  # fmt: skip
