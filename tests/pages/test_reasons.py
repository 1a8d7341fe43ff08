"""Every reason in words of both languages."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from evidence.reasons import MORE_SENTENCES, SENTENCES, reason_text

TOKYO = ZoneInfo("Asia/Tokyo")
TITLES = {"night-rule": "夜間復旧手順"}
RULE = {"artefact": "night-rule", "revision": 3}
# 15:00 in UTC is midnight in Tokyo.
MIDNIGHT = "2026-03-31T15:00:00+00:00"
MORNING = "2026-04-01T00:00:00+00:00"

OCTOBER = {
    "period_from": "2026-09-30T15:00:00+00:00",
    "period_until": "2026-10-31T15:00:00+00:00",
    "best": "99.9989",
    "worst": "99.5",
    "limit": "99.999",
}
SAID: list[tuple[dict[str, Any], str, str | None]] = [
    ({"reason": "none"}, "証拠がまだありません", "There is no evidence yet"),
    ({"reason": "none", "items": ["day", "night"]}, "証拠がまだありません（範囲: day、night）", None),
    (
        {"reason": "returned", **RULE, "at": MORNING},
        "「夜間復旧手順」第3版は2026年4月1日に差し戻されました",
        "“夜間復旧手順” (revision 3) was returned on 1 April 2026",
    ),
    (
        {"reason": "not_yet", "artefact": "night-rule", "starts_at": MIDNIGHT},
        "「夜間復旧手順」の有効期間は2026年4月1日からです",
        None,
    ),
    (
        {"reason": "wrong_kind", "artefact": "night-rule", "kind": "rule"},
        "「夜間復旧手順」は求められる種類の証拠ではありません",
        None,
    ),
    (
        {"reason": "incomplete", **RULE, "subject": "manual"},
        "「夜間復旧手順」第3版にmanualの版が記録されていません",
        "“夜間復旧手順” (revision 3) does not record the version of manual",
    ),
    (
        {"reason": "inconclusive", **RULE},
        "「夜間復旧手順」第3版は判定不能で、裏づけになりません",
        None,
    ),
    ({"reason": "circular"}, "参照が循環しています", "The reference is circular"),
    # What ends at midnight on 1 April held until 31 March.
    (
        {"reason": "validity", **RULE, "ended_at": MIDNIGHT},
        "「夜間復旧手順」第3版の有効期間の最終日は2026年3月31日です",
        "The last valid day of “夜間復旧手順” (revision 3) is 31 March 2026",
    ),
    (
        {"reason": "max_age", **RULE, "ended_at": MIDNIGHT},
        "「夜間復旧手順」第3版の経過期間の上限は2026年3月31日です",
        "By its age, “夜間復旧手順” (revision 3) counts until 31 March 2026",
    ),
    (
        {"reason": "withdrawn", **RULE, "ended_at": MORNING},
        "「夜間復旧手順」第3版は2026年4月1日に取り下げられました",
        None,
    ),
    (
        {"reason": "superseded", **RULE, "ended_at": MORNING},
        "「夜間復旧手順」第3版は2026年4月1日に後の版に交代しました",
        None,
    ),
    (
        {"reason": "waiting", **RULE, "since": MORNING},
        "「夜間復旧手順」第3版が2026年4月1日に提出され、承認を待っています",
        "“夜間復旧手順” (revision 3) was submitted on 1 April 2026 and awaits a decision",
    ),
    (
        {"reason": "subject", **RULE, "subject": "manual", "from": ["6", "a"], "to": ["7", "b"]},
        "「夜間復旧手順」第3版を得た後にmanualが変わりました（6 → 7）",
        "manual changed after “夜間復旧手順” (revision 3) was obtained (6 → 7)",
    ),
    (
        {"reason": "silent", "artefact": "night-rule", "silent_since": MORNING},
        "「夜間復旧手順」は2026年4月1日から受信が途絶えた状態です",
        None,
    ),
    (
        {"reason": "ends", **RULE, "ends_at": MIDNIGHT, "bound": "validity"},
        "「夜間復旧手順」第3版の有効期間は2026年3月31日までです",
        None,
    ),
    (
        {"reason": "refuted", **RULE, "since": MORNING, "covers": []},
        "「夜間復旧手順」第3版（2026年4月1日受領）が反証しています",
        "“夜間復旧手順” (revision 3), received on 1 April 2026, refutes it",
    ),
    (
        {"reason": "accepted_late", **RULE, "gap_from": MIDNIGHT, "gap_until": "2026-04-05T00:00:00+00:00"},
        "「夜間復旧手順」第3版は2026年4月1日からとされていますが、承認は2026年4月5日でした。その間の裏づけはありません",
        None,
    ),
    (
        {"reason": "children", "nodes": ["E_1", "E_2"], "count": 4},
        "E_1、E_2ほか2件の状態によります",
        "It follows from E_1, E_2 and 2 more",
    ),
    ({"reason": "undeveloped", "status": "undeveloped"}, "まだ論証されていません", "It is not argued yet"),
    (
        {"reason": "external", "node": "G_7"},
        "参照先のG_7の状態によります",
        "It follows from G_7, to which it points",
    ),
    ({"reason": "external", "node": None}, "参照先の別のケースのゴールの状態によります", None),
    ({"node": "E_9", "status": "refuted"}, "E_9: 反証あり", "E_9: refuted"),
    (
        {"reason": "target_missed", **OCTOBER, "waits": ["period", "remedy"], "items": ["cash"]},
        (
            "2026年10月1日から2026年10月31日までの実績は最良でも99.9989%で、目標の99.999%に届いていません"
            "（解消に必要なもの: 目標を満たす期間、是正処置の完了）（範囲: cash）"
        ),
        (
            "From 1 October 2026 to 31 October 2026 it came to 99.9989 % at best, below the target of 99.999 %"
            " (still needed: a full period that meets the target, its corrective action to be closed) (for cash)"
        ),
    ),
    (
        {"reason": "target_spent", **OCTOBER},
        (
            "2026年10月1日から2026年10月31日までの期間は、途中ですでに許容時間を使い切りました"
            "（残りがすべて稼働でも99.9989%、目標99.999%）"
        ),
        (
            "From 1 October 2026 to 31 October 2026 the error budget is spent already (99.9989 % even if nothing more"
            " fails, target 99.999 %)"
        ),
    ),
    (
        {"reason": "target_unknown", **OCTOBER},
        (
            "2026年10月1日から2026年10月31日までの期間に観測のない時間があり、実績は99.5%から99.9989%の間としか言えません"
            "（目標99.999%）"
        ),
        "Part of 1 October 2026 to 31 October 2026 was not observed: between 99.5 % and 99.9989 %, target 99.999 %",
    ),
    (
        {"reason": "target_coarse", **OCTOBER, "resolution": 5000},
        "測定の間隔（5000ミリ秒）が粗く、目標の99.999%を証明できません",
        "It is looked at every 5000 ms, too seldom to prove the target of 99.999 %",
    ),
    (
        {"reason": "target_late", "ended_at": "2026-10-31T15:00:00+00:00"},
        "2026年10月31日に終わった期間がまだ測定されていません",
        "The period that ended on 31 October 2026 has not been measured",
    ),
    (
        {"reason": "target_open", "ends_at": "2026-10-31T15:00:00+00:00"},
        "2026年10月31日に終わる最初の期間がまだ終わっていません",
        "The first period, which ends on 31 October 2026, is not over",
    ),
    ({"reason": "target_none"}, "測定するモニタがありません", "No monitor measures it"),
]


@pytest.mark.parametrize(
    ("reason", "japanese", "english"), SAID, ids=[str(row[0].get("reason", "node")) for row in SAID]
)
def test_a_reason_is_a_sentence(reason: dict[str, object], japanese: str, english: str | None) -> None:
    assert reason_text(reason, "ja", TOKYO, TITLES) == japanese
    said = reason_text(reason, "en", TOKYO, TITLES)
    assert said == english or (english is None and said)


def test_every_reason_is_said() -> None:
    assert {row[0].get("reason", "") for row in SAID} - {""} == {*SENTENCES, *MORE_SENTENCES}


def test_evidence_without_a_known_title_is_named_by_its_key() -> None:
    assert "“other-rule”" in reason_text({"reason": "inconclusive", "artefact": "other-rule"}, "en", TOKYO, TITLES)
    assert reason_text({"reason": "inconclusive"}, "ja", TOKYO).startswith("証拠は")
