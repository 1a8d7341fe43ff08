"""The vendored fonts, opened."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

FONTS = Path(__file__).resolve().parents[2] / "dcase_audit" / "reports" / "fonts"


def face(name: str) -> Any:
    return TTFont(FONTS / name)


def characters(name: str) -> dict[int, str]:
    """Return the characters of the font, each with the name of its glyph."""
    found: dict[int, str] = face(name).getBestCmap()
    return found


def width(text: str, name: str, size: float) -> float:
    """Return how wide the font itself sets ``text``."""
    opened = face(name)
    glyphs = opened.getBestCmap()
    advances = [opened["hmtx"][glyphs[ord(character)]][0] for character in text]
    return float(sum(advances)) * size / float(opened["head"].unitsPerEm)
