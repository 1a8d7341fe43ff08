"""Japanese lines break between phrases, and the printed characters stay the same."""

from __future__ import annotations

import pytest

from dcase_audit.reports.render.phrases import LONGEST_KEPT, WORD_JOINER, keep_phrases


@pytest.mark.parametrize(
    "text", ["", "夜", "切替えが働かない場合を想定する。", "SHA-256 は全桁を示す。", "selection-criteria 第1版は"]
)
def test_the_text_is_the_same_without_the_joiners(text: str) -> None:
    assert keep_phrases(text).replace(WORD_JOINER, "") == text


def test_a_short_phrase_cannot_be_broken() -> None:
    kept = keep_phrases("三サービスの停止")

    assert f"停{WORD_JOINER}止" in kept


def test_a_phrase_longer_than_a_narrow_column_breaks_as_usual() -> None:
    long = "証" * (LONGEST_KEPT + 1)

    assert keep_phrases(long) == long


def test_a_latin_name_keeps_its_own_breaks() -> None:
    assert WORD_JOINER not in keep_phrases("failover-setting")
