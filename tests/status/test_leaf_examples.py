"""Rules of a leaf that random facts reach too seldom, each by an example."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from dcase_audit.calendars.durations import parse
from dcase_audit.cases.words import Status
from evidence.facts import Criterion, LeafFacts, Revision, Support
from evidence.leaf_status import leaf_status, leaf_timeline
from evidence.periods import InForce, own_span

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
RULE = Revision(1, 1, 1, "supports", START, valid_from=START, accepted_at=START)


def facts(criterion: Criterion, *revisions: Revision, kind: str = "rule") -> LeafFacts:
    return LeafFacts(ZoneInfo("Asia/Tokyo"), criterion, (Support(1, kind, START),), revisions)


def test_evidence_of_a_kind_that_an_edition_dropped_is_missing_as_the_wrong_kind() -> None:
    found, because = leaf_status(facts(Criterion(kinds=frozenset({"test-run"})), RULE), START + DAY, START + DAY)

    assert found is Status.MISSING
    assert [reason["reason"] for reason in because] == ["wrong_kind"]


def test_a_confirmation_that_follows_the_failure_at_once_does_not_answer_it() -> None:
    failed = Revision(1, 1, 1, "refutes", START, proves_from=START, proves_until=START + DAY)
    retest = Revision(
        2,
        1,
        2,
        "supports",
        START + 2 * DAY,
        proves_from=START + DAY,
        proves_until=START + 2 * DAY,
        accepted_at=START + 2 * DAY,
    )
    later = retest._replace(proves_from=START + DAY + timedelta(seconds=1))
    now = START + 3 * DAY

    assert leaf_status(facts(Criterion(), failed, retest), now, now)[0] is Status.REFUTED
    assert leaf_status(facts(Criterion(), failed, later), now, now)[0] is Status.SUPPORTED


def test_a_successor_supersedes_only_what_it_covers() -> None:
    whole = RULE._replace(covers=frozenset({"night", "day"}), valid_until=START + 90 * DAY)
    night = RULE._replace(
        id=2, number=2, covers=frozenset({"night"}), valid_from=START + 5 * DAY, valid_until=START + 10 * DAY,
        submitted_at=START + DAY, accepted_at=START + DAY,
    )  # fmt: skip
    found, because = leaf_status(
        facts(Criterion(must_cover=("night", "day")), whole, night), START + 20 * DAY, START + 20 * DAY
    )

    assert found is Status.EXPIRED
    assert because[0]["items"] == ["night"]


def test_a_month_after_31_january_is_the_last_of_february_in_the_zone_of_the_case() -> None:
    tokyo = ZoneInfo("Asia/Tokyo")
    base = datetime(2026, 1, 31, tzinfo=tokyo).astimezone(UTC)
    revision = RULE._replace(valid_from=None, proves_until=base, accepted_at=base, submitted_at=base)
    aged = facts(Criterion(max_age=parse("P1M")), revision)
    end = datetime(2026, 2, 28, tzinfo=tokyo)

    assert leaf_status(aged, end - timedelta(microseconds=1), end)[0] is Status.SUPPORTED
    assert leaf_status(aged, end, end)[0] is Status.EXPIRED


def test_submissions_that_wait_are_each_worked_out_once_however_many_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    worked_out: list[Revision] = []

    def counted(revision: Revision, *given: Any) -> InForce:
        worked_out.append(revision)
        return own_span(revision, *given)

    monkeypatch.setattr("evidence.leaf_status.own_span", counted)
    waiting = [
        Revision(n, 1, n, "supports", START + n * DAY, frozenset({"night"}), proves_until=START + n * DAY)
        for n in range(200)
    ]
    criterion = Criterion(must_cover=("night",), max_age=parse("P100D"))

    timeline = leaf_timeline(facts(criterion, *waiting), START + 200 * DAY, START + 200 * DAY)

    assert timeline[0].status is Status.PENDING
    assert timeline[0].because[0]["revision"] == 199
    assert len(worked_out) == 200
