"""Measuring text and breaking it into lines, without a font at run time.

Japanese breaks between phrases (BudouX), inside a phrase by character under the line-breaking rules of JIS X 4051
(kinsoku). Latin words and numbers stay whole: a record number cut in two is misread.
"""

from __future__ import annotations

import json
import re
import unicodedata
from bisect import bisect_right
from functools import cache
from itertools import accumulate, pairwise
from pathlib import Path

from budoux import Parser, load_default_japanese_parser

NEVER_FIRST = frozenset(
    "、。，．・：；？！）］｝〉》」』】〕〗〙〛｠’”»ぁぃぅぇぉっゃゅょゎゕゖァィゥェォッャュョヮヵヶㇰㇱㇲㇳㇴㇵㇶㇷㇸㇹㇺㇻㇼㇽㇾㇿ"
    "ー々〻ヽヾゝゞ～〜…‥％‰°℃′″,.:;?!)]}%"
)
NEVER_LAST = frozenset("（［｛〈《「『【〔〖〘〚｟‘“«￥＄＃№([{$#")
INSEPARABLE = frozenset("—―…‥")
ELLIPSIS = "…"

# A Latin text is set in Noto Sans JP; a machine without it falls back to Arial, up to 5 % wider.
LATIN_RESERVE = 1.05
FAMILIES = {"ja": ("BIZ UDPGothic", "Noto Sans JP"), "en": ("Noto Sans JP",)}

_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_SPACE = re.compile(r"\s+")
_INSIDE_COMPOUND = re.compile(r"(?<=[一-鿿々])(?=[一-鿿々])")
_INSIDE_WORD = re.compile(r"(?<=[一-鿿々])(?=[一-鿿々])|(?<=[ァ-ヶー])(?=[ァ-ヶー])|(?=[ぁ-ん])")


def clean(text: str) -> str:
    """Return ``text`` as one run of characters that XML can carry, white space collapsed, kana composed."""
    return _SPACE.sub(" ", unicodedata.normalize("NFC", _UNPRINTABLE.sub("�", text))).strip()


@cache
def _advances(family: str, weight: str) -> tuple[list[int], list[tuple[int, int]]]:
    """Return the first code points of the ranges that are not one em wide, and (last code point, advance) of each."""
    table = json.loads(Path(__file__).with_name("advances.json").read_text(encoding="ascii"))[family][weight]
    return [first for first, _, _ in table], [(last, advance) for _, last, advance in table]


def _advance(family: str, weight: str, code: int) -> float:
    firsts, ranges = _advances(family, weight)
    found = bisect_right(firsts, code) - 1
    if found >= 0 and code <= ranges[found][0]:
        return ranges[found][1] / 1000
    return 1.0


@cache
def _em(character: str, bold: bool, latin: bool) -> float:
    """Return the width of ``character`` in em: of the families that a reader may have, the widest."""
    weight = "bold" if bold else "regular"
    reserve = LATIN_RESERVE if latin and ord(character) < 0x2E80 else 1.0
    return max(_advance(family, weight, ord(character)) for family in FAMILIES["en" if latin else "ja"]) * reserve


def text_width(text: str, size: float, language: str, *, bold: bool = False) -> float:
    """Return an upper bound of the width of ``text`` in px when set at ``size`` px."""
    latin = not language.startswith("ja")
    return sum(_em(character, bold, latin) for character in text) * size


