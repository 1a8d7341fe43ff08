"""``known`` as a number of entries of the log, and the checkpoint that an answer rests on."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from dcase_audit.errors import Invalid
from evidence import as_logged
from evidence.asof import case_status
from tests.api.conftest import As, as_, cast, static_files, the_clock
from tests.evidence.world import DAY, START, World
from tests.sealing import Sealing, size_of_log

__all__ = ["as_", "cast", "static_files", "the_clock"]
pytestmark = pytest.mark.django_db
AT = START + DAY
LATER = AT + timedelta(days=2)


@pytest.fixture
def world(sealing: Sealing) -> World:
    world = World()
    world.link("rule-a", "E_1")
    world.link("rule-c", "E_2")
    return world


def test_as_known_at_a_size_is_as_it_was_settled_then(world: World, sealing: Sealing) -> None:
    world.accept("rule-a", AT)
    sealing.seal()
    size, then = size_of_log(), world.stored()
    world.accept("rule-c", LATER)
    sealing.seal()

    known = as_logged.known_by(world.case, size)

    found = case_status(world.case, at=known, known=known)
    assert {node.key: node.status for node in found.nodes if node.status is not None} == then
    assert as_logged.known_by(world.case, size_of_log()) > known


def test_an_answer_rests_on_the_smallest_checkpoint_that_holds_all_of_it(world: World, sealing: Sealing) -> None:
    world.accept("rule-a", AT)
    assert as_logged.checkpoint_of(world.case, LATER) is None
    sealing.seal()
    size = size_of_log()
    world.accept("rule-c", LATER)
    sealing.seal()

    assert as_logged.checkpoint_of(world.case, as_logged.known_by(world.case, size)) == size
    assert as_logged.checkpoint_of(world.case, LATER + DAY) == size_of_log()


@pytest.mark.parametrize("size", [0, 10**9])
def test_a_size_that_tells_nothing_of_the_case_is_refused(world: World, sealing: Sealing, size: int) -> None:
    sealing.seal()

    with pytest.raises(Invalid):
        as_logged.known_by(world.case, size)


def test_the_command_takes_a_size(world: World, sealing: Sealing) -> None:
    sealing.seal()
    out = StringIO()

    with pytest.raises(SystemExit):
        call_command("status", world.case.slug, "--known", str(size_of_log()), "--json", stdout=out)

    assert json.loads(out.getvalue())["checkpoint"] == size_of_log()
    with pytest.raises(CommandError, match="The log has"):
        call_command("status", world.case.slug, "--known", "999999999")


def test_the_api_takes_a_size(as_: As, sealing: Sealing) -> None:
    sealing.seal()
    olga = as_("olga")

    by_size = olga.get(f"cases/recurrence/status?known={size_of_log()}")

    assert by_size.status_code == 200
    assert by_size.json()["checkpoint"] == size_of_log()
    assert olga.get("cases/recurrence/status?known=999999999").status_code == 400
