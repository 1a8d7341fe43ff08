"""The rules by code: how grave a breach is, what it says in both languages. No code is ever given to another rule."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from dcase_audit.cases.presentation import Words, kind_word
from dcase_audit.cases.words import NodeKind


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True)
class Finding:
    """One breach of a rule; ``node`` is the key of the node that it is about, "" where it is the case as a whole."""

    code: str
    severity: Severity
    node: str
    message_ja: str
    message_en: str

    def message(self, language: str) -> str:
        return self.message_ja if language.startswith("ja") else self.message_en


@dataclass(frozen=True)
class Rule:
    """``{node}`` stands for the node, other names for what the check passes on."""

    severity: Severity
    ja: str
    en: str


def finding(code: str, node: str = "", **more: object) -> Finding:
    """Return the finding that the rule ``code`` makes of ``node``."""
    rule = RULES[code]
    ja = {name: _said(value, "ja") for name, value in more.items()}
    en = {name: _said(value, "en") for name, value in more.items()}
    return Finding(code, rule.severity, node, rule.ja.format(node=node, **ja), rule.en.format(node=node, **en))


def _said(value: object, language: str) -> str:
    if isinstance(value, NodeKind):
        return kind_word(value, language).lower()
    if isinstance(value, Words):
        return value.into(language)
    if isinstance(value, list):
        return ("、" if language == "ja" else ", ").join(_said(item, language) for item in value)
    return str(value)


E, W, N = Severity.ERROR, Severity.WARNING, Severity.NOTE

RULES: dict[str, Rule] = {
    "CASE-EMPTY": Rule(E, "要素が一つもない。", "The case has no node."),
    "CASE-NOROOT": Rule(E, "最上位のゴールがない。", "There is no top goal."),
    "CASE-ROOTS": Rule(
        E,
        "{node} も最上位にある。最上位のゴールは {top} 一つとする。",
        "{node} is at the top as well; {top} is to be the only top goal.",
    ),
    "NODE-ORPHAN": Rule(E, "{node} は、どの要素からもたどれない。", "Nothing leads to {node}."),
    "NODE-UNREACHABLE": Rule(
        E,
        "{node} は、最上位からたどれない循環の中か下にある。",
        "{node} lies in or below a circle that no root leads to.",
    ),
    "NODE-TEXT": Rule(E, "{node} に文がない。", "{node} has no statement."),
    "NODE-ACCOUNTABLE": Rule(W, "{node} に説明責任者の定めがない。", "No party is accountable for {node}."),
    "LEAF-CUSTODIAN": Rule(W, "{node} に証拠の管理者の定めがない。", "No party keeps the evidence of {node}."),
    "LEAF-VERIFIER": Rule(
        W, "{node} の検証者が、証拠の管理者自身である。", "{node} is verified by the party that keeps its evidence."
    ),
    "LINK-CYCLE": Rule(E, "リンクが循環している：{circle}", "Links go round in a circle: {circle}"),
    "LINK-LEAF": Rule(
        E,
        "{node} は末端なので、{child} に支えられることはない。",
        "{node} is a leaf and cannot be supported by {child}.",
    ),
    "LINK-CONTEXT": Rule(
        E,
        "{parent} が {node} に支えられるとあるが、{node} の種類（{kind}）は裏づけにならない。",
        "{parent} is said to be supported by {node}, but a node of the type {kind} supports nothing.",
    ),
    "LINK-CONTEXTOUT": Rule(
        E,
        "{node} の種類（{kind}）は判定の対象でなく、{child} に支えられることはない。",
        "{node} is of the type {kind}, is not judged, and cannot be supported by {child}.",
    ),
    "LINK-BESIDE": Rule(
        E,
        "{parent} の前提とされた {node} の種類（{kind}）は、前提にならない。",
        "{parent} is said to be in context of {node}, but a node of the type {kind} is no context.",
    ),
    "EXT-TARGET": Rule(E, "{node} の指すゴールの定めがない。", "{node} points at no goal of another case."),
    "EXT-SUPPORT": Rule(
        E,
        "{node} の状態は指すゴールで決まり、{child} に支えられることはない。",
        "{node} has the status of the goal it points at and cannot be supported by {child}.",
    ),
    "UNDEV-SUPPORT": Rule(
        E, "{node} は未展開とされているが、裏づけがある。", "{node} is marked undeveloped and has support."
    ),
    "UNDEV-KIND": Rule(
        E, "未展開の印はゴールと戦略に限る（{node}）。", "Only goals and strategies can be undeveloped, not {node}."
    ),
    "UNDEV-UNMARKED": Rule(
        W,
        "{node} に裏づけがなく、未展開の印もない。",
        "{node} has no support and is not marked undeveloped.",
    ),
    "EV-NOEND": Rule(
        W,
        "{node} の判定基準に経過の上限がなく、証拠資料に見直し間隔がなければ期限が来ない。",
        "{node} has no age limit: its evidence has no end unless the artefact has a review interval.",
    ),
    "EV-DEFAULT": Rule(
        N,
        "{node} に判定基準の定めがなく、既定の基準（1件以上、1年以内）で判定する。",
        "{node} has no criterion and is judged by the default one (one artefact, at most a year old).",
    ),
    "EV-CALENDAR": Rule(
        E, "{node} の数える時間帯 {calendar} がない。", "{node} counts in the calendar {calendar}, which is unknown."
    ),
    "MON-SILENCE": Rule(
        W,
        "{node} に受信の途絶の上限がなく、記録が途絶えても気づけない。",
        "{node} sets no limit of silence: nobody would notice that nothing is heard.",
    ),
    "DE-KIND": Rule(
        E, "{node} の種類（{kind}）は D-Case Editor にない。", "D-Case Editor has no node of the type {kind} ({node})."
    ),
    "DE-CHILD": Rule(
        E,
        "{node}（{kind}）の下に {child}（{child_kind}）は置けない。",
        "{node} ({kind}) cannot have {child} ({child_kind}) below it.",
    ),
    "DE-MANY": Rule(
        E,
        "{node} の下に置ける「{child_kind}」は一つまでだが、{count} 個ある（{children}）。",
        "{node} may have one child of the type {child_kind} and has {count} ({children}).",
    ),
    "DE-MIX": Rule(
        E,
        "{node} の下に置けるのは、戦略・証拠・モニタ・未展開のうち一種類だけである（{kinds}）。",
        "{node} may have children of one kind among strategy, evidence, monitor and undeveloped, not {kinds}.",
    ),
    "DE-JUSTIFICATION": Rule(
        E,
        "{node} の下で、正当化 {child} は証拠やモニタと並べられない。",
        "{node} cannot have the justification {child} beside evidence or a monitor.",
    ),
    "DE-PARENTS": Rule(
        E,
        "{node} を置けるのは一つの要素の下だけだが、{count} 個の下にある（{parents}）。",
        "{node} may be below one node and is below {count} ({parents}).",
    ),
    "DE-LINK": Rule(
        E,
        "{parent} から {node}（{kind}）へのリンクは {expected} とする。",
        "The link from {parent} to {node} ({kind}) is to be {expected}.",
    ),
    "GSN-KIND": Rule(E, "{node} の種類（{kind}）は GSN にない。", "GSN has no node of the type {kind} ({node})."),
    "GSN-SUPPORT": Rule(
        E,
        "{node}（{kind}）が {child}（{child_kind}）に支えられることはない。",
        "{node} ({kind}) cannot be supported by {child} ({child_kind}).",
    ),
    "GSN-CONTEXT": Rule(
        E,
        "{node}（{kind}）の前提に {child}（{child_kind}）は置けない。",
        "{node} ({kind}) cannot be in context of {child} ({child_kind}).",
    ),
}
