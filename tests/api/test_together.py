"""Results sent in one call come to what they come to one by one."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from pytest_django import Settings

from dcase_audit import clock
from dcase_audit.cases.models import NodeStatus
from dcase_audit.notices.models import OpenItem
from drills.models import AcceptanceRule, Drill, DrillResult, Finding, Occurrence, RefusedUpload
from drills.services import cancel, create_drill
from evidence import services as evidence
from evidence.models import Standing
from tests.api.conftest import As
from tests.api.matrix import robots_token
from tests.api.test_batches import answers, line, send
from tests.cast import EARLY, NIGHT, NOW, Cast, artefact
from tests.drills.samples import native, whole

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("the_clock")]

DAY = timedelta(days=1)
LATER = NOW + timedelta(minutes=5)
MEASURED = [{"measure": "switch_over_confirmed", "value": "PT9M"}]
SLOW = [{"measure": "switch_over_confirmed", "value": "PT20M"}]
SUBJECTS = {"failover-setting": {"version": "on"}}
PASSED = {"covers": ["night"], "measures": MEASURED, "subjects": SUBJECTS}
# What differs by the moment and by the number that a row happens to get.
NUMBERS = re.compile(r"(as result|waiting:|/revisions/|acceptance-rule/) ?\d+")


@pytest.fixture(autouse=True)
def store(tmp_path: Path, settings: Settings) -> None:
    settings.OBJECT_STORE_URL = (tmp_path / "objects").as_uri()


@pytest.fixture
def daily(cast: Cast) -> Drill:
    """A second drill, of each night of the week, for an artefact of its own; one night was called off."""
    of = artefact("daily-drills", "毎夜の記録", cast.kinds["drill-record"], cast.it_service, cast.olga)
    evidence.link(artefact=of, node=cast.node("E_1"), actor=None, at=EARLY)
    drill = create_drill(
        key="daily-failover",
        title_en="Daily switch-over",
        artefact=of,
        department=cast.it_service,
        starts_at=NIGHT - 6 * DAY,
        rule="FREQ=DAILY",
        covers=["night"],
        actor=cast.olga,
        at=NIGHT - 8 * DAY,
    )
    cancel(occurrence=night(drill, 4), actor=cast.olga, at=NIGHT - 7 * DAY, reason="改修のため")
    return drill


@pytest.fixture
def rules(cast: Cast, daily: Drill) -> None:
    token = robots_token(cast)
    for drill in (cast.drill, daily):
        AcceptanceRule.objects.create(
            drill=drill,
            token=token,
            through=f"token:{token.prefix}",
            formats=["native"],
            reason="毎夜の自動訓練",
            proposed_by=cast.olga,
            proposed_at=NOW,
            published_by=cast.ken,
            published_at=NOW,
            published_reason="年次で確認",
        )


def night(drill: Drill, ago: int) -> Occurrence:
    return drill.occurrences.get(planned_at=NIGHT - ago * DAY)


def held(ago: int, **changes: Any) -> dict[str, Any]:
    start = NIGHT - ago * DAY
    times = {"started_at": start.isoformat(), "ended_at": (start + timedelta(minutes=30)).isoformat()}
    return native(**times | {"covers": ["night"], "subjects": SUBJECTS} | changes)


def mixed(daily: Drill) -> list[Any]:
    """Return thirty lines: what passes, fails and is neither, what is refused, and what comes twice."""
    text = {"drill": "daily-failover"}
    return [
        line("a1", native(**PASSED)),
        line("a2", native(**PASSED | {"measures": SLOW})),
        line("a3", native(**PASSED | {"measures": None})),
        line("a4", whole()),
        line("a5", native(verdict="splendid")),
        line("b1", held(5), **text),
        line("b2", held(3), **text),
        line("b3", held(3, note="again"), **text),
        line("b4", held(2, check_items=[{"text": "Told", "result": "fail"}]), **text),
        line("b5", held(1), **text),
        line("a2-again", native(**PASSED | {"measures": SLOW})),
        line("a4-again", whole()),
        line("a1", native(**PASSED)),
        line("a1", native(note="another")),
        line("b6", held(4), **text),
        line("b7", held(4, note="as planned"), occurrence=night(daily, 4).pk, **text),
        line("b8", held(0, covers=["night", "day"]), **text),
        line("b9", native(**PASSED), **text),
        '{"drill": "daily-fail',
        line("c1", drill="unheard-of"),
        line("c2", sha256="0" * 64),
        line("c3", occurrence=night(daily, 1).pk),
        line("c4", native(**PASSED | {"note": "claims"}, verdict="failed")),
        line("c5", native(**PASSED | {"subjects": {"unheard-of": {"version": "1"}}})),
        line("c6", whole(kind="live-incident", findings=[{"text": "欄が狭い"}])),
        line("c7", whole(measures=[], check_items=[{"text": "Told", "result": "fail"}])),
        line("c8", native(**PASSED), format="junit"),
        line("c9", held(0, note="last"), **text),
        line("d1", held(5, note="late", started_at="2026-11-01T01:00:00+09:00", ended_at=held(5)["ended_at"]), **text),
        line("d2", native(**PASSED | {"note": "end"}), occurrence=night(daily, 0).pk, **text),
    ]


def plain(value: Any, numbers: dict[int, int]) -> Any:
    """Return reasons and texts without moments of receipt, and with revisions by number."""
    if isinstance(value, dict):
        shown = {name: plain(each, numbers) for name, each in value.items() if name not in {"since", "received_at"}}
        return shown | ({"revision": numbers.get(value["revision"])} if "revision" in value else {})
    if isinstance(value, list):
        return [plain(each, numbers) for each in value]
    return NUMBERS.sub(r"\1 N", value) if isinstance(value, str) else value


def came_to(cast: Cast) -> dict[str, Any]:
    """Return every row that results lead to, without what depends on the moment alone."""
    results = list(DrillResult.objects.order_by("pk").select_related("drill", "occurrence", "revision", "raw", "rule"))
    numbers = {one.revision_id: one.revision.number for one in results}
    places = {one.pk: place for place, one in enumerate(results)}
    return {
        "results": [_result(one, places) for one in results],
        "occurrences": list(Occurrence.objects.order_by("pk").values_list("drill", "planned_at", "state")),
        "refused": list(
            RefusedUpload.objects.order_by("pk").values_list("drill", "status", "problem", "detail", "sha256")
        ),
        "findings": sorted(
            (places[one.result_id or 0], one.severity, one.text, str(one.opened_by), (one.raw and one.raw.sha256) or "")
            for one in Finding.objects.select_related("raw", "opened_by")
        ),
        "statuses": [
            (one.node.key, one.status, one.until, plain(one.because, numbers))
            for one in NodeStatus.objects.order_by("node__key").select_related("node")
        ],
        "standings": [
            (one.artefact.key, one.revision and one.revision.number, one.state, one.warn_at, one.due_at)
            for one in Standing.objects.order_by("artefact__key").select_related("artefact", "revision")
        ],
        "items": sorted(
            (one.kind, one.text_ja, one.text_en, one.party.key, one.role, str(one.not_to), one.closed_at)
            for one in OpenItem.objects.select_related("party", "not_to")
        ),
    }


def _result(one: DrillResult, places: dict[int, int]) -> Any:
    revision = one.revision
    warnings = [_by_line(warning, places) for warning in one.warnings]
    return (
        (one.drill.key, one.occurrence and one.occurrence.planned_at, one.raw.sha256, one.kind, one.format),
        (one.verdict, one.because, one.claimed_verdict, warnings, one.rule_id, one.started_at, one.ended_at),
        (one.record, one.measures, one.doubts, one.received_at, one.received_from_id, one.received_through),
        list(one.check_items.values_list("number", "text", "outcome", "reason")),
        (
            revision.artefact_id,
            revision.number,
            revision.verdict,
            revision.covers,
            revision.measures,
            revision.subjects,
        ),
        (revision.proves_from, revision.proves_until, revision.valid_until, revision.note, revision.retention),
        list(revision.files.values_list("file__sha256", "role", "position", "name")),
        list(revision.decisions.order_by("pk").values_list("kind", "by", "by_rule", "reason")),
    )


def _by_line(warning: dict[str, Any], places: dict[int, int]) -> dict[str, Any]:
    """Return a warning that names the line of a result where it named its number."""
    if warning["code"] != "same_bytes":
        return warning
    (number,) = warning["named"]
    line_of = f"line {places[int(number)]}"
    return warning | {"detail": warning["detail"].replace(f"result {number}", line_of), "named": [line_of]}


def said(answer: dict[str, Any]) -> Any:
    """Return an answer without the numbers of its line and of the rows."""
    if "problem" in answer:
        return answer["key"], answer["status"], {**answer["problem"], "request": ""}
    got = answer["receipt"]
    warnings = [warning["code"] for warning in got["warnings"]]
    evidence_ = (got["evidence"]["artefact"], got["evidence"]["number"])
    return answer["key"], answer["status"], answer["replayed"], got["verdict"], warnings, evidence_, got["rule"]


@pytest.mark.usefixtures("rules", "sound")
def test_results_come_to_the_same_in_one_call_and_one_by_one(as_: As, cast: Cast, daily: Drill) -> None:
    lines = mixed(daily)
    assert len(lines) == 30
    with clock.at(LATER):
        before = transaction.savepoint()
        alone = [answer for one in lines for answer in answers(send(as_, one))]
        came_alone = came_to(cast)
        transaction.savepoint_rollback(before)

        together = answers(send(as_, *lines))
        came_together = came_to(cast)

    assert [each["line"] for each in together] == list(range(1, 31))
    assert [said(each) for each in together] == [said(each) for each in alone]
    for what, rows in came_alone.items():
        assert came_together[what] == rows, what
    statuses = [each["status"] for each in together]
    assert statuses.count(201) > 15 and {400, 404, 409, 422} <= set(statuses)
    assert sum(1 for one in DrillResult.objects.all() if one.rule_id) > 2
    assert {"passed", "failed", "inconclusive"} == {one.verdict for one in DrillResult.objects.all()}
    assert {"", "欄が狭い"} < {text for _, _, text, *_ in came_together["findings"]}
