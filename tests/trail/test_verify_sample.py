"""What a third party finds out about a sample: who drew it, from what, and what must not pass for one."""

from __future__ import annotations

import hashlib
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.trail.attacks.registry import Noted, file_of, noting
from tests.trail.bundles import POLICY, Bundle, World, packed, policy
from tests.trail.samples import DRAWN, NOT_DRAWN, POPULATION, draw, order_of, sampled, sampled_world
from tests.trail.test_verify_input import EVERY_BYTE, central_positions
from tests.trail.verifier import FILE, Outcome, run, run_here

ORDER = order_of(sampled_world())
SEED = ORDER + 1


def test_a_sample_is_drawn_again_and_told_to_who_works_through_it() -> None:
    outcome = run(sampled(sampled_world()).zip())

    assert outcome.status == 0
    sample = outcome.report["sample"]
    assert {name: sample[name] for name in ("order", "checkpoint", "count", "population", "orders")} == {
        "order": ORDER,
        "checkpoint": SEED,
        "count": 2,
        "population": len(POPULATION),
        "orders": [ORDER],
    }
    first, second = sample["drawn"]
    assert [first["decision"], second["decision"]] == DRAWN
    assert first == {
        "decision": "4",
        "revision": "22",
        "number": "2",
        "artefact": "night-recovery",
        "title_ja": "夜間復旧手順",
        "title_en": "The night rule",
        "by": "ken",
        "by_ja": "山田 健",
        "by_en": "Ken Yamada",
        "by_rule": "",
        "at": "2026-03-02T09:00:00+00:00",
        "files": [{"sha256": digest_of(2), "where": "withheld", "reason": "confidential"}],
    }
    assert (second["by"], second["by_rule"]) == ("", "drills")
    assert second["files"] == [{"sha256": digest_of(5), "where": "here", "reason": None}]


def test_the_report_for_people_names_what_was_drawn(tmp_path: Path) -> None:
    (tmp_path / "bundle.zip").write_bytes(sampled(sampled_world()).zip())
    (tmp_path / "policy").write_text(POLICY)
    command = [sys.executable, "-I", "-S", str(FILE), str(tmp_path / "bundle.zip"), "--policy"]

    said = subprocess.run(
        [*command, str(tmp_path / "policy")], capture_output=True, text=True, check=True, encoding="utf-8"
    ).stdout.splitlines()

    at = said.index("The sample: 2 of 5 acceptances, to be examined")
    titles = "夜間復旧手順 / The night rule"
    assert said[at + 1 : at + 5] == [
        f"  night-recovery r2 (revision 22, decision 4): {titles}; 山田 健 / Ken Yamada, 2026-03-02T09:00:00+00:00",
        f"    file {digest_of(2)} withheld: confidential",
        f"  night-recovery r5 (revision 25, decision 10): {titles}; the rule drills, 2026-03-05T09:00:00+00:00",
        f"    file {digest_of(5)} here",
    ]


@pytest.mark.parametrize("count", [1, 5, 10_000])
def test_all_are_drawn_where_there_are_no_more(count: int) -> None:
    outcome = run_here(sampled(order_world(count), count=count).zip())

    assert outcome.status == 0
    assert len(outcome.report["sample"]["drawn"]) == min(count, len(POPULATION))


def order_world(count: int) -> World:
    """Return the world with a sample of ``count``, which is another entry of the log."""
    world = sampled_world()
    world.events[ORDER].fields["payload.count"] = str(count)
    return world


def test_nothing_is_drawn_from_nothing() -> None:
    world = World()
    for table in ("evidence_decision", "evidence_revisionfile", "evidence_storedfile", "cases_case", "cases_edition"):
        world.shape(table)
    world.edition("exchange", "{}", id=1)
    world.say("bundle.sampled", "case:1", count=3)

    outcome = run_here(sampled(world, count=3).zip())

    assert (outcome.status, outcome.report["sample"]["drawn"]) == (0, [])


def test_a_file_of_what_was_drawn_may_have_been_disposed_of() -> None:
    world = sampled_world()
    world.dispose(digest_of(5), id=1, file=5)

    outcome = run_here(sampled(world).zip())

    assert outcome.status == 0
    assert outcome.report["sample"]["drawn"][1]["files"] == [
        {"sha256": digest_of(5), "where": "disposed", "reason": None}
    ]


