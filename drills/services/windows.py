"""Planned interruptions: one person proposes, another approves, both before it begins."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from dcase_audit.accounts import permissions
from dcase_audit.accounts.models import User
from dcase_audit.errors import AuditError, Invalid, NotAllowed
from dcase_audit.trail.events import record
from drills.models import Monitor, PlannedWindow
from drills.monitors import groups
from evidence.refusals import SelfApproval


class TooLate(AuditError):
    """The window has begun; from then on, anything could be called planned (409)."""

    slug = "too-late"
    title = "A window is approved before it begins"


@transaction.atomic
def plan_window(
    *, monitor: Monitor, service: str, start: datetime, until: datetime, reason: str, actor: User, at: datetime
) -> PlannedWindow:
    """Propose that a service of the monitor (empty: every one) is interrupted over [start, until).

    Raises:
        NotAllowed: ``actor`` is no member of the monitor's department (403).
        Invalid: it begins in the past, ends before it begins, or the monitor has no such service (422).
    """
    if not permissions.may_write_evidence(actor.access, custodian_id=monitor.department_id):
        raise NotAllowed("This monitor is another department's.")
    if start <= at:
        raise Invalid("A window is planned before it begins.", pointer="/from")
    if until <= start:
        raise Invalid("It would end before it begins.", pointer="/until")
    if service and service not in {group.service for group in groups.groups_of(monitor.services)}:
        raise Invalid("The monitor has no such service.", pointer="/service")
    window = PlannedWindow.objects.create(
        monitor=monitor, service=service, start=start, until=until, reason=reason, proposed_by=actor, proposed_at=at
    )
    record("window.planned", f"window:{window.pk}", monitor=monitor.key, by=actor.pk)
    return window


@transaction.atomic
def approve_window(*, window: PlannedWindow, actor: User, at: datetime) -> bool:
    """Approve a window; False where the same person did so before.

    Raises:
        NotAllowed: ``actor`` is no approver of the monitor's department (403).
        SelfApproval: ``actor`` proposed it (409).
        TooLate: it has begun (409).
    """
    current = (
        PlannedWindow.objects.select_for_update(of=("self",), no_key=True).select_related("monitor").get(pk=window.pk)
    )
    if not permissions.may_approve_for(actor.access, custodian_id=current.monitor.department_id):
        raise NotAllowed("An approver of the monitor's department decides on this.")
    if current.approved_by_id is not None:
        return False
    if current.proposed_by_id == actor.pk:
        raise SelfApproval("You proposed this window: somebody else approves it.")
    if current.start <= at:
        raise TooLate
    current.approved_by, current.approved_at = actor, at
    current.save(update_fields=["approved_by", "approved_at"])
    record("window.approved", f"window:{current.pk}", monitor=current.monitor.key, by=actor.pk)
    return True
