"""Results come in: verdict, evidence, occurrence, status; what is refused leaves nothing but the note of it."""

from __future__ import annotations

import hashlib
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from dcase_audit.accounts.models import Membership, Party, User
from dcase_audit.cases.models import Node, NodeStatus
from dcase_audit.cases.words import Status
from dcase_audit.errors import AuditError
from dcase_audit.notices.models import OpenItem
from drills import planning
from drills.models import Drill, DrillResult, Occurrence, RefusedUpload
from drills.services import cancel, create_drill, record_refusal, record_result
from evidence import services as evidence
from evidence.models import Artefact, Decision, Revision, StoredFile
from evidence.storage import StoreFull, object_store
from evidence.storage.local import LocalStore
from tests.drills.conftest import NIGHT, NOW
from tests.drills.samples import NIGHT as SAMPLE
from tests.drills.samples import as_bytes, native
from tests.drills.test_planning import together
from tests.events import payloads
from tests.statements import statements

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sound")]

MEASURED = [{"measure": "switch_over_confirmed", "value": "PT9M"}]
LATE = [{"measure": "switch_over_confirmed", "value": "PT20M"}]


@pytest.fixture(autouse=True)
def store(tmp_path: Path, settings: Settings) -> None:
    settings.OBJECT_STORE_URL = (tmp_path / "objects").as_uri()


def upload(drill: Drill, actor: User, document: object = None, at: datetime = NOW, **more: Any) -> DrillResult:
    data = as_bytes(document or native(measures=MEASURED))
    given = {"data": data, "name": "結果.json", "through": "token:dca_1234"} | more
    return record_result(drill=drill, actor=actor, at=at, **given)


def status_of(node: Node) -> Status:
    return Status(NodeStatus.objects.get(node=node).status)


def codes(result: DrillResult) -> list[str]:
    return [warning["code"] for warning in result.warnings]


def test_a_result_becomes_a_submitted_revision_with_all_that_it_says(
    drill: Drill, occurrence: Occurrence, robot: User
) -> None:
    result = upload(drill, robot, SAMPLE)

    revision = result.revision
    assert (result.verdict, result.claimed_verdict, result.warnings) == ("passed", "passed", [])
    assert (result.drill, result.occurrence, result.format) == (drill, occurrence, "native")
    assert (result.received_at, result.received_from, result.received_through) == (NOW, robot, "token:dca_1234")
    assert (revision.artefact, revision.number, revision.verdict) == (drill.artefact, 1, "supports")
    assert (revision.proves_from, revision.proves_until) == (result.started_at, result.ended_at)
    assert (result.started_at, result.ended_at) == (NIGHT, NIGHT + timedelta(minutes=70, milliseconds=250))
    assert revision.covers == ["night"]
    assert revision.subjects["failover-setting"] == {"version": "ON", "digest": "sha256:5f0d"}
    assert revision.measures == {
        "switch_over_confirmed": [{"value": "PT9M", "method": "operator's log"}],
        "switch_over": [{"value": "PT0.412S", "class": "millisecond"}],
        "healthy_units": [{"value": 3, "item": "database"}],
    }
    assert [decision.kind for decision in revision.decisions.all()] == ["submitted"]
    assert [(item.number, item.outcome) for item in result.check_items.all()] == [
        (1, "pass"),
        (2, "remark"),
        (4, "not_applicable"),
    ]
    occurrence.refresh_from_db()
    assert occurrence.state == "held"


def test_the_bytes_are_kept_as_they_came_and_the_verdict_can_be_derived_again(drill: Drill, robot: User) -> None:
    data = as_bytes(SAMPLE)
    result = upload(drill, robot, SAMPLE)

    (file,) = result.revision.files.all()
    assert (file.file, file.name, file.role) == (result.raw, "結果.json", "raw")
    assert (result.raw.sha256, result.raw.media_type) == (hashlib.sha256(data).hexdigest(), "application/json")
    with object_store().open(result.raw.sha256) as stream:
        assert stream.read() == data
    assert result.record == {"document": SAMPLE, "targets": drill.targets, "covers": ["night"]}


