"""What is on the pages: read by poppler and pikepdf, which had no part in writing them."""

from __future__ import annotations

import json
import re
from hashlib import sha256
from html import unescape
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from dcase_audit.reports.contents import Language
from dcase_audit.reports.words import exact
from tests.reports.conftest import Run
from tests.reports.sample import sample

pytestmark = pytest.mark.pdf

MILLIMETRE = 72 / 25.4
LINE = re.compile(r"<word [^>]*>")
WORD = re.compile(r'<word xMin="([\d.]+)" yMin="[\d.]+" xMax="([\d.]+)" yMax="[\d.]+">(.*)</word>')
NEVER_FIRST = "、。，．）」』］・！？"


def is_running(line: str) -> bool:
    """Tell whether a word stands in the foot of a page."""
    return float(line.split('"')[3]) > (297 - 20) * MILLIMETRE


def language_of(report: Path) -> Language:
    return "ja" if report.stem == "ja" else "en"


def text_of(read: Run, report: Path) -> str:
    return read("pdftotext", report, "-")


def test_no_word_leaves_the_margins(report: Path, read: Run) -> None:
    for page in read("pdftotext", "-bbox", report, "-").split("<page ")[1:]:
        width = float(page.split('"')[1])
        margin = (15 if width > 600 else 18) * MILLIMETRE - 0.5

        outside = [word for left, right, word in WORD.findall(page) if not margin <= float(left) < float(right)]
        beyond = [word for _, right, word in WORD.findall(page) if float(right) > width - margin]

        assert outside + beyond == []


def test_the_summary_takes_two_pages_and_none_is_mostly_empty(report: Path, read: Run) -> None:
    pages = read("pdftotext", "-bbox", report, "-").split("<page ")[1:]
    upright = [page for page in pages[2:] if float(page.split('"')[1]) < 600]

    filled = [max(float(line.split('"')[7]) for line in LINE.findall(page) if not is_running(line)) for page in upright]

    # The first turned page begins section 2.
    assert next(number for number, page in enumerate(pages) if page not in upright and number > 1) == 4
    assert [number for number, end in enumerate(filled[2:-1]) if end < 0.5 * 297 * MILLIMETRE] == []


def test_no_heading_is_left_at_the_foot_of_its_page(report: Path) -> None:
    with pikepdf.open(report) as pdf, pdf.open_outline() as outline:
        items: list[Any] = [item for section in outline.root for item in (section, *section.children)]
        tops = {item.title: float(item.destination[3]) for item in items}

        assert len(tops) > 60
        assert [title for title, top in tops.items() if top < 35 * MILLIMETRE] == []


def test_no_line_begins_with_what_must_not_begin_one(reports: dict[str, Path], read: Run) -> None:
    lines = text_of(read, reports["ja"]).splitlines()

    assert [line for line in lines if line.startswith(tuple(NEVER_FIRST))] == []


def test_every_node_and_its_statement_are_found(report: Path, read: Run) -> None:
    contents = sample(language_of(report))
    text = re.sub(r"\s", "", text_of(read, report))

    for node in contents.nodes:
        assert node.key in text
        assert re.sub(r"\s", "", node.statement) in text


def test_no_key_stands_where_a_label_should(report: Path, read: Run) -> None:
    text = text_of(read, report)
    labels = sample(language_of(report)).labels
    slug = re.compile(r"[a-z0-9]+([-_][a-z0-9]+)+")
    slugs = [label.key for label in labels if slug.fullmatch(label.key) and label.key not in label.text]

    assert len(slugs) > 20
    assert [key for key in slugs if re.search(rf"(?<![\w-]){key}(?![\w-])", text)] == []


def test_every_digest_is_printed_whole_and_in_one_line(report: Path, read: Run) -> None:
    contents = sample(language_of(report))
    text = text_of(read, report)

    for _, revision in contents.revisions:
        for file in revision.files:
            assert file.sha256 in text


def test_only_our_fonts_are_embedded(report: Path, read: Run) -> None:
    rows = [row.split() for row in read("pdffonts", report).splitlines()[2:]]

    assert {row[0].partition("+")[2] for row in rows} <= {
        "BIZ-UDPGothic",
        "BIZ-UDPGothic-Bold",
        "BIZ-UDGothic",
        "Noto-Sans-JP",
        "Noto-Sans-JP-Bold",
    }
    assert all(row[-5:-2] == ["yes", "yes", "yes"] for row in rows)


