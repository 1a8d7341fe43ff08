"""Support links between artefacts and leaves: facts of their own."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from dcase_audit.accounts.models import User
from dcase_audit.cases.models import Criterion, Node
from dcase_audit.cases.words import NodeKind
from dcase_audit.errors import Invalid
from dcase_audit.trail.events import record
from evidence.models import Artefact, Support
from evidence.refusals import NotALeaf, WrongKind
from evidence.services.custody import check_custody
from evidence.services.hearing import refresh_tolerances
from evidence.settling import settling


@transaction.atomic
def link(*, artefact: Artefact, node: Node, actor: User | None, at: datetime, rationale: str = "") -> Support:
    """Say that the artefact supports the leaf. Repeating the call returns the open link.

    Raises:
        NotYours: ``actor`` does not belong to the artefact's department (403).
        NotALeaf: the node takes no evidence (422).
        WrongKind: the leaf's criterion does not name the artefact's kind (422).
    """
    check_custody(actor, artefact.custodian_id)
    if not node.is_leaf:
        raise NotALeaf(pointer="/node")
    with settling(at=at, cause="support.linked", artefacts=[artefact.pk], leaves=[node.pk]) as work:
        found = Support.objects.open().filter(artefact=artefact, node=node).first()
        if found is not None:
            return found
        check_kind(artefact, node)
        support = Support.objects.create(
            artefact=artefact,
            node=node,
            case_id=node.case_id,
            linked_at=work.moment,
            linked_by=actor,
            rationale=rationale,
        )
        refresh_tolerances(node.case)
        record("support.linked", f"support:{support.pk}", artefact=artefact.key, node=node.key)
    return support


@transaction.atomic
def unlink(*, artefact: Artefact, node: Node, actor: User | None, at: datetime, reason: str) -> Support:
    """Take the link back. What the artefact refuted while it was linked stays with the node.

    Raises:
        NotYours: ``actor`` does not belong to the artefact's department (403).
        Invalid: they are not linked, or no reason is given (422).
    """
    check_custody(actor, artefact.custodian_id)
    if not reason:
        raise Invalid("taking a link back wants a reason", pointer="/reason")
    with settling(at=at, cause="support.unlinked", artefacts=[artefact.pk], leaves=[node.pk]) as work:
        support = Support.objects.open().filter(artefact=artefact, node=node).first()
        if support is None:
            raise Invalid("the artefact is not linked to this node", pointer="/node")
        support.unlinked_at = work.moment
        support.save(update_fields=["unlinked_at"])
        record("support.unlinked", f"support:{support.pk}", artefact=artefact.key, node=node.key, reason=reason)
    return support


def check_kind(artefact: Artefact, node: Node) -> None:
    """Refuse an artefact of a kind that the node's criterion does not name (without one: that does not fit)."""
    criterion = Criterion.objects.in_force().filter(node=node).first()
    kind = artefact.kind
    if criterion is not None and criterion.kinds:
        fits = kind.key in criterion.kinds
    else:
        fits = kind.for_monitors == (node.kind == NodeKind.MONITOR)
    if not fits:
        raise WrongKind(f"{kind.key} is not among the kinds that {node.key} takes", pointer="/artefact")
