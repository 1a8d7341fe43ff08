"""What a third party finds out with ``verify.html``, in a browser without a network: the same as with ``verify.py``."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect

from tests.trail.attacks import ATTACKS
from tests.trail.attacks.registry import file_of
from tests.trail.bundles import POLICY, WITNESS, World, packed, small_world
from tests.trail.samples import sampled, sampled_world
from tests.trail.test_verify_input import (
    BAD_CHECKPOINTS,
    BAD_POLICIES,
    BORDERS,
    CHECKPOINT,
    FIELD_TYPES,
    GOOD_POLICIES,
    NOT_CANONICAL,
    ODD,
    RFC_8032,
    SMALL_ORDER,
    tiny_world,
)
from tests.trail.test_verify_keys import KEY_ATTACKS
from tests.trail.test_verify_sample import KEYS_OF_A_SAMPLE, SAID, SAMPLE_ATTACKS, said_otherwise, smallest_sample
from tests.trail.verifier import FILE, Outcome, module, run_here

pytestmark = [
    pytest.mark.browser,
    # The plug-in that drives the browser, not these tests.
    pytest.mark.filterwarnings("ignore:Session-scoped fixtures defined as instance methods"),
]

PAGE = FILE.with_name("verify.html")
VECTORS = Path(__file__).resolve().parents[2] / "docs" / "vectors"
# What stands on certificates is for verifiers that read RFC 3161 responses.
TABLE = [each for each in json.loads((VECTORS / "vectors.json").read_text()) if "certificates" not in each]
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

# What is closed, one after the other, of what a sample is drawn from and told by.
RESTS_ON = [
    ("evidence_decision/2", "row.kind"),
    ("evidence_decision/4", "row.by_id"),
    ("evidence_decision/4", "row.at"),
    ("evidence_revision/22", "row.number"),
    ("evidence_revision/22", "row.artefact_id"),
    ("evidence_artefact/3", "row.title_ja"),
    ("accounts_user/5", "row.name_ja"),
    ("cases_case/1", "row.slug"),
    ("case:1", "payload.count"),
]

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


def test_every_answer_is_there_in_japanese(opened: Callable[..., Page]) -> None:
    page = opened()

    for vector in TABLE:
        chosen = {"input": vector["input"], "policy": vector["policy"], "known": vector["known"]}
        shown_by(page, {place: names for place, names in chosen.items() if names})
        assert page.locator("#result [lang=en]").all_inner_texts() == [], vector["input"]
        page.locator("[type=reset]").click()


def shown_by(page: Page, chosen: dict[str, Any]) -> None:
    """Choose vectors' files, and wait for the answer."""
    for place, names in chosen.items():
        paths = [VECTORS / name for name in ([names] if isinstance(names, str) else names)]
        page.locator(f"#{place}").set_input_files(paths)
    page.locator("#verify").click()
    expect(page.locator("#result")).to_be_visible()


# --- The page -------------------------------------------------------------------------------------------------------

SCENES = [
    ("whole.zip", "policy", "known-same"),
    ("row_changed_past_the_triggers.zip", "policy", None),
    ("witness_of_the_same_host.zip", "policy-demo", None),
    ("nonsense.zip", "policy", None),
    ("receipt.tlog-proof", "policy", None),
    ("sample.zip", "policy", None),
]


@pytest.mark.parametrize(
    ("locale", "width"),
    [
        ("ja-JP", 390),
        *(
            pytest.param(locale, width, marks=pytest.mark.long)
            for locale, width in (("ja-JP", 1280), ("en-GB", 390), ("en-GB", 1280))
        ),
    ],
)
def test_every_answer_fits_and_is_accessible(opened: Callable[..., Page], locale: str, width: int) -> None:
    page = opened(locale=locale, width=width)
    assert_fits_and_is_accessible(page)

    for given, policy, known in SCENES:
        shown_by(page, {"input": given, "policy": policy} | ({"known": known} if known else {}))
        expect(page.locator("#result")).to_be_focused()
        assert_fits_and_is_accessible(page)
        page.locator("[type=reset]").click()
        expect(page.locator("#result")).to_be_hidden()


