"""Which of a draft's changes make it easier for a goal to stand; the report of the edition's period lists them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from dcase_audit.calendars import durations
from dcase_audit.cases.changes import Changes
from dcase_audit.cases.graph import CriterionValue, Graph, NodeValue, children
from dcase_audit.cases.labels import Labels, in_language
from dcase_audit.cases.words import LinkKind

# What status.md section 2 asks of a leaf without a criterion.
UNSTATED = CriterionValue(minimum=1, max_age="P1Y")
# Every length of month and year occurs after one of these days.
STARTS = tuple(datetime(2024 + month // 12, month % 12 + 1, 1, tzinfo=UTC) for month in range(48))

WORDS: dict[str, tuple[str, str]] = {
    "minimum": ("必要な数を{before}件から{after}件に減らした", "asks for {after} artefacts instead of {before}"),
    "max_age": ("経過の上限を{before}から{after}に緩めた", "has the age limit {after} instead of {before}"),
    "silence": (
        "受信の途絶の上限を{before}から{after}に緩めた",
        "has the limit of silence {after} instead of {before}",
    ),
    "calendar": (
        "数える時間帯を{before}から{after}に変えた",
        "counts silence in the calendar {after} instead of {before}",
    ),
    "must_cover": ("対象とすべき範囲から{before}を外した", "need no longer cover {before}"),
    "subjects": ("再確認を要する変更から{before}を外した", "is no longer stale when {before} changes"),
    "kinds": ("認める証拠の種類に{after}を加えた", "also takes evidence of the kind {after}"),
    "kinds_any": ("認める証拠の種類を{before}に限るのをやめた", "takes evidence of any kind instead of {before}"),
    "targets": ("目標値を{before}から{after}に変えた", "has the target {after} instead of {before}"),
    "refuted_when": ("反証とする条件「{before}」を除いた", "drops the condition that refuted it: {before}"),
    "support_rule": (
        "裏づけのすべてではなく一つが成り立てばよいとした",
        "needs one of what supports it instead of all",
    ),
    "alternative_added": ("一つが成り立てばよい裏づけに{after}を加えた", "may now stand on {after} alone"),
    "child_retired": ("裏づけの{before}が廃止された", "no longer rests on {before}, which is retired"),
    "support_removed": ("{before}を裏づけから外した", "no longer rests on {before}"),
    "target_removed": ("目標値を持つ前提{before}を外した", "is no longer measured by the targets of {before}"),
    "points_at": ("指す先を{before}から{after}に変えた", "points at {after} instead of {before}"),
    "undeveloped_added": ("未展開の印を付けた", "is now marked undeveloped"),
    "undeveloped_removed": ("未展開の印を外した", "is no longer marked undeveloped"),
}


def loosened(changes: Changes) -> list[dict[str, Any]]:
    """Return a record of each loosening: ``node``, ``what``, ``before``, ``after``, and both as a sentence (ja, en).

    A change whose effect depends on the day or the measured thing (P1M to P30D, another calendar, another target)
    is listed: the reader judges it.
    """
    before, after = changes.before, changes.after
    found: list[dict[str, Any]] = []
    for key in after.by_key:
        if key in before.by_key and key in changes.touched:
            found.extend(_of_node(before.by_key[key], after.by_key[key]))
            found.extend(_of_links(before, after, key))
    return [_worded(record, after.labels) for record in found]


def is_longer(after: str, before: str) -> bool:
    """Tell whether the limit ``after`` is longer than ``before`` from some day on; "" is no limit at all."""
    if not before or not after:
        return bool(before)
    return any(one > other for one, other in zip(_ends(after), _ends(before), strict=True))


@lru_cache(maxsize=1024)
def _ends(duration: str) -> tuple[datetime, ...]:
    parsed, zone = durations.parse(duration), ZoneInfo("UTC")
    return tuple(parsed.after(start, zone) for start in STARTS)


def _of_node(before: NodeValue, after: NodeValue) -> Iterator[dict[str, Any]]:
    key = after.key
    if before.undeveloped != after.undeveloped:
        yield _record(key, "undeveloped_added" if after.undeveloped else "undeveloped_removed")
    if (before.support_rule, after.support_rule) == ("all", "any"):
        yield _record(key, "support_rule", "all", "any")
    if before.points_at is not None and before.points_at != after.points_at:
        goals = (f"{goal.case}/{goal.key}" if goal else "" for goal in (before.points_at, after.points_at))
        yield _record(key, "points_at", *goals)
    yield from _of_targets(key, before.attributes.get("targets", ()), after.attributes.get("targets", ()))
    if after.is_leaf and before.criterion != after.criterion:
        yield from _of_criterion(key, before.criterion or UNSTATED, after.criterion or UNSTATED)


def _of_criterion(key: str, before: CriterionValue, after: CriterionValue) -> Iterator[dict[str, Any]]:
    if after.minimum < before.minimum:
        yield _record(key, "minimum", before.minimum, after.minimum)
    for limit in ("max_age", "silence"):
        if is_longer(getattr(after, limit), getattr(before, limit)):
            yield _record(key, limit, getattr(before, limit), getattr(after, limit))
    if before.silence and before.calendar != after.calendar:
        yield _record(key, "calendar", before.calendar, after.calendar)
    for items in ("must_cover", "subjects"):
        if dropped := [item for item in getattr(before, items) if item not in getattr(after, items)]:
            yield _record(key, items, dropped, [])
    if before.kinds and not after.kinds:
        yield _record(key, "kinds_any", list(before.kinds), [])
    elif more := [kind for kind in after.kinds if before.kinds and kind not in before.kinds]:
        yield _record(key, "kinds", list(before.kinds), more)
    if before.refuted_when and not after.refuted_when:
        yield _record(key, "refuted_when", before.refuted_when, "")
    yield from _of_targets(key, before.targets, after.targets)


def _of_targets(key: str, before: Sequence[Any], after: Sequence[Any]) -> Iterator[dict[str, Any]]:
    gone = [dict(target) for target in before if target not in after]
    if gone:
        yield _record(key, "targets", gone, [dict(target) for target in after if target not in before])


def _of_links(before: Graph, after: Graph, key: str) -> Iterator[dict[str, Any]]:
    supports, supported = children(before, key), children(after, key)
    for child in supports:
        if child not in supported:
            yield _record(key, "support_removed" if child in after.by_key else "child_retired", child, "")
    if after.by_key[key].support_rule == before.by_key[key].support_rule == "any":
        for child in supported:
            if child not in supports:
                yield _record(key, "alternative_added", "", child)
    beside = children(after, key, LinkKind.IN_CONTEXT_OF)
    for context in children(before, key, LinkKind.IN_CONTEXT_OF):
        if context not in beside and before.by_key[context].attributes.get("targets"):
            yield _record(key, "target_removed", context, "")


def _record(node: str, what: str, before: Any = None, after: Any = None) -> dict[str, Any]:
    return {"node": node, "what": what, "before": before, "after": after}


def _worded(record: dict[str, Any], labels: Labels) -> dict[str, Any]:
    ja, en = WORDS[record["what"]]
    before, after = (
        {language: _said(record[name], language, in_language(labels, language)) for language in ("ja", "en")}
        for name in ("before", "after")
    )
    return {
        **record,
        "ja": f"{record['node']}：{ja.format(before=before['ja'], after=after['ja'])}",
        "en": f"{record['node']} {en.format(before=before['en'], after=after['en'])}",
    }


def _said(value: Any, language: str, labels: Mapping[str, str]) -> str:
    if isinstance(value, dict):
        return _target(value, labels)
    if isinstance(value, list):
        items = ("、" if language == "ja" else ", ").join(_said(item, language, labels) for item in value)
        return items or _said("", language, labels)
    if value in (None, ""):
        return "「なし」" if language == "ja" else "none"
    return labels.get(str(value), str(value))


def _target(target: dict[str, Any], labels: Mapping[str, str]) -> str:
    limit = f"{labels.get(target['measure'], target['measure'])} {target['op']} {target['value']}"
    more = [
        f"{name} {labels.get(str(value), value)}"
        for name, value in target.items()
        if name not in {"measure", "op", "value"}
    ]
    return f"{limit} ({', '.join(more)})" if more else limit
