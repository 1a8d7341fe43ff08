"""The numbered list of misuses: each has a test that carries its number, as ``test_N21_...``."""

from __future__ import annotations

import re
from pathlib import Path

NAME = re.compile(r"^(?:async )?def test_N(\d+)_\w+\(", re.MULTILINE)
NUMBERS = {*range(1, 9), *range(19, 29), *range(30, 39), 42, 43, 48, 49, 50, 52, 53, 55, 56, 57}
OPEN: set[int] = set()


def test_every_misuse_has_a_test_that_carries_its_number() -> None:
    sources = (path.read_text() for path in sorted(Path(__file__).parent.rglob("test_*.py")))
    tested = {int(number) for source in sources for number in NAME.findall(source)}

    assert sorted(NUMBERS - tested) == sorted(OPEN)
