"""Plans: written ahead and once, ended in sight, and told to somebody when nothing is reported."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from pytest_django import DjangoAssertNumQueries

from dcase_audit import clock
from dcase_audit.accounts.models import User
from dcase_audit.errors import AuditError, Invalid
from dcase_audit.notices.models import OpenItem
from dcase_audit.trail.context import acting
from drills import tasks
from drills.models import Drill, Occurrence
from drills.planning import NotPlanned, plan
from drills.recurrence import InvalidRecurrence
from drills.results import Malformed
from drills.services import cancel, create_drill, end_drill
from evidence.models import Artefact
from tests.drills.conftest import NIGHT, NOW
from tests.events import payloads

CREATED = NIGHT - timedelta(days=7)
# Another occurrence comes within ninety days, and no report is overdue.
LATER = NIGHT + timedelta(days=3)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sound")]


def moments(drill: Drill) -> list[datetime]:
    return list(drill.occurrences.values_list("planned_at", flat=True))


def states(drill: Drill) -> list[str]:
    return list(drill.occurrences.values_list("state", flat=True))


def test_a_new_drill_is_planned_at_once_ninety_days_ahead(drill: Drill) -> None:
    occurrence = drill.occurrences.get(planned_at=NIGHT)

    assert moments(drill) == [NIGHT, datetime(2026, 12, 19, 16, tzinfo=UTC), datetime(2027, 1, 19, 16, tzinfo=UTC)]
    assert occurrence.planned_on == date(2026, 11, 20)
    assert occurrence.report_by == NIGHT + timedelta(days=5)
    assert occurrence.recorded_at == CREATED < occurrence.planned_at
    assert len(payloads("occurrence.planned")) == 3


def test_planning_goes_on_and_writes_nothing_twice(drill: Drill) -> None:
    assert plan(at=CREATED) == (0, 0)
    assert plan(at=LATER) == (1, 0)
    assert plan(at=LATER) == (0, 0)
    assert moments(drill)[-1] == datetime(2027, 2, 19, 16, tzinfo=UTC)


def test_planning_that_stood_still_for_half_a_year_leaves_no_gap(drill: Drill) -> None:
    at = NIGHT + timedelta(days=200)

    planned = plan(at=at)

    assert [moment.month for moment in moments(drill)] == [11, 12, 1, 2, 3, 4, 5, 6, 7, 8]
    late = drill.occurrences.filter(planned_at__lt=at, recorded_at=at)
    assert late.count() == 4
    assert planned.not_reported == drill.occurrences.filter(report_by__lte=at).count()


def test_a_drill_that_is_held_once_is_planned_once(drill: Drill) -> None:
    Drill.objects.update(recurrence="")
    drill.occurrences.all().delete()

    assert plan(at=CREATED) == (1, 0)
    assert moments(drill) == [NIGHT]


def test_a_rule_that_was_broken_by_hand_holds_up_no_other_drill(drill: Drill, caplog: pytest.LogCaptureFixture) -> None:
    Drill.objects.create(
        key="broken", artefact=drill.artefact, department=drill.department, starts_at=NIGHT, recurrence="often"
    )

    assert plan(at=LATER) == (1, 0)
    assert "the drill broken is not planned" in caplog.text


def test_what_is_not_reported_in_time_is_marked_and_told(drill: Drill, occurrence: Occurrence, olga: User) -> None:
    assert plan(at=occurrence.report_by - timedelta(microseconds=1)).not_reported == 0
    assert plan(at=occurrence.report_by).not_reported == 1
    assert plan(at=occurrence.report_by).not_reported == 0

    occurrence.refresh_from_db()
    item = OpenItem.objects.open().get()
    assert occurrence.state == "not_reported"
    assert (item.kind, item.party, item.owner) == ("drill-not-reported", drill.department, olga)
    assert item.text_ja == "訓練「夜間の切替わり訓練」（2026年11月20日予定）の結果が期限までに報告されていません"
    assert item.text_en == "No result of the drill “Night switch-over” planned for 20 November 2026 came in time"
    assert item.href == "/drills/night-failover"
    assert item.due_on == date(2026, 11, 25)
    assert len(payloads("occurrence.not_reported")) == 1


def test_a_cancelled_occurrence_says_why_and_is_awaited_no_longer(occurrence: Occurrence, ken: User) -> None:
    cancelled = cancel(occurrence=occurrence, actor=ken, at=CREATED, reason=" 台風のため ")

    assert (cancelled.state, cancelled.reason) == ("cancelled", "台風のため")
    assert plan(at=occurrence.report_by).not_reported == 0
    (event,) = payloads("occurrence.cancelled")
    assert (event["drill"], event["by"], event["reason"]) == ("night-failover", ken.pk, "台風のため")


def test_cancelling_twice_for_the_same_reason_is_once(occurrence: Occurrence, ken: User) -> None:
    for _ in range(2):
        cancel(occurrence=occurrence, actor=ken, at=CREATED, reason="typhoon")

    assert len(payloads("occurrence.cancelled")) == 1
    with pytest.raises(NotPlanned):
        cancel(occurrence=occurrence, actor=ken, at=CREATED, reason="another reason")


@pytest.mark.parametrize("reason", ["", "  ", "x" * 301])
def test_cancelling_needs_a_reason_that_fits(occurrence: Occurrence, ken: User, reason: str) -> None:
    with pytest.raises(Invalid) as refused:
        cancel(occurrence=occurrence, actor=ken, at=CREATED, reason=reason)

    assert (refused.value.status, refused.value.pointer) == (422, "/reason")


@pytest.mark.parametrize("state", ["held", "not_reported"])
def test_what_has_ended_otherwise_cannot_be_cancelled(occurrence: Occurrence, ken: User, state: str) -> None:
    Occurrence.objects.filter(pk=occurrence.pk).update(state=state)

    with pytest.raises(NotPlanned) as refused:
        cancel(occurrence=occurrence, actor=ken, at=NOW, reason="never mind")

    assert refused.value.status == 409


def test_an_ended_drill_cancels_what_it_planned_and_plans_no_more(drill: Drill, ken: User) -> None:
    end_drill(drill=drill, actor=ken, at=NOW, reason="統合した")

    assert states(drill) == ["planned", "cancelled", "cancelled"]
    assert plan(at=NOW) == (0, 0)
    with pytest.raises(NotPlanned):
        end_drill(drill=drill, actor=ken, at=NOW, reason="again")


@pytest.mark.parametrize(
    ("changes", "kind", "pointer"),
    [
        ({"key": "Night Drill"}, Invalid, "/key"),
        ({"key": "night-failover"}, Invalid, "/key"),
        ({"kind": "party"}, Invalid, "/kind"),
        ({"timezone": "Asia/Edo"}, Invalid, "/timezone"),
        ({"timezone": "../etc/passwd"}, Invalid, "/timezone"),
        ({"report_within": "soon"}, Invalid, "/report_within"),
        ({"report_within": ""}, Invalid, "/report_within"),
        ({"valid_for": "1 year"}, Invalid, "/valid_for"),
        ({"rule": "FREQ=HOURLY"}, InvalidRecurrence, "/recurrence"),
        ({"targets": [{"measure": "x", "op": "<", "value": 1}]}, Malformed, "/targets/0/op"),
    ],
)
def test_a_plan_that_cannot_be_carried_out_is_a_422(
    drill: Drill, artefact: Artefact, olga: User, changes: dict[str, Any], kind: type[AuditError], pointer: str
) -> None:
    fields: dict[str, Any] = {"key": "another", "starts_at": NIGHT} | changes
    with pytest.raises(kind) as refused:
        create_drill(artefact=artefact, department=artefact.custodian, actor=olga, at=CREATED, **fields)

    assert (refused.value.status, refused.value.pointer) == (422, pointer)


def test_the_tick_plans_by_the_domain_s_clock(drill: Drill) -> None:
    with clock.at(LATER):
        tasks.plan()

    assert len(moments(drill)) == 4


def test_a_tick_with_nothing_to_do_asks_a_few_questions_however_many_drills(
    drill: Drill, olga: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(4):
        plan(at=CREATED)
    for number in range(50):
        create_drill(
            key=f"drill-{number}",
            artefact=drill.artefact,
            department=drill.department,
            starts_at=NIGHT,
            actor=olga,
            at=CREATED,
        )

    with django_assert_num_queries(4):
        plan(at=CREATED)


def together(*calls: Callable[[], object]) -> list[object]:
    """Do the calls at once, each on its own connection; return what they returned, or raised."""
    barrier = threading.Barrier(len(calls), timeout=60)
    outcomes: list[object] = []

    def do(call: Callable[[], object]) -> None:
        try:
            with acting("test"):
                barrier.wait()
                outcomes.append(call())
        except AuditError as refused:
            outcomes.append(refused)
        finally:
            connection.close()

    threads = [threading.Thread(target=do, args=[call]) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


@pytest.mark.django_db(transaction=True)
def test_six_planners_at_once_write_and_mark_everything_once(drill: Drill, occurrence: Occurrence) -> None:
    at = NIGHT + timedelta(days=200)

    outcomes = together(*[lambda: plan(at=at)] * 6)

    assert [sum(part) for part in zip(*outcomes, strict=True)] == [7, 7]
    assert len(set(moments(drill))) == len(moments(drill)) == 10
    assert OpenItem.objects.open().count() == 7


@pytest.mark.django_db(transaction=True)
def test_a_mark_and_a_cancellation_at_once_leave_one_of_both(occurrence: Occurrence, ken: User) -> None:
    outcomes = together(
        lambda: plan(at=occurrence.report_by).not_reported,
        lambda: cancel(occurrence=occurrence, actor=ken, at=NOW, reason="typhoon").state,
    )

    occurrence.refresh_from_db()
    if occurrence.state == "cancelled":
        assert 0 in outcomes
    else:
        assert occurrence.state == "not_reported"
        assert any(isinstance(outcome, NotPlanned) for outcome in outcomes)