def test_other_orders_are_told_since_whoever_orders_often_can_choose() -> None:
    world = sampled_world()
    world.say("bundle.sampled", "case:1", count=2)
    world.say("bundle.sampled", "case:2", count=2)

    outcome = run_here(sampled(world).zip())

    again = len(world.events) - 2
    assert outcome.report["sample"]["orders"] == [ORDER, again]
    assert f"; 1 other samples of this case were ordered: records {again}" in outcome.says("sample")


def test_an_acceptance_that_was_taken_over_counts_from_there() -> None:
    world = sampled_world()
    world.shape("evidence_decision")

    assert run_here(sampled(world).zip()).status == 0


@pytest.mark.parametrize("closed", ["row.kind", "row.revision_id"])
def test_no_sample_rests_on_a_closed_column(closed: str) -> None:
    world = sampled_world()
    seq = next(event.seq for event in world.events if event.object == "evidence_decision/2")

    outcome = run_here(sampled(world, closed={seq: [closed]}).zip())

    assert (outcome.status, outcome.outcome("sample")) == (0, "not checked")
    assert f"{closed[4:]} of evidence_decision/2" in outcome.says("sample")
    assert outcome.report["sample"] is None


def test_no_sample_rests_on_an_order_that_is_closed() -> None:
    outcome = run_here(sampled(sampled_world(), closed={ORDER: ["payload.count"]}).zip())

    assert (outcome.status, outcome.outcome("sample")) == (0, "not checked")
    assert "payload.count" in outcome.says("sample")


def test_names_that_are_closed_are_said_to_be() -> None:
    world = sampled_world()
    (person,) = (event.seq for event in world.events if event.object == "accounts_user/5")

    outcome = run_here(sampled(world, closed={person: ["row.username", "row.name_ja", "row.name_en"]}).zip())

    assert outcome.outcome("sample") == "ok"
    first = outcome.report["sample"]["drawn"][0]
    assert [first[name] for name in ("by", "by_ja", "by_en")] == [None, None, None]


def test_without_a_quorum_nobody_says_which_root_came_next() -> None:
    outcome = run_here(sampled(sampled_world(), witnesses=[]).zip(), policy=policy(quorum="none"))

    assert (outcome.status, outcome.outcome("sample")) == (0, "not checked")


def test_a_bundle_without_a_sample_says_nothing_of_one() -> None:
    outcome = run_here(sampled_world().bundle().zip())

    assert outcome.report["sample"] is None
    assert "sample" not in [each["check"] for each in outcome.report["checks"]]


# --- Attacks: what each changes, the checks that refute it, and the record or checkpoint that is named first --------

SAMPLE_ATTACKS: Noted = {}
attack = noting(SAMPLE_ATTACKS)


def said_otherwise(bundle: Bundle, **said: Any) -> Bundle:
    """Have the header say something else of the sample."""
    bundle.header["sample"] |= said
    return bundle


@attack("sample", object="evidence_decision/2")
def wrong_draw(world: World) -> Bundle:
    return said_otherwise(sampled(world), drawn=["2", "10"])


@attack("sample", object="evidence_decision/4")
def draw_of_fewer_than_were_ordered(world: World) -> Bundle:
    return said_otherwise(sampled(world), drawn=["10"])


@attack("sample", object="evidence_decision/2")
def draw_of_more_than_were_ordered(world: World) -> Bundle:
    return said_otherwise(sampled(world), drawn=["2", "4", "10"])


@attack("sample")
def wrong_population(world: World) -> Bundle:
    return said_otherwise(sampled(world), population=4)


@attack("sample")
def population_with_what_came_after_the_order(world: World) -> Bundle:
    return sampled(world, keys=[*POPULATION, "12"])


@attack("sample")
def population_without_one_of_those_before_the_order(world: World) -> Bundle:
    return sampled(world, keys=POPULATION[1:])


