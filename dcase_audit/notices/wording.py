"""What a notice says, in its reader's language: ``templates/mail/KIND.LANGUAGE.txt``, the first line its subject."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import F
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.text import Truncator

from dcase_audit.accounts.models import User
from dcase_audit.notices.models import NoticeItem, OpenItem

INBOX = "/"
SUBJECT = 120  # characters: what mail programs and lists show of it
LINES = 100  # items that a digest spells out; the rest is counted, and found in the inbox
TELLINGS = 10  # earlier notices that an escalation spells out

Told = tuple[tuple[datetime, User], ...]


class Matter(NamedTuple):
    """An item as somebody is told of it; ``told_before`` is who was told when, without acknowledging it."""

    item: OpenItem
    escalated: bool
    told_before: Told = ()


class Words(NamedTuple):
    """A subject on one line, and a text."""

    subject: str
    body: str


def words(kind: str, matters: Iterable[Matter], reader: User) -> Words:
    """Return what a notice of ``kind`` says about ``matters`` to ``reader``."""
    language = language_of(reader)
    ordered = sorted(matters, key=_urgency)
    context = {
        "matters": [_spelt_out(matter, language) for matter in ordered[:LINES]],
        "count": len(ordered),
        "left_out": max(0, len(ordered) - LINES),
        "escalated": sum(matter.escalated for matter in ordered),
    }
    return rendered(kind, language, context)


def rendered(name: str, language: str, context: dict[str, Any]) -> Words:
    """Render ``mail/NAME.LANGUAGE.txt``, dates in the organisation's zone."""
    with translation.override(language), timezone.override(ZoneInfo(settings.TIME_ZONE)):
        text = render_to_string(f"mail/{name}.{language}.txt", context)
    subject, _, body = text.strip().partition("\n\n")
    return Words(Truncator(one_line(subject)).chars(SUBJECT), body.strip() + "\n")


def told_before(items: list[OpenItem]) -> dict[int, Told]:
    """Return who was told when of each item since it is what it is, in one query (none without items)."""
    found: dict[int, list[tuple[datetime, User]]] = defaultdict(list)
    mentions = NoticeItem.objects.filter(item__in=items, notice__created_at__gte=F("item__opened_at"))
    for mention in mentions.select_related("notice__recipient").order_by("notice__created_at", "notice__recipient"):
        found[mention.item_id].append((mention.notice.created_at, mention.notice.recipient))
    return {item_id: tuple(told) for item_id, told in found.items()}


def language_of(reader: User) -> str:
    """Return the language in which ``reader`` is written to."""
    return "ja" if reader.language == "ja" else "en"


def one_line(text: str) -> str:
    """Return ``text`` without line breaks, which a mail's header could be continued by."""
    return " ".join(text.split())


def _urgency(matter: Matter) -> tuple[bool, date, datetime]:
    return not matter.escalated, matter.item.due_on or date.max, matter.item.opened_at


def _spelt_out(matter: Matter, language: str) -> dict[str, Any]:
    told = [(at, person.name(language)) for at, person in matter.told_before]
    return {
        "text": matter.item.text(language),
        "due_on": matter.item.due_on,
        "opened_at": matter.item.opened_at,
        "acknowledged": matter.item.acknowledged_at is not None,
        "escalated": matter.escalated,
        "told": told[-TELLINGS:],
        "told_earlier": max(0, len(told) - TELLINGS),
    }
