"""Results of other tools become evidence as ours do; those of unknown time neither pass nor heal."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from pytest_django import Settings

from dcase_audit.accounts.models import User
from dcase_audit.cases.models import Node, NodeStatus
from dcase_audit.cases.words import Status
from dcase_audit.reports.assemble.drills import drills_of
from dcase_audit.reports.assemble.names import Names
from drills.models import Drill, DrillResult, Occurrence
from drills.results import Malformed
from drills.services import record_result
from evidence import services as evidence
from tests.drills import foreign
from tests.drills.conftest import NIGHT, NOW
from tests.drills.foreign import as_json, journal, run

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sound")]

FAILURE = '<testcase name="a"><failure/></testcase>'
LOCAL = "2026-11-20T01:00:00"


@pytest.fixture(autouse=True)
def store(tmp_path: Path, settings: Settings) -> None:
    settings.OBJECT_STORE_URL = (tmp_path / "objects").as_uri()


@pytest.fixture(autouse=True)
def no_targets(drill: Drill) -> None:
    Drill.objects.filter(pk=drill.pk).update(targets=[])
    drill.refresh_from_db()


def upload(drill: Drill, actor: User, format: str, data: bytes, **more: Any) -> DrillResult:
    given: dict[str, Any] = {"at": NOW, "name": "report", "through": "token:dca_1234"} | more
    return record_result(drill=drill, actor=actor, data=data, format=format, **given)


def status_of(node: Node) -> Status:
    return Status(NodeStatus.objects.get(node=node).status)


def held_that_night(**more: Any) -> bytes:
    start, end = NIGHT.isoformat(), (NIGHT + timedelta(minutes=10)).isoformat()
    return as_json(journal(start=start, end=end, **more))


def test_a_journal_becomes_a_submitted_revision(drill: Drill, occurrence: Occurrence, robot: User) -> None:
    result = upload(drill, robot, "chaostoolkit", held_that_night())

    assert (result.verdict, result.format, result.producer) == ("passed", "chaostoolkit", "chaostoolkit-lib 1.44.0")
    assert (result.occurrence, result.warnings, result.doubts) == (occurrence, [], [])
    assert (result.revision.proves_from, result.revision.proves_until) == (NIGHT, NIGHT + timedelta(minutes=10))
    assert result.revision.note == "Standby takes over"
    assert result.revision.measures["switch"] == [{"value": "PT600.000000S", "method": "duration of the activity"}]
    assert result.check_items.count() == 5


def test_a_journal_that_completed_and_failed_refutes_its_leaf(drill: Drill, leaf: Node, robot: User) -> None:
    result = upload(drill, robot, "chaostoolkit", held_that_night(run=[run(status="failed")]))

    assert (result.record["document"]["status"], result.verdict) == ("completed", "failed")
    assert status_of(leaf) == Status.REFUTED


def test_a_pass_of_unknown_time_is_none(drill: Drill, leaf: Node, robot: User, occurrence: Occurrence) -> None:
    result = upload(drill, robot, "junit", foreign.junit(timestamp=LOCAL))

    assert (result.verdict, result.because) == ("inconclusive", [{"reason": "time_unknown"}])
    assert (result.started_at, result.ended_at, result.occurrence) == (None, None, None)
    assert [warning["code"] for warning in result.warnings] == ["unplanned"]
    assert result.held_or_received_at == NOW
    occurrence.refresh_from_db()
    assert occurrence.state == "planned"
    assert status_of(leaf) == Status.MISSING


def test_the_occurrence_may_be_named_where_the_time_is_unknown(
    drill: Drill, robot: User, occurrence: Occurrence
) -> None:
    result = upload(drill, robot, "junit", foreign.junit(FAILURE, timestamp=""), occurrence=occurrence)

    assert (result.verdict, result.occurrence, result.warnings) == ("failed", occurrence, [])


def test_a_failure_of_unknown_time_refutes_until_something_held_after_its_receipt(
    drill: Drill, leaf: Node, robot: User, ken: User
) -> None:
    failed = upload(drill, robot, "junit", foreign.junit(FAILURE, timestamp=""))
    earlier = upload(drill, robot, "chaostoolkit", held_that_night(), at=NOW + timedelta(hours=1))
    evidence.accept(revision=earlier.revision, actor=ken, at=NOW + timedelta(hours=2))

    assert (failed.revision.proves_from, failed.revision.proves_until) == (None, NOW)
    assert status_of(leaf) == Status.REFUTED

    day = timedelta(days=1)
    times = {"start": (NOW + day).isoformat(), "end": (NOW + day).isoformat()}
    later = upload(drill, robot, "chaostoolkit", as_json(journal(**times)), at=NOW + 2 * day)
    evidence.accept(revision=later.revision, actor=ken, at=NOW + 2 * day)

    assert status_of(leaf) in {Status.SUPPORTED, Status.EXPIRING}


STATED = {"started_at": NIGHT, "ended_at": NIGHT + timedelta(minutes=10)}


@pytest.mark.parametrize("timestamp", ["", LOCAL])
def test_times_that_the_sender_states_count_and_are_noted(
    drill: Drill, robot: User, occurrence: Occurrence, timestamp: str
) -> None:
    result = upload(drill, robot, "junit", foreign.junit(timestamp=timestamp), **STATED)

    assert (result.verdict, result.occurrence) == ("passed", occurrence)
    assert (result.started_at, result.ended_at) == tuple(STATED.values())
    assert result.doubts[-1]["code"] == "times_stated"


@pytest.mark.parametrize(
    ("data", "stated", "pointer"),
    [
        (foreign.junit(timestamp=""), {"started_at": NIGHT}, "/ended_at"),
        (foreign.junit(timestamp=""), {"ended_at": NIGHT}, "/started_at"),
        (foreign.junit(), STATED, "/started_at"),
        (foreign.junit(timestamp=""), {"started_at": NIGHT, "ended_at": NIGHT - timedelta(seconds=1)}, "/ended_at"),
        (foreign.junit(timestamp=""), {"started_at": NIGHT, "ended_at": NOW + timedelta(hours=1)}, "/ended_at"),
        # 01:00 is at no place on earth what is stated here.
        (foreign.junit(timestamp="2026-11-19T01:00:00"), STATED, "/started_at"),
        (foreign.junit(timestamp="2026-11-20T07:00:00"), STATED, "/started_at"),
    ],
)
def test_N34_stated_times_that_cannot_be_are_refused(
    drill: Drill, robot: User, data: bytes, stated: dict[str, Any], pointer: str
) -> None:
    with pytest.raises(Malformed) as refused:
        upload(drill, robot, "junit", data, **stated)

    assert refused.value.pointer == pointer


def test_a_result_has_both_times_or_none(drill: Drill, robot: User) -> None:
    result = upload(drill, robot, "junit", foreign.junit(timestamp=""))
    result.pk, result.started_at = None, NIGHT

    with pytest.raises(IntegrityError, match="drill_starts_and_ends"), transaction.atomic():
        result.save(force_insert=True)


def test_a_report_takes_up_the_format_and_what_was_seen(drill: Drill, robot: User) -> None:
    upload(drill, robot, "junit", foreign.junit(tests="6", timestamp=LOCAL))
    period = (NOW - timedelta(days=30), NOW + timedelta(days=1))

    (account,) = drills_of(["night-drills"], Names("en", NOW.date()), period=period)

    (result,) = account.unplanned
    assert (result.format, result.producer, result.started_at) == ("junit", "pytest", None)
    assert result.doubts == ("time_unknown", "counts_differ", "no_zone")
