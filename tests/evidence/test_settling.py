"""What settle stores is what the rules say from the facts, at every moment and in whatever order things happen."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dcase_audit.cases.models import Forecast, NodeStatus, Settlement, StatusChange
from dcase_audit.cases.outline import lines_of
from dcase_audit.cases.words import Status
from evidence import services
from evidence.asof import case_status
from evidence.models import Standing
from evidence.shown import present_status
from evidence.sweeping import Swept, sweep
from tests.evidence.world import DAY, START, World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sound")]
HOUR = timedelta(hours=1)


def swept(at: datetime) -> Swept:
    return sweep(now=at, clock_now=at)


def test_a_case_without_evidence_is_missing_it() -> None:
    world = World()

    assert world.stored() == world.by_rule(START + HOUR)
    assert world.stored()["E_1"] is Status.MISSING
    assert world.stored()["G_1"] is Status.MISSING


def test_an_accepted_rule_supports_its_leaf_until_it_is_too_old() -> None:
    world = World()
    world.link("rule-a", "E_1")
    accepted = START + DAY
    world.accept("rule-a", accepted)

    assert world.stored()["E_1"] is Status.SUPPORTED
    until = NodeStatus.objects.get(node=world.node("E_1")).until
    assert until == START + 26 * DAY
    swept(until)
    assert world.stored()["E_1"] is Status.EXPIRING
    swept(START + 31 * DAY)
    assert world.stored()["E_1"] is Status.EXPIRED
    assert world.stored() == world.by_rule(START + 31 * DAY)


def test_a_submission_waits_and_does_not_support() -> None:
    world = World()
    world.link("rule-a", "E_1")
    world.submit("rule-a", START + DAY)

    assert world.stored()["E_1"] is Status.PENDING


def test_counter_evidence_refutes_up_to_the_top_at_once() -> None:
    world = World()
    for name, key in (("rule-a", "E_1"), ("rule-c", "E_2")):
        world.link(name, key)
        world.accept(name, START + DAY)
    world.submit("rule-a", START + 2 * DAY, verdict="refutes", proves_from=START + DAY, proves_until=START + 2 * DAY)

    stored = world.stored()
    assert {key for key, status in stored.items() if status is Status.REFUTED} == {"G_1", "S_1", "G_2", "E_1"}
    assert stored == world.by_rule(START + 3 * DAY)


def test_a_retest_answers_a_failure_once_accepted() -> None:
    world = World()
    world.link("rule-a", "E_1")
    failed = world.submit("rule-a", START + DAY, verdict="refutes", proves_from=START, proves_until=START + DAY)
    retest = world.submit("rule-a", START + 3 * DAY, proves_from=START + 2 * DAY, proves_until=START + 3 * DAY)

    assert world.stored()["E_1"] is Status.REFUTED
    services.accept(revision=retest, actor=None, at=START + 4 * DAY)
    assert world.stored()["E_1"] is Status.SUPPORTED
    services.withdraw(revision=retest, actor=None, at=START + 5 * DAY, reason="the log was from another night")
    assert world.stored()["E_1"] is Status.REFUTED
    assert failed.artefact == world.artefacts["rule-a"]


def test_a_new_version_of_a_subject_makes_evidence_stale_and_a_roll_back_mends_it() -> None:
    world = World()
    world.link("rule-a", "E_1")
    services.record_subject_version(subject=world.subject, version="1", actor=None, at=START)
    world.accept("rule-a", START + DAY)
    services.record_subject_version(subject=world.subject, version="2", actor=None, at=START + 2 * DAY)

    assert world.stored()["E_1"] is Status.STALE
    services.record_subject_version(subject=world.subject, version="1", actor=None, at=START + 3 * DAY)
    assert world.stored()["E_1"] is Status.SUPPORTED


def test_a_planned_change_stales_when_it_comes() -> None:
    world = World()
    world.link("rule-a", "E_1")
    services.record_subject_version(subject=world.subject, version="1", actor=None, at=START)
    world.accept("rule-a", START + DAY)
    services.record_subject_version(
        subject=world.subject, version="2", since=START + 5 * DAY, actor=None, at=START + 2 * DAY
    )

    assert world.stored()["E_1"] is Status.SUPPORTED
    assert NodeStatus.objects.get(node=world.node("E_1")).until == START + 5 * DAY
    swept(START + 5 * DAY)
    assert world.stored()["E_1"] is Status.STALE


def test_a_monitor_falls_silent_at_its_true_moment_and_is_in_force_again_when_heard() -> None:
    world = World()
    world.link("log", "M_1")
    world.accept("log", START + DAY)
    services.hear(artefact=world.artefacts["log"], at=START + DAY + HOUR)
    services.hear(artefact=world.artefacts["log"], at=START + DAY + 3 * HOUR)

    swept(START + DAY + 8 * HOUR)
    assert world.stored()["M_1"] is Status.SUPPORTED
    swept(START + 3 * DAY)
    assert world.stored()["M_1"] is Status.STALE
    silent = StatusChange.objects.get(node=world.node("M_1"), after=Status.STALE)
    assert silent.effective_at == START + DAY + 9 * HOUR
    services.hear(artefact=world.artefacts["log"], at=START + 4 * DAY)
    assert world.stored()["M_1"] is Status.SUPPORTED
    gap = world.artefacts["log"].gaps.get()
    assert (gap.start, gap.until) == (START + DAY + 3 * HOUR, START + 4 * DAY)


def test_silence_that_no_sweep_saw_is_in_the_history_all_the_same() -> None:
    world = World()
    world.link("log", "M_1")
    world.accept("log", START + DAY)
    services.hear(artefact=world.artefacts["log"], at=START + DAY + HOUR)
    services.hear(artefact=world.artefacts["log"], at=START + 4 * DAY)

    silent = StatusChange.objects.filter(node=world.node("M_1"), after=Status.STALE)
    assert [change.effective_at for change in silent] == [START + DAY + 7 * HOUR]
    assert world.by_rule(START + 2 * DAY, START + 5 * DAY)["M_1"] is Status.STALE
    assert world.stored()["M_1"] is Status.SUPPORTED


def test_a_heartbeat_in_time_is_one_query() -> None:
    world = World()
    world.link("log", "M_1")
    world.accept("log", START + DAY)
    services.hear(artefact=world.artefacts["log"], at=START + DAY + HOUR)

    with CaptureQueriesContext(connection) as queries:
        services.hear(artefact=world.artefacts["log"], at=START + DAY + 2 * HOUR)

    assert len(queries) == 1


def test_a_monitor_that_no_leaf_expects_is_missed_after_a_day() -> None:
    world = World()
    log = world.artefacts["log"]
    services.hear(artefact=log, at=START)

    with CaptureQueriesContext(connection) as queries:
        services.hear(artefact=log, at=START + DAY)
    assert len(queries) == 1
    assert not log.gaps.exists()
    services.hear(artefact=log, at=START + 2 * DAY + HOUR)

    assert log.gaps.values_list("start", "until").get() == (START + DAY, START + 2 * DAY + HOUR)


def test_sweeping_late_leaves_the_rows_of_sweeping_every_hour() -> None:
    histories = []
    for slug, often in (("hourly", True), ("late", False)):
        world = World(slug)
        for name, key in (("rule-a", "E_1"), ("rule-c", "E_2"), ("log", "M_1")):
            world.link(name, key)
            world.accept(name, START + DAY)
        services.hear(artefact=world.artefacts["log"], at=START + DAY + HOUR)
        if often:
            for hour in range(24 * 32):
                swept(START + DAY + hour * HOUR)
        swept(START + 40 * DAY)
        histories.append(world.changes())

    assert histories[0] == histories[1]
    assert len(histories[0]) > 20


def test_sweeping_twice_changes_nothing() -> None:
    world = World()
    world.link("rule-a", "E_1")
    world.accept("rule-a", START + DAY)
    swept(START + 40 * DAY)
    before = world.changes()

    again = swept(START + 40 * DAY)

    assert again == (0, 0, 0, 0)
    assert world.changes() == before


def test_forecast_rows_agree_with_the_rules() -> None:
    world = World()
    for name, key in (("rule-a", "E_1"), ("rule-c", "E_2")):
        world.link(name, key)
        world.accept(name, START + DAY)

    for forecast in Forecast.objects.filter(case=world.case, provisional=False).select_related("node"):
        assert world.by_rule(forecast.at, START + 2 * DAY)[forecast.node.key] is Status(forecast.status)
        before = forecast.at - timedelta(microseconds=1)
        assert world.by_rule(before, START + 2 * DAY)[forecast.node.key] is not None


def test_a_shorter_silence_of_a_new_link_is_looked_at_from_then_on() -> None:
    world = World()
    services.hear(artefact=world.artefacts["log"], at=START + HOUR)
    world.accept("log", START + HOUR)
    services.hear(artefact=world.artefacts["log"], at=START + 2 * HOUR)
    world.link("log", "M_1", START + 3 * HOUR)

    services.hear(artefact=world.artefacts["log"], at=START + 7 * HOUR)
    services.hear(artefact=world.artefacts["log"], at=START + 14 * HOUR)

    last = world.artefacts["log"].gaps.order_by("start").last()
    assert last is not None
    assert last.until is not None
    assert last.start == START + 7 * HOUR
    assert timedelta(0) <= last.until - (START + 14 * HOUR) < timedelta(milliseconds=1)


def test_what_is_shown_does_not_wait_for_a_sweep() -> None:
    world = World()
    for name, key in (("rule-a", "E_1"), ("rule-c", "E_2"), ("log", "M_1")):
        world.link(name, key)
        world.accept(name, START + DAY)
    services.hear(artefact=world.artefacts["log"], at=START + DAY + HOUR)
    lines = lines_of(world.case, 1, "en")

    for at in (START + 2 * DAY, START + 19 * DAY, START + 27 * DAY, START + 40 * DAY):
        shown = present_status(world.case, lines, at=at)
        expected = case_status(world.case, at=at, known=at)
        assert {n.key: (n.status, n.since, n.until) for n in shown.nodes} == {
            n.key: (n.status, n.since, n.until) for n in expected.nodes
        }


def test_a_silent_monitor_stands_stale_in_lists() -> None:
    world = World()
    world.link("log", "M_1")
    world.accept("log", START + DAY)
    services.hear(artefact=world.artefacts["log"], at=START + DAY + HOUR)
    swept(START + 3 * DAY)

    assert Standing.objects.get(artefact=world.artefacts["log"]).state == "stale"
    services.hear(artefact=world.artefacts["log"], at=START + 4 * DAY)
    assert Standing.objects.get(artefact=world.artefacts["log"]).state == "supported"


def test_a_case_settled_by_older_rules_is_settled_anew() -> None:
    world = World()
    world.link("rule-c", "E_2")
    world.accept("rule-c", START + DAY)
    NodeStatus.objects.filter(node=world.node("E_2")).update(status=Status.MISSING)
    Settlement.objects.filter(case=world.case).update(rules_version=0)

    assert swept(START + 2 * DAY).resettled == 1
    assert world.stored() == world.by_rule(START + 2 * DAY)