def test_the_event_names_what_came_of_it(drill: Drill, occurrence: Occurrence, robot: User) -> None:
    result = upload(drill, robot)

    assert payloads("drill_result.recorded") == [
        {
            "drill": "night-failover",
            "occurrence": occurrence.pk,
            "revision": result.revision_id,
            "verdict": "passed",
            "format": "native",
            "signature": "unsigned",
            "signer": None,
            "sha256": result.raw.sha256,
        }
    ]
    assert len(payloads("occurrence.held")) == 1


def test_a_failure_refutes_its_leaf_and_all_above_at_once(drill: Drill, leaf: Node, robot: User) -> None:
    result = upload(drill, robot, native(measures=LATE, verdict="passed"))

    assert (result.verdict, result.revision.verdict) == ("failed", "refutes")
    assert [one["reason"] for one in result.because] == ["target_missed"]
    assert codes(result) == ["claim_differs"]
    assert status_of(leaf) == Status.REFUTED
    assert status_of(leaf.case.nodes.get(key="G_1")) == Status.REFUTED


def test_a_pass_waits_until_a_person_accepts_it(drill: Drill, leaf: Node, robot: User, ken: User) -> None:
    result = upload(drill, robot)
    assert status_of(leaf) == Status.PENDING

    evidence.accept(revision=result.revision, actor=ken, at=NOW + timedelta(hours=1))

    assert status_of(leaf) == Status.SUPPORTED


def test_a_failure_is_answered_by_an_accepted_drill_that_was_held_after_it(
    drill: Drill, leaf: Node, robot: User, ken: User
) -> None:
    upload(drill, robot, native(measures=LATE))
    again = native(measures=MEASURED, started_at="2026-11-20T03:00:00+09:00", ended_at="2026-11-20T04:00:00+09:00")

    retest = upload(drill, robot, again, at=NOW + timedelta(hours=1))

    assert status_of(leaf) == Status.REFUTED
    evidence.accept(revision=retest.revision, actor=ken, at=NOW + timedelta(hours=2))
    assert status_of(leaf) == Status.SUPPORTED


def test_an_inconclusive_result_supports_and_refutes_nothing(drill: Drill, leaf: Node, robot: User) -> None:
    result = upload(drill, robot, native())

    assert (result.verdict, result.revision.verdict) == ("inconclusive", "inconclusive")
    assert status_of(leaf) == Status.MISSING


def test_a_confirmation_that_was_contradicted_refutes(drill: Drill, leaf: Node, robot: User) -> None:
    timeline = [
        {"at": "2026-11-20T01:09:00+09:00", "event": "confirmed"},
        {"at": "2026-11-20T07:40:00+09:00", "event": "contradicted", "text": "切替わっていなかった"},
    ]

    upload(drill, robot, native(measures=MEASURED, timeline=timeline, verdict="passed"))

    assert status_of(leaf) == Status.REFUTED


def test_the_plan_says_how_long_a_result_is_valid(drill: Drill, robot: User) -> None:
    Drill.objects.update(valid_for="P3M")
    drill.refresh_from_db()

    revision = upload(drill, robot).revision

    assert revision.valid_until == datetime(2027, 2, 19, 17, tzinfo=UTC)


def test_what_the_result_covers_comes_before_the_plan_and_is_flagged(drill: Drill, robot: User) -> None:
    result = upload(drill, robot, native(measures=MEASURED, covers=["night", "day"]))

    assert result.revision.covers == ["day", "night"]
    assert codes(result) == ["covers_unplanned"]


def test_subjects_that_nobody_keeps_are_flagged(drill: Drill, robot: User) -> None:
    result = upload(drill, robot, native(measures=MEASURED, subjects={"toaster": {"version": "1"}}))

    assert codes(result) == ["unknown_subjects"]


def test_N38_the_same_bytes_again_are_another_result_that_says_so(drill: Drill, robot: User) -> None:
    first, second = upload(drill, robot), upload(drill, robot, at=NOW + timedelta(hours=1))

    assert codes(second) == ["another_result", "same_bytes"]
    assert first.raw == second.raw
    assert first.revision != second.revision


