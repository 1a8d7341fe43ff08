"""What a third party finds out with ``verify.html``, in a browser without a network: the same as with ``verify.py``."""

from __future__ import annotations

import base64
import json
import random
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request

from tests.trail.bundles import POLICY, packed, small_world
from tests.trail.test_verify import ATTACKS
from tests.trail.test_verify_input import (
    BAD_CHECKPOINTS,
    BAD_POLICIES,
    CHECKPOINT,
    FIELD_TYPES,
    GOOD_POLICIES,
    ODD,
    tiny_world,
)
from tests.trail.verifier import FILE, Outcome, run_here

pytestmark = [
    pytest.mark.browser,
    # The plug-in that drives the browser, not these tests.
    pytest.mark.filterwarnings("ignore:Session-scoped fixtures defined as instance methods"),
]

PAGE = FILE.with_name("verify.html")
VECTORS = Path(__file__).resolve().parents[2] / "docs" / "vectors"
TABLE = json.loads((VECTORS / "vectors.json").read_text())
STATUS = {"verified": 0, "refuted": 1, "unusable": 2}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
VERIFY = """
async (given) => {
  const bytes = (text) => Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
  const file = ([name, data]) => new File([bytes(data)], name);
  const {input, policy, known} = given;
  return await verifyBundle({input: file(input), policy: policy && file(policy), known: known.map(file)});
}
"""

Verify = Callable[..., Outcome]


@pytest.fixture
def opened(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Open the page from disk, without a network; what it asks for or complains about is raised at the end."""
    complaints: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        complaints.append(message.text)

    def asked(request: Request) -> None:
        if request.url != PAGE.as_uri():
            complaints.append(f"it asked for {request.url}")

    contexts = []

    def open_(*, locale: str = "ja-JP", width: int = 1280) -> Page:
        context = browser.new_context(offline=True, locale=locale, viewport={"width": width, "height": 900})
        contexts.append(context)
        page = context.new_page()
        page.on("console", heard)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", asked)
        page.goto(PAGE.as_uri())
        return page

    yield open_
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def verify(opened: Callable[..., Page]) -> Verify:
    """Have the page verify bytes, as ``run_here`` has ``verify.py``."""
    page = opened()

    def verify_(given: bytes | str, *, policy: str | None = POLICY, known: Sequence[str] = ()) -> Outcome:
        data = given if isinstance(given, bytes) else given.encode()
        files = {
            "input": named("bundle.zip" if isinstance(given, bytes) else "receipt.tlog-proof", data),
            "policy": None if policy is None else named("policy", policy.encode()),
            "known": [named(f"known-{number}", each.encode()) for number, each in enumerate(known)],
        }
        report = page.evaluate(VERIFY, files)
        assert "fault of its own" not in (report["problem"] or "")
        return Outcome(STATUS[report["verdict"]], report)

    return verify_


def named(name: str, data: bytes) -> list[str]:
    return [name, base64.b64encode(data).decode()]


def assert_agree(page: Outcome, program: Outcome, *, about: object = None) -> None:
    """See that both give one verdict; and, where it is a refutation, that of the same checks and the same place."""
    assert page.status == program.status, (about, page.report, program.report)
    assert page.refuted == program.refuted, about
    for key in ("check", "seq", "object", "checkpoint"):
        assert page.bad.get(key) == program.bad.get(key), about
    if program.status == 0:
        assert essence(page.report) == essence(program.report), about


def essence(report: dict[str, Any]) -> dict[str, Any]:
    """Return of a report what does not depend on who says it."""
    left = {key: value for key, value in report.items() if key not in ("input", "checks")}
    return {**left, "checks": [(each["check"], each["outcome"]) for each in report["checks"]], **report["input"]}


# --- The published vectors ------------------------------------------------------------------------------------------


def test_every_vector_gets_its_answer(verify: Verify) -> None:
    for vector in TABLE:
        data = (VECTORS / vector["input"]).read_bytes()
        given = data.decode() if vector["input"].endswith(".tlog-proof") else data
        policy = (VECTORS / vector["policy"]).read_text()
        known = [(VECTORS / name).read_text() for name in vector["known"]]

        outcome = verify(given, policy=policy, known=known)

        assert outcome.status == vector["status"], (vector["input"], outcome.report)
        assert outcome.refuted == vector.get("refuted", []), vector["input"]
        for key, value in vector.get("first_bad", {}).items():
            assert outcome.bad[key] == value, vector["input"]
        assert_agree(outcome, run_here(given, policy=policy, known=known), about=vector["input"])


# --- The same answers as verify.py ----------------------------------------------------------------------------------


def test_every_attack_gets_the_same_answer(verify: Verify) -> None:
    for name, (attack, _, _) in ATTACKS.items():
        made = attack(small_world())
        data = made if isinstance(made, bytes) else made.zip()

        assert_agree(verify(data), run_here(data), about=name)


def test_odd_input_gets_the_same_answer(verify: Verify) -> None:
    for name, (data, _) in ODD.items():
        assert_agree(verify(data), run_here(data), about=name)


def test_malformed_checkpoints_policies_and_fields_get_the_same_answer(verify: Verify) -> None:
    for name, text in BAD_CHECKPOINTS.items():
        bundle = tiny_world().bundle()
        bundle.changed["checkpoint"] = text.encode() or CHECKPOINT.encode("utf-16")
        assert_agree(verify(bundle.zip()), run_here(bundle.zip()), about=name)
    for policy in GOOD_POLICIES + BAD_POLICIES:
        data = tiny_world().bundle().zip()
        assert_agree(verify(data, policy=policy), run_here(data, policy=policy), about=policy)
    for value in FIELD_TYPES:
        for place in (None, 0):
            bundle = tiny_world().bundle()
            if place is None:
                bundle.disclosures[1]["fields"] = value
            else:
                bundle.disclosures[1]["fields"][place] = value
            assert_agree(verify(bundle.zip()), run_here(bundle.zip()), about=(value, place))


def test_random_mutations_get_the_same_answer(verify: Verify) -> None:
    """Change bytes of the file, and bytes of members with everything around them put right."""
    chance = random.Random(20260401)
    bundle = tiny_world().bundle(closed={2: ["row.a"]})
    whole, deflated = bundle.zip(), bundle.zip(method=zipfile.ZIP_DEFLATED)
    receipt = tiny_world().receipt(2).text()
    assert [verify(each).status for each in (whole, deflated, receipt)] == [0, 0, 0]

    for number in range(200):
        kind = chance.choice(["file", "deflated", "member", "member", "receipt"])
        if kind == "member":
            members = bundle.members()
            name = chance.choice(sorted(members))
            given: bytes | str = packed({**members, name: mutated(members[name], chance)})
        elif kind == "receipt":
            given = mutated(receipt.encode(), chance, ascii_only=True).decode()
        else:
            given = mutated(whole if kind == "file" else deflated, chance)
        assert_agree(verify(given), run_here(given), about=(number, kind))


def mutated(data: bytes, chance: random.Random, *, ascii_only: bool = False) -> bytes:
    """Change, insert, drop or repeat a few bytes somewhere."""
    place = chance.randrange(max(1, len(data)))
    size = chance.randint(1, 4)
    letters = range(32, 127) if ascii_only else range(256)
    fresh = bytes(chance.choices(letters, k=size))
    while ascii_only and not data[place : place + size].isascii():
        place += 1
    return chance.choice(
        [
            data[:place] + fresh + data[place + size :],
            data[:place] + fresh[:1] + data[place + 1 :],
            data[:place] + fresh + data[place:],
            data[:place] + data[place + size :],
            data[: place + size] + data[place:],
        ]
    )
