"""What happens to open items: they are opened, acknowledged, handed over and closed; ``remind`` is the beat's tick."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import NamedTuple

from django.db import transaction
from django.db.models import Q
from django.utils.text import Truncator

from dcase_audit.accounts.models import Party, User
from dcase_audit.errors import AuditError
from dcase_audit.notices.audience import may_be_told
from dcase_audit.notices.ladder import Rung, comes_up_at, in_settings, office_hours
from dcase_audit.notices.models import Notice, OpenItem
from dcase_audit.notices.querysets import OpenItemQuerySet
from dcase_audit.notices.reminding import Counts, remind
from dcase_audit.notices.wording import one_line
from dcase_audit.trail.events import Event, record, record_many

__all__ = [
    "Counts",
    "ItemClosed",
    "NotADeputy",
    "Opening",
    "acknowledge",
    "close_each",
    "close_item",
    "close_items",
    "hand_over",
    "mark_read",
    "open_item",
    "open_items",
    "open_new",
    "remind",
]


class ItemClosed(AuditError):
    """The item does not need anybody any more."""

    slug = "item-closed"
    title = "This is settled already"


class NotADeputy(AuditError):
    """Items go to another person, and to one who is still there."""

    status = 422
    slug = "not-a-deputy"
    title = "This person cannot take over"


class Opening(NamedTuple):
    """What is to be seen to: see ``OpenItem``. Texts are put on one line, ``href`` is a path on this site."""

    key: str
    kind: str
    text_ja: str
    text_en: str
    href: str
    party: Party
    owner: User | None = None
    due_on: date | None = None
    role: OpenItem.Role = OpenItem.Role.OWNER
    not_to: User | None = None


def open_item(
    *,
    key: str,
    kind: str,
    text_ja: str,
    text_en: str,
    href: str,
    party: Party,
    owner: User | None,
    at: datetime,
    due_on: date | None = None,
    role: OpenItem.Role = OpenItem.Role.OWNER,
    not_to: User | None = None,
) -> OpenItem:
    """Open the item ``key``, or bring the open one up to date; its people are told at the next tick in office hours.

    A repeat changes nothing. Another kind, day, party or owner makes it news: it starts at the owner again.
    """
    opening = Opening(key, kind, text_ja, text_en, href, party, owner, due_on, role, not_to)
    with transaction.atomic(savepoint=False):
        item = open_items([opening], at=at)[key]
        record_many([_opened(opening, item)])
    return item


@transaction.atomic(savepoint=False)
def open_new(openings: Sequence[Opening], *, at: datetime) -> list[OpenItem]:
    """Open many items that nobody can have opened before, in a few queries; each is an event of its own."""
    if not openings:
        return []
    starts_at = office_hours(in_settings()).next(at)
    items = OpenItem.objects.bulk_create(_restart(_item(opening), at, starts_at) for opening in openings)
    record_many([_opened(opening, item) for opening, item in zip(openings, items, strict=True)])
    return items


def _opened(opening: Opening, item: OpenItem) -> Event:
    said = {"key": opening.key, "why": opening.kind, "party": opening.party.key}
    return Event("item.opened", f"item:{item.pk}", said)


@transaction.atomic(savepoint=False)
def open_items(openings: Sequence[Opening], *, at: datetime) -> dict[str, OpenItem]:
    """Open many items as ``open_item`` does, by key, in a constant number of queries; the caller names the event."""
    if not openings:
        return {}
    starts_at = office_hours(in_settings()).next(at)
    opened = {opening.key: _restart(_item(opening), at, starts_at) for opening in openings}
    # What is open already stays; whoever opens one of them at this moment opens it for both.
    OpenItem.objects.bulk_create([opened[key] for key in sorted(opened)], ignore_conflicts=True)
    found = {item.key: item for item in _open(list(opened)).select_for_update()}
    changed = [item for key, item in found.items() if _updated(item, opened[key], at, starts_at)]
    if changed:
        OpenItem.objects.store(changed, UPDATED)
    return found


def close_item(*, key: str, at: datetime) -> bool:
    """Close the item ``key``: nobody is told of it any more. False if none is open."""
    return bool(close_each([key], at=at))


@transaction.atomic(savepoint=False)
def close_each(keys: Collection[str], *, at: datetime) -> list[OpenItem]:
    """Close many items as ``close_item`` does and return those that were open; each is an event of its own."""
    closed = close_items(keys, at=at)
    record_many([Event("item.closed", f"item:{item.pk}", {"key": item.key}) for item in closed])
    return closed


@transaction.atomic(savepoint=False)
def close_items(keys: Collection[str], *, at: datetime) -> list[OpenItem]:
    """Close the open ones of the items ``keys`` in two queries and return them; the caller names the event."""
    closed = list(_open(keys).select_for_update()) if keys else []
    if closed:
        OpenItem.objects.filter(pk__in=[item.pk for item in closed]).update(closed_at=at, next_at=None)
    return closed


@transaction.atomic
def acknowledge(*, item: OpenItem, actor: User, at: datetime) -> OpenItem:
    """Record that ``actor`` sees to the item: it climbs no further, and ``actor`` is reminded of it with the owner.

    Whoever acknowledged first stays named; a repeat changes nothing.

    Raises:
        ItemClosed: it needs nobody any more (409).
    """
    current = OpenItem.objects.select_for_update().get(pk=item.pk)
    if current.closed_at is not None:
        raise ItemClosed
    if current.acknowledged_at is None:
        current.acknowledged_at, current.acknowledged_by = at, actor
        if current.told_at is not None:
            patience = in_settings()
            rung = Rung(current.step, current.told_at, True, current.due_on)
            current.next_at = comes_up_at(rung, at, patience, office_hours(patience))
        current.save(update_fields=["acknowledged_at", "acknowledged_by", "next_at"])
        record("item.acknowledged", f"item:{current.pk}", key=current.key, step=current.step)
    return current


@transaction.atomic
def hand_over(*, owner: User, deputy: User, at: datetime) -> int:
    """Give ``owner``'s open items to ``deputy``, who is told of each as of a new one; return how many they are.

    What ``owner`` had acknowledged for others starts anew with those: nobody sees to it any more.

    Raises:
        NotADeputy: ``deputy`` is the same person, has left, or is no person (422).
    """
    if deputy == owner or not may_be_told(deputy):
        raise NotADeputy
    held = OpenItem.objects.open().filter(Q(owner=owner) | Q(acknowledged_by=owner))
    items = list(held.order_by("pk").select_for_update())
    starts_at = office_hours(in_settings()).next(at)
    for item in items:
        if item.owner_id == owner.pk:
            item.owner = deputy
        _restart(item, item.opened_at, starts_at)
    OpenItem.objects.store(items, UPDATED)
    record("items.handed_over", f"user:{owner.pk}", to=deputy.pk, items=[item.pk for item in items])
    return len(items)


def mark_read(*, reader: User, notices: Collection[int], at: datetime) -> None:
    """Record that ``reader`` has seen these of the own notices (ids); the first time counts."""
    unread = Notice.objects.visible_to(reader).filter(pk__in=notices, read_at=None)
    read = list(unread.order_by("pk").select_for_update().values_list("pk", flat=True))
    if read:
        Notice.objects.filter(pk__in=read).update(read_at=at)
        record("notices.read", f"user:{reader.pk}", notices=read)


# What makes an item news to its people; with the texts and the address, what an opening says.
NEWS = ("kind", "due_on", "party_id", "owner_id", "role", "not_to_id")
SAID = ("text_ja", "text_en", "href")
LADDER = ("opened_at", "step", "told_at", "next_at", "acknowledged_at", "acknowledged_by_id")
UPDATED = (*NEWS, *SAID, *LADDER)


def _open(keys: Collection[str]) -> OpenItemQuerySet:
    return OpenItem.objects.open().filter(key__in=keys).order_by("pk")


def _item(opening: Opening) -> OpenItem:
    texts = {"text_ja": _fitting(opening.text_ja), "text_en": _fitting(opening.text_en)}
    return OpenItem(**opening._asdict() | texts)


def _fitting(text: str) -> str:
    return Truncator(one_line(text)).chars(500)


def _updated(item: OpenItem, opened: OpenItem, at: datetime, starts_at: datetime) -> bool:
    """Bring ``item`` to what ``opened`` says; tell whether that changed anything."""
    is_news = any(getattr(item, name) != getattr(opened, name) for name in NEWS)
    if not is_news and all(getattr(item, name) == getattr(opened, name) for name in SAID):
        return False
    for name in (*NEWS, *SAID):
        setattr(item, name, getattr(opened, name))
    if is_news:
        _restart(item, at, starts_at)
    return True


def _restart(item: OpenItem, opened_at: datetime, starts_at: datetime) -> OpenItem:
    item.opened_at, item.next_at = opened_at, starts_at
    item.step, item.told_at = 0, None
    item.acknowledged_at = item.acknowledged_by = None
    return item
