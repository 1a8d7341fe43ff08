"""What monitors measured of a target, and the corrective action for a period that missed it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from django.db import transaction

from dcase_audit.accounts import permissions
from dcase_audit.accounts.models import User
from dcase_audit.cases.models import Node, NodeText
from dcase_audit.cases.words import TARGET_PREFIX
from dcase_audit.errors import AuditError, Invalid, NotAllowed
from dcase_audit.notices.services import close_item
from dcase_audit.trail.events import record
from evidence.models import Revision, TargetPeriod, TargetRemedy
from evidence.services import actions
from evidence.settling import settling


class RemedyExists(AuditError):
    """A corrective action for this period was proposed already (409)."""

    slug = "remedy-exists"
    title = "This period has its corrective action"


@transaction.atomic
def record_target_periods(*, node: Node, periods: Sequence[TargetPeriod], at: datetime) -> None:
    """Record what was measured of the context's target; ``periods`` are not saved yet. Without any, do nothing."""
    if not periods:
        return
    with settling(at=at, cause="target.measured", leaves=[node.pk]) as work:
        for period in periods:
            period.node, period.recorded_at = node, work.moment
        TargetPeriod.objects.bulk_create(periods)
        record("target.measured", f"node:{node.pk}", key=node.key, periods=len(periods))


@transaction.atomic
def propose_remedy(
    *, node: Node, start: datetime, until: datetime, text: str, owner: User, due_on: date, actor: User, at: datetime
) -> TargetRemedy:
    """Say what is done so that the target is not missed again, by whom and until when; its owner is told.

    Raises:
        NotAllowed: ``actor`` is no member of the department that answers for the context (403).
        Invalid: no such period was measured, no text, a day that has passed, or nobody of the department (422).
        RemedyExists: the period has one (409).
    """
    about = _about(node)
    if about is None or not permissions.may_write_evidence(actor.access, custodian_id=about.department.pk):
        raise NotAllowed("Members of the department that answers for the target propose its corrective action.")
    if not TargetPeriod.objects.filter(node=node, start=start, until=until).exists():
        raise Invalid("No such period was measured.", pointer="/from")
    actions.check_new(owner=owner, due_on=due_on, about=about, at=at)
    remedy, is_new = TargetRemedy.objects.get_or_create(
        node=node,
        start=start,
        until=until,
        defaults={
            "text": actions.said(text, "/text"),
            "owner": owner,
            "due_on": due_on,
            "added_by": actor,
            "added_at": at,
        },
    )
    if not is_new:
        raise RemedyExists
    record(
        "remedy.proposed",
        f"remedy:{remedy.pk}",
        node=node.key,
        owner=owner.pk,
        due_on=due_on.isoformat(),
        by=actor.pk,
    )
    actions.tell(remedy, actions.ACTION_ITEM, key=_item_key(remedy), about=about, at=at)
    return remedy


@transaction.atomic
def close_remedy(*, remedy: TargetRemedy, evidence: Revision, note: str = "", actor: User, at: datetime) -> bool:
    """Close an action on evidence of the case that it was carried out; False where the same was said before.

    Raises:
        NotAllowed: ``actor`` is no approver of the department that answers for the context (403).
        OwnAction: ``actor`` owns the action (409).
        ActionClosed: it was closed by somebody else, or on other evidence (409).
        Invalid: the revision is not accepted, speaks against the claim, or is not of the case (422).
    """
    node = remedy.node
    with settling(at=at, cause="remedy.closed", leaves=[node.pk]) as work:
        current = TargetRemedy.objects.select_for_update(no_key=True).get(pk=remedy.pk)
        about = _about(node)
        if about is None or not permissions.may_approve_for(actor.access, custodian_id=about.department.pk):
            raise NotAllowed("An approver of the department that answers for the target closes this.")
        cases = [node.case_id]
        if not actions.close(current, evidence=evidence, cases=cases, note=note, actor=actor, at=work.moment):
            return False
        record("remedy.closed", f"remedy:{current.pk}", node=node.key, by=actor.pk, evidence=evidence.pk)
        close_item(key=_item_key(current), at=work.moment)
    return True


def tell_overdue_remedies(*, at: datetime) -> int:
    """Tell whose they are, and then whoever stands above, of what is not closed in time. Safe to repeat."""
    overdue = TargetRemedy.objects.overdue(at=at).select_related("owner", "node__case")
    for remedy in overdue:
        about = _about(remedy.node)
        if about is not None:
            actions.tell(remedy, actions.OVERDUE_ITEM, key=_item_key(remedy), about=about, at=at)
    return len(overdue)


def _item_key(remedy: TargetRemedy) -> str:
    return f"target-remedy:{remedy.pk}"


def _about(node: Node) -> actions.About | None:
    """Return what is told of a target's action; None where nobody answers for the context any more."""
    text = NodeText.objects.in_force().filter(node=node).select_related("accountable").first()
    if text is None or text.accountable is None:
        return None
    return actions.About(
        ja=f"「{node.case.title('ja')}」の目標 {node.key} の未達",
        en=f"target {node.key} of “{node.case.title('en')}” missed",
        href=f"/cases/{node.case.slug}/nodes/{TARGET_PREFIX}{node.key}/",
        department=text.accountable,
        zone=node.case.zone,
    )
