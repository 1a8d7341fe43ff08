"""Measuring and breaking text."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcase_audit.cases.diagram.text import NEVER_FIRST, NEVER_LAST, Paragraph, clean, text_width
from tests.diagram.faces import width

ROOT = Path(__file__).resolve().parents[2]

japanese = st.text(
    alphabet="障害を確認したら、正常系へ自動で切り替える。「（）」ーっゃ・…GW99.9% -", min_size=1, max_size=80
)
widths = st.floats(min_value=40, max_value=220)


def test_the_advances_are_those_of_the_vendored_fonts() -> None:
    script = runpy.run_path(str(ROOT / "bin" / "make_advances.py"))

    committed = (ROOT / "dcase_audit" / "cases" / "diagram" / "advances.json").read_text(encoding="ascii")

    assert json.loads(json.dumps(script["table"]())) == json.loads(committed)


@pytest.mark.parametrize("font", ["BIZUDPGothic-Regular.ttf", "NotoSansJP-Regular.ttf"])
def test_no_japanese_text_is_wider_than_measured_in_either_font(font: str) -> None:
    text = "（夜間）運用ベンダーがDB、問合せGWの診断結果（99.999%）を基に、切替わりを確認する。"

    measured = text_width(text, 12, "ja")

    assert width(text, font, 12) <= measured + 0.01 * len(text)


def test_an_english_text_is_measured_with_a_small_reserve() -> None:
    text = "Argue over each way in which the three services could stop"

    measured = text_width(text, 12, "en")

    set_in_noto = width(text, "NotoSansJP-Regular.ttf", 12)
    assert set_in_noto < measured < set_in_noto * 1.06


def test_a_line_ends_with_a_phrase() -> None:
    paragraph = Paragraph(
        "ハードウェアを三重化し、故障を自動で診断して、正常なハードウェアへ自動で切り替える", 12, "ja"
    )

    assert paragraph.lines(168) == [
        "ハードウェアを三重化し、",
        "故障を自動で診断して、",
        "正常なハードウェアへ",
        "自動で切り替える",
    ]


def test_a_record_number_stays_whole() -> None:
    paragraph = Paragraph("障害記録INC-2025-041の再発防止策", 12, "ja")

    lines = paragraph.lines(100)

    assert len(lines) > 1
    assert any("INC-2025-041" in line for line in lines)


@given(japanese.map(clean).filter(bool), widths)
def test_lines_keep_the_text_and_the_rules_of_line_breaking(text: str, limit: float) -> None:
    paragraph = Paragraph(text, 12, "ja")

    lines = paragraph.lines(limit)

    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    if paragraph.widest_unit <= limit:
        assert all(line[0] not in NEVER_FIRST for line in lines[1:])
        assert all(line[-1] not in NEVER_LAST for line in lines[:-1])
        assert all(text_width(line, 12, "ja") <= limit + 1e-6 for line in lines)


@given(st.text(max_size=60).map(clean), widths)
def test_any_text_is_broken_without_losing_a_character(text: str, limit: float) -> None:
    lines = Paragraph(text, 12, "en").lines(limit)

    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


@given(japanese.map(clean).filter(bool), widths, st.integers(1, 4))
def test_a_text_that_is_too_long_is_cut_and_says_so(text: str, limit: float, most: int) -> None:
    paragraph = Paragraph(text, 12, "ja")

    lines = paragraph.cut_lines(limit, most)

    assert len(lines) <= most
    assert lines[-1].endswith("…") or lines == paragraph.lines(limit)
    assert text_width(lines[-1], 12, "ja") <= max(limit, 12) + 1e-6


def test_balanced_lines_are_as_narrow_as_their_number_allows() -> None:
    lines = Paragraph("The exchange keeps its market services going at all times", 12, "en").lines(200)

    assert lines == ["The exchange keeps its market", "services going at all times"]


def test_what_xml_cannot_carry_is_replaced() -> None:
    assert clean("a\x00b\ud800c  d\n\te\uffff") == "a�b�c d e�"
    assert clean("か\u3099") == "が"
