from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from dcase_audit.jobs.models import Job
from dcase_audit.notices.models import Notice, NoticeItem, OpenItem
from dcase_audit.notices.services import Counts, acknowledge, close_item, remind
from tests.notices.conftest import TOKYO, Cast, OpenAnItem, join, person, tokyo

Story = list[tuple[str, str, str]]


def tick(start: str, until: str) -> None:
    """Let the beat's tick come every hour."""
    at = tokyo(start)
    while at < tokyo(until):
        remind(at)
        at += timedelta(hours=1)


def story() -> Story:
    """Return who was told when and how: (Tokyo time, user name, kind of notice)."""
    notices = Notice.objects.select_related("recipient").order_by("created_at", "recipient__username")
    return [(f"{n.created_at.astimezone(TOKYO):%m-%d %H:%M}", n.recipient.username, n.kind) for n in notices]


@pytest.mark.parametrize(
    ("opened", "due_on", "until", "expected"),
    [
        (  # nobody acknowledges: owner, head after three business days, management after five more, then again
            "2026-11-16 09:00", None, "2026-12-12 00:00",
            [("11-16 09:00", "olga", "reminder"), ("11-19 09:00", "hana", "escalation"),
             ("11-27 09:00", "miki", "escalation"), ("12-11 09:00", "miki", "reminder"),
             ("12-11 09:00", "olga", "reminder")],
        ),
        (  # opened in the night before a holiday
            "2026-11-20 23:30", None, "2026-11-28 00:00",
            [("11-24 08:30", "olga", "reminder"), ("11-27 08:30", "hana", "escalation")],
        ),
        (  # over the New Year: 28, 29, 30 December, then 4 January
            "2026-12-28 10:00", None, "2027-01-13 00:00",
            [("12-28 10:00", "olga", "reminder"), ("01-04 10:00", "hana", "escalation"),
             ("01-12 10:00", "miki", "escalation")],
        ),
        (  # over Golden Week
            "2026-04-28 21:00", None, "2026-05-16 00:00",
            [("04-30 08:00", "olga", "reminder"), ("05-08 08:00", "hana", "escalation"),
             ("05-15 08:00", "miki", "escalation")],
        ),
        (  # a day to come: the heads and the owner are reminded of it
            "2026-11-16 09:00", "2026-11-26", "2026-11-27 00:00",
            [("11-16 09:00", "olga", "reminder"), ("11-18 08:00", "olga", "reminder"),
             ("11-19 09:00", "hana", "escalation"), ("11-25 08:00", "hana", "reminder"),
             ("11-25 08:00", "olga", "reminder")],
        ),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("cast", "new_year")
def test_the_ladder(open_an_item: OpenAnItem, opened: str, due_on: str | None, until: str, expected: Story) -> None:
    open_an_item(at=tokyo(opened), due_on=date.fromisoformat(due_on) if due_on else None)

    tick(opened, until)

    assert story() == expected


def test_acknowledging_stops_the_climb_and_keeps_reminding(cast: Cast, open_an_item: OpenAnItem) -> None:
    item = open_an_item(at=tokyo("2026-11-16 09:00"), due_on=date(2026, 12, 18))
    remind(tokyo("2026-11-16 09:00"))

    acknowledge(item=item, actor=cast.ken, at=tokyo("2026-11-17 15:00"))
    tick("2026-11-17 15:00", "2026-12-18 00:00")

    assert story()[1:] == [
        (f"12-{day} 08:00", who, "reminder") for day in ("04", "11", "17") for who in ("ken", "olga")
    ]


def test_what_the_head_acknowledges_does_not_reach_management(cast: Cast, open_an_item: OpenAnItem) -> None:
    item = open_an_item(at=tokyo("2026-11-16 09:00"))
    tick("2026-11-16 09:00", "2026-11-20 00:00")

    acknowledge(item=item, actor=cast.hana, at=tokyo("2026-11-20 09:00"))
    tick("2026-11-20 09:00", "2026-12-01 00:00")

    assert "miki" not in {who for _, who, _ in story()}


def test_what_is_closed_is_over(cast: Cast, open_an_item: OpenAnItem) -> None:
    open_an_item(at=tokyo("2026-11-16 09:00"))
    remind(tokyo("2026-11-16 09:00"))

    assert close_item(key="leaf:1", at=tokyo("2026-11-16 10:00"))
    tick("2026-11-16 10:00", "2026-12-01 00:00")

    assert story() == [("11-16 09:00", "olga", "reminder")]


@pytest.mark.parametrize("at", ["2026-11-20 20:00", "2026-11-21 12:00", "2026-11-23 12:00", "2026-11-24 07:59"])
def test_outside_office_hours_nobody_is_told_and_the_item_waits_for_the_morning(
    cast: Cast, open_an_item: OpenAnItem, at: str
) -> None:
    item = open_an_item(at=tokyo("2026-11-20 19:30"))

    assert remind(tokyo(at)) == Counts()

    item.refresh_from_db()
    assert item.next_at == tokyo("2026-11-24 08:00")
    assert remind(tokyo("2026-11-24 08:00")).items == 1


def test_the_evening_in_tokyo_is_over_at_eleven_utc(cast: Cast, open_an_item: OpenAnItem) -> None:
    open_an_item(at=tokyo("2026-11-20 19:59"))

    assert remind(tokyo("2026-11-20 19:59").replace(second=59)).notices == 1
    assert f"{tokyo('2026-11-20 20:00'):%H:%M}" == "11:00"


def test_up_to_three_items_are_notices_of_their_own(cast: Cast, open_an_item: OpenAnItem) -> None:
    for number in range(3):
        open_an_item(f"leaf:{number}", at=tokyo("2026-11-16 09:00"))

    assert remind(tokyo("2026-11-16 09:00")) == Counts(items=3, escalated=0, notices=3, unreachable=0)
    assert {notice.kind for notice in Notice.objects.all()} == {"reminder"}


def test_more_than_three_items_are_one_digest_that_names_all(cast: Cast, open_an_item: OpenAnItem) -> None:
    for number in range(4):
        open_an_item(f"leaf:{number}", at=tokyo("2026-11-16 09:00"), owner=None)
    join(cast.ken, cast.service, "owner")

    assert remind(tokyo("2026-11-16 09:00")) == Counts(items=4, escalated=0, notices=2, unreachable=0)

    for notice in Notice.objects.all():
        assert notice.kind == "digest"
        assert notice.items.count() == 4
        assert all(f"leaf:{number}" in notice.body for number in range(4))


def test_three_days_without_a_tick_give_one_digest_a_person_and_lose_nothing(
    cast: Cast, open_an_item: OpenAnItem
) -> None:
    for day in (16, 17, 18):
        for number in range(4):
            due_on = date(2026, 11, 20) if number == 0 else None
            open_an_item(f"leaf:{day}:{number}", at=tokyo(f"2026-11-{day} 09:00"), due_on=due_on)

    counts = remind(tokyo("2026-11-19 09:00"))

    assert counts == Counts(items=12, escalated=0, notices=1, unreachable=0)
    assert story() == [("11-19 09:00", "olga", "digest")]
    assert NoticeItem.objects.count() == 12
    assert not OpenItem.objects.to_remind(at=tokyo("2026-11-19 09:00")).exists()


def test_after_downtime_each_step_still_has_its_time(cast: Cast, open_an_item: OpenAnItem) -> None:
    open_an_item(at=tokyo("2026-11-16 09:00"))
    remind(tokyo("2026-11-16 09:00"))

    tick("2026-12-10 09:00", "2026-12-18 00:00")

    assert story()[1:] == [("12-10 09:00", "hana", "escalation"), ("12-17 09:00", "miki", "escalation")]


def test_a_repeated_tick_tells_nobody_twice(cast: Cast, open_an_item: OpenAnItem) -> None:
    open_an_item(at=tokyo("2026-11-16 09:00"))
    at = tokyo("2026-11-16 09:00")

    assert [remind(at).notices, remind(at).notices, remind(at + timedelta(minutes=1)).notices] == [1, 0, 0]


def test_a_tick_that_dies_midway_loses_nothing(
    cast: Cast, open_an_item: OpenAnItem, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_an_item(at=tokyo("2026-11-16 09:00"))

    with monkeypatch.context() as patch:
        patch.setattr("dcase_audit.notices.reminding.enqueue_many", _die)
        with pytest.raises(SystemExit):
            remind(tokyo("2026-11-16 09:00"))
    assert story() == []

    remind(tokyo("2026-11-16 09:01"))
    assert story() == [("11-16 09:01", "olga", "reminder")]


def test_what_has_become_news_starts_with_the_owner_again(cast: Cast, open_an_item: OpenAnItem) -> None:
    open_an_item(at=tokyo("2026-11-16 09:00"))
    tick("2026-11-16 09:00", "2026-11-20 00:00")

    open_an_item(at=tokyo("2026-11-20 09:00"), kind="refuted", text_ja="leaf:1 反証あり")
    tick("2026-11-20 09:00", "2026-11-27 00:00")

    assert story()[2:] == [("11-20 09:00", "olga", "reminder"), ("11-26 09:00", "hana", "escalation")]


def test_where_a_step_has_nobody_the_next_one_is_told_at_once(cast: Cast, open_an_item: OpenAnItem) -> None:
    open_an_item(at=tokyo("2026-11-16 09:00"), owner=None, party=cast.development)
    cast.bo.memberships.update(until=tokyo("2026-11-01 00:00"))

    assert remind(tokyo("2026-11-16 09:00")) == Counts(items=1, escalated=1, notices=1, unreachable=0)

    notice = Notice.objects.get()
    assert notice.recipient == cast.miki
    assert "お知らせできる担当者がいないため" in notice.body


def test_what_nobody_can_be_told_of_is_counted_and_tried_again(
    cast: Cast, open_an_item: OpenAnItem, caplog: pytest.LogCaptureFixture
) -> None:
    cast.miki.memberships.all().update(until=tokyo("2026-11-01 00:00"))
    open_an_item(at=tokyo("2026-11-16 09:00"), owner=None, party=cast.development)
    cast.bo.memberships.update(until=tokyo("2026-11-01 00:00"))

    assert remind(tokyo("2026-11-16 09:00")) == Counts(items=0, escalated=0, notices=0, unreachable=1)
    assert "nobody can be told about leaf:1" in caplog.text

    join(person("new"), cast.development, "owner")
    tick("2026-11-16 10:00", "2026-11-18 00:00")
    assert story() == [("11-17 09:00", "new", "reminder")]


def test_management_sees_why_it_was_reached(cast: Cast, open_an_item: OpenAnItem) -> None:
    open_an_item(at=tokyo("2026-11-16 09:00"))

    tick("2026-11-16 09:00", "2026-11-28 00:00")

    notice = Notice.objects.get(recipient=cast.miki)
    assert notice.kind == "escalation"
    assert "2026年11月16日から続いていますが、まだどなたも確認済みにしていません" in notice.body
    assert "・2026年11月16日 09:00 JST 織賀 恵\n・2026年11月19日 09:00 JST Hana" in notice.body


def test_each_reader_is_told_in_the_own_language(cast: Cast, open_an_item: OpenAnItem) -> None:
    open_an_item(at=tokyo("2026-11-16 09:00"), due_on=date(2026, 11, 30))

    tick("2026-11-16 09:00", "2026-11-20 00:00")

    owner, head = Notice.objects.get(recipient=cast.olga), Notice.objects.get(recipient=cast.hana)
    assert owner.subject == "【要対応】leaf:1 証拠がありません"
    assert "期日: 2026年11月30日（月）" in owner.body
    assert head.subject == "Not acknowledged: leaf:1 has no evidence"
    assert "Due: Monday, 30 November 2026" in head.body
    assert "- 16 November 2026 09:00 JST Megumi Olga" in head.body


def test_markup_is_text_and_a_subject_is_one_line(cast: Cast, open_an_item: OpenAnItem) -> None:
    open_an_item(at=tokyo("2026-11-16 09:00"), text_ja="<b>E_1</b>\r\nBcc: x@example.com & \n" + "長" * 600)

    remind(tokyo("2026-11-16 09:00"))

    notice = Notice.objects.get()
    assert notice.subject.startswith("【要対応】<b>E_1</b> Bcc: x@example.com & 長長")
    assert "\n" not in notice.subject
    assert len(notice.subject) == 120


def test_a_large_digest_counts_what_it_leaves_out(cast: Cast, open_an_item: OpenAnItem) -> None:
    for number in range(130):
        open_an_item(f"leaf:{number}", at=tokyo("2026-11-16 09:00"))

    remind(tokyo("2026-11-16 09:00"))

    notice = Notice.objects.get()
    assert notice.subject == "【要対応】130件"
    assert notice.body.count("・leaf:") == 100
    assert "ほか30件" in notice.body
    assert notice.items.count() == 130


@pytest.mark.usefixtures("cast")
def test_each_notice_has_one_job_that_mails_it(open_an_item: OpenAnItem) -> None:
    open_an_item(at=tokyo("2026-11-16 09:00"))

    remind(tokyo("2026-11-16 09:00"))

    notice, job = Notice.objects.get(), Job.objects.get()
    assert (job.kind, job.key, job.args) == ("notices.mail", f"notices.mail:{notice.pk}", {"notice_id": notice.pk})


def test_batches_make_no_difference(cast: Cast, open_an_item: OpenAnItem, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dcase_audit.notices.reminding.BATCH", 3)
    for number in range(7):
        open_an_item(f"leaf:{number}", at=tokyo("2026-11-16 09:00"))

    assert remind(tokyo("2026-11-16 09:00")) == Counts(items=7, escalated=0, notices=1, unreachable=0)


def test_nothing_due_is_one_query(cast: Cast, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(3):  # a transaction's begin and end, and the question
        remind(tokyo("2026-11-16 09:00"))


@pytest.mark.parametrize("start", ["2026-11-16 09:00", "2026-11-19 09:00"], ids=["reminders", "escalations"])
def test_fifty_items_of_fifty_owners_take_as_many_queries_as_one(
    cast: Cast, open_an_item: OpenAnItem, start: str
) -> None:
    counts = []
    for total in (1, 50):
        for number in range(total):
            open_an_item(f"{total}:{number}", at=tokyo("2026-11-16 09:00"), owner=person(f"owner-{total}-{number}"))
        if start != "2026-11-16 09:00":
            remind(tokyo("2026-11-16 09:00"))
        with CaptureQueriesContext(connection) as captured:
            assert remind(tokyo(start)).items == total
        counts.append(len(captured))
        OpenItem.objects.update(closed_at=tokyo(start))

    assert counts[0] == counts[1] <= 14


def _die(*args: Any, **kwargs: Any) -> None:
    raise SystemExit
