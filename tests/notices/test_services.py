from __future__ import annotations

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dcase_audit.accounts.models import User
from dcase_audit.notices.models import Notice, OpenItem
from dcase_audit.notices.services import (
    ItemClosed,
    NotADeputy,
    Opening,
    acknowledge,
    close_item,
    hand_over,
    mark_read,
    open_items,
    remind,
)
from tests.notices.conftest import Cast, OpenAnItem, person, tokyo

AT = tokyo("2026-11-16 09:00")
LATER = tokyo("2026-11-17 10:00")


def state(item: OpenItem) -> dict[str, object]:
    return dict(OpenItem.objects.values().get(pk=item.pk))


@pytest.mark.usefixtures("cast")
def test_opening_again_changes_nothing(open_an_item: OpenAnItem) -> None:
    item = open_an_item(at=AT)
    remind(AT)
    before = state(item)

    assert open_an_item(at=LATER) == item
    assert state(item) == before
    assert OpenItem.objects.count() == 1


def test_other_words_are_no_news(cast: Cast, open_an_item: OpenAnItem) -> None:
    item = open_an_item(at=AT)
    remind(AT)
    acknowledge(item=item, actor=cast.ken, at=AT)
    before = state(item)

    open_an_item(at=LATER, text_ja="言い換えた説明", href="/elsewhere/")

    assert state(item) == before | {"text_ja": "言い換えた説明", "href": "/elsewhere/"}


@pytest.mark.parametrize("news", ["kind", "due_on", "party", "owner"])
def test_news_starts_the_ladder_again(cast: Cast, open_an_item: OpenAnItem, news: str) -> None:
    said = {"kind": "expired", "due_on": date(2026, 12, 1), "party": cast.development, "owner": cast.bo}
    item = open_an_item(at=AT)
    remind(AT)
    remind(tokyo("2026-11-19 09:00"))
    acknowledge(item=item, actor=cast.hana, at=tokyo("2026-11-19 10:00"))

    again = open_an_item(at=tokyo("2026-11-20 21:00"), **{news: said[news]})

    assert again == item
    assert state(item)["opened_at"] == tokyo("2026-11-20 21:00")
    assert state(item)["next_at"] == tokyo("2026-11-24 08:00")
    assert [state(item)[name] for name in ("step", "told_at", "acknowledged_at", "acknowledged_by_id")] == [
        0, None, None, None,
    ]  # fmt: skip


@pytest.mark.usefixtures("cast")
def test_a_closed_item_stays_and_the_key_can_be_opened_anew(open_an_item: OpenAnItem) -> None:
    first = open_an_item(at=AT)

    assert close_item(key="leaf:1", at=LATER)
    assert not close_item(key="leaf:1", at=LATER)
    second = open_an_item(at=LATER)

    assert first != second
    assert state(first)["closed_at"] == LATER
    assert state(first)["next_at"] is None


def test_the_first_acknowledgement_counts(cast: Cast, open_an_item: OpenAnItem) -> None:
    item = open_an_item(at=AT)

    acknowledge(item=item, actor=cast.ken, at=AT)
    again = acknowledge(item=item, actor=cast.olga, at=LATER)

    assert (again.acknowledged_by, again.acknowledged_at) == (cast.ken, AT)


def test_what_is_closed_cannot_be_acknowledged(cast: Cast, open_an_item: OpenAnItem) -> None:
    item = open_an_item(at=AT)
    close_item(key="leaf:1", at=AT)

    with pytest.raises(ItemClosed):
        acknowledge(item=item, actor=cast.ken, at=LATER)