@attack("sample", checkpoint=45)
def wrong_checkpoint(world: World) -> Bundle:
    """A later root draws others: whoever may choose among roots chooses what is examined."""
    world.publish()
    world.say("drill.ended", "drill:1")
    world.publish()
    return sampled(world, size=45)


@attack("sample", checkpoint=44)
def checkpoint_that_is_none(world: World) -> Bundle:
    bundle = sampled(world)
    said = draw(bundle, len(bundle.leaves), POPULATION, 2)
    return said_otherwise(bundle, checkpoint=len(bundle.leaves), drawn=said)


@attack("sample", seq=ORDER - 1)
def order_missing(world: World) -> Bundle:
    bundle = sampled(world)
    return said_otherwise(bundle, order=ORDER - 1)


@attack("sample", seq=ORDER, object="case:1")
def order_that_is_not_disclosed(world: World) -> Bundle:
    return sampled(world, undisclosed=[ORDER])


@attack("sample", seq=ORDER, object="case:2")
def order_of_another_case(world: World) -> Bundle:
    world.events[ORDER].object = "case:2"
    return sampled(world)


@attack("sample", seq=ORDER, object="case:1")
def order_of_another_number(world: World) -> Bundle:
    return sampled(world, count=1)


@attack("sample")
def sample_of_two_cases(world: World) -> Bundle:
    world.edition("second", "{}", id=2)
    return sampled(world)


@attack("sample", object="evidence_revision/25")
def drawn_file_left_out(world: World) -> Bundle:
    bundle = sampled(world)
    del bundle.files[digest_of(5)]
    bundle.withheld.append({"sha256": digest_of(5), "reason": NOT_DRAWN})
    return bundle


@attack("files", object="evidence_revision/25")
def drawn_file_that_is_nowhere(world: World) -> Bundle:
    bundle = sampled(world)
    del bundle.files[digest_of(5)]
    return bundle


@attack("sample", seq=45, object="evidence_decision/10")
def decision_deleted_after_it_was_drawn(world: World) -> Bundle:
    """What is left is drawn from as if the row had never been there."""
    world.say("drill.ended", "drill:1")
    row = world.rows["evidence_decision/10"]
    world.delete("evidence_decision/10")
    state = dict(world.rows)
    world.rows["evidence_decision/10"] = row
    return sampled(world, state=state)


@attack("sample", seq=44, object="evidence_decision/10")
def decision_changed_after_it_was_drawn(world: World) -> Bundle:
    world.update("evidence_decision/10", kind="returned")
    return sampled(world)


@attack("container")
def header_with_another_table(world: World) -> Bundle:
    return said_otherwise(sampled(world), table="evidence_revision")


@attack("container")
def header_whose_draw_does_not_ascend(world: World) -> Bundle:
    return said_otherwise(sampled(world), drawn=["10", "4"])


@attack("container")
def header_whose_order_is_in_no_checkpoint(world: World) -> Bundle:
    return said_otherwise(sampled(world), order=SEED)


@pytest.mark.parametrize("name", SAMPLE_ATTACKS)
def test_an_attack_on_a_sample_is_refuted_and_its_place_is_named(name: str) -> None:
    function, checks, bad = SAMPLE_ATTACKS[name]

    outcome = run_here(file_of(function, sampled_world()))

    assert (outcome.status, outcome.refuted) == (1, checks), outcome.report
    assert {key: outcome.bad[key] for key in bad} == bad


def without_the_first_root() -> tuple[Bundle, Bundle]:
    """Return a bundle without the root that draws, sampled by the one after it; and one that has all of them."""
    world = sampled_world()
    world.publish()
    world.say("drill.ended", "drill:1")
    honest = world.bundle()
    del world.checkpoints[SEED]
    return sampled(world), honest


def test_a_checkpoint_that_was_left_out_is_found_by_who_knows_it() -> None:
    chosen, honest = without_the_first_root()

    alone, known = run_here(chosen.zip()), run_here(chosen.zip(), known=[honest.checkpoint(SEED)])

    assert chosen.header["sample"]["checkpoint"] > SEED
    assert alone.status == 0
    assert (known.refuted, known.bad["checkpoint"]) == (["sample"], chosen.header["sample"]["checkpoint"])
    assert f"is of size {SEED}" in known.says("sample")


