"""The demo tells what the reference case expects of it, leaf by leaf, whenever its year ends."""

from __future__ import annotations

import json
import shlex
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.test import Client
from pytest_django import Settings

from dcase_audit.cases.document import digest, document
from dcase_audit.cases.graph import load
from dcase_audit.cases.models import Case, StatusChange
from dcase_audit.cases.words import TARGET_PREFIX, Status
from dcase_audit.demo import logins
from dcase_audit.demo.reference import CASE_FILE, parsed
from dcase_audit.jobs.models import Job
from dcase_audit.notices.models import Notice, OpenItem
from drills.findings import standings
from drills.models import DrillResult, Finding, Monitor, Occurrence, RefusedUpload, SignOff
from evidence import services as evidence
from evidence.asof import CaseStatus, case_forecast, case_status
from evidence.disposable import disposable
from evidence.models import Decision, Gap, Kind, LegalHold, Revision
from evidence.sweeping import sweep
from tests.demo_case import DEMO_NOW, DemoCase, tell
from tests.sealing import Sealing
from tests.server import BOTH, Server

EXPECTED: dict[str, Any] = json.loads(CASE_FILE.read_text(encoding="utf-8"))["demo_expected"]
# A Sunday night before the end of a fiscal year, and a leap day; New Year and the long holidays of May.
OTHER_ENDS = (
    pytest.param("2028-02-29T00:10:00+09:00", marks=pytest.mark.long),
    pytest.param("2027-02-28T23:30:00+09:00", marks=pytest.mark.long),
    pytest.param("2027-01-03T12:00:00+09:00", marks=pytest.mark.long),
    pytest.param("2026-05-06T12:00:00+09:00", marks=pytest.mark.long),
)


def now_of(demo: DemoCase) -> CaseStatus:
    return case_status(demo.case, at=demo.now, known=demo.now)


def leaves(found: CaseStatus) -> dict[str, str]:
    """Return the status words of the leaves."""
    return {
        node.key: node.status.word
        for node in found.nodes
        if node.status is not None and node.kind in ("evidence", "monitor")
    }


def reasons(found: CaseStatus, key: str) -> list[dict[str, Any]]:
    return list(found.node(key).because)


# What the case expects


def test_every_leaf_reads_as_expected(demo_case: DemoCase) -> None:
    assert datetime.fromisoformat(EXPECTED["at"]) == demo_case.now
    assert leaves(now_of(demo_case)) == EXPECTED["leaves"]


def test_what_is_stored_is_what_the_facts_say(demo_case: DemoCase) -> None:
    rows = demo_case.case.nodes.filter(status__isnull=False).values_list("key", "kind", "status__status")
    # The status of a context's target is kept beside the context.
    stored = {TARGET_PREFIX + key if kind == "context" else key: status for key, kind, status in rows}

    assert stored == {node.key: node.status for node in now_of(demo_case).nodes if node.status is not None}


def test_the_top_goal_is_undeveloped_for_the_expected_reasons(demo_case: DemoCase) -> None:
    found = now_of(demo_case)
    undeveloped = [node.key for node in found.nodes if UNDEVELOPED in node.because]

    assert found.node("G_100").status is Status.of(EXPECTED["G_100"])
    assert sorted(reason["node"] for reason in reasons(found, "G_100")) == sorted(EXPECTED["G_100_because"])
    assert undeveloped == EXPECTED["undeveloped"]


UNDEVELOPED = {"reason": "undeveloped", "status": "undeveloped"}


def test_e_2_is_in_force_and_only_the_failover_setting_changed(demo_case: DemoCase) -> None:
    (reason,) = reasons(now_of(demo_case), "E_2")
    revision = Revision.objects.get(artefact__key=reason["artefact"], number=reason["revision"])

    assert (reason["reason"], reason["subject"]) == ("subject", "failover-setting")
    assert revision.proves_until is not None
    assert revision in Revision.objects.accepted(at=demo_case.now)


