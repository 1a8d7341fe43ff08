"""The SVG itself: the same bytes each time, fit for a strict page and a PDF, read out and walked by keyboard."""

from __future__ import annotations

import re
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring

from dcase_audit.cases.diagram import DiagramLink, DiagramNode, Drawing, draw, legend
from dcase_audit.cases.words import LinkKind, NodeKind, Status
from tests.diagram.reading import nodes_of
from tests.diagram.samples import every_kind, made_up, reference_case

ROOT = Path(__file__).resolve().parents[2]
FONTS = ROOT / "dcase_audit" / "reports" / "fonts"
BY = LinkKind.SUPPORTED_BY

PRINT_SVG = """
import sys
from dcase_audit.cases.diagram import draw
from tests.diagram.samples import made_up
sys.stdout.buffer.write(draw(*made_up(120), language="ja", title="題").svg.encode())
"""


def elements(drawing: Drawing) -> list[Element]:
    return list(fromstring(drawing.svg).iter())


@pytest.mark.parametrize("seed", ["0", "1", "4242"])
def test_the_same_model_gives_the_same_bytes_in_another_process(seed: str) -> None:
    environment = {"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT), "LC_ALL": "C"}
    command = [sys.executable, "-c", PRINT_SVG]

    other = subprocess.run(command, env=environment, capture_output=True, check=True, cwd=ROOT).stdout

    assert other.decode() == draw(*made_up(120), language="ja", title="題").svg


def test_the_diagram_needs_no_django() -> None:
    code = "import sys, dcase_audit.cases.diagram, dcase_audit.cases.presentation; sys.exit('django' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=ROOT).returncode == 0


@pytest.mark.parametrize("drawing", [draw(*every_kind(), language="ja", title="記法"), legend("ja"), legend("en")])
def test_a_strict_page_and_the_pdf_both_take_it(drawing: Drawing) -> None:
    found = elements(drawing)

    assert not [e for e in found if e.get("style") is not None or e.tag.endswith(("}style", "}script", "}image"))]
    assert not [name for e in found for name in e.attrib if name.startswith("on")]
    assert not re.search(r"url\(|https?://(?!www\.w3\.org/2000/svg)", drawing.svg)
    families = {e.get("font-family", "") for e in found}
    assert all("BIZ UDPGothic" in f or f.startswith("Noto Sans JP") for f in families if f)
    assert all(", " not in family for family in families)
    numbers = re.findall(r'[\s"]-?\d+\.(\d+)', drawing.svg)
    assert all(len(decimals) == 1 for decimals in numbers)


def test_the_drawing_names_and_describes_itself() -> None:
    root = elements(draw(*reference_case("ja"), language="ja", title="再発防止"))[0]

    title, description = root[0], root[1]
    assert (root.get("role"), root.get("lang")) == ("group", "ja")
    assert root.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
    assert title.text == "再発防止"
    assert description.text is not None
    assert description.text.startswith("要素 47 個（ゴール 22、戦略 5、前提 6、証拠 11、モニタ 3）。状態: ")


def test_several_drawings_on_a_page_share_no_identifier() -> None:
    drawings = [legend("ja"), legend("en"), *(draw(*made_up(n), language="ja", title="題") for n in (5, 6))]

    identifiers = [e.get("id") for drawing in drawings for e in elements(drawing) if e.get("id")]

    assert len(identifiers) == len(set(identifiers)) == 2 * len(drawings)


def test_each_node_is_a_link_that_says_all_of_it() -> None:
    drawing = draw(*reference_case("ja"), language="ja", title="題")

    node = next(node for node in nodes_of(drawing, "ja") if node.key == "E_8")

    assert node.element.tag.endswith("}a")
    assert node.element.get("href") == "/cases/exchange/nodes/E_8/"
    assert node.name == "証拠 E_8: 経営層への報告の規則（夜間）（状態: 期限切れ、責任: ITサービス部）"
    assert node.element[0].text == node.name


def test_one_node_is_a_tab_stop_and_keys_can_find_the_others() -> None:
    drawing = draw(*reference_case("en"), language="en", title="Case")

    drawn = [node.element for node in nodes_of(drawing, "en")]

    assert [e.get("tabindex") for e in drawn] == ["0"] + ["-1"] * 46
    above = {e.get("data-key"): e.get("data-above") for e in drawn}
    assert above["G_100"] is None
    assert (above["E_12"], above["C_2"]) == ("G_113", "G_2")


def test_nodes_come_in_reading_order() -> None:
    keys = [box.key for box in draw(*every_kind(), language="ja", title="題").boxes]

    assert keys[:7] == ["G_1", "C_1", "A_1", "J_1", "R_1", "S_1", "G_2"]
    assert keys.index("M_1") < keys.index("G_3") < keys.index("E_5") < keys.index("G_4") < keys.index("E_6")


def test_a_status_shows_by_glyph_and_word_and_what_is_missing_by_dashes() -> None:
    drawn = {node.key: node for node in nodes_of(draw(*every_kind(), language="ja", title="題"), "ja")}

    assert "証拠なし" in drawn["X_1"].name
    assert [e.get("stroke-dasharray") for e in drawn["X_1"].element if e.get("class") == "shape"] == ["6 3.5"]
    assert [e.get("stroke-dasharray") for e in drawn["E_2"].element if e.get("class") == "shape"] == [None]
    assert "未展開" in drawn["G_5"].name


def test_a_shared_node_gets_a_line_where_it_is_clear_and_a_stub_where_not() -> None:
    drawing = draw(*every_kind(), language="ja", title="題")

    said = {e.get("data-reference"): e.get("aria-label") for e in elements(drawing) if e.get("data-reference")}
    assert [stub.key for stub in drawing.references] == ["G_1", "C_1", "E_1"]
    assert said["E_1"] == "参照: 証拠 切替え試験の記録（E_1 ↗ G_2 の下）"
    assert "E_5" not in said


def test_what_a_collapsed_goal_hides_is_counted_on_it() -> None:
    nodes, links = reference_case("ja")

    drawing = draw(nodes, links, language="ja", title="題", collapsed={"G_14", "G_1"})

    keys = {box.key for box in drawing.boxes}
    assert not keys & {"S_14", "M_18", "C_1-1", "E_2"}
    assert len(keys) == 47 - 16 - 11
    assert ">+16<" in drawing.svg
    assert ">+11<" in drawing.svg


def test_a_link_into_a_collapsed_goal_is_named() -> None:
    drawing = draw(*every_kind(), language="ja", title="題", collapsed={"G_3"})

    assert ("E_5", "E_5 ↗ G_3 の下") in [(box.key, "E_5 ↗ G_3 の下") for box in drawing.references]
    assert "E_5 ↗ G_3 の下" in drawing.svg


def test_a_subtree_is_drawn_as_its_own_view() -> None:
    nodes, links = every_kind()

    drawing = draw(nodes, links, language="en", title="G_4", root="G_4")

    assert [box.key for box in drawing.boxes] == ["G_4", "C_1", "E_5", "E_6"]


def test_text_from_outside_stays_text() -> None:
    evil = '"><script>alert(1)</script>&\x00\ud800'
    node = DiagramNode(evil, NodeKind.GOAL, evil, Status.STALE, holder=evil, badge=evil, href=f"/n/{evil}")
    other = DiagramNode("E", NodeKind.EVIDENCE, evil)

    drawing = draw([node, other], [DiagramLink(evil, "E", BY)], language="en", title=evil)

    assert "<script" not in drawing.svg
    assert len(elements(drawing)) > 2
    drawing.svg.encode()


def test_an_empty_case_is_an_empty_drawing() -> None:
    drawing = draw([], [], language="ja", title="空")

    assert drawing.boxes == ()
    assert drawing.width > 0


def test_the_legend_explains_every_kind_and_status() -> None:
    text = " ".join(e.text or "" for e in elements(legend("ja")))

    for word in ("ゴール", "戦略", "前提", "仮定", "正当化", "証拠", "モニタ", "外部接続", "責任"):
        assert word in text
    for word in ("反証あり", "未展開", "証拠なし", "期限切れ", "要再確認", "承認待ち", "期限間近", "有効"):
        assert word in text


@pytest.mark.pdf
def test_the_pdf_shows_it_as_searchable_text_in_the_vendored_fonts() -> None:
    import pypdf
    import weasyprint

    faces = "".join(
        f"@font-face {{ font-family: '{family}'; font-weight: {weight}; src: url({(FONTS / name).as_uri()}) }}"
        for family, weight, name in [
            ("BIZ UDPGothic", 400, "BIZUDPGothic-Regular.ttf"),
            ("Noto Sans JP", 400, "NotoSansJP-Regular.ttf"),
            ("Noto Sans JP", 700, "NotoSansJP-Bold.ttf"),
        ]
    )
    drawing = draw(*reference_case("ja"), language="ja", title="題")
    page = f"<html lang=ja><style>{faces} @page {{ size: 1600px 1300px; margin: 0 }}</style>{drawing.svg}"

    pdf = weasyprint.HTML(string=page).write_pdf()

    (sheet,) = pypdf.PdfReader(BytesIO(pdf)).pages
    text = sheet.extract_text()
    assert "G_100" in text
    assert "取引所の市場サービスを証券市場の" in text
    resources: Any = sheet["/Resources"]
    fonts = {str(font.get_object()["/BaseFont"]).split("+")[-1] for font in resources["/Font"].values()}
    assert fonts == {"BIZ-UDPGothic", "Noto-Sans-JP-Bold"}
