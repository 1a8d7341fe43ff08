"""Who may write a department's evidence, and who decides how long it is kept."""

from __future__ import annotations

from dcase_audit.accounts import permissions
from dcase_audit.accounts.models import User
from dcase_audit.cases.models import NodeText
from evidence.models import Artefact
from evidence.refusals import NotYours


def check_custody(actor: User | None, custodian_id: int, machine_scope: str = "") -> None:
    """Refuse who may not write the department's evidence; commands (no actor) are the operator's own hand."""
    if actor is None or permissions.may_write_evidence(actor.access, custodian_id=custodian_id):
        return
    if machine_scope and custodian_id in actor.access.departments and actor.access.has_scope(machine_scope):
        return
    raise NotYours("this evidence is kept by another department")


def may_keep(user: User, artefact: Artefact) -> bool:
    """Tell whether the person may hold, keep longer or dispose of what belongs to the artefact."""
    accountable = accountable_for(user, artefact)
    return permissions.may_keep(user.access, custodian_id=artefact.custodian_id, accountable_ids=accountable)


def check_keeper(actor: User, artefact: Artefact) -> None:
    """Refuse who does not decide how long the artefact is kept. Nobody decides that without a name."""
    if not may_keep(actor, artefact):
        raise NotYours("the head of the department that keeps it decides on this, or management")


def accountable_for(user: User, artefact: Artefact) -> frozenset[int]:
    """Return those of the parties which the user manages that are accountable in a case which the artefact supports."""
    managed = list(user.access.manages)
    if not managed:
        return frozenset()
    texts = NodeText.objects.filter(node__case__in=artefact.supports.values("case"), edition_until=None)
    return frozenset(texts.filter(accountable__in=managed).values_list("accountable", flat=True))