def test_e_3_ends_within_45_days(demo_case: DemoCase) -> None:
    (reason,) = reasons(now_of(demo_case), "E_3")

    assert reason["reason"] == "ends"
    assert timedelta() < datetime.fromisoformat(reason["ends_at"]) - demo_case.now <= timedelta(days=45)


def test_e_4_is_valid_until_the_end_of_the_fiscal_year(demo_case: DemoCase) -> None:
    ends = [change for change in case_forecast(demo_case.case, at=demo_case.now, days=400) if change.key == "E_4"]

    assert [change.after for change in ends] == [Status.EXPIRING, Status.EXPIRED]
    assert ends[-1].at == datetime.fromisoformat("2027-04-01T00:00:00+09:00")
    assert ends[0].because[0]["bound"] == "validity"


def test_e_5_waits_with_one_submission_that_covers_all_items(demo_case: DemoCase) -> None:
    (reason,) = reasons(now_of(demo_case), "E_5")
    waiting = Revision.objects.waiting().get(verdict=Revision.Verdict.SUPPORTS)

    assert (reason["reason"], waiting.artefact.key) == ("waiting", "day-reporting-rule")
    assert set(waiting.covers) == set(reason["items"]) == {"reporter", "deputy", "time-limit"}


def test_e_8_lapsed_and_nothing_waits(demo_case: DemoCase) -> None:
    assert [reason["reason"] for reason in reasons(now_of(demo_case), "E_8")] == ["max_age"]
    assert not Revision.objects.waiting().filter(artefact__key="night-reporting-rule").exists()


def test_e_9_failed_in_august_and_its_retest_ends_within_14_days(demo_case: DemoCase) -> None:
    retest, failed = DrillResult.objects.filter(drill__artefact__key="night-drill-record").order_by("-started_at")[:2]
    (reason,) = reasons(now_of(demo_case), "E_9")

    assert failed.started_at is not None
    assert (failed.verdict, failed.claimed_verdict, failed.started_at.month) == ("failed", "passed", 8)
    assert [why["reason"] for why in failed.because] == ["check_failed", "contradicted"]
    assert retest.verdict == "passed"
    assert retest.revision.decisions.filter(kind=Decision.Kind.ACCEPTED).exists()
    assert (reason["reason"], reason["revision"]) == ("ends", retest.revision.number)
    assert reason["items"] == ["night"]
    assert datetime.fromisoformat(reason["ends_at"]) - demo_case.now <= timedelta(days=14)


def test_e_11_was_returned_for_want_of_network_switches(demo_case: DemoCase) -> None:
    revision = Revision.objects.get(artefact__key="selection-criteria")
    returned = revision.decisions.get(kind=Decision.Kind.RETURNED)

    assert "ネットワークスイッチ" in returned.reason
    assert "network-switches" not in revision.covers
    assert {reason["reason"] for reason in reasons(now_of(demo_case), "E_11")} == {"returned"}


def send(command: str) -> dict[str, Any]:
    """Do what the printed command does, through the API, and return the answer."""
    curl, _, method, address, *options = shlex.split(command)
    given = dict(pairwise(options))
    headers = dict(option.split(": ", 1) for option in options if ": " in option)
    body = Path(given["--data-binary"].removeprefix("@")).read_bytes()
    response = Client(raise_request_exception=True).generic(
        method, urlsplit(address).path, body, content_type=headers.pop("Content-Type"), headers=headers
    )
    assert (curl, response.status_code) == ("curl", 201), response.content
    answer: dict[str, Any] = response.json()
    return answer


def just_after(demo: DemoCase) -> CaseStatus:
    """Return how the case reads once what was done under the standing clock has settled."""
    at = demo.now + timedelta(seconds=1)
    return case_status(demo.case, at=at, known=at)


def test_what_followed_from_the_failed_night_drill_is_told(demo_case: DemoCase) -> None:
    found = standings(Finding.objects.whole().filter(drill__key="night-confirmation").order_by("pk"), at=demo_case.now)
    signed = SignOff.objects.filter(result__drill__key="night-confirmation")

    assert [(one.state, one.retest is not None) for one in found] == [("closed", True), ("acting", False)]
    assert sorted(signed.values_list("role", flat=True)) == ["observer", "responsible", "verifier"]
    assert all(one.result.verdict == "failed" for one in signed.select_related("result"))


