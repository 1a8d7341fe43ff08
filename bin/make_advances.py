"""Write the table of advance widths by which the diagram measures its text.

Run it from the project's root after a change of the vendored fonts: ``python bin/make_advances.py``.
"""

from __future__ import annotations

import json
from itertools import groupby
from pathlib import Path

from fontTools.ttLib import TTFont

ROOT = Path(__file__).resolve().parent.parent
FONTS = ROOT / "dcase_audit" / "reports" / "fonts"
TABLE = ROOT / "dcase_audit" / "cases" / "diagram" / "advances.json"
FACES = {
    "BIZ UDPGothic": {"regular": "BIZUDPGothic-Regular.ttf", "bold": "BIZUDPGothic-Bold.ttf"},
    "Noto Sans JP": {"regular": "NotoSansJP-Regular.ttf", "bold": "NotoSansJP-Bold.ttf"},
}

Range = tuple[int, int, int]  # first and last code point, advance in thousandths of an em


def ranges(font: Path) -> list[Range]:
    """Return the advances of every character of ``font``, runs of neighbours with one advance put together."""
    face = TTFont(font)
    em, widths = face["head"].unitsPerEm, face["hmtx"].metrics
    advances = sorted((code, round(widths[glyph][0] * 1000 / em)) for code, glyph in face.getBestCmap().items())
    found: list[Range] = []
    # Code point minus position is the same along a run without gaps.
    for _, run in groupby(enumerate(advances), key=lambda item: (item[1][0] - item[0], item[1][1])):
        codes = [pair for _, pair in run]
        found.append((codes[0][0], codes[-1][0], codes[0][1]))
    return found


def table() -> dict[str, dict[str, list[Range]]]:
    """Return, by family and weight, the ranges that are not one em wide, which is what a missing entry means."""
    return {
        family: {
            weight: [entry for entry in ranges(FONTS / name) if entry[2] != 1000] for weight, name in faces.items()
        }
        for family, faces in FACES.items()
    }


if __name__ == "__main__":
    TABLE.write_text(json.dumps(table(), separators=(",", ":")) + "\n", encoding="ascii")
