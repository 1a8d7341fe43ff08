"""Moments of the year: fixed distances, business days, and no surprise at its edges."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from dcase_audit.demo import devices, drill_plans, drilling, papers
from dcase_audit.demo.services import story
from dcase_audit.demo.year import SATURDAY, THURSDAY, Year

TOKYO = ZoneInfo("Asia/Tokyo")


def year(text: str) -> Year:
    return Year(datetime.fromisoformat(text), TOKYO)


def local(moment: datetime) -> str:
    return moment.astimezone(TOKYO).strftime("%Y-%m-%d %H:%M")


FRIDAY_AFTERNOON = year("2026-11-20T15:00:00+09:00")


def test_days_and_weekdays_are_those_of_the_zone() -> None:
    just_after_midnight = year("2026-11-19T15:10:00+00:00")

    assert local(just_after_midnight.day(0)) == "2026-11-20 00:00"
    assert local(FRIDAY_AFTERNOON.weekday(-1, SATURDAY, "09:00")) == "2026-11-07 09:00"
    assert local(FRIDAY_AFTERNOON.weekday(-15, THURSDAY, "01:00")) == "2026-08-06 01:00"


def test_the_office_is_closed_on_holidays_and_around_new_year() -> None:
    ends = year("2027-01-04T12:00:00+09:00")

    assert local(ends.office(-1, "09:30")) == "2026-12-30 09:30"
    assert local(ends.after(ends.office(-1, "09:30"), 1, "10:00")) == "2027-01-04 10:00"
    assert date(2026, 12, 31) in ends.closed_days()


@pytest.mark.parametrize(
    ("now", "ends"),
    [
        ("2026-11-20T15:00:00+09:00", "2027-04-01 00:00"),
        ("2026-12-30T12:00:00+09:00", "2027-04-01 00:00"),
        ("2026-12-31T12:00:00+09:00", "2028-04-01 00:00"),
        ("2027-02-28T23:30:00+09:00", "2028-04-01 00:00"),
        ("2027-04-01T00:00:00+09:00", "2028-04-01 00:00"),
    ],
)
def test_the_fiscal_year_end_lies_more_than_90_days_ahead(now: str, ends: str) -> None:
    assert local(year(now).fiscal_year_end()) == ends


@pytest.mark.parametrize("days", range(0, 400, 9))
def test_the_story_keeps_its_order_whenever_it_ends(days: int) -> None:
    """What needs something comes after it, around every holiday, and nothing lies in the future."""
    ends = Year(datetime(2026, 1, 1, 0, 10, tzinfo=TOKYO) + timedelta(days=days), TOKYO)
    begun = ends.opening(2, "16:00")
    planned = {plan.key: plan for plan in drill_plans.plans(ends)}

    assert max(event.at for event in story(ends)) == ends.now
    for paper in papers.papers(ends):
        assert begun < paper.submitted_at
        assert paper.reviewed_at < paper.submitted_at
        assert paper.decided_at is None or paper.submitted_at < paper.decided_at
    for holding in drilling.holdings(ends):
        assert planned[holding.drill].planned_at < holding.sent_at
        assert holding.held_at < holding.sent_at
        assert holding.accepted_at is None or holding.sent_at < holding.accepted_at
        assert holding.sent_by == "olga" or planned[holding.drill].planned_at < holding.held_at


@pytest.mark.parametrize("days", range(0, 400, 9))
def test_documents_follow_what_they_are_about(days: int) -> None:
    ends = Year(datetime(2026, 1, 1, 0, 10, tzinfo=TOKYO) + timedelta(days=days), TOKYO)
    changed = {change.version: change.since for change in devices.changes(ends)}
    first = {paper.document: paper.submitted_at for paper in reversed(list(papers.papers(ends)))}

    assert changed["第7版"] < first["night-recovery-7"]
    assert changed["4.0"] < first["confirmation-9"]
    assert all(change.reported_at <= change.since <= ends.now for change in devices.changes(ends))


def test_a_failure_is_answered_before_it_is_forgotten() -> None:
    held = {(one.drill, one.held_at) for one in drilling.holdings(FRIDAY_AFTERNOON)}

    failed = FRIDAY_AFTERNOON.weekday(-15, THURSDAY, "01:00")
    assert (drill_plans.NIGHT, failed) in held
    assert (drill_plans.NIGHT_RETEST, failed + timedelta(days=14)) in held
