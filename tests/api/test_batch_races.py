"""Calls of many results beside each other, on true connections: nobody waits for ever, nothing is doubled or lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from pytest_django import Settings

from drills.models import Drill, DrillResult
from drills.services import create_drill
from evidence import services as evidence
from evidence.models import Revision
from tests.api.conftest import As
from tests.api.test_batches import answers, line, send
from tests.cast import EARLY, NIGHT, Cast, artefact, cast, the_clock
from tests.drills.samples import native

__all__ = ["cast", "the_clock"]
pytestmark = pytest.mark.django_db(transaction=True)

SENDERS, LINES = 3, 24


@pytest.fixture(autouse=True)
def store(tmp_path: Path, settings: Settings) -> None:
    settings.OBJECT_STORE_URL = (tmp_path / "objects").as_uri()


@pytest.fixture
def drills(cast: Cast) -> list[str]:
    """Three drills, each for an artefact of its own, all for one leaf."""
    for key in ("north", "south"):
        of = artefact(f"{key}-drills", key, cast.kinds["drill-record"], cast.it_service, cast.olga)
        evidence.link(artefact=of, node=cast.node("E_1"), actor=None, at=EARLY)
        create_drill(
            key=key,
            title_en=key,
            artefact=of,
            department=cast.it_service,
            starts_at=NIGHT,
            actor=cast.olga,
            at=NIGHT - timedelta(days=7),
        )
    return list(Drill.objects.values_list("key", flat=True))


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(SENDERS) as running:
        yield running


def test_calls_beside_each_other_take_each_line_once(
    as_: As, cast: Cast, drills: list[str], pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drills.api.batches.CHUNK", 6)
    # Half of the keys are everybody's; of the others every third file is.
    shared = [line(f"shared-{n}", native(note=f"shared {n}"), drill=drills[n % 3]) for n in range(LINES // 2)]

    def sent_by(sender: int) -> list[dict[str, Any]]:
        own = [
            line(f"{sender}-{n}", native(note=f"own {n if n % 3 == 0 else (sender, n)}"), drill=drills[n % 3])
            for n in range(LINES // 2)
        ]
        mixed = [one for pair in zip(shared, own, strict=True) for one in pair]
        try:
            return answers(send(as_, *(mixed if sender % 2 else reversed(mixed))))
        finally:
            connection.close()

    found = [answer for each in list(pool.map(sent_by, range(SENDERS))) for answer in each]

    assert {each["status"] for each in found} <= {201, 409}
    refused = {each["problem"]["type"] for each in found if each["status"] == 409}
    assert refused <= {"/problems/idempotency-still-running"}
    made = Counter(each["receipt"]["id"] for each in found if each["status"] == 201 and not each["replayed"])
    assert set(made.values()) == {1}
    assert set(made) == set(DrillResult.objects.values_list("pk", flat=True))
    keys = {each["key"] for each in found if each["status"] == 201}
    assert len(keys) == DrillResult.objects.count()
    for of in Revision.objects.values_list("artefact", flat=True).distinct():
        numbers = list(Revision.objects.filter(artefact=of).order_by("pk").values_list("number", flat=True))
        assert numbers == list(range(1, len(numbers) + 1))
