from __future__ import annotations

from pathlib import Path

import pytest
from django.db import transaction
from pytest_django import Settings

from tests.api.client import Api
from tests.api.matrix import API_ROWS, COLUMNS, OPERATIONS_ROWS, Row, Stage, calls, make_stage
from tests.cast import Cast
from tests.sealing import Sealing

ROWS = [*API_ROWS, *OPERATIONS_ROWS]


@pytest.mark.no_cover
def test_everybody_gets_what_the_matrix_says(
    cast: Cast, settings: Settings, tmp_path: Path, subtests: pytest.Subtests
) -> None:
    stage = make_stage(cast)
    settings.TRAIL_DIR = tmp_path / "trail"
    Sealing(tmp_path).seal()

    for row in ROWS:
        with subtests.test(call=f"{row.method} {row.route}"):
            got = [asked(row, cast, name, stage) for name in COLUMNS]
            assert dict(zip(COLUMNS, got, strict=True)) == dict(zip(COLUMNS, row.expected, strict=True))


def asked(row: Row, cast: Cast, name: str, stage: Stage) -> int:
    """Return the status that ``name`` gets, and leave everything as it was."""
    before = transaction.savepoint()
    try:
        status: int = row.send(Api(cast.secrets[name] if name else None), stage).status_code
    finally:
        transaction.savepoint_rollback(before)
    return status


def test_the_matrix_names_every_call(db: None) -> None:
    named = {(row.method, row.route) for row in ROWS}

    assert sorted(call for call in calls() - named if call[1].startswith("api/")) == []
    assert sorted(named - calls()) == []


HIDDEN = [
    ("cases/{}", "recurrence"),
    ("cases/{}/status", "recurrence"),
    ("artefacts/{}", "night-drills"),
    ("drills/{}", "night-failover"),
    ("revisions/{}", "revision"),
    ("drill-results/{}", "result"),
    ("drill-results/{}/raw", "result"),
    ("reports/{}", "report"),
    ("reports/{}/file", "report"),
]


def test_N6_what_is_hidden_answers_as_if_there_were_none(cast: Cast, subtests: pytest.Subtests) -> None:
    stage = make_stage(cast)
    numbers = {"revision": stage.waiting.pk, "result": stage.result, "report": stage.report}
    otto = Api(cast.secrets["otto"])

    for path, hidden in HIDDEN:
        with subtests.test(path=path):
            there = otto.get(path.format(numbers.get(hidden, hidden)))
            nowhere = otto.get(path.format("987654321" if hidden in numbers else "no-such-thing"))

            assert there.status_code == nowhere.status_code == 404
            assert {**there.json(), "request": ""} == {**nowhere.json(), "request": ""}
            assert set(there.headers) == set(nowhere.headers)
