"""Each supervised process is killed once while clients upload; ``make bench BENCH=faults`` kills on."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.faults import kills
from bench.stack import TARGETS


@pytest.mark.usefixtures("bare")
def test_nothing_acknowledged_is_lost_or_doubled_and_all_work_ends(tmp_path: Path) -> None:
    outcome = kills.run(tmp_path / "stack", TARGETS, port=18400)

    assert [kill.target for kill in outcome.kills] == [target.name for target in TARGETS]
    assert not outcome.lost
    assert not outcome.doubled
    assert not outcome.unasked
    assert outcome.revisions == len(outcome.stored) == len(outcome.tally.acked) > 0
    assert set(outcome.jobs) == {"done"}
    assert outcome.finished == sum(target.name in kills.BUSY for target in TARGETS)
    assert outcome.reports == ({"done": outcome.finished} if outcome.finished else {})
    assert outcome.last_status == 0
