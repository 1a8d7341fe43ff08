"""The tick: take what is due, tell whose turn it is, write down when it comes up again; all in one transaction."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from django.db import transaction

from dcase_audit.accounts.models import User
from dcase_audit.jobs.services import enqueue_many
from dcase_audit.notices import audience, ladder, wording
from dcase_audit.notices.audience import Roster
from dcase_audit.notices.ladder import MANAGEMENT, OWNER, Hours, Ladder, Rung
from dcase_audit.notices.models import Notice, NoticeItem, OpenItem
from dcase_audit.trail.events import record

log = logging.getLogger(__name__)
BATCH = 500


class Counts(NamedTuple):
    """What a tick did: items that somebody was told of, those of them that climbed, notices, items without anybody."""

    items: int = 0
    escalated: int = 0
    notices: int = 0
    unreachable: int = 0


class Telling(NamedTuple):
    """That ``people`` are told about ``item`` now, and whether because nobody before them acknowledged it."""

    item: OpenItem
    people: list[User]
    escalated: bool


class Rules(NamedTuple):
    """What a tick decides by."""

    ladder: Ladder
    hours: Hours
    at: datetime


@transaction.atomic
def remind(at: datetime) -> Counts:
    """Tell people what is due at ``at``, each thing once, and move every item on; outside office hours move it only.

    Safe to run beside another and to repeat: an item is taken by one of them, and taken items are no longer due.
    However much has become due meanwhile, a person gets at most ``digest_above`` notices, or one digest.
    """
    claimed = _claim(at)
    if not claimed:
        return Counts()
    patience = ladder.in_settings()
    rules = Rules(patience, ladder.office_hours(patience), at)
    if not rules.hours.hold(at):
        OpenItem.objects.to_remind(at=at).update(next_at=rules.hours.next(at))
        return Counts()
    tellings: list[Telling] = []
    while claimed:
        tellings += _climb(claimed, rules)
        claimed = _claim(at) if len(claimed) == BATCH else []
    told = [telling for telling in tellings if telling.people]
    notices = _write(told, rules)
    escalated = [telling.item.pk for telling in told if telling.escalated]
    if notices:
        record("notices.sent", f"notice:{notices[0].pk}", notices=[n.pk for n in notices], escalated=escalated)
    return Counts(len(told), len(escalated), len(notices), len(tellings) - len(told))


def _claim(at: datetime) -> list[OpenItem]:
    due = OpenItem.objects.to_remind(at=at).select_related("owner", "acknowledged_by").order_by("next_at", "pk")
    return list(due.select_for_update(of=("self",), skip_locked=True)[:BATCH])


def _climb(items: list[OpenItem], rules: Rules) -> list[Telling]:
    """Decide for each item who is told and move it on, in memory and in the database."""
    roster = audience.read(items, at=rules.at)
    tellings = [_tell(item, roster, rules) for item in items]
    OpenItem.objects.store(items, ("step", "told_at", "rounds", "next_at"))
    return tellings


def _tell(item: OpenItem, roster: Roster, rules: Rules) -> Telling:
    step = item.step + 1 if _is_ignored(item, rules) else item.step
    people = _people(item, step, roster)
    while not people and step < MANAGEMENT:
        step += 1
        people = _people(item, step, roster)
    if not people:
        log.warning("nobody can be told about %s: no owner, no head, no management", item.key)
        item.next_at = rules.hours.later(rules.at, 1)
        return Telling(item, [], False)
    climbed = step > item.step
    if climbed or item.told_at is None:
        item.told_at = rules.at
    item.step, item.rounds = step, item.rounds + 1
    rung = Rung(step, item.told_at, item.acknowledged_at is not None, item.due_on)
    item.next_at = ladder.comes_up_at(rung, rules.at, rules.ladder, rules.hours)
    return Telling(item, people, climbed)


def _is_ignored(item: OpenItem, rules: Rules) -> bool:
    """Tell whether the people of the present step had their time and did not acknowledge."""
    if item.told_at is None:
        return False
    rung = Rung(item.step, item.told_at, item.acknowledged_at is not None, item.due_on)
    escalation = ladder.escalates_at(rung, rules.ladder, rules.hours)
    return escalation is not None and escalation <= rules.at


def _people(item: OpenItem, step: int, roster: Roster) -> list[User]:
    """Return who is told: of a new step its people alone, of a known one also the owner, who is to act.

    Once somebody has acknowledged, that person and the owner.
    """
    people = roster.audience(item, step)
    if step > item.step:
        return people
    if item.acknowledged_by is not None:
        people = [item.acknowledged_by] if audience.may_be_told(item.acknowledged_by) else []
    return list(dict.fromkeys([*roster.audience(item, OWNER), *people]))


def _write(tellings: Iterable[Telling], rules: Rules) -> list[Notice]:
    """Write the notices with the items they are about, and a job for each that goes out by mail."""
    told_before = wording.told_before([telling.item for telling in tellings if telling.escalated])
    inboxes: dict[User, list[wording.Matter]] = defaultdict(list)
    for telling in tellings:
        matter = wording.Matter(telling.item, telling.escalated, told_before.get(telling.item.pk, ()))
        for person in telling.people:
            inboxes[person].append(matter)
    pairs = [pair for person, matters in inboxes.items() for pair in _notices(person, matters, rules)]
    notices = Notice.objects.bulk_create([notice for notice, _ in pairs])
    about = [NoticeItem(notice=notice, item=matter.item) for notice, matters in pairs for matter in matters]
    NoticeItem.objects.bulk_create(about)
    mailed = [notice.pk for notice in notices if notice.recipient.email]
    enqueue_many("notices.mail", [(f"notices.mail:{pk}", {"notice_id": pk}) for pk in mailed])
    return notices


def _notices(person: User, matters: list[wording.Matter], rules: Rules) -> list[tuple[Notice, list[wording.Matter]]]:
    if len(matters) > rules.ladder.digest_above:
        return [(_notice(person, Notice.Kind.DIGEST, matters, rules), matters)]
    kinds = {True: Notice.Kind.ESCALATION, False: Notice.Kind.REMINDER}
    return [(_notice(person, kinds[matter.escalated], [matter], rules), [matter]) for matter in matters]


def _notice(person: User, kind: Notice.Kind, matters: list[wording.Matter], rules: Rules) -> Notice:
    first = matters[0].item
    said = wording.words(kind, matters, person)
    # An item's round is counted with the notice's own transaction: the key says that it was told, whoever tells it.
    key = f"{'digest' if kind == Notice.Kind.DIGEST else 'item'}:{first.pk}:{first.rounds}"
    href = wording.INBOX if kind == Notice.Kind.DIGEST else first.href
    return Notice(
        recipient=person, key=key, kind=kind, subject=said.subject, body=said.body, href=href, created_at=rules.at
    )
