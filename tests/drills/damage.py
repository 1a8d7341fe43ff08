"""Files as transfers, editors and attackers damage them."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Iterator
from typing import Any

from tests.drills import foreign
from tests.drills.samples import NIGHT, as_bytes
from tests.drills.signing import envelope, statement

PIECES = [
    b"NaN", b"{", b"[" * 60, b'"', b"\\ud83d", b"null", b"1e999", b"-", b"<", b"</testsuite>", b"<testsuite>", b"&#0;",
    b"<!DOCTYPE x>", b"]]>", b"<![CDATA[", b"\x00", b"\xff\xfe", b"9999999999999999999999", b"&x;",
]  # fmt: skip
VALUES: list[Any] = [
    None, True, False, 0, -1, 1.5, 2**63, "", " ", "x" * 5000, "2026-11-20T01:00:00", "2026-02-30T01:00:00Z", "PASSED",
    "failed", [], {}, [[]], [None], {"a": None}, "切替え", "\u202e", "9" * 30,
]  # fmt: skip


def seeds(format: str) -> list[bytes]:
    """Return whole files of the format, from which damaged ones are made."""
    whole = {
        "native": lambda: [as_bytes(NIGHT)],
        "chaostoolkit": lambda: [foreign.as_json(foreign.journal()), *foreign.all_recorded("chaostoolkit-")],
        "junit": lambda: [
            foreign.junit(),
            foreign.junit('<testsuite><testcase name="a"><failure message="b">c</failure></testcase></testsuite>'),
            *foreign.all_recorded("mocha-xunit"),
            *foreign.all_recorded("mocha-junit"),
        ],
        "in-toto": lambda: [foreign.as_json(envelope()), foreign.as_json(envelope(statement(failedTests=["told"])))],
        "ctrf": lambda: [foreign.as_json(foreign.ctrf()), *foreign.all_recorded("mocha-ctrf")],
    }
    return whole[format]()


def damaged(data: bytes, chance: random.Random) -> bytes:
    """Damage a file in one to three places: its bytes, or, where it is JSON, its values."""
    for _ in range(chance.randrange(1, 4)):
        data = (_revalued if chance.random() < 0.5 else _mangled)(data, chance) or b"{"
    return data


def damaged_within(data: bytes, chance: random.Random) -> bytes:
    """Damage what is in an envelope, which stays whole itself."""
    whole = json.loads(data)
    inside = damaged(base64.b64decode(whole["payload"]), chance)
    return json.dumps({**whole, "payload": base64.b64encode(inside).decode()}).encode()


def _mangled(data: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(data))
    end = min(len(data), start + chance.randrange(1, 40))
    return chance.choice(
        [
            data[:start] + bytes([chance.randrange(256)]) + data[start + 1 :],
            data[:start],
            data[:start] + data[end:],
            data[:start] + data[start:end] * chance.randrange(2, 50) + data[end:],
            data[:start] + chance.choice(PIECES) + data[end:],
            data[:start] + data[end : end + 20] + data[start:end] + data[end + 20 :],
        ]
    )


def _revalued(data: bytes, chance: random.Random) -> bytes:
    """Put another value, or none, in the place of one that the JSON has; XML is mangled instead."""
    try:
        document = json.loads(data)
    except ValueError:
        return _mangled(data, chance)
    places = list(_places(document))
    if not places:
        return data
    holder, key = chance.choice(places)
    if chance.random() < 0.2:
        del holder[key]
    else:
        holder[key] = chance.choice(VALUES)
    return json.dumps(document).encode()


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    for key in list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield value, key
        yield from _places(value[key])
