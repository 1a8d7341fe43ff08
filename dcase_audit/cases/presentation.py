"""How statuses and kinds of node look and what they are called, on every page, in every report, in the diagram.

A status is never told by colour alone: each has a glyph and a word of its own, and the diagram dashes the border of
what is missing. The glyphs are in both vendored font families. Contrast is computed in ``tests/diagram``.
"""

from __future__ import annotations

from dataclasses import dataclass

from dcase_audit.cases.words import NodeKind, Status


@dataclass(frozen=True)
class Words:
    """One term in both languages."""

    ja: str
    en: str

    def into(self, language: str) -> str:
        """Return the term in ``language`` ("ja", "en-gb", ...): Japanese for Japanese, English for all others."""
        return self.ja if language.startswith("ja") else self.en


@dataclass(frozen=True)
class StatusStyle:
    """The look of a status: ``border`` also colours its glyph, ``fill`` lies under text in #111."""

    glyph: str
    border: str
    fill: str
    words: Words
    dashed: bool = False


STATUS_STYLES: dict[Status, StatusStyle] = {
    Status.REFUTED: StatusStyle("×", "#b3261e", "#fde7e5", Words("反証あり", "refuted")),
    Status.UNDEVELOPED: StatusStyle("◇", "#5f6368", "#f1f3f4", Words("未展開", "undeveloped")),
    Status.MISSING: StatusStyle("–", "#8c1d4b", "#fdf1f6", Words("証拠なし", "missing"), dashed=True),
    Status.EXPIRED: StatusStyle("!", "#a8400a", "#fdebdf", Words("期限切れ", "expired")),
    Status.STALE: StatusStyle("?", "#6a3fa0", "#f1eafb", Words("要再確認", "stale")),
    Status.PENDING: StatusStyle("…", "#1f5fa8", "#e5effa", Words("承認待ち", "pending")),
    Status.EXPIRING: StatusStyle("▲", "#806000", "#fff6d6", Words("期限間近", "expiring")),
    Status.SUPPORTED: StatusStyle("✓", "#0a7d4b", "#e6f4ec", Words("有効", "supported")),
}

KIND_WORDS: dict[NodeKind, Words] = {
    NodeKind.GOAL: Words("ゴール", "Goal"),
    NodeKind.STRATEGY: Words("戦略", "Strategy"),
    NodeKind.CONTEXT: Words("前提", "Context"),
    NodeKind.ASSUMPTION: Words("仮定", "Assumption"),
    NodeKind.JUSTIFICATION: Words("正当化", "Justification"),
    NodeKind.EVIDENCE: Words("証拠", "Evidence"),
    NodeKind.MONITOR: Words("モニタ", "Monitor"),
    NodeKind.EXTERNAL: Words("外部接続", "External"),
    NodeKind.RESPONSIBILITY: Words("責任", "Responsibility"),
    NodeKind.TARGET: Words("目標", "Target"),
}


def status_word(status: Status, language: str) -> str:
    """Return what ``status`` is called in ``language``."""
    return STATUS_STYLES[status].words.into(language)


def kind_word(kind: NodeKind, language: str) -> str:
    """Return what ``kind`` is called in ``language``."""
    return KIND_WORDS[kind].into(language)
