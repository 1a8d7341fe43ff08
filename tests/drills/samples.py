"""Drill results that use every member of the native format in both versions, and small ones to change."""

from __future__ import annotations

import json
from typing import Any

NIGHT: dict[str, Any] = {
    "schema": "dcase-drill/1",
    "started_at": "2026-11-20T01:00:00+09:00",
    "ended_at": "2026-11-20T02:10:00.250+09:00",
    "verdict": "passed",
    "environment": "災対環境（本番との差: 二重化まで）",
    "participants": [
        {"party": "it-service", "role": "operator", "person": "P-17"},
        {"party": "management", "role": "duty manager", "present": False},
    ],
    "check_items": [
        {"number": 1, "text": "切替わりを確認した", "expected": "15分以内", "observed": "9分", "result": "pass"},
        {"number": 2, "text": "経営層に報告した", "result": "remark", "reason": "代理が受けた"},
        {"number": 4, "text": "Participants told", "result": "not_applicable", "reason": "no participant takes part"},
    ],
    "measures": [
        {"measure": "switch_over_confirmed", "value": "PT9M", "method": "operator's log"},
        {"measure": "switch_over", "class": "millisecond", "value": "PT0.412S"},
        {"measure": "healthy_units", "item": "database", "value": 3},
    ],
    "covers": ["night"],
    "subjects": {"failover-setting": {"version": "ON", "digest": "sha256:5f0d"}, "failover-manual": {"version": "7"}},
    "timeline": [
        {"at": "2026-11-19T16:01:00Z", "event": "fault_injected", "text": "共有ディスク1号機"},
        {"at": "2026-11-19T16:10:00.123456789Z", "event": "confirmed"},
    ],
    "note": "第3回夜間訓練",
}

WHOLE: dict[str, Any] = {
    "schema": "dcase-drill/2",
    "started_at": "2026-11-20T01:00:00+09:00",
    "ended_at": "2026-11-20T02:10:00+09:00",
    "kind": "full-scale",
    "scenario": {
        "title": "共有ディスク1号機の故障",
        "text": "自動切替えが働かず、診断結果は「切替え済み」と表示する。",
        "objectives": ["二人で切替わりを確認する", "経営層へ30分以内に知らせる"],
        "preconditions": ["参加者との接続を閉じてある"],
        "abort_criteria": ["本番の売買に影響が出た"],
    },
    "runbooks": [{"title": "切替え手順書", "version": "7"}, {"title": "連絡網"}],
    "injects": [
        {
            "text": "診断画面に誤った表示を出す",
            "planned_at": "2026-11-20T01:02:00+09:00",
            "at": "2026-11-20T01:03:00+09:00",
            "to": "夜間責任者",
            "expected": "二人目に照合を頼む",
            "observed": "頼んだ",
        },
        {"text": "役員の電話を不通にする", "planned_at": "2026-11-20T01:20:00+09:00"},
    ],
    "environment": {"place": "recovery", "text": "災対環境", "differs": "参加者は模擬装置"},
    "participants": [
        {"party": "it-service", "role": "夜間責任者", "person": "P-17", "shift": "night"},
        {"party": "management", "role": "当番役員", "present": False},
        {"party": "management", "role": "役員代行", "person": "M-4", "stands_in_for": "当番役員"},
        {"party": "A証券", "role": "接続担当", "outside": True},
    ],
    "observer": {"party": "監査部", "person": "A-2"},
    "verifier": {"party": "第三者機関", "person": "T-1", "independence": "実施部署との取引も指揮関係もない"},
    "check_items": [{"text": "切替わりを確認した", "expected": "15分以内", "observed": "9分", "result": "pass"}],
    "measures": [
        {
            "measure": "switch_over_confirmed",
            "value": "PT9M",
            "method": "確認票の時刻",
            "resolution": "PT1M",
            "target": {"op": "<=", "value": "PT10M"},
        },
        {"measure": "participants_ready", "value": 96.5, "unit": "%", "resolution": 0.5},
    ],
    "covers": ["night"],
    "subjects": {"failover-setting": {"version": "ON"}},
    "clock": "基準時計 NTP-1",
    "timeline": [
        {
            "event": "fault_injected",
            "planned_at": "2026-11-20T01:00:00+09:00",
            "at": "2026-11-20T01:01:00+09:00",
            "text": "共有ディスク1号機",
        },
        {"event": "confirmed", "at": "2026-11-20T01:10:00+09:00"},
        {"event": "failback_started", "planned_at": "2026-11-20T03:00:00+09:00"},
    ],
    "findings": [
        {"text": "連絡網の電話番号が古い", "severity": "major", "cause": "異動のあと改めていない"},
        {"text": "確認票の欄が狭い"},
    ],
    "lessons": ["診断結果の文言では切替わりと判断しない"],
    "note": "第3回夜間訓練",
}


def native(**changes: Any) -> dict[str, Any]:
    """Return a small result that passes, with some members changed, or left out where None."""
    whole = {
        "schema": "dcase-drill/1",
        "started_at": "2026-11-20T01:00:00+09:00",
        "ended_at": "2026-11-20T02:00:00+09:00",
        "check_items": [{"text": "Switched over", "result": "pass"}],
    } | changes
    return {name: value for name, value in whole.items() if value is not None}


def as_bytes(document: object) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode()


def whole(**changes: Any) -> dict[str, Any]:
    """Return the whole record of version 2, with some members changed, or left out where None."""
    return {name: value for name, value in (WHOLE | changes).items() if value is not None}
