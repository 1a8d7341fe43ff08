"""What monitors measured of a target, and the corrective action for a period that missed it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from dcase_audit.accounts import permissions
from dcase_audit.accounts.models import User
from dcase_audit.cases.models import Node, NodeText
from dcase_audit.errors import AuditError, Invalid, NotAllowed
from dcase_audit.trail.events import record
from evidence.models import TargetPeriod, TargetRemedy
from evidence.refusals import SelfApproval
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
    *, node: Node, start: datetime, until: datetime, action: str, actor: User, at: datetime
) -> TargetRemedy:
    """Say what is done so that the target is not missed again.

    Raises:
        NotAllowed: ``actor`` is no member of the department that answers for the context (403).
        Invalid: no such period was missed, or the action is not said (422).
        RemedyExists: the period has one (409).
    """
    if not permissions.may_write_evidence(actor.access, custodian_id=_accountable(node)):
        raise NotAllowed("Members of the department that answers for the target propose its corrective action.")
    if not action.strip():
        raise Invalid("What is done has to be said.", pointer="/action")
    if not TargetPeriod.objects.filter(node=node, start=start, until=until).exists():
        raise Invalid("No such period was measured.", pointer="/from")
    if TargetRemedy.objects.filter(node=node, start=start, until=until).exists():
        raise RemedyExists
    remedy = TargetRemedy.objects.create(
        node=node, start=start, until=until, action=action, proposed_by=actor, proposed_at=at
    )
    record("remedy.proposed", f"remedy:{remedy.pk}", node=node.key, by=actor.pk)
    return remedy


@transaction.atomic
def close_remedy(*, remedy: TargetRemedy, because: str, actor: User, at: datetime) -> bool:
    """Say that the corrective action is done; False where the same person said so before.

    Raises:
        NotAllowed: ``actor`` is no approver of the department that answers for the context (403).
        SelfApproval: ``actor`` proposed it (409).
        Invalid: no reason is given (422).
    """
    node = remedy.node
    with settling(at=at, cause="remedy.closed", leaves=[node.pk]) as work:
        current = TargetRemedy.objects.select_for_update(no_key=True).get(pk=remedy.pk)
        if not permissions.may_approve_for(actor.access, custodian_id=_accountable(node)):
            raise NotAllowed("An approver of the department that answers for the target closes this.")
        if current.closed_by_id is not None:
            return False
        if current.proposed_by_id == actor.pk:
            raise SelfApproval("You proposed this corrective action: somebody else closes it.")
        if not because.strip():
            raise Invalid("A reason is needed.", pointer="/because")
        current.closed_by, current.closed_at, current.closed_because = actor, work.moment, because
        current.save(update_fields=["closed_by", "closed_at", "closed_because"])
        record("remedy.closed", f"remedy:{current.pk}", node=node.key, by=actor.pk)
    return True


def _accountable(node: Node) -> int | None:
    """Return the party that answers for the context in the edition in force."""
    found: int | None = NodeText.objects.in_force().filter(node=node).values_list("accountable_id", flat=True).first()
    return found
