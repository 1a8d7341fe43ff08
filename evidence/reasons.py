"""Why a node has its status, in sentences of both languages: for notices, pages and whoever else has to say it.

Dates are those of the case's zone and inclusive: what ends on 1 April at midnight held until 31 March.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import dateformat, translation
from django.utils.text import Truncator

from dcase_audit.cases.labels import NO_LABELS
from dcase_audit.cases.models import Case
from dcase_audit.cases.presentation import Words, status_word
from dcase_audit.cases.words import Status
from evidence.models import Artefact

Reason = Mapping[str, Any]

SENTENCES = {
    "none": Words("証拠がまだありません", "There is no evidence yet"),
    "returned": Words("{evidence}は{at}に差し戻されました", "{evidence} was returned on {at}"),
    "not_yet": Words("{evidence}の有効期間は{at}からです", "{evidence} is valid from {at}"),
    "wrong_kind": Words(
        "{evidence}は求められる種類の証拠ではありません", "{evidence} is not of a kind that is asked for"
    ),
    "incomplete": Words(
        "{evidence}に{subject}の版が記録されていません", "{evidence} does not record the version of {subject}"
    ),
    "inconclusive": Words(
        "{evidence}は判定不能で、裏づけになりません", "{evidence} is inconclusive and supports nothing"
    ),
    "circular": Words("参照が循環しています", "The reference is circular"),
    "validity": Words("{evidence}の有効期間の最終日は{until}です", "The last valid day of {evidence} is {until}"),
    "max_age": Words("{evidence}の経過期間の上限は{until}です", "By its age, {evidence} counts until {until}"),
    "withdrawn": Words("{evidence}は{at}に取り下げられました", "{evidence} was withdrawn on {at}"),
    "superseded": Words("{evidence}は{at}に後の版に交代しました", "{evidence} was superseded on {at}"),
    "subject": Words(
        "{evidence}を得た後に{subject}が変わりました（{before} → {after}）",
        "{subject} changed after {evidence} was obtained ({before} → {after})",
    ),
    "silent": Words("{evidence}は{at}から受信が途絶えた状態です", "{evidence} has been silent since {at}"),
    "ends": Words("{evidence}の有効期間は{until}までです", "{evidence} is valid until {until}"),
    "refuted": Words("{evidence}（{at}受領）が反証しています", "{evidence}, received on {at}, refutes it"),
    "target_missed": Words(
        "{period_from}から{period_until}までの実績は最良でも{best}%で、目標の{limit}%に届いていません"
        "（解消に必要なもの: {waits}）",
        "From {period_from} to {period_until} it came to {best} % at best, below the target of {limit} %"
        " (still needed: {waits})",
    ),
    "target_spent": Words(
        "{period_from}から{period_until}までの期間は、途中ですでに許容時間を使い切りました（残りがすべて稼働でも{best}%、目標{limit}%）",
        "From {period_from} to {period_until} the error budget is spent already ({best} % even if nothing more fails,"
        " target {limit} %)",
    ),
    "target_unknown": Words(
        "{period_from}から{period_until}までの期間に観測のない時間があり、実績は{worst}%から{best}%の間としか言えません（目標{limit}%）",
        "Part of {period_from} to {period_until} was not observed: between {worst} % and {best} %, target {limit} %",
    ),
    "target_coarse": Words(
        "測定の間隔（{resolution}ミリ秒）が粗く、目標の{limit}%を証明できません",
        "It is looked at every {resolution} ms, too seldom to prove the target of {limit} %",
    ),
    "target_late": Words(
        "{until}に終わった期間がまだ測定されていません", "The period that ended on {until} has not been measured"
    ),
    "target_open": Words(
        "{until}に終わる最初の期間がまだ終わっていません", "The first period, which ends on {until}, is not over"
    ),
    "target_none": Words("測定するモニタがありません", "No monitor measures it"),
}
REFUTING = frozenset({"refuted", "target_missed", "target_spent"})
# What is said on pages alone: of inner nodes, of what waits for others, and beside a status without deciding it.
MORE_SENTENCES = {
    "waiting": Words(
        "{evidence}が{at}に提出され、承認を待っています", "{evidence} was submitted on {at} and awaits a decision"
    ),
    "accepted_late": Words(
        "{evidence}は{gap_from}からとされていますが、承認は{gap_until}でした。その間の裏づけはありません",
        "{evidence} claims to apply from {gap_from} but was accepted on {gap_until}; the time between has no support",
    ),
    "undeveloped": Words("まだ論証されていません", "It is not argued yet"),
    "children": Words("{nodes}の状態によります", "It follows from {nodes}"),
    "external": Words("参照先の{nodes}の状態によります", "It follows from {nodes}, to which it points"),
}
# What a missed period still needs before it refutes no more.
WAITS = {
    "period": Words("目標を満たす期間", "a full period that meets the target"),
    "remedy": Words("是正処置の完了", "its corrective action to be closed"),
}
MOMENTS = ("at", "since", "silent_since", "starts_at", "ended_at", "ends_at")
SPELT_OUT = 2
NO_TITLES: Mapping[str, str] = {}


def deciding(because: Iterable[Reason], status: Status) -> list[Reason]:
    """Return the reasons that make the status what it is; ``because`` holds every one that applies."""
    if status is Status.REFUTED:
        return [reason for reason in because if reason["reason"] in REFUTING]
    return [reason for reason in because if reason.get("status") == status.word and reason["reason"] in SENTENCES]


def in_words(reasons: list[Reason], artefacts: Mapping[int, Artefact], case: Case, language: str) -> str:
    """Return the first reasons as sentences and how many more there are; empty without any."""
    labels = case.label_texts(language)
    said = [_sentence(reason, artefacts, case.zone, language, labels) for reason in reasons[:SPELT_OUT]]
    more = len(reasons) - len(said)
    if language == "ja":
        return "".join(f"{sentence}。" for sentence in said) + (f"（ほか{more}件）" if more else "")
    return " ".join(f"{sentence}." for sentence in said) + (f" ({more} more)" if more else "")


def ends_on(reasons: Iterable[Reason], zone: ZoneInfo) -> date | None:
    """Return the last day on which all that ends still holds; None where nothing ends."""
    ends = [datetime.fromisoformat(reason["ends_at"]) for reason in reasons if "ends_at" in reason]
    return last_day(min(ends), zone) if ends else None


def last_day(end: datetime, zone: ZoneInfo) -> date:
    """Return the last day of what ends at ``end`` (excluded)."""
    return (end - timedelta(microseconds=1)).astimezone(zone).date()


def day(moment: date, language: str) -> str:
    """Return a day as it is written in ``language``."""
    with translation.override(language):
        return dateformat.format(moment, "Y年n月j日" if language == "ja" else "j F Y")


def short(text: str, length: int) -> str:
    """Return ``text`` on one line, cut to ``length`` characters."""
    return Truncator(" ".join(text.split())).chars(length)


def _sentence(
    reason: Reason, artefacts: Mapping[int, Artefact], zone: ZoneInfo, language: str, labels: Mapping[str, str]
) -> str:
    artefact = artefacts.get(reason.get("artefact", 0))
    name = quoted(short(artefact.title(language), 50), language) if artefact else ""
    return _filled(reason, name, zone, language, labels)


def reason_text(
    reason: Reason,
    language: str,
    zone: ZoneInfo,
    titles: Mapping[str, str] = NO_TITLES,
    labels: Mapping[str, str] = NO_LABELS,
) -> str:
    """Return one reason as ``evidence.asof`` gives it (things by their keys), as a sentence without full stop.

    ``titles`` says what artefacts are called, ``labels`` what items and subjects are; what they do not know is named
    by its key. A reason that only names a node below and its status becomes that.
    """
    if "reason" not in reason:
        return f"{reason['node']}: {status_word(Status.of(reason['status']), language)}"
    key, number = reason.get("artefact"), reason.get("revision")
    name = quoted(short(titles.get(key, key), 50), language) if key else Words("証拠", "The evidence").into(language)
    if number:
        name += Words("第{}版", " (revision {})").into(language).format(number)
    return _filled(reason, name, zone, language, labels)


def quoted(name: str, language: str) -> str:
    """Return a name between the language's quotation marks."""
    return Words("「{}」", "“{}”").into(language).format(name)


