"""People are told when the log is behind, and it is a number that a monitor can watch."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pytest_django import Settings

from dcase_audit import clock, metrics
from dcase_audit.notices.models import OpenItem
from dcase_audit.trail import delay
from dcase_audit.verification import watching
from tests.cast import Cast, submitted
from tests.sealing import Sealing

DELAY = "dcase_log_merge_delay_seconds"


def told() -> set[str]:
    watching.watch(at=clock.now())
    return {item.owner.username for item in OpenItem.objects.open().filter(kind=watching.LATE) if item.owner}


def shown() -> float:
    (line,) = [line for line in metrics.text().decode().splitlines() if line.startswith(f"{DELAY} ")]
    return float(line.split()[1])


def test_administrators_are_told_while_the_log_is_late_and_not_longer(
    cast: Cast, known: Sealing, settings: Settings
) -> None:
    known.seal()
    assert (told(), shown(), delay.waiting()) == (set(), 0.0, None)

    submitted(cast.night_drills, cast.olga)
    assert told() == set()
    settings.TRAIL_MERGE_DELAY = 0
    assert told() == {"ada"}
    known.drain()
    assert shown() > 0
    assert told() == {"ada"}
    item = OpenItem.objects.get(kind=watching.LATE)
    assert "signed and witnessed within 0 seconds" in item.text_en and item.href == "/trail/"

    settings.TRAIL_MERGE_DELAY = 600
    assert told() == set()
    known.seal()
    assert (told(), shown()) == (set(), 0.0)


def test_what_no_witness_cosigned_goes_on_waiting(cast: Cast, known: Sealing, monkeypatch: pytest.MonkeyPatch) -> None:
    known.seal()
    submitted(cast.night_drills, cast.olga)
    with monkeypatch.context() as away:
        away.setattr("tests.sealing.CosigningPublisher._witnessed", lambda self, note, reader: note)
        known.seal()

    waited = delay.waiting()

    assert waited is not None and timedelta(0) < waited < timedelta(minutes=5)
    known.seal()
    assert delay.waiting() is None