def test_a_stream_is_read_as_bytes_are(drill: Drill, robot: User) -> None:
    data = as_bytes(native(measures=MEASURED))

    result = upload(drill, robot, data=io.BytesIO(data), sha256=hashlib.sha256(data).hexdigest().upper())

    assert result.verdict == "passed"


# Which occurrence a result belongs to


def held(hours: float, **changes: Any) -> dict[str, Any]:
    """Return a result of a drill that began so many hours after it was planned."""
    start = NIGHT + timedelta(hours=hours)
    return native(measures=MEASURED, started_at=start.isoformat(), ended_at=start.isoformat(), **changes)


@pytest.mark.parametrize("hours", [-24, -1, 0, 13.9])
def test_a_result_belongs_to_the_occurrence_in_whose_window_it_began(
    drill: Drill, occurrence: Occurrence, robot: User, hours: float
) -> None:
    result = upload(drill, robot, held(hours))

    assert result.occurrence == occurrence
    assert result.warnings == []


def test_a_result_far_from_every_plan_is_taken_and_flagged(drill: Drill, occurrence: Occurrence, robot: User) -> None:
    result = upload(drill, robot, held(-25))

    occurrence.refresh_from_db()
    assert result.occurrence is None
    assert codes(result) == ["unplanned"]
    assert occurrence.state == "planned"


def test_of_two_occurrences_the_nearest_is_taken(drill: Drill, occurrence: Occurrence, robot: User) -> None:
    daily = Occurrence.objects.create(
        drill=drill,
        planned_at=NIGHT - timedelta(days=1),
        planned_on=occurrence.planned_on - timedelta(days=1),
        report_by=occurrence.report_by,
        recorded_at=NOW,
    )

    assert upload(drill, robot, held(-11)).occurrence == occurrence
    assert upload(drill, robot, held(-13)).occurrence == daily


def test_a_late_result_still_ends_its_occurrence_and_the_open_item(
    drill: Drill, occurrence: Occurrence, robot: User
) -> None:
    planning.plan(at=occurrence.report_by)

    result = upload(drill, robot, at=occurrence.report_by + timedelta(days=1))

    occurrence.refresh_from_db()
    assert (result.occurrence, codes(result)) == (occurrence, ["late"])
    assert occurrence.state == "held"
    assert not OpenItem.objects.open().filter(kind="drill-not-reported").exists()


def test_an_occurrence_that_is_named_is_taken_and_its_other_time_flagged(drill: Drill, robot: User) -> None:
    december = drill.occurrences.get(planned_at__month=12)

    result = upload(drill, robot, occurrence=december)

    assert (result.occurrence, codes(result)) == (december, ["other_time"])


def test_a_second_result_of_an_occurrence_is_flagged(drill: Drill, occurrence: Occurrence, robot: User) -> None:
    upload(drill, robot, occurrence=occurrence)

    assert codes(upload(drill, robot, native(measures=LATE), occurrence=occurrence)) == ["another_result"]


def test_a_cancelled_occurrence_takes_no_result(drill: Drill, occurrence: Occurrence, robot: User, ken: User) -> None:
    cancel(occurrence=occurrence, actor=ken, at=NIGHT, reason="typhoon")

    with pytest.raises(planning.NotPlanned) as refused:
        upload(drill, robot, occurrence=occurrence)

    assert (refused.value.status, refused.value.pointer) == (409, "/occurrence")
    assert upload(drill, robot).occurrence is None


def test_another_drill_s_occurrence_does_not_exist_for_this_one(
    drill: Drill, occurrence: Occurrence, artefact: Artefact, olga: User, robot: User
) -> None:
    other = create_drill(
        key="other", artefact=artefact, department=artefact.custodian, starts_at=NIGHT, actor=olga, at=NOW
    )

    with pytest.raises(AuditError) as refused:
        upload(other, robot, occurrence=occurrence)

    assert refused.value.status == 404


