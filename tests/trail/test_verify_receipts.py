"""What a third party finds out of a receipt with ``verify.py``."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.trail.attacks.registry import FORGER
from tests.trail.bundles import (
    World,
    small_world,
)
from tests.trail.verifier import run, run_here


def test_a_receipt_shows_what_was_recorded() -> None:
    world = small_world()

    outcome = run(world.receipt(9).text())

    assert outcome.status == 0
    assert outcome.report["receipt"]["leaf"]["object"] == "evidence_revision/17"
    assert outcome.report["receipt"]["fields"]["row.title_ja"] == '"夜間復旧手順"'


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 9, 255, 256, 257])
def test_receipts_of_every_place_in_the_tree_verify(size: int) -> None:
    world = World()
    for key in range(size):
        world.say("drill.ended", f"drill:{key}")

    for seq in {0, size // 2, size - 1}:
        assert run_here(world.receipt(seq).text()).status == 0


def forged_leaf(world: World) -> str:
    receipt = world.receipt(9)
    receipt.extra["leaf"] = receipt.extra["leaf"].replace("revision/17", "revision/18")
    return receipt.text()


def forged_field(world: World) -> str:
    receipt = world.receipt(9)
    receipt.extra["fields"][-1][2] = '"昼間復旧手順"'
    return receipt.text()


def other_index(world: World) -> str:
    return world.receipt(9).text().replace("\nindex 9\n", "\nindex 8\n")


def shorter_proof(world: World) -> str:
    lines = world.receipt(9).text().split("\n")
    return "\n".join(lines[:3] + lines[4:])


def longer_proof(world: World) -> str:
    lines = world.receipt(9).text().split("\n")
    return "\n".join(lines[:4] + lines[3:])


def no_witness(world: World) -> str:
    return world.receipt(9, witnesses=[]).text()


def another_log_key(world: World) -> str:
    return world.receipt(9, log=FORGER).text()


def more_in_extra(world: World) -> str:
    receipt = world.receipt(9)
    receipt.extra["more"] = 1
    return receipt.text()


def trailing_line(world: World) -> str:
    return world.receipt(9).text() + "\n"


def recorded_after_it_was_witnessed(world: World) -> str:
    world.events[9].at += timedelta(hours=1)
    return world.receipt(9).text()


FORGED = [
    (forged_leaf, ["inclusion"]),
    (forged_field, ["fields"]),
    (other_index, ["inclusion"]),
    (shorter_proof, ["inclusion"]),
    (longer_proof, ["inclusion"]),
    (no_witness, ["checkpoint"]),
    (another_log_key, ["checkpoint"]),
    (recorded_after_it_was_witnessed, ["times"]),
    (more_in_extra, ["container"]),
    (trailing_line, ["container"]),
]


@pytest.mark.parametrize(("forge", "checks"), FORGED, ids=[forge.__name__ for forge, _ in FORGED])
def test_a_forged_receipt_is_refuted(forge: Callable[[World], str], checks: list[str]) -> None:
    outcome = run(forge(small_world()))

    assert (outcome.status, outcome.refuted) == (1, checks)


def test_a_receipt_of_another_history_is_refuted_by_the_checkpoint_of_its_size() -> None:
    world = small_world()
    world.events[5].salts = {name: bytes(16) for name in world.events[5].fields}

    outcome = run_here(world.receipt(9).text(), known=[small_world().bundle().checkpoint()])

    assert outcome.refuted == ["known_checkpoints"]


def test_a_receipt_is_not_held_against_a_checkpoint_of_another_size() -> None:
    world = small_world()

    outcome = run_here(world.receipt(9).text(), known=[world.bundle().checkpoint(18)])

    assert outcome.outcome("known_checkpoints") == "not checked"


def test_a_receipt_without_what_was_recorded_is_no_use() -> None:
    lines = small_world().receipt(9).text().split("\n")

    assert run_here("\n".join([lines[0], *lines[2:]])).status == 2
