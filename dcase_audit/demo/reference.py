"""The reference case, as its file has it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from dcase_audit.cases.interchange import FORMATS, ParsedCase

CASE_FILE = Path(__file__).resolve().parent / "case.json"


@cache
def parsed() -> ParsedCase:
    """Return the reference case as a plain value."""
    return FORMATS["dcase-reference/1"].parse(CASE_FILE.read_bytes())