class Paragraph:
    """A cleaned text, measured once and asked for its lines at many widths."""

    def __init__(self, text: str, size: float, language: str) -> None:
        self.text = text
        self._size, self._language = size, language
        latin = not language.startswith("ja")
        self._ends = [0.0, *accumulate(_em(character, False, latin) * size for character in text)]
        self._allowed = [i for i in range(1, len(text)) if _may_break(text, i)]
        self._preferred = _between_phrases(text, set(self._allowed))
        self._whole = frozenset(self._preferred)
        inside = {match.start() for match in _INSIDE_WORD.finditer(text)}
        self._between_words = [place for place in self._allowed if place not in inside]

    @property
    def widest_unit(self) -> float:
        """Return the width of the widest run that cannot be broken; narrower lines would have to cut a word."""
        edges = [0, *self._allowed, len(self.text)]
        return max((self._width(start, end) for start, end in pairwise(edges)), default=0.0)

    def lines(self, width: float) -> list[str]:
        """Return the lines at ``width`` px, balanced: as narrow as their number allows."""
        spans = self._fill(width)
        low, high = max(width / 2, min(width, self.widest_unit)), width
        while high - low > self._size / 4:
            middle = (low + high) / 2
            narrower = self._fill(middle)
            if len(narrower) == len(spans) and self._broken(narrower) <= self._broken(spans):
                spans, high = narrower, middle
            else:
                low = middle
        return [self.text[start:end].strip() for start, end in spans]

    def broken_phrases(self, width: float) -> int:
        """Return how many of the lines at ``width`` end inside a phrase."""
        return self._broken(self._fill(width))

    def cut_lines(self, width: float, most: int) -> list[str]:
        """Return at most ``most`` lines; the last one ends in an ellipsis if there were more."""
        lines = self.lines(width)
        if len(lines) <= most:
            return lines
        spans = self._fill(width)[:most]
        kept = [self.text[start:end].strip() for start, end in spans]
        last = kept[-1]
        while last and text_width(last + ELLIPSIS, self._size, self._language) > width:
            last = last[:-1]
        return [*kept[:-1], last.rstrip(" 、。，．・,.;:（「『(") + ELLIPSIS]

    def _width(self, start: int, end: int) -> float:
        """Return the width of text[start:end] without the space at its ends."""
        while end > start and self.text[end - 1] == " ":
            end -= 1
        while start < end and self.text[start] == " ":
            start += 1
        return self._ends[end] - self._ends[start]

    def _broken(self, spans: list[tuple[int, int]]) -> int:
        return sum(end not in self._whole for _, end in spans[:-1])

    def _fill(self, width: float) -> list[tuple[int, int]]:
        """Return first-fit lines as spans of the text."""
        spans = []
        start = 0
        while start < len(self.text):
            end = self._line_end(start, width)
            spans.append((start, end))
            start = end
        return spans or [(0, 0)]

    def _line_end(self, start: int, width: float) -> int:
        """Return where the line that begins at ``start`` ends: after a phrase, else a word, a character, anywhere."""
        farthest = bisect_right(self._ends, self._ends[start] + width + 1e-6) - 1
        if farthest < len(self.text) and self.text[farthest] == " ":
            farthest += 1
        if farthest >= len(self.text):
            return len(self.text)
        for places in (self._preferred, self._between_words, self._allowed):
            found = bisect_right(places, farthest) - 1
            if found >= 0 and places[found] > start:
                return places[found]
        return max(farthest, start + 1)


def _may_break(text: str, place: int) -> bool:
    """Tell whether a line may end before text[place]."""
    before, after = text[place - 1], text[place]
    if before == " ":
        return after not in NEVER_FIRST and text[place - 2] not in NEVER_LAST
    if after == " " or after in NEVER_FIRST or before in NEVER_LAST or unicodedata.combining(after):
        return False
    if before in INSEPARABLE and after in INSEPARABLE:
        return False
    return ord(before) >= 0x2E80 or ord(after) >= 0x2E80


def _between_phrases(text: str, allowed: set[int]) -> list[int]:
    """Return the places between words and phrases; where kinsoku forbids one, the nearest place that it allows."""
    places = {place for place in allowed if text[place - 1] == " "}
    if not text.isascii():
        # BudouX also divides compounds of kanji; a reader would rather see them whole.
        compounds = {match.start() for match in _INSIDE_COMPOUND.finditer(text)}
        edges = set(accumulate(len(phrase) for phrase in _parser().parse(text))) - compounds
        places.update(_legal(text, edge, allowed) for edge in edges)
    return sorted(places & allowed)


def _legal(text: str, edge: int, allowed: set[int]) -> int:
    """Move ``edge`` before an opening bracket that precedes it, or after the closing signs that follow it."""
    place = edge
    while 0 < place < len(text) and place not in allowed and text[place - 1] in NEVER_LAST:
        place -= 1
    while 0 < place < len(text) and place not in allowed and text[place] in NEVER_FIRST:
        place += 1
    return place


@cache
def _parser() -> Parser:
    return load_default_japanese_parser()
