"""What every corrective action has in common: who may own it, who closes it on what, and who is told."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from dcase_audit.accounts import permissions
from dcase_audit.accounts.models import Party, User
from dcase_audit.errors import AuditError, Invalid
from dcase_audit.notices.audience import may_be_told
from dcase_audit.notices.services import open_item
from evidence.models import Action, Decision, Revision, Support
from evidence.reasons import short

ACTION_ITEM, OVERDUE_ITEM = "corrective-action", "corrective-action-overdue"
WORDS = {
    ACTION_ITEM: ("是正処置", "Corrective action"),
    OVERDUE_ITEM: ("是正処置が期限を過ぎています", "Corrective action overdue"),
}
LONGEST = 4000
FARTHEST = timedelta(days=3653)


class OwnAction(AuditError):
    """Who carried an action out does not say that it is done (409)."""

    slug = "own-action"
    title = "This action is yours: somebody else closes it"


class ActionClosed(AuditError):
    """It was closed before, by another person or on other evidence (409)."""

    slug = "action-closed"
    title = "This action is closed already"


class About(NamedTuple):
    """What an action is about: in words, where it is shown, the department that answers for it, and its zone."""

    ja: str
    en: str
    href: str
    department: Party
    zone: ZoneInfo


def check_new(*, owner: User, due_on: date, about: About, at: datetime) -> None:
    """Refuse a day that has passed or is ten years away, and an owner who has left or could not act on it (422)."""
    today = at.astimezone(about.zone).date()
    if due_on < today:
        raise Invalid("This day has passed.", pointer="/due_on")
    if due_on > today + FARTHEST:
        raise Invalid("This day is too far away.", pointer="/due_on")
    may_act = permissions.may_write_evidence(owner.access, custodian_id=about.department.pk)
    if not (may_be_told(owner) and may_act):
        raise Invalid("The owner is a person of the department that answers for it.", pointer="/owner")


def close(current: Action, *, evidence: Revision, cases: Iterable[int], note: str, actor: User, at: datetime) -> bool:
    """Close an action, whose row the caller has locked, on evidence of one of ``cases``; False where the same was said.

    Raises:
        OwnAction: ``actor`` owns the action (409).
        ActionClosed: it was closed by somebody else, or on other evidence (409).
        Invalid: the revision is not accepted, speaks against the claim, or is of none of the cases (422).
    """
    if current.closed_at is not None:
        if (current.closed_by_id, current.evidence_id) == (actor.pk, evidence.pk):
            return False
        raise ActionClosed
    if current.owner_id == actor.pk:
        raise OwnAction
    _check_evidence(evidence, cases)
    current.closed_at, current.closed_by, current.evidence = at, actor, evidence
    current.closing_note = said(note, "/note", may_be_empty=True)
    current.save(update_fields=["closed_at", "closed_by", "evidence", "closing_note"])
    return True


def tell(action: Action, kind: str, *, key: str, about: About, at: datetime) -> None:
    """Tell its owner of an action that is awaited, or, once it is overdue, also whoever stands above."""
    ja, en = WORDS[kind]
    text = short(action.text, 80)
    open_item(
        key=key,
        kind=kind,
        text_ja=f"{ja}:「{text}」（{about.ja}）",
        text_en=f"{en}: “{text}” ({about.en})",
        href=about.href,
        party=about.department,
        owner=action.owner,
        due_on=action.due_on,
        at=at,
    )


def said(text: str, pointer: str, *, may_be_empty: bool = False) -> str:
    """Return what was written, without the blanks around it.

    Raises:
        Invalid: there is nothing, or too much (422).
    """
    text = text.strip()
    if len(text) > LONGEST or not (text or may_be_empty):
        raise Invalid(f"A text of at most {LONGEST} characters is needed.", pointer=pointer)
    return text


def _check_evidence(revision: Revision, cases: Iterable[int]) -> None:
    decided = {decision.kind for decision in revision.decisions.all()}
    gone = {Decision.Kind.WITHDRAWN, Decision.Kind.VOIDED}
    if Decision.Kind.ACCEPTED not in decided or decided & gone or revision.verdict != Revision.Verdict.SUPPORTS:
        raise Invalid("An accepted revision that supports is needed.", pointer="/revision")
    if not Support.objects.filter(artefact=revision.artefact_id, case__in=list(cases)).exists():
        raise Invalid("This revision is evidence of no case that is concerned.", pointer="/revision")
