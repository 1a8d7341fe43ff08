"""Statuses and kinds: seen without colour, read in either font, named in both languages."""

from __future__ import annotations

import pytest

from dcase_audit.cases.diagram.marks import MARKS
from dcase_audit.cases.presentation import KIND_WORDS, STATUS_STYLES, kind_word, status_word
from dcase_audit.cases.words import NodeKind, Status
from tests.diagram.faces import characters

INK, WHITE = "#111111", "#ffffff"


def luminance(colour: str) -> float:
    """Source: WCAG 2.2, relative luminance."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted([luminance(one), luminance(other)])
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("status", Status)
def test_a_status_is_legible(status: Status) -> None:
    style = STATUS_STYLES[status]

    assert contrast(style.border, style.fill) >= 4.5
    assert contrast(style.border, WHITE) >= 4.5
    assert contrast(INK, style.fill) >= 15


def test_every_status_differs_from_the_others_without_colour() -> None:
    assert len({style.glyph for style in STATUS_STYLES.values()}) == len(Status)
    assert len(set(MARKS.values())) == len(MARKS) == len(Status)
    assert [status for status, style in STATUS_STYLES.items() if style.dashed] == [Status.MISSING]


@pytest.mark.parametrize("font", ["BIZUDPGothic-Regular.ttf", "BIZUDPGothic-Bold.ttf", "NotoSansJP-Regular.ttf"])
def test_both_font_families_have_the_glyphs(font: str) -> None:
    available = characters(font)

    assert all(ord(style.glyph) in available for style in STATUS_STYLES.values())


def test_every_term_has_a_word_of_its_own_in_both_languages() -> None:
    for language in ("ja", "en"):
        assert len({status_word(status, language) for status in Status}) == len(Status)
        assert len({kind_word(kind, language) for kind in NodeKind}) == len(NodeKind)
    assert set(KIND_WORDS) == set(NodeKind)
    assert status_word(Status.STALE, "ja") == "要再確認"
    assert kind_word(NodeKind.EXTERNAL, "en-gb") == "External"
