"""What can be printed: a character without a glyph, or one that would disturb the page, is shown by its number.

A PDF with a missing glyph fails PDF/A and PDF/UA. Refusing it would let one file name, which can never be changed, keep
a case from ever being reported; so the character is printed as ``[U+1F600]`` and listed with the record that holds it,
while the manifest keeps the original.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cache
from typing import TypeVar, cast

from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

from dcase_audit.reports.contents import ReportContents
from dcase_audit.reports.render.fonts import FONTS

T = TypeVar("T")
WHITESPACE = frozenset("\t\n\r")
# Controls, formats (among them those that turn the direction of writing), surrogates, private use, unassigned.
NEVER_PRINTED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})


@dataclass(frozen=True)
class Unprintable:
    """A character and the place in the contents that holds it."""

    character: str
    where: str

    @property
    def notation(self) -> str:
        return notation(self.character)


def notation(character: str) -> str:
    """Return how the character is printed instead: [U+1F600]."""
    return f"[U+{ord(character):04X}]"


def printable(contents: ReportContents) -> tuple[ReportContents, list[Unprintable]]:
    """Return the contents as they can be printed, and what was replaced in them."""
    found: list[Unprintable] = []
    return _printable(contents, "", found), found


@cache
def covered() -> frozenset[int]:
    """Return the code points that the text families have in the regular and in the bold weight."""
    weights = (_union("BIZUDPGothic-Regular", "NotoSansJP-Regular"), _union("BIZUDPGothic-Bold", "NotoSansJP-Bold"))
    return frozenset.intersection(*weights)


def _union(*names: str) -> frozenset[int]:
    return frozenset().union(*(_code_points(name) for name in names))


def _code_points(name: str) -> frozenset[int]:
    with TTFont(FONTS / f"{name}.ttf", lazy=True) as font:
        return frozenset(font.getBestCmap())


def _can_print(character: str) -> bool:
    if character in WHITESPACE:
        return True
    return ord(character) in covered() and unicodedata.category(character) not in NEVER_PRINTED


def _printable(value: T, where: str, found: list[Unprintable]) -> T:
    """Return ``value`` with its texts printable; tuples and dataclasses are walked into."""
    if isinstance(value, str) and type(value) is str:
        return cast(T, _text(value, where, found))
    if isinstance(value, tuple):
        parts = (_printable(item, f"{where}[{_name(item, place)}]", found) for place, item in enumerate(value))
        return cast(T, tuple(parts))
    if is_dataclass(value) and not isinstance(value, type):
        changes = {
            field.name: _printable(getattr(value, field.name), f"{where}.{field.name}".lstrip("."), found)
            for field in fields(value)
        }
        return replace(value, **changes)
    return value


def _text(text: str, where: str, found: list[Unprintable]) -> str:
    if all(_can_print(character) for character in text):
        return text
    missing = dict.fromkeys(character for character in text if not _can_print(character))
    found.extend(Unprintable(character, where) for character in missing)
    return "".join(character if _can_print(character) else notation(character) for character in text)


def _name(item: object, place: int) -> object:
    """Return how a record is known: its key or number, else its place."""
    return getattr(item, "key", None) or getattr(item, "number", None) or place
