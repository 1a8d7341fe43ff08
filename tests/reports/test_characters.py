"""A character that cannot be printed is shown by its number, and the report is made all the same."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from dcase_audit.reports.contents import ReportContents
from dcase_audit.reports.render.characters import Unprintable, printable
from dcase_audit.reports.render.html import compose
from dcase_audit.reports.render.manifest import manifest
from tests.reports.sample import sample


def titled(title: str) -> ReportContents:
    contents = sample("ja")
    return replace(contents, header=replace(contents.header, case_title=title))


@pytest.mark.parametrize("title", ["渡邊𠮷之 ①髙﨑 ⚠ → ＡＢ", "ガ decomposed: カ\u3099", "line\nbreak"])
def test_what_the_fonts_have_is_printed_as_it_is(title: str) -> None:
    shown, found = printable(titled(title))

    assert shown.header.case_title == title
    assert found == []


@pytest.mark.parametrize(
    ("character", "notation"),
    [("😀", "[U+1F600]"), ("\u202e", "[U+202E]"), ("\u0007", "[U+0007]"), ("\ud800", "[U+D800]"), ("한", "[U+D55C]")],
)
def test_what_they_lack_or_what_disturbs_the_page_is_shown_by_its_number(character: str, notation: str) -> None:
    shown, found = printable(titled(f"A{character}B{character}"))

    assert shown.header.case_title == f"A{notation}B{notation}"
    assert found == [Unprintable(character, "header.case_title")]


def test_the_record_is_named_by_its_keys() -> None:
    contents = sample("ja")
    artefact = contents.artefacts[0]
    revision = artefact.revisions[1]
    files = (replace(revision.files[0], name="rocket 🚀.csv"), *revision.files[1:])
    revisions = (artefact.revisions[0], replace(revision, files=files))

    _, found = printable(replace(contents, artefacts=(replace(artefact, revisions=revisions),)))

    assert [item.where for item in found] == ["artefacts[triple-check].revisions[2].files[0].name"]


def test_the_appendix_lists_them_and_the_manifest_keeps_them() -> None:
    contents = titled("Go 😀")
    shown, found = printable(contents)

    document = compose(shown, manifest_sha256="0" * 64, unprintable=found)

    assert "😀" not in document.html
    assert "header.case_title" in document.html
    assert json.loads(manifest(contents))["header"]["case_title"] == "Go 😀"
