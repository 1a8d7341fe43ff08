"""Who may write a department's evidence."""

from __future__ import annotations

from dcase_audit.accounts import permissions
from dcase_audit.accounts.models import User
from evidence.refusals import NotYours


def check_custody(actor: User | None, custodian_id: int, machine_scope: str = "") -> None:
    """Refuse who may not write the department's evidence; commands (no actor) are the operator's own hand."""
    if actor is None or permissions.may_write_evidence(actor.access, custodian_id=custodian_id):
        return
    if machine_scope and custodian_id in actor.access.departments and actor.access.has_scope(machine_scope):
        return
    raise NotYours("this evidence is kept by another department")
