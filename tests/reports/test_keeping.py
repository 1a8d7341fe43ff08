"""What keeps evidence, as a report of any moment says it: what came later is not known yet."""

from __future__ import annotations

from datetime import timedelta

import pytest

from dcase_audit.reports.assemble.keeping import disposal_of, held_since, retention_of
from dcase_audit.reports.assemble.names import Names
from evidence import services
from tests.cast import NOW, Cast, cast, submitted, the_clock
from tests.evidence.keeping import DAY, LAW, asks, dispose, over

__all__ = ["cast", "the_clock"]
pytestmark = pytest.mark.django_db
NAMES = Names("ja", NOW.date())
INSTANT = timedelta(microseconds=1)


def test_an_extension_is_said_from_when_it_was_made(cast: Cast) -> None:
    asks(cast, **LAW)
    found = submitted(cast.night_drills, cast.olga)
    promised = found.retain_until
    ends = [NOW + days * DAY for days in (40_000, 50_000)]
    for number, until in enumerate(ends):
        at = NOW + (number + 1) * DAY
        services.extend_retention(
            revision=found, until=until, basis="contract", text_ja=f"契約{number}", actor=cast.hana, at=at
        )

    said = [retention_of(found, NAMES, NOW + days * DAY) for days in range(3)]

    assert [(one.at_least, one.basis, one.text) for one in said if one] == [
        (promised, "law", "金融商品取引法"),
        (ends[0], "contract", "契約0"),
        (ends[1], "contract", "契約1"),
    ]


def test_a_hold_is_said_while_it_was_open(cast: Cast) -> None:
    found, other = (submitted(cast.night_drills, cast.olga, content=content) for content in (b"1", b"2"))
    hold = services.place_hold(artefact=cast.night_drills, revision=found, actor=cast.hana, at=NOW, reason="照会")
    services.release_hold(hold=hold, actor=cast.miki, at=NOW + 2 * DAY, reason="終結")
    holds = list(cast.night_drills.holds.select_related("release"))

    assert [held_since(found, holds, NOW + days * DAY) for days in (-1, 0, 1, 2)] == [None, NOW, NOW, None]
    assert held_since(other, holds, NOW) is None


def test_a_disposal_is_said_from_its_decision_until_it_was_undone(cast: Cast) -> None:
    asks(cast, **LAW)
    gone = over(cast)
    file = gone.files.get().file
    dispose(gone, cast)
    file.disposals.update(restored_at=NOW + 2 * DAY)

    said = disposal_of(file, NAMES, NOW)

    assert said is not None
    assert (said.at, said.by, said.text) == (NOW, "Hana", "金融商品取引法")
    assert disposal_of(file, NAMES, NOW - INSTANT) is None
    assert disposal_of(file, NAMES, NOW + 2 * DAY) is None
