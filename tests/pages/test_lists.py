"""Lists say the same with one row and with fifty, in as many queries."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import timedelta

import pytest

from dcase_audit.cases.models import NodeText
from dcase_audit.notices import services as notices
from dcase_audit.notices.models import Notice, OpenItem
from dcase_audit.reports import services as reports
from drills.services import create_drill
from evidence import services
from evidence.models import Artefact, Standing
from tests.cast import EARLY, NOW, Cast, submitted
from tests.pages.conftest import As, queries, text_of


def more_artefacts(cast: Cast, numbers: Iterable[int]) -> list[Artefact]:
    made = [
        services.create_artefact(
            kind=cast.kinds["drill-record"],
            key=f"more-{number}",
            title_en=f"More {number}",
            custodian=cast.it_service,
            owner=cast.olga,
            actor=None,
            at=EARLY,
        )
        for number in numbers
    ]
    for artefact in made:
        services.link(artefact=artefact, node=cast.node("E_1"), actor=None, at=EARLY)
    return made


def open_items(cast: Cast, numbers: Iterable[int]) -> None:
    for number in numbers:
        notices.open_item(
            key=f"item-{number}",
            kind="expired",
            text_ja=f"第{number}件",
            text_en=f"Item {number}",
            href="/",
            party=cast.it_service,
            owner=cast.olga,
            at=NOW - timedelta(days=number),
            due_on=(NOW + timedelta(days=number - 3)).date(),
        )


def notices_of(cast: Cast, numbers: Iterable[int]) -> None:
    for number in numbers:
        notice = Notice.objects.create(
            recipient=cast.olga,
            key=f"n-{number}",
            kind="reminder",
            subject=f"Subject {number}",
            body="Body",
            created_at=NOW,
        )
        notice.items.add(OpenItem.objects.open()[0])


def more_drills(cast: Cast, numbers: Iterable[int]) -> None:
    for number in numbers:
        create_drill(
            key=f"drill-{number}",
            artefact=cast.night_drills,
            department=cast.it_service,
            starts_at=NOW + timedelta(days=1),
            actor=cast.olga,
            at=NOW,
        )


def more_reports(cast: Cast, numbers: Iterable[int]) -> None:
    for _number in numbers:
        reports.order(case=cast.case, at=NOW, known=NOW, language="ja", actor=cast.olga, ordered_at=NOW)


Grow = Callable[[Cast, Iterable[int]], object]

GROWING = [
    ("/evidence/", more_artefacts, 13),
    ("/due/", open_items, 12),
    ("/inbox/", notices_of, 10),
    ("/drills/", more_drills, 12),
    ("/reports/", more_reports, 12),
    ("/", open_items, 20),
]


@pytest.mark.parametrize(("path", "grow", "most"), GROWING, ids=[path for path, _, _ in GROWING])
def test_a_list_takes_as_many_queries_for_1_row_as_for_50(
    cast: Cast, as_: As, path: str, grow: Grow, most: int
) -> None:
    open_items(cast, range(1))
    grow(cast, range(1))
    olga = as_("olga")
    few = queries(olga, path)

    grow(cast, range(1, 50))

    assert few == queries(olga, path) <= most


def keys_on(page: str) -> list[str]:
    return [row.split("/")[0] for row in page.split('<th scope="row"><a href="/evidence/')[1:]]


def test_evidence_is_listed_page_by_page_each_once(cast: Cast, as_: As) -> None:
    more_artefacts(cast, range(60))
    olga = as_("olga")

    first = text_of(olga.get("/evidence/", {"kind": "drill-record"}))
    following = first.split('class="pager"><a href="')[1].split('"')[0].replace("&amp;", "&")
    second = text_of(olga.get(f"/evidence/{following}"))

    assert len(keys_on(first)) == 50
    assert len(keys_on(second)) == 11
    assert not set(keys_on(first)) & set(keys_on(second))
    assert "Next page" not in second


@pytest.mark.parametrize("cursor", ["nonsense", "W10:x", "\x00", "a" * 5000])
def test_a_cursor_that_is_none_of_ours_begins_at_the_start(cast: Cast, as_: As, cursor: str) -> None:
    assert keys_on(text_of(as_("olga").get("/evidence/", {"after": cursor}))) == ["night-drills"]


def test_evidence_is_filtered(cast: Cast, as_: As) -> None:
    more_artefacts(cast, range(3))
    accepted = submitted(cast.night_drills, cast.olga, subjects={"failover-setting": {"version": "1", "digest": ""}})
    services.accept(revision=accepted, actor=cast.ken, at=NOW)
    ends = Standing.objects.get(artefact=cast.night_drills)
    olga = as_("olga")

    def found(**wanted: str) -> list[str]:
        return keys_on(text_of(olga.get("/evidence/", wanted)))

    assert ends.state == "supported"
    assert found(status="supported") == found(group="good") == found(q="夜間") == found(q="NIGHT-") == ["night-drills"]
    assert len(found(group="broken")) == len(found(status="missing")) == 3
    assert found(department="sales") == found(kind="rule") == found(q="nothing like it") == []
    assert len(found(status="no such status")) == 4


def test_lists_hold_nothing_of_other_departments(cast: Cast, as_: As) -> None:
    more_artefacts(cast, range(3))

    page = text_of(as_("bo").get("/evidence/"))

    assert keys_on(page) == ["review-rule"]
    assert "IT Service" not in page


def test_the_first_page_counts_what_the_list_shows(cast: Cast, as_: As) -> None:
    more_artefacts(cast, range(3))
    submitted(cast.night_drills, cast.olga)
    page = text_of(as_("olga").get("/"))

    assert '?group=broken"><strong>3</strong>' in page
    assert '?group=waiting"><strong>1</strong>' in page
    assert '?group=good"><strong>0</strong>' in page


def test_the_first_page_is_each_ones_own(cast: Cast, as_: As) -> None:
    submitted(cast.night_drills, cast.olga)
    open_items(cast, range(2))
    OpenItem.objects.filter(key="item-1").update(step=2)

    olga, ken, miki, rin, ada = (text_of(as_(name).get("/")) for name in ("olga", "ken", "miki", "rin", "ada"))

    assert "Due for you" in olga
    assert "Submissions that you may decide on" not in olga
    assert "Submissions that you may decide on" in ken
    assert "Escalated to management" in miki
    assert "Evidence of your department" not in miki
    assert "Auditor for Auditors" in rin
    assert "You configure and decide nothing about evidence." in ada
    assert "No recurrence" not in ada


def test_due_says_how_many_business_days_are_left(cast: Cast, as_: As) -> None:
    open_items(cast, range(6))

    english, japanese = text_of(as_("olga").get("/due/")), text_of(as_("olga", "ja").get("/due/"))

    assert "3 business days late" in english
    assert "last day" in english
    # A weekend and a public holiday follow.
    assert english.count("no business day left") == 2
    assert "3営業日超過" in japanese


def test_notices_are_read_and_items_acknowledged(cast: Cast, as_: As) -> None:
    open_items(cast, range(1))
    notices_of(cast, range(2))
    olga, ken = as_("olga"), as_("ken")
    first = Notice.objects.get(key="n-0")
    item = OpenItem.objects.get(key="item-0")
    assert 'aria-label="2 unread"' in text_of(olga.get("/inbox/"))

    olga.post("/inbox/read/", {"notice": str(first.pk)})
    assert Notice.objects.filter(read_at=None).count() == 1
    ken.post("/inbox/read/")
    assert Notice.objects.filter(read_at=None).count() == 1
    olga.post("/inbox/read/")
    assert not Notice.objects.filter(read_at=None).exists()

    olga.post(f"/inbox/items/{item.pk}/acknowledge/")
    assert "Olga sees to it" in text_of(olga.get("/inbox/"))
    notices.close_item(key="item-0", at=NOW)
    refused = olga.post(f"/inbox/items/{item.pk}/acknowledge/", follow=True)
    assert "This is settled already" in text_of(refused)


def test_a_report_is_ordered_watched_and_called_off(cast: Cast, as_: As) -> None:
    miki = as_("miki")

    ordered = miki.post("/reports/", {"case": "recurrence", "language": "ja", "at": ""})
    path = ordered.headers["Location"]
    whole, part = miki.get(path), miki.get(path, headers={"HX-Request": "true"})
    future = miki.post("/reports/", {"case": "recurrence", "language": "ja", "at": "2030-01-01T00:00"})
    early = miki.post("/reports/", {"case": "recurrence", "language": "ja", "at": "0001-01-01T00:00"})
    hidden = as_("otto").post("/reports/", {"case": "recurrence", "language": "ja", "at": ""})
    miki.post(f"{path}cancel/")

    assert 'hx-trigger="every 2s"' in text_of(whole)
    assert "<html" in text_of(whole)
    assert "<html" not in text_of(part)
    assert "not of the future" in text_of(future)
    assert "The year lies outside of 1900 to 2999." in text_of(early)
    assert "Select a valid choice." in text_of(hidden)
    assert "hx-trigger" not in text_of(miki.get(path))


def test_what_has_happened_is_more_urgent_than_what_will(cast: Cast, as_: As) -> None:
    kinds = {"expiring": NOW + timedelta(days=2), "expired": None, "waiting": None}
    for kind, day in kinds.items():
        notices.open_item(
            key=kind,
            kind=kind,
            text_ja=f"{kind}の件",
            text_en=f"What is {kind}",
            href="/",
            party=cast.it_service,
            owner=cast.olga,
            at=NOW - timedelta(days=9),
            due_on=day.date() if day else None,
        )

    page = text_of(as_("olga").get("/due/"))

    assert re.findall(r"What is (\w+)", page) == ["expired", "expiring", "waiting"]


def test_the_first_page_of_management_lists_a_matter_once(cast: Cast, as_: As) -> None:
    open_items(cast, range(2))
    OpenItem.objects.filter(key="item-1").update(step=2)

    page = text_of(as_("miki").get("/"))

    assert page.count("Item 1") == 1
    assert "Item 0" not in page


def test_the_first_page_of_an_auditor_names_the_case_and_what_changed(cast: Cast, as_: As) -> None:
    accepted = submitted(cast.night_drills, cast.olga, subjects={"failover-setting": {"version": "1", "digest": ""}})
    services.accept(revision=accepted, actor=cast.ken, at=NOW)

    page = text_of(as_("rin").get("/"))

    assert f">{cast.case.title('en')}</a> · Auditor for Auditors" in page
    assert NodeText.objects.in_force().get(node=cast.node("E_1")).statement("en") in page


def test_a_drill_whose_date_has_passed_awaits_its_report(cast: Cast, as_: As) -> None:
    planned_at = NOW - timedelta(hours=1)
    cast.drill.occurrences.create(
        planned_at=planned_at, planned_on=planned_at.date(), report_by=NOW + timedelta(days=2), recorded_at=EARLY
    )

    page = text_of(as_("olga").get("/drills/night-failover/"))

    assert "awaits its report, due by <time" in page