def test_a_checkpoint_that_nobody_witnessed_draws_nothing() -> None:
    world = sampled_world()
    world.publish()
    bundle = world.bundle()
    unseen = world.bundle(witnesses=[]).checkpoint(SEED).encode()

    passed_over = sampled(world, size=max(world.checkpoints))
    passed_over.changed[f"checkpoints/{SEED:012}"] = unseen
    drawn = sampled(world)
    drawn.changed[f"checkpoints/{SEED:012}"] = unseen

    assert run_here(bundle.zip()).status == run_here(passed_over.zip()).status == 0
    assert run_here(drawn.zip()).refuted == ["sample"]


KEYS_OF_A_SAMPLE = ["table", "order", "checkpoint", "count", "population", "drawn", "more"]
SAID: list[Any] = [None, 1, True, [], {}, "x", "4", ["4"], [4], ["04"], ["4", "4"], -1, 0, 10_001, 10**12, 1.5]


@pytest.mark.parametrize("value", SAID, ids=str)
@pytest.mark.parametrize("key", KEYS_OF_A_SAMPLE)
def test_a_sample_of_other_types_is_answered(key: str, value: Any) -> None:
    outcome = run_here(said_otherwise(sampled(sampled_world()), **{key: value}).zip())

    assert outcome.status == 1
    assert "fault of its own" not in (outcome.report["problem"] or "")


def digest_of(number: int) -> str:
    """Return the digest of a revision's file."""
    return hashlib.sha256(f"procedure {number}\n".encode()).hexdigest()


# --- Every byte -----------------------------------------------------------------------------------------------------


def smallest_sample() -> Bundle:
    """Return a sampled bundle small enough to change every byte of it."""
    world = World()
    world.context = {"actor": "user:1"}
    world.edition("c", "{}", id=1)
    world.store(b"x", id=1, revision=1)
    for key in (1, 2):
        said: dict[str, Any] = {"revision_id": key, "kind": "accepted", "by_id": None, "by_rule": "r", "at": ""}
        world.insert("evidence_decision", id=key, **said)
    world.say("bundle.sampled", "case:1", count=1)
    bundle = sampled(world, count=1)
    assert bundle.header["sample"]["drawn"] == ["2"] and bundle.withheld
    return bundle


@EVERY_BYTE
@pytest.mark.no_cover
def test_every_byte_of_a_sampled_bundle_is_protected_or_says_nothing(stride: int) -> None:
    data = smallest_sample().zip()
    free, passed = central_positions(data), []
    random_bits = random.Random(0)
    assert run_here(data).status == 0

    for place in range(0, len(data), stride):
        changed = bytearray(data)
        changed[place] ^= 1 << random_bits.randrange(8)
        outcome = run_here(bytes(changed))
        assert "fault of its own" not in (outcome.report["problem"] or ""), place
        if outcome.status == 0:
            passed.append(place)

    assert set(passed) <= free


@pytest.mark.no_cover
def test_every_byte_of_what_a_sample_says_of_itself_is_protected() -> None:
    bundle = smallest_sample()
    members = bundle.members()
    header, lines = members["bundle.json"], members["withheld.jsonl"]
    start = header.index(b'"sample"')
    honest = run_here(packed(members)).report["sample"]

    def passes(name: str, data: bytes, place: int) -> Outcome | None:
        changed = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        outcome = run_here(packed({**members, name: changed}))
        return outcome if outcome.status == 0 else None

    for place in range(start, len(header)):
        passed = passes("bundle.json", header, place)
        # White space between values may be another one.
        assert passed is None or passed.report["sample"] == honest, (place, header[place - 5 : place + 5])
    assert any(passes("withheld.jsonl", lines, place) for place in range(len(lines)))


# --- The draw -------------------------------------------------------------------------------------------------------


def test_worlds_that_differ_draw_differently() -> None:
    drawn = set()
    for salt in range(12):
        world = sampled_world()
        world.events[ORDER].salts = {name: bytes([salt]) * 16 for name in world.events[ORDER].fields}
        drawn.add(tuple(sampled(world).header["sample"]["drawn"]))

    assert len(drawn) > 3