def _filled(reason: Reason, evidence: str, zone: ZoneInfo, language: str, labels: Mapping[str, str]) -> str:
    def said(name: str) -> str:
        return day(datetime.fromisoformat(reason[name]).astimezone(zone).date(), language) if name in reason else ""

    moment = next((datetime.fromisoformat(reason[name]) for name in MOMENTS if name in reason), None)
    before, after = _versions(reason.get("from", ["", ""]), reason.get("to", ["", ""]))
    filled = {
        "evidence": evidence,
        "at": day(moment.astimezone(zone).date(), language) if moment else "",
        "until": day(last_day(moment, zone), language) if moment else "",
        "gap_from": said("gap_from"),
        "gap_until": said("gap_until"),
        "subject": labels.get(reason.get("subject", ""), reason.get("subject", "")),
        "before": before,
        "after": after,
        "nodes": _nodes(reason, language),
        "period_from": said("period_from"),
        "period_until": day(last_day(datetime.fromisoformat(reason["period_until"]), zone), language)
        if "period_until" in reason
        else "",
        "waits": Words("、", ", ").into(language).join(WAITS[what].into(language) for what in reason.get("waits", ())),
        **{name: reason.get(name, "") for name in ("best", "worst", "limit", "resolution")},
    }
    template = SENTENCES.get(reason["reason"]) or MORE_SENTENCES[reason["reason"]]
    items = [labels.get(item, item) for item in reason.get("items", [])]
    return template.into(language).format_map(filled) + _items(items, language)


def _nodes(reason: Reason, language: str) -> str:
    """Return the nodes that a reason names; one outside of the reader's view is not named."""
    named = [str(node) for node in (*reason.get("nodes", ()), reason.get("node")) if node is not None]
    if not named:
        return Words("別のケースのゴール", "a goal of another case").into(language)
    more = max(0, reason.get("count", 0) - len(named))
    if language == "ja":
        return "、".join(named) + (f"ほか{more}件" if more else "")
    return ", ".join(named) + (f" and {more} more" if more else "")


def _versions(before: list[str], after: list[str]) -> tuple[str, str]:
    """Return two versions by their names, by their digests where the names do not tell them apart."""
    if before[0] != after[0]:
        return before[0], after[0]
    return before[1][:12], after[1][:12]


def _items(items: list[str], language: str) -> str:
    if not items:
        return ""
    shown, more = items[:3], len(items) - 3
    if language == "ja":
        return f"（範囲: {'、'.join(shown)}{f'ほか{more}件' if more > 0 else ''}）"
    return f" (for {', '.join(shown)}{f' and {more} more' if more > 0 else ''})"
