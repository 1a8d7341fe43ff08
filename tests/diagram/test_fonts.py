"""The vendored fonts are those that were taken over, and may be embedded."""

from __future__ import annotations

import hashlib

import pytest

from tests.diagram.faces import FONTS, characters, face

LINES = (FONTS / "SHA256SUMS").read_text(encoding="ascii").splitlines()
SUMS = {name: digest for digest, name in (line.split("  ") for line in LINES)}


def test_every_font_is_listed() -> None:
    assert {path.name for path in FONTS.glob("*.ttf")} == set(SUMS)


@pytest.mark.parametrize("name", sorted(SUMS))
def test_a_font_is_unchanged_and_free_to_embed(name: str) -> None:
    assert hashlib.sha256((FONTS / name).read_bytes()).hexdigest() == SUMS[name]
    assert face(name)["OS/2"].fsType == 0


def test_a_character_that_the_first_family_lacks_is_in_the_second() -> None:
    rare = 0x20BB7

    assert rare not in characters("BIZUDPGothic-Regular.ttf")
    assert rare in characters("NotoSansJP-Regular.ttf")