def test_a_failed_drill_with_the_participants_refutes_what_is_expected(demo_case: DemoCase) -> None:
    before = now_of(demo_case)
    logins.write_results(demo_case.now)

    answer = send(logins.upload(logins.FAILED, demo_case.token))

    after = just_after(demo_case)
    changed = {node.key for node in after.nodes if node.status is not before.node(node.key).status}
    assert (answer["verdict"], answer["warnings"]) == ("failed", [])
    assert changed == set(EXPECTED["after_failed_market_drill"]["refuted"])
    assert all(after.node(key).status is Status.REFUTED for key in changed)


def test_its_retest_answers_it_once_it_is_accepted(demo_case: DemoCase) -> None:
    before = now_of(demo_case)
    logins.write_results(demo_case.now)
    send(logins.upload(logins.FAILED, demo_case.token))

    answer = send(logins.upload(logins.PASSED, demo_case.token))
    waiting = just_after(demo_case)
    passed = Revision.objects.get(drill_result__pk=answer["id"])
    evidence.accept(revision=passed, actor=demo_case.person("ken"), at=demo_case.now)

    assert waiting.node("E_12").status is Status.REFUTED
    assert {node.key: node.status for node in just_after(demo_case).nodes} == {
        node.key: node.status for node in before.nodes
    }


# What a year leaves behind


def test_the_edition_in_force_is_the_reference_case(demo_case: DemoCase) -> None:
    graph = load(demo_case.case)

    assert graph.edition == 2
    assert graph.nodes == parsed().case.nodes
    assert graph.links == parsed().case.links
    assert digest(document(graph)) == demo_case.case.editions.get(number=2).sha256


def test_occurrences_ended_in_every_way_and_some_are_to_come(demo_case: DemoCase) -> None:
    states = Counter(Occurrence.objects.values_list("state", flat=True))
    late = [one for one in Occurrence.objects.all() if one.recorded_at > one.planned_at]

    assert states["held"] >= 15
    assert (states["cancelled"], states["not_reported"]) == (2, 1)
    assert Occurrence.objects.filter(state="planned", planned_at__gt=demo_case.now).count() >= 4
    assert late == []


def test_the_year_holds_what_an_auditor_doubts_first(demo_case: DemoCase) -> None:
    verdicts = Counter(DrillResult.objects.values_list("verdict", flat=True))
    decisions = Counter(Decision.objects.values_list("kind", flat=True))

    assert verdicts["failed"] == 3
    assert verdicts["inconclusive"] == 1
    assert (decisions["returned"], decisions["annulled"]) == (2, 1)
    assert RefusedUpload.objects.get().problem == "malformed-result"
    assert Revision.objects.filter(confidentiality="confidential").count() == 1
    assert Gap.objects.filter(until__isnull=False).count() == 3
    assert not Gap.objects.filter(until=None).exists()


def test_every_kind_says_how_long_it_is_kept_and_one_record_is_on_hold(demo_case: DemoCase) -> None:
    assert all(kind.retention and kind.retention_text_ja and kind.retention_text_en for kind in Kind.objects.all())
    submitted = Revision.objects.submitted()
    assert not submitted.filter(retention={}).exists()
    assert not disposable()
    (hold,) = LegalHold.objects.open()
    assert (hold.artefact.key, str(hold.placed_by)) == ("night-drill-record", "Hana Hatanaka")


def test_people_were_told_and_it_climbed(demo_case: DemoCase) -> None:
    node = demo_case.node("E_8")

    lapsed = OpenItem.objects.open().get(key=f"leaf:{node.pk}")

    assert (lapsed.step, lapsed.acknowledged_at) == (2, None)
    assert Notice.objects.filter(recipient__username="miki", kind="escalation", items=lapsed).exists()
    assert not Notice.objects.filter(recipient__username="rin").exists()
    assert Notice.objects.filter(mailed_at=None).count() == 0


