"""A report says how drills were held, who signed, what was found, and where that stood at the report's moment."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from dcase_audit.reports.assemble.drills import drills_of
from dcase_audit.reports.assemble.names import Names
from dcase_audit.reports.contents import Drill
from drills import planning, services
from drills.models import DrillResult, Finding
from evidence import services as evidence
from tests.cast import NOW, Cast, cast, submitted, the_clock
from tests.drills.samples import as_bytes, whole

__all__ = ["cast", "the_clock"]

HOUR = timedelta(hours=1)
FAILED = [{"text": "切替わった", "result": "fail"}]


def failed(cast: Cast) -> DrillResult:
    body = as_bytes(whole(check_items=FAILED, findings=[]))
    return services.record_result(
        drill=cast.drill, actor=cast.olga, at=NOW, data=body, name="r.json", through="session"
    )


def reported(cast: Cast, known: datetime, *, since: datetime | None = None) -> Drill:
    names = Names("en", NOW.date())
    period = (since or NOW - timedelta(days=30), known)
    (drill,) = drills_of(["night-drills"], names, period=period)
    return drill


def test_the_report_says_how_the_drill_was_held_and_who_signed(cast: Cast) -> None:
    result = failed(cast)
    sha256, why = result.raw.sha256, "no dealings with who held it"
    services.sign_off(result=result, role="verifier", record_sha256=sha256, statement=why, actor=cast.rin, at=NOW)

    (said,) = reported(cast, NOW).results

    assert said.kind == "full-scale"
    assert (said.holding.place, said.holding.differs) == ("recovery", "参加者は模擬装置")
    assert [one.party for one in said.holding.people] == ["IT Service", "Management", "Management", "A証券"]
    assert said.holding.timeline[0].text == "Fault injected"
    assert said.holding.injects[1].at is None
    assert [(one.role, one.by, one.statement) for one in said.sign_offs] == [("verifier", "Rin", why)]
    assert [(one.outcome, one.resolution, one.unit) for one in said.achieved] == [("met", "PT1M", "")] * 2
    assert reported(cast, NOW - HOUR).results == []


def test_findings_are_told_as_they_stood_at_the_reports_moment(cast: Cast) -> None:
    failed(cast)
    finding, due = Finding.objects.get(), date(2026, 12, 4)
    action = services.add_action(
        finding=finding, text="直す", owner=cast.olga, due_on=due, actor=cast.ken, at=NOW + HOUR
    )
    shown = submitted(cast.review_rule, cast.bo)
    evidence.accept(revision=shown, actor=None, at=NOW)
    services.close_action(action=action, evidence=shown, actor=cast.ken, at=NOW + 3 * HOUR)

    states = [reported(cast, NOW + hours * HOUR).findings[0].state for hours in (0, 2, 4)]
    (open_one,) = reported(cast, NOW + 2 * HOUR).findings[0].actions
    (closed,) = reported(cast, NOW + 4 * HOUR).findings[0].actions

    assert states == ["open", "acting", "awaits_retest"]
    assert (open_one.closed_at, open_one.owner) == (None, "Olga")
    assert (closed.closed_by, closed.evidence) == ("Ken", "review-rule 1")


def test_what_was_not_settled_before_the_period_is_told_too(cast: Cast) -> None:
    failed(cast)

    assert len(reported(cast, NOW + 2 * HOUR, since=NOW + HOUR).findings) == 1


def test_a_date_that_was_called_off_says_by_whom(cast: Cast) -> None:
    planned = cast.drill.occurrences.earliest("planned_at")
    planning.cancel(occurrence=planned, actor=cast.hana, at=NOW, reason="要員がいない")

    (said, *_) = reported(cast, NOW).occurrences

    assert (said.outcome, said.reason, said.cancelled_by) == ("cancelled", "要員がいない", "Hana")