def test_an_owner_who_leaves_hands_over(cast: Cast, open_an_item: OpenAnItem) -> None:
    owned, taken_on = open_an_item("leaf:1", at=AT), open_an_item("leaf:2", at=AT, owner=cast.bo)
    others, closed = open_an_item("leaf:3", at=AT, owner=cast.ken), open_an_item("leaf:4", at=AT)
    close_item(key="leaf:4", at=AT)
    remind(AT)
    for item in (owned, taken_on):
        acknowledge(item=item, actor=cast.olga, at=AT)
    untouched = state(others), state(closed)

    assert hand_over(owner=cast.olga, deputy=cast.ken, at=LATER) == 2

    assert [state(item)["owner_id"] for item in (owned, taken_on)] == [cast.ken.pk, cast.bo.pk]
    assert [state(item)["acknowledged_at"] for item in (owned, taken_on)] == [None, None]
    assert (state(others), state(closed)) == untouched
    remind(LATER)
    assert {notice.recipient for notice in Notice.objects.filter(created_at=LATER)} == {cast.ken, cast.bo}


@pytest.mark.parametrize("deputy", ["olga", "gone", "robot"])
def test_items_go_to_another_person_who_is_there(cast: Cast, deputy: str) -> None:
    person("gone", is_active=False)
    person("robot", kind=User.Kind.MACHINE)

    with pytest.raises(NotADeputy):
        hand_over(owner=cast.olga, deputy=User.objects.get(username=deputy), at=LATER)


def test_reading_counts_once_and_only_for_the_reader(cast: Cast, open_an_item: OpenAnItem) -> None:
    open_an_item(at=AT)
    remind(AT)
    notice = Notice.objects.get()

    mark_read(reader=cast.ken, notices=[notice.pk], at=AT)
    notice.refresh_from_db()
    assert notice.read_at is None

    mark_read(reader=cast.olga, notices=[notice.pk], at=AT)
    mark_read(reader=cast.olga, notices=[notice.pk], at=LATER)
    notice.refresh_from_db()
    assert notice.read_at == AT


def test_items_are_seen_by_their_department_and_by_whom_they_came_up_to(cast: Cast, open_an_item: OpenAnItem) -> None:
    def seen(user: User) -> bool:
        return OpenItem.objects.visible_to(User.objects.get(pk=user.pk)).exists()

    open_an_item(at=AT)
    assert [seen(user) for user in (cast.olga, cast.ken, cast.hana, cast.miki, cast.bo)] == [
        True, True, True, False, False,
    ]  # fmt: skip
    assert not Notice.objects.visible_to(cast.bo).exists()

    for at in ("2026-11-16 09:00", "2026-11-19 09:00", "2026-11-27 09:00"):
        remind(tokyo(at))
    assert seen(cast.miki)
    assert not seen(cast.bo)

    hand_over(owner=cast.olga, deputy=cast.bo, at=tokyo("2026-11-27 10:00"))
    assert seen(cast.bo)


def test_who_leaves_a_department_sees_its_items_no_more(cast: Cast, open_an_item: OpenAnItem) -> None:
    item = open_an_item(at=AT, owner=None, role="approver")
    remind(AT)
    assert Notice.objects.filter(recipient=cast.ken).exists()

    cast.ken.memberships.update(until=tokyo("2026-11-16 12:00"))

    ken = User.objects.get(pk=cast.ken.pk)
    assert item not in OpenItem.objects.visible_to(ken)


def test_items_of_a_merged_department_are_its_heirs(cast: Cast, open_an_item: OpenAnItem) -> None:
    item = open_an_item(at=AT)

    cast.service.successor = cast.development
    cast.service.save()

    assert item in OpenItem.objects.visible_to(User.objects.get(pk=cast.bo.pk))


def test_many_items_take_as_many_queries_as_one(cast: Cast) -> None:
    counts = []
    for total in (1, 50):
        wanted = [
            Opening(f"{total}:{n}", "missing", "証拠なし", "missing", "/", cast.service, cast.olga)
            for n in range(total)
        ]
        for kind in ("missing", "expired"):
            with CaptureQueriesContext(connection) as captured:
                found = open_items([opening._replace(kind=kind) for opening in wanted], at=AT)
            counts.append(len(captured))
            assert {item.kind for item in found.values()} == {kind}

    assert counts[:2] == counts[2:]
    assert max(counts) <= 6
    assert open_items([], at=AT) == {}
