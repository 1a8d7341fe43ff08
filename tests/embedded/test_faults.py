"""Supervised processes are killed while clients upload; ``make bench BENCH=faults`` kills on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from bench.faults import kills
from bench.stack import TARGETS, Target

# One that everything is started again for, and one that its master replaces.
FEW = [target for target in TARGETS if target.name in ("postgres", "pool child")]


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize("targets", [FEW, pytest.param(TARGETS, marks=pytest.mark.long)], ids=["few", "each"])
def test_nothing_acknowledged_is_lost_or_doubled_and_all_work_ends(tmp_path: Path, targets: Sequence[Target]) -> None:
    outcome = kills.run(tmp_path / "stack", targets, port=18400)

    assert [kill.target for kill in outcome.kills] == [target.name for target in targets]
    assert not outcome.lost
    assert not outcome.doubled
    assert not outcome.unasked
    assert outcome.revisions == len(outcome.stored) == len(outcome.tally.acked) > 0
    assert set(outcome.jobs) == {"done"}
    assert outcome.finished == sum(target.name in kills.BUSY for target in targets)
    assert outcome.reports == ({"done": outcome.finished} if outcome.finished else {})
    assert outcome.last_status == 0