# What is refused


@pytest.mark.parametrize(
    ("more", "status", "slug"),
    [
        ({"data": b"{"}, 400, "malformed-result"),
        ({"data": b" " * (1024 * 1024 + 1)}, 413, "malformed-result"),
        ({"data": io.BytesIO(b" " * (1024 * 1024 + 1))}, 413, "malformed-result"),
        ({"data": as_bytes(native(schema="dcase-drill/3"))}, 422, "malformed-result"),
        ({"data": as_bytes(native(ended_at="2026-11-21T00:00:00Z"))}, 422, "malformed-result"),
        ({"sha256": "0" * 64}, 422, "digest-differs"),
        ({"format": "yaml"}, 422, "unknown-format"),
        ({"name": ".."}, 422, "unusable-name"),
    ],
)
def test_a_refused_upload_leaves_nothing_behind(
    drill: Drill, leaf: Node, robot: User, more: dict[str, Any], status: int, slug: str
) -> None:
    before = status_of(leaf)

    with pytest.raises(AuditError) as refused:
        upload(drill, robot, **more)

    assert (refused.value.status, refused.value.slug) == (status, slug)
    assert not DrillResult.objects.exists()
    assert not Revision.objects.exists()
    assert not StoredFile.objects.exists()
    assert list(object_store().digests()) == []
    assert status_of(leaf) == before


def test_a_refusal_is_noted_with_its_reason_and_place(drill: Drill, robot: User) -> None:
    with pytest.raises(AuditError) as refused:
        upload(drill, robot, native(started_at="2026-11-20T01:00:00"))

    record_refusal(drill=drill, actor=robot, at=NOW, through="token:dca_1234", refusal=refused.value, sha256="ab" * 32)

    noted = RefusedUpload.objects.get()
    assert (noted.drill, noted.status, noted.problem) == (drill, 422, "malformed-result")
    assert noted.detail.endswith("(/started_at)")
    assert (noted.sha256, noted.received_at, noted.received_from) == ("ab" * 32, NOW, robot)
    assert len(payloads("drill_result.refused")) == 1


def test_a_full_store_refuses_and_the_same_upload_succeeds_later(
    drill: Drill, occurrence: Occurrence, robot: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: LocalStore, stream: object, *, limit: int) -> None:
        raise StoreFull

    with monkeypatch.context() as patch:
        patch.setattr(LocalStore, "put", full)
        with pytest.raises(StoreFull):
            upload(drill, robot)
    occurrence.refresh_from_db()
    assert occurrence.state == "planned"

    assert upload(drill, robot).occurrence == occurrence


def test_another_department_may_not_upload(drill: Drill) -> None:
    other = Party.objects.create(key="it-development", name_ja="IT開発部", name_en="IT Development")
    bo = User.objects.create_user("bo")
    Membership.objects.create(user=bo, party=other, role="owner", since=NOW - timedelta(days=400))

    with pytest.raises(AuditError) as refused:
        upload(drill, bo)

    assert refused.value.status == 403
    assert not Decision.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_results_at_once_are_numbered_and_end_their_occurrence_once(
    drill: Drill, leaf: Node, occurrence: Occurrence, robot: User
) -> None:
    documents = [native(measures=MEASURED, note=str(number)) for number in range(6)]

    outcomes = together(*[lambda one=one: upload(drill, robot, one, occurrence=occurrence) for one in documents])

    assert all(isinstance(outcome, DrillResult) for outcome in outcomes), outcomes
    assert sorted(Revision.objects.values_list("number", flat=True)) == [1, 2, 3, 4, 5, 6]
    assert sum("another_result" in codes(result) for result in DrillResult.objects.all()) == 5
    assert len(payloads("occurrence.held")) == 1


def test_an_upload_takes_a_bounded_number_of_statements(drill: Drill, leaf: Node, robot: User) -> None:
    items = [{"text": "x", "result": "pass"}] * 500

    with statements() as sent:
        upload(drill, robot, native(measures=MEASURED, check_items=items))

    assert len(sent) <= 60