def test_people_can_log_in_and_only_the_printed_token_is_good(demo_case: DemoCase) -> None:
    tokens = demo_case.person("collector").api_tokens

    assert demo_case.person("olga").check_password(demo_case.password)
    assert tokens.filter(revoked_at=None).count() == 1
    assert tokens.get(revoked_at=None).prefix == demo_case.token[:12]


def test_all_work_that_the_year_left_is_done(demo_case: DemoCase) -> None:
    assert set(Job.objects.values_list("state", flat=True)) == {Job.State.DONE}


def test_a_sweep_after_the_demo_finds_nothing(demo_case: DemoCase) -> None:
    swept = sweep(now=demo_case.now, clock_now=demo_case.now)

    assert (swept.changes, swept.standings, swept.resettled) == (0, 0, 0)


def test_every_artefact_of_a_monitor_has_its_monitor(demo_case: DemoCase) -> None:
    found = {monitor.key: (monitor.artefact.key, monitor.bands) for monitor in Monitor.objects.all()}

    assert found == {
        "failure-monitoring-log": ("failure-monitoring-log", []),
        "night-confirmation-log": ("night-confirmation-log", ["night"]),
        "day-confirmation-log": ("day-confirmation-log", ["day"]),
        "switch-over-state-log": ("switch-over-state-log", []),
    }


def test_monitors_are_not_silent_within_their_first_minutes(demo_case: DemoCase) -> None:
    later = demo_case.now + timedelta(minutes=4, seconds=59)
    silent = demo_case.now + timedelta(minutes=5)

    assert case_status(demo_case.case, at=later, known=later).node("M_1").status is Status.SUPPORTED
    assert case_status(demo_case.case, at=silent, known=silent).node("M_1").status is Status.STALE


# Whenever it ends


@contextmanager
def told(server: Server, name: str, now: datetime) -> Iterator[Case]:
    """Tell the demo that ends at ``now`` in a database of its own, and work there."""
    previous = connection.settings_dict["NAME"]
    tell(server, name, now)
    server.become(BOTH, database=name)
    try:
        yield Case.objects.get(is_demo=True)
    finally:
        server.become(BOTH, database=previous)
        server.drop(name)


def history() -> list[tuple[Any, ...]]:
    changes = StatusChange.objects.order_by("effective_at", "pk")
    told = ("node__key", "effective_at", "recorded_at", "before", "after", "because", "caused_by")
    return list(changes.values_list(*told))


@pytest.mark.no_cover
def test_it_is_told_alike_twice(demo_case: DemoCase, server: Server) -> None:
    first = history()

    with told(server, f"{connection.settings_dict['NAME']}_again", DEMO_NOW):
        second = history()

    assert len(first) > 150
    assert second == first


@pytest.mark.parametrize("end", OTHER_ENDS)
def test_another_end_gives_the_same_statuses(end: str, transactional_db: None, server: Server) -> None:
    now = datetime.fromisoformat(end)

    with told(server, f"{connection.settings_dict['NAME']}_other", now) as case:
        found = case_status(case, at=now, known=now)

    assert leaves(found) == EXPECTED["leaves"]
    assert found.node("G_100").status is Status.UNDEVELOPED


def test_its_year_is_a_log_that_the_offline_verifier_finds_sound(
    demo_case: DemoCase, settings: Settings, tmp_path: Path
) -> None:
    settings.TRAIL_DIR = tmp_path / "trail"

    sealing = Sealing(tmp_path)
    sealing.seal()
    verdict = sealing.verify(sealing.bundle([demo_case.case]))

    assert verdict.status == 0, verdict.report["checks"]
    live = {table: counts["live"] - counts["disclosed"] for table, counts in verdict.report["tables"].items()}
    assert not {table for table, hidden in live.items() if hidden and table.startswith(("cases_", "drills_"))}
    assert verdict.report["counts"]["set_clock"] > 0
