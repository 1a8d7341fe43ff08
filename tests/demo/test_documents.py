"""The documents that the demo registers: made from their texts, and marked as invented on every page."""

from __future__ import annotations

import pytest
from pypdf import PdfReader

from dcase_audit.demo.papers import FILES

DOCUMENTS = FILES.parent / "documents"
NAMES = sorted(source.stem for source in DOCUMENTS.glob("*.html"))


def test_each_text_was_made_into_a_file() -> None:
    assert sorted(file.stem for file in FILES.glob("*.pdf")) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_document_says_that_it_is_invented(name: str) -> None:
    pages = PdfReader(FILES / f"{name}.pdf").pages

    assert 1 <= len(pages) <= 2
    assert all("DEMO, fictitious" in page.extract_text() for page in pages)
