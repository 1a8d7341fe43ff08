"""A drill result that uses every member of the native format, and small ones to change."""

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
