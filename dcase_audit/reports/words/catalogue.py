"""The wording files: one TOML file a language, and one of bilingual terms."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from dcase_audit.cases.words import Status

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Catalogue:
    """What one language's file holds; ``{names}`` in it are filled in by ``str.format``."""

    texts: dict[str, str]
    choices: dict[str, dict[str, str]]
    reasons: dict[str, str]
    criterion: dict[str, list[str]]
    operators: dict[str, str]
    duration: dict[str, list[str]]
    covering: str
    within: str
    day_and_time: str
    each_item: str
    and_more: str
    evidence: str
    any_revision: str
    some_evidence: str
    target: str
    target_unscoped: str
    comma: str
    duration_joint: str
    day: str
    moment: str
    until_day: str
    until_moment: str
    period: str
    open_start: str
    open_end: str
    unbounded: str


@dataclass(frozen=True)
class Term:
    """A term in both languages and its meaning in both."""

    ja: str
    en: str
    meaning_ja: str
    meaning_en: str

    def meaning(self, language: str) -> str:
        return self.meaning_ja if language == "ja" else self.meaning_en


@cache
def catalogue(language: str) -> Catalogue:
    """Read the wording of ``language`` ("ja" or "en")."""
    return Catalogue(**_read(f"{language}.toml"))  # type: ignore[arg-type]


@cache
def terms() -> tuple[Term, ...]:
    """Return the glossary, in its order."""
    return tuple(Term(**row) for row in _read("terms.toml")["terms"])  # type: ignore[attr-defined]


@cache
def status_meanings(language: str) -> dict[Status, str]:
    """Return what each status means, from bad to good."""
    rows: dict[str, dict[str, str]] = _read("terms.toml")["statuses"]  # type: ignore[assignment]
    return {status: rows[status.word][language] for status in Status}


def _read(name: str) -> dict[str, object]:
    return tomllib.loads((HERE / name).read_text(encoding="utf-8"))
