"""Reports are PDF/A-3a and PDF/UA-1 for a validator that did not write them, and the validator can say no."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pikepdf
import pytest

from tests.reports.conftest import Check

pytestmark = pytest.mark.pdf


def test_both_languages_conform(reports: dict[str, Path], vera_check: Check) -> None:
    checked = vera_check("3a,ua1", *reports.values())

    assert checked.returncode == 0, checked.stdout


def test_a_small_page_conforms(small_report: Path, vera_check: Check) -> None:
    checked = vera_check("3a,ua1", small_report)

    assert checked.returncode == 0, checked.stdout


def without_accessibility(pdf: pikepdf.Pdf) -> None:
    data = pdf.Root.Metadata.read_bytes().replace(b"<pdfuaid:part>1</pdfuaid:part>", b"")
    pdf.Root.Metadata = pdf.make_stream(data, Type=pikepdf.Name.Metadata, Subtype=pikepdf.Name.XML)


def without_relationship(pdf: pikepdf.Pdf) -> None:
    for item in pdf.objects:
        if isinstance(item, pikepdf.Dictionary) and "/AFRelationship" in item:
            del item["/AFRelationship"]


def without_alternative_text(pdf: pikepdf.Pdf) -> None:
    for item in pdf.objects:
        if isinstance(item, pikepdf.Dictionary) and item.get("/S") == "/Figure":
            del item["/Alt"]


def without_output_intent(pdf: pikepdf.Pdf) -> None:
    del pdf.Root["/OutputIntents"]


def without_unicode(pdf: pikepdf.Pdf) -> None:
    for item in pdf.objects:
        if isinstance(item, pikepdf.Dictionary) and "/ToUnicode" in item:
            del item["/ToUnicode"]


@pytest.mark.parametrize(
    ("broken", "clause"),
    [
        (without_accessibility, "5-1"),
        (without_relationship, "6.8-3"),
        (without_alternative_text, "7.3-1"),
        (without_output_intent, "6.2.4.3-2"),
        (without_unicode, "7.21.7-1"),
    ],
)
def test_the_validator_finds_what_is_broken(
    broken: Any, clause: str, small_report: Path, vera_check: Check, tmp_path: Path
) -> None:
    path = tmp_path / "broken.pdf"
    with pikepdf.open(small_report) as pdf:
        broken(pdf)
        pdf.save(path, fix_metadata_version=False)

    checked = vera_check("3a,ua1", path)

    assert checked.returncode == 1
    assert f" {clause} " in checked.stdout