def assert_fits_and_is_accessible(page: Page) -> None:
    wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wider == 0
    found = Axe().run(page, options={"runOnly": RULES})
    assert [(rule["id"], [node["html"] for node in rule["nodes"]][:3]) for rule in found.response["violations"]] == []


def test_the_page_says_what_is_lacking_and_speaks_two_languages(opened: Callable[..., Page]) -> None:
    page = opened()

    page.get_by_role("button", name="検証する").click()
    expect(page.get_by_role("status")).to_have_text("証跡パッケージか受領証を選んでください。")
    page.get_by_label("1. 証跡パッケージまたは受領証").set_input_files(VECTORS / "witness_of_the_same_host.zip")
    page.get_by_role("button", name="検証する").click()
    expect(page.get_by_role("status")).to_contain_text("ポリシーを選んでください。")
    page.get_by_label("2. ポリシー").set_input_files(VECTORS / "policy-demo")
    page.get_by_role("button", name="検証する").click()
    expect(page.get_by_role("heading", name="検証済み")).to_be_visible()
    expect(page.get_by_text("独立した証人はいません")).to_be_visible()

    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", name="Verified")).to_be_visible()
    expect(page.get_by_text("operated by the same host (demo): NOT independent")).to_be_visible()
    assert page.evaluate("document.documentElement.lang") == "en"


def test_dropped_files_find_their_places_and_the_report_can_be_kept(opened: Callable[..., Page]) -> None:
    page = opened(locale="en-GB")
    names = ["policy", "known-same", "known.zip"]
    files = [named(name, (VECTORS / name).read_bytes()) for name in names]

    drop = """(files) => {
      const data = new DataTransfer();
      for (const [name, text] of files) {
        data.items.add(new File([Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0))], name));
      }
      const options = {dataTransfer: data, bubbles: true, cancelable: true};
      document.getElementById("drop").dispatchEvent(new DragEvent("drop", options));
    }"""
    page.evaluate(drop, files)
    expect(page.locator("#input-files")).to_have_text("known.zip")
    expect(page.locator("#policy-files")).to_have_text("policy")
    expect(page.locator("#known-files")).to_have_text("known-same")
    page.get_by_role("button", name="Verify", exact=True).click()
    expect(page.get_by_role("heading", name="Verified")).to_be_visible()

    with page.expect_download() as kept:
        page.get_by_role("button", name="Save the report").click()
    report = json.loads(kept.value.path().read_text())
    assert (report["verdict"], report["input"]["name"]) == ("verified", "known.zip")


def test_nothing_in_a_receipt_can_draw_on_the_page(opened: Callable[..., Page], tmp_path: Path) -> None:
    world = World()
    world.say("a.b", "a:<b>x</b>", k="")
    world.events[0].fields["payload.k"] = '"<img src=x>\u202e"'
    (tmp_path / "receipt").write_text(world.receipt(0).text())
    page = opened(locale="en-GB")

    page.locator("#input").set_input_files(tmp_path / "receipt")
    page.locator("#policy").set_input_files(VECTORS / "policy")
    page.locator("#verify").click()

    expect(page.locator("#result")).to_contain_text('"<img src=x>\\u{202e}"')
    expect(page.locator("#result")).to_contain_text("a:<b>x</b>")
    expect(page.locator("#result :is(img, b)")).to_have_count(0)


# --- Its own arithmetic ---------------------------------------------------------------------------------------------

SIGNED = """
async (given) => {
  const bytes = (text) => Uint8Array.from(text.match(/../g) ?? [], (digits) => parseInt(digits, 16));
  const [key, signature, message] = given.map(bytes);
  try {
    keyTable(key);
  } catch (wrong) {
    if (wrong instanceof Malformed) return false;
    throw wrong;
  }
  return signed(key, signature, message);
}
"""