def test_the_diagram_is_drawn_not_pictured(report: Path, read: Run) -> None:
    assert len(read("pdfimages", "-list", report).splitlines()) == 2


def test_the_manifest_holds_what_is_printed(report: Path, read: Run, tmp_path: Path) -> None:
    contents = sample(language_of(report))
    read("pdfdetach", "-saveall", "-o", tmp_path, report)
    data = (tmp_path / "manifest.json").read_bytes()
    manifest = json.loads(data)
    text = text_of(read, report)

    assert text.count(sha256(data).hexdigest()) == 2
    assert manifest["header"]["edition_sha256"] == contents.header.edition_sha256
    assert {node["key"]: node["status"] for node in manifest["nodes"]} == {
        node.key: node.status for node in contents.nodes
    }
    printed = set(re.findall(r"\b[0-9a-f]{64}\b", text))
    enclosed = {
        file["sha256"]
        for artefact in manifest["artefacts"]
        for revision in artefact["revisions"]
        for file in revision["files"]
    }
    assert enclosed <= printed


def test_the_manifest_is_enclosed_once_and_dated_like_the_report(report: Path) -> None:
    made_at = sample(language_of(report)).header.made_at

    with pikepdf.open(report) as pdf:
        enclosed = pdf.attachments["manifest.json"]
        associated: Any = pdf.Root.AF

        assert len(associated) == 1
        assert associated[0].AFRelationship == "/Data"
        assert enclosed.get_file().creation_date == enclosed.get_file().mod_date == made_at


def test_title_language_and_dates_are_in_the_file(report: Path) -> None:
    contents = sample(language_of(report))

    with pikepdf.open(report) as pdf, pdf.open_metadata() as metadata:
        assert str(pdf.Root.Lang) == language_of(report)
        assert contents.header.case_title in metadata["dc:title"]
        assert metadata["xmp:CreateDate"] == exact(contents.header.made_at)
        assert pdf.Root.ViewerPreferences.DisplayDocTitle


def test_every_link_leads_somewhere_and_says_where(report: Path) -> None:
    with pikepdf.open(report) as pdf:
        names = pdf.Root.Names.Dests.Names
        destinations = {str(names[place]) for place in range(0, len(names), 2)}
        links = [link for page in pdf.pages for link in page.get("/Annots", [])]

        assert len(links) > 200
        assert {str(link.Dest) for link in links} <= destinations
        assert not [link for link in links if str(link.Contents) == str(link.Dest)]


def test_the_diagram_has_a_link_for_each_node(report: Path) -> None:
    contents = sample(language_of(report))

    with pikepdf.open(report) as pdf:
        wide = [page for page in pdf.pages if float(page.MediaBox[2]) > 1000]
        targets = {str(link.Dest) for page in wide for link in page.Annots}

    assert {f"node-{node.key}" if node.judged else f"row-{node.key}" for node in contents.nodes} <= targets


def test_the_contents_name_the_pages_that_they_lead_to(report: Path, read: Run) -> None:
    with pikepdf.open(report) as pdf:
        names = pdf.Root.Names.Dests.Names
        pages = {page.obj.objgen: number for number, page in enumerate(pdf.pages, 1)}
        destinations = {str(names[place]): pages[names[place + 1][0].objgen] for place in range(0, len(names), 2)}
        page = pdf.pages[1]
        expected = [destinations[anchor] for anchor in dict.fromkeys(str(link.Dest) for link in page.Annots)]

    printed = re.findall(r" \. +(\d+)$", read("pdftotext", "-layout", "-f", "2", "-l", "2", report, "-"), re.MULTILINE)

    assert [int(number) for number in printed] == expected


def test_the_outline_lists_sections_and_nodes_without_invisible_characters(report: Path) -> None:
    with pikepdf.open(report) as pdf, pdf.open_outline() as outline:
        sections = [item.title for item in outline.root]
        nodes = [item.title for item in outline.root[3].children]

    assert len(sections) == 10
    assert nodes[0].startswith("G_100 ")
    assert not [title for title in sections + nodes if "\u2060" in title]


def test_the_demo_mark_is_on_every_page(report: Path, read: Run) -> None:
    pages = text_of(read, report).split("\f")[:-1]

    assert all("DEMO" in unescape(page) for page in pages)
