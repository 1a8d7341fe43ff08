"""What evidence was obtained on, and what another version would do, before it is made."""

from __future__ import annotations

from datetime import timedelta

import pytest

from evidence import services as evidence
from evidence.models import Subject, SubjectVersion
from tests.cast import NOW, Cast, submitted
from tests.pages.conftest import As, queries, text_of

SUBJECT = "/subjects/failover-setting/"


@pytest.fixture
def on_setting(cast: Cast) -> Cast:
    """E_1 stands on a record that was obtained on version 4 of the setting."""
    cast.node("E_1").criteria.update(subjects=["failover-setting"])
    evidence.record_subject_version(subject=cast.subject, version="4", actor=cast.olga, at=NOW - timedelta(days=9))
    revision = submitted(cast.night_drills, cast.olga, subjects={"failover-setting": {"version": "4"}})
    evidence.accept(revision=revision, actor=cast.ken, at=NOW)
    return cast


def test_a_subject_shows_its_versions_and_who_asks_for_it(on_setting: Cast, as_: As) -> None:
    listed, page = text_of(as_("olga").get("/subjects/")), text_of(as_("olga").get(SUBJECT))

    assert SUBJECT in listed
    assert "Version 4 since" in page
    assert "/cases/recurrence/nodes/E_1/" in page


def test_what_a_version_would_do_is_shown_and_not_done(on_setting: Cast, as_: As) -> None:
    before = SubjectVersion.objects.count()

    page = text_of(as_("olga").get(SUBJECT, {"version": "5"}))

    assert "With version 5" in page
    assert 'class="chip chip-stale"' in page
    assert SubjectVersion.objects.count() == before
    same = text_of(as_("olga").get(SUBJECT, {"version": "4"}))
    assert "nothing changes" in same and "chip-stale" not in same


@pytest.mark.parametrize(
    "query", [{"version": ""}, {"version": "x" * 101}, {"version": "5", "since": "yesterday"}, {"version": "5\x00"}]
)
def test_a_question_that_is_none_is_answered_with_the_form(on_setting: Cast, as_: As, query: dict[str, str]) -> None:
    answer = as_("olga").get(SUBJECT, query)

    assert answer.status_code == 200
    assert "With version" not in text_of(answer)


def test_what_others_keep_is_not_there(cast: Cast, as_: As) -> None:
    Subject.objects.create(key="sales-tool", department=cast.sales)

    assert "sales-tool" not in text_of(as_("olga").get("/subjects/"))
    assert as_("olga").get("/subjects/sales-tool/").status_code == 404


def test_the_pages_ask_no_more_with_more_rows(on_setting: Cast, as_: As) -> None:
    client = as_("olga")
    one = queries(client, "/subjects/")
    for number in range(30):
        more = Subject.objects.create(key=f"unit-{number}", department=on_setting.subject.department)
        evidence.record_subject_version(subject=more, version="1", actor=on_setting.olga, at=NOW)
    assert queries(client, "/subjects/") == one