def test_signatures_are_as_strict_as_in_verify_py(opened: Callable[..., Page]) -> None:
    page = opened()
    neutral = (1).to_bytes(32, "little") + bytes(32)
    tries = [(key.to_bytes(32, "little"), neutral, b"x") for key in [*SMALL_ORDER, *NOT_CANONICAL, 2]]
    key, proof = WITNESS.private.public_key().public_bytes_raw(), WITNESS.private.sign(b"x")
    larger = (int.from_bytes(proof[32:], "little") + module().L).to_bytes(32, "little")
    tries += [(key, proof, b"x"), (key, proof[:32] + larger, b"x"), (key, proof[:32], b"x")]
    for bit in range(0, 512, 7):
        changed = (int.from_bytes(proof, "little") ^ 1 << bit).to_bytes(64, "little")
        tries.append((key, changed, b"x"))
    for vector in RFC_8032.strip().split("\n\n"):
        public, message, *signature = vector.split("\n")
        tries.append((bytes.fromhex(public), bytes.fromhex("".join(signature)), bytes.fromhex(message.strip("-"))))

    said = [page.evaluate(SIGNED, [each.hex() for each in given]) for given in tries]

    assert said == [module().signed(*given) for given in tries]
    assert said.count(True) == 5


def test_digests_are_those_of_every_length(opened: Callable[..., Page]) -> None:
    page = opened()
    lengths = [*range(130), 65535, 65536, 65537, 200_000]

    made = page.evaluate(
        "(lengths) => lengths.map((length) => hexOf(sha256(Uint8Array.from({length}, (_, i) => i % 251))))", lengths
    )

    assert made == [hashlib.sha256(bytes(i % 251 for i in range(length))).hexdigest() for length in lengths]


# --- The same answers as verify.py ----------------------------------------------------------------------------------


def test_every_attack_gets_the_same_answer(verify: Verify) -> None:
    for name, (attack, _, _) in ATTACKS.items():
        data = file_of(attack, small_world())

        assert_agree(verify(data), run_here(data), about=name)


def test_every_attack_on_keys_gets_the_same_answer(verify: Verify) -> None:
    for name, (attack, policy, _, _) in KEY_ATTACKS.items():
        data = attack().zip()

        assert_agree(verify(data, policy=policy), run_here(data, policy=policy), about=name)


def test_every_attack_on_a_sample_gets_the_same_answer(verify: Verify) -> None:
    for name, (attack, _, _) in SAMPLE_ATTACKS.items():
        data = file_of(attack, sampled_world())

        assert_agree(verify(data), run_here(data), about=name)


def test_what_a_sample_rests_on_gets_the_same_answer(verify: Verify) -> None:
    for object, name in RESTS_ON:
        world = sampled_world()
        closed = {event.seq: [name] for event in world.events if event.object == object and name in event.fields}
        data = sampled(world, closed=closed).zip()

        assert_agree(verify(data), run_here(data), about=(object, name))
    for key in KEYS_OF_A_SAMPLE:
        for value in SAID:
            data = said_otherwise(smallest_sample(), **{key: value}).zip()
            assert_agree(verify(data), run_here(data), about=(key, value))


def test_odd_input_gets_the_same_answer(verify: Verify) -> None:
    for name, (data, _) in {**ODD, **BORDERS}.items():
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


def test_random_mutations_of_a_sample_get_the_same_answer(verify: Verify) -> None:
    chance = random.Random(20261129)
    members = smallest_sample().members()
    mine = [name for name in members if name.startswith(("bundle.json", "withheld", "state/evidence_decision", "disc"))]

    for number in range(120):
        name = chance.choice(mine)
        given = packed({**members, name: mutated(members[name], chance)})
        assert_agree(verify(given), run_here(given), about=(number, name))


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
