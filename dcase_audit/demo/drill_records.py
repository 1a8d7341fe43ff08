"""What came out of each drill, in the native format: written as the people and machines of the exchange would."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

Record = dict[str, Any]
Subjects = Mapping[str, Mapping[str, str]]

NIGHT_PEOPLE = (
    ("it-service", "夜間責任者", "P-041"),
    ("operations-vendor", "確認者（一人目）", "V-112"),
    ("operations-vendor", "確認者（二人目）", "V-127"),
    ("it-development", "技術責任者", "D-018"),
    ("management", "当番役員", "M-003"),
    ("third-party", "立会い", "T-001"),
)
DAY_PEOPLE = (
    ("it-service", "障害対応責任者", "P-022"),
    ("operations-vendor", "確認者（一人目）", "V-105"),
    ("operations-vendor", "確認者（二人目）", "V-131"),
)
MARKET_PEOPLE = (
    *NIGHT_PEOPLE,
    ("参加者A証券（架空）", "接続担当", ""),
    ("参加者B証券（架空）", "接続担当", ""),
    ("参加者C銀行（架空）", "接続担当", ""),
    ("参加者D投信（架空）", "接続担当", ""),
)
VERIFIER = {
    "party": "third-party",
    "person": "T-001",
    "independence": "訓練を実施した部署からの指示を受けず、報告先は第三者機関の代表である。",
}


class Clock:
    """The wall clock of a drill: moments by the minutes since it began."""

    def __init__(self, start: datetime, zone: ZoneInfo) -> None:
        self.start = start.astimezone(zone)

    def __call__(self, minutes: float) -> str:
        return (self.start + timedelta(minutes=minutes)).isoformat(timespec="seconds")

    def event(self, minutes: float, event: str, text: str) -> Record:
        return {"at": self(minutes), "event": event, "text": text}


def minutes(count: int) -> str:
    """Return the duration as the record has it."""
    return f"PT{count}M"


def check(text: str, expected: str, observed: str, result: str = "pass", reason: str = "") -> Record:
    """Return one checkpoint."""
    found = {"text": text, "expected": expected, "observed": observed, "result": result}
    return found | ({"reason": reason} if reason else {})


def as_bytes(record: Record) -> bytes:
    return (json.dumps(record, ensure_ascii=False, indent=1) + "\n").encode()


def _record(
    clock: Clock,
    *,
    lasts: int,
    environment: tuple[str, str, str],
    people: Sequence[tuple[str, str, str]],
    shift: str,
    subjects: Subjects,
    **members: Any,
) -> Record:
    """Write a record; ``environment`` is the place, what it is, and how it differs from production, if it does."""
    participants = [
        {"party": party, "role": role, **({"person": person} if person else {"outside": True}), "shift": shift}
        for party, role, person in people
    ]
    place, text, differs = environment
    return {
        "schema": "dcase-drill/2",
        "started_at": clock(0),
        "ended_at": clock(lasts),
        "environment": {
            "place": place,
            "text": f"デモ用（架空）。{text}",
            **({"differs": differs} if differs else {}),
        },
        "participants": participants,
        **({"verifier": VERIFIER} if any(party == "third-party" for party, *_ in people) else {}),
        "subjects": {key: dict(value) for key, value in subjects.items()},
        **members,
    }


def night(
    start: datetime,
    zone: ZoneInfo,
    subjects: Subjects,
    *,
    confirmed: int,
    told: int,
    forced: int,
    misread: bool = False,
) -> Record:
    """Return the record of a night drill: a node fails 27 minutes after the start, and its switch-over is confirmed.

    ``misread``: the first confirmation is wrong, as on the night that the drill re-enacts; the times alone would pass.
    """
    clock = Clock(start, zone)
    timeline = [
        clock.event(27, "fault_injected", "注文管理サーバ1号機のメモリ障害を注入"),
        clock.event(28, "detected", "障害診断ツールが1号機の異常を表示"),
        clock.event(27 + confirmed, "confirmed", "一人目「診断結果は切替処理の終了。切替済」と報告"),
        clock.event(27 + told, "management_told", "夜間責任者が当番役員へ第一報"),
    ]
    second = check("二人目が業務電文の処理系を照合する", "1号機の処理が0件", "1号機0件、2・3号機の合計が受信件数に一致")
    if misread:
        wrong = "照合で1号機が処理を続けていることが分かる。「切替処理：終了」を「切替済」と読み違えていた"
        timeline.append(clock.event(94, "contradicted", wrong))
        second = check(
            "二人目が業務電文の処理系を照合する", "1号機の処理が0件", "1号機が電文の3分の1を処理していた", "fail"
        )
    after = 97 if misread else 27 + told
    timeline += [
        clock.event(after, "forced_switch_ordered", "夜間責任者が強制切替えを指示"),
        clock.event(after + forced, "forced_switch_done", "強制切替えが完了し、二つの観測が一致"),
    ]
    return _record(
        clock,
        lasts=130,
        environment=("recovery", "災対環境", "接続する参加者は模擬装置"),
        people=NIGHT_PEOPLE,
        shift="night",
        scenario={
            "title": "注文管理サーバ1号機の障害と、診断結果の読み違い",
            "text": "診断結果は「切替処理：終了」と表示するが、1号機は電文の処理を続けている。",
            "objectives": ["二人で切替わりを確認する", "30分以内に経営層へ知らせる", "10分以内に強制切替えを終える"],
            "preconditions": ["災対環境が本番と同じ版である", "当番役員と夜間責任者が勤務に就いている"],
            "abort_criteria": ["本番環境に警報が出る", "開始から150分を過ぎても復旧しない"],
        },
        runbooks=[{"title": "切替手引書", "version": subjects["failover-manual"]["version"]}] if subjects else [],
        lessons=["診断結果の文言だけでは切替わりを判断できない。処理系の照合を待って報告する。"] if misread else [],
        injects=[
            {
                "text": "診断画面に「切替処理：終了」を表示する",
                "planned_at": clock(29),
                "at": clock(29),
                "to": "確認者（一人目）",
                "expected": "表示だけで切替済みと判断しない",
                "observed": "切替済みと読み違えた" if misread else "二人目に照合を頼んだ",
            }
        ],
        subjects=subjects,
        verdict="passed",
        check_items=[
            check("一人目が診断結果から切替わりを確認する", "15分以内", f"{confirmed}分"),
            second,
            check("経営層へ第一報を入れる", "30分以内", f"{told}分。第一当番が応答"),
            check("強制切替えを完了する", "10分以内", f"{forced}分"),
        ],
        measures=[
            {
                "measure": "switch_over_confirmed",
                "value": minutes(confirmed),
                "method": "確認票の時刻",
                "resolution": "PT1M",
            },
            {
                "measure": "management_told",
                "value": minutes(told),
                "method": "連絡記録の時刻",
                "resolution": "PT1M",
            },
            {
                "measure": "forced_switch",
                "value": minutes(forced),
                "method": "制御装置のログ",
                "resolution": "PT1S",
            },
        ],
        covers=["night"],
        timeline=timeline,
        note="1号機の障害と、診断結果の読み違いを再現する筋書き。",
    )


def day(
    start: datetime, zone: ZoneInfo, subjects: Subjects, *, confirmed: int, told: int, forced: int, note: str = ""
) -> Record:
    """Return the record of a day drill."""
    clock = Clock(start, zone)
    return _record(
        clock,
        lasts=120,
        environment=("production", "休場日の本番環境。参加者との接続を閉じて実施", ""),
        people=DAY_PEOPLE,
        shift="holiday",
        subjects=subjects,
        verdict="passed",
        check_items=[
            check("二つの観測で切替わりを確認する", "15分以内", f"{confirmed}分"),
            check("保守担当と経営層へ報告する", "30分以内", f"{told}分"),
            check("強制切替えを完了する", "10分以内", f"{forced}分"),
        ],
        measures=[
            {"measure": "switch_over_confirmed", "value": minutes(confirmed), "method": "収集装置の時刻"},
            {"measure": "management_told", "value": minutes(told), "method": "連絡記録の時刻"},
            {"measure": "forced_switch", "value": minutes(forced), "method": "制御装置のログ"},
        ],
        covers=["day"],
        timeline=[
            clock.event(15, "fault_injected", "問合せGWサーバ1号機の電源を停止"),
            clock.event(15 + confirmed, "confirmed", "二つの観測が一致"),
            clock.event(15 + told, "management_told", "当番役員へ報告"),
        ],
        note=note or "中間帯の切替わり確認と報告の訓練。",
    )


def market(
    start: datetime, zone: ZoneInfo, subjects: Subjects, *, told: int, restored: int, derivatives: str = ""
) -> Record:
    """Return the record of a drill with the participants; ``derivatives`` says what went wrong there, if anything."""
    clock = Clock(start, zone)
    services = [("デリバティブ", derivatives), ("現物", ""), ("立会外", "")]
    return _record(
        clock,
        lasts=240,
        environment=("production", "休場日の本番環境。参加者と接続して実施", ""),
        people=MARKET_PEOPLE,
        shift="holiday",
        subjects=subjects,
        check_items=[
            check(
                f"{service}の停止と再開を、定めた手順で行う",
                "参加者の再開準備がそろってから再開",
                wrong or "手順どおり再開し、注文の再送に漏れなし",
                "fail" if wrong else "pass",
            )
            for service, wrong in services
        ]
        + [check("参加者への第一報", "15分以内", f"{told}分", "pass" if told <= 15 else "fail")],
        measures=[
            {"measure": "participants_told", "value": minutes(told), "method": "通知システムの送達記録"},
            {"measure": "service_restored", "value": minutes(restored), "method": "最後のサービスの再開まで"},
        ],
        covers=["derivatives", "cash", "off-auction"],
        timeline=[
            clock.event(18, "fault_injected", "取引系のネットワークスイッチを誤った側へ切り替える"),
            clock.event(18 + told, "participants_told", "全参加者へ第一報"),
            clock.event(40, "decided", "当番役員がデリバティブの停止を判断"),
            clock.event(18 + restored, "restored", "三つのサービスの再開を確認"),
        ],
        note="ネットワークスイッチの誤った切替わりで一つのサービスが止まる筋書き。",
    )


def commissioning(
    start: datetime, zone: ZoneInfo, subjects: Subjects, *, millisecond: str, second: str, setting_off: str = "tested"
) -> Record:
    """Return the record of a commissioning test; ``setting_off`` is ``tested``, ``not_run`` or ``wrong``."""
    clock = Clock(start, zone)
    off = {
        "tested": check(
            "設定オフで障害を注入し、強制切替えを行う", "自動では切り替わらず、30秒以内に強制切替え", "18秒"
        ),
        "not_run": check(
            "設定オフで障害を注入する", "手引書どおり15秒後に切り替わる", "計画になく、実施していない", "not_run"
        ),
        "wrong": check(
            "設定オフで障害を注入する",
            "手引書第6版のとおり15秒後に切り替わる",
            "120秒待っても切り替わらない。手引書の記載が誤り",
            "fail",
        ),
    }[setting_off]
    # For people; the measures below say it for machines.
    observed = f"最大{millisecond[2:-1]}秒、{second[2:-1]}秒"
    on = [
        check("設定オンで障害を注入する", "ミリ秒級は999ミリ秒、秒級は30秒以内", observed),
        check("強制切替えを行う", "ミリ秒級は999ミリ秒、秒級は30秒以内", observed),
    ]
    measures = [
        {
            "measure": "switch_over",
            "class": "millisecond",
            "value": millisecond,
            "method": "業務電文のログ、10回の最大値",
        },
        {"measure": "switch_over", "class": "second", "value": second, "method": "監視ログ、10回の最大値"},
    ]
    only_off = setting_off == "wrong"
    return _record(
        clock,
        lasts=180,
        environment=("test", "試験環境", "機種、ファームウェア、設定は本番と同じ。接続先は模擬装置"),
        people=(("it-development", "試験責任者", "D-007"), ("third-party", "立会い", "T-001")),
        shift="holiday",
        subjects=subjects,
        check_items=[off] if only_off else [*on, off],
        measures=[] if only_off else measures,
        covers=["setting-off"] if only_off else ["setting-on", "setting-off", "forced"],
        timeline=[clock.event(20, "fault_injected", "共有ディスク装置1号機のメモリ障害を注入")],
        note="切替え設定のすべての値で、障害時の動作を確かめる。",
    )
