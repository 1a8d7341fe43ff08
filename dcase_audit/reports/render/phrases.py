"""Japanese lines that break between phrases.

WeasyPrint knows no ``word-break: keep-all``, and an inline box for each phrase makes a page twelve times as slow. A
word joiner (U+2060) between the characters of a phrase forbids the break there for a quarter more time; it has no
glyph, so nothing is drawn, and what a reader copies or searches is the plain text.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from itertools import pairwise

import budoux

WORD_JOINER = "\u2060"
# A longer phrase would leave a hole at the end of the line, or not fit into a narrow column at all.
LONGEST_KEPT = 10
# A line may end after these and begin with those, whatever phrase they stand in.
_BREAKS = re.compile(r"(?<=[ 、。：])|(?=[（「])")
# Of what is longer, a word in katakana still stays whole.
_KATAKANA = re.compile(r"[\u30a0-\u30ff]{2,12}")


@cache
def _parser() -> budoux.Parser:
    return budoux.load_default_japanese_parser()


@lru_cache(maxsize=4096)
def keep_phrases(text: str) -> str:
    """Return Japanese ``text`` with the breaks inside short phrases forbidden; the printed characters are the same."""
    return "".join(_kept(piece) for phrase in _parser().parse(text) for piece in _BREAKS.split(phrase))


def _kept(piece: str) -> str:
    if sum(not character.isascii() for character in piece) > LONGEST_KEPT or len(piece) > 2 * LONGEST_KEPT:
        return _KATAKANA.sub(lambda word: WORD_JOINER.join(word[0]), piece)
    return piece[:1] + "".join(
        # Between two ASCII characters only a hyphen allows a break, and there it may stay.
        character if before.isascii() and character.isascii() else WORD_JOINER + character
        for before, character in pairwise(piece)
    )
