"""The log on other pages: the badge of its check, receipts of decisions, the history of a record."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from django import template

from dcase_audit.accounts.models import User
from dcase_audit.cases.models import Case
from dcase_audit.verification import belonging
from dcase_audit.verification.checking import Seal, check
from dcase_audit.verification.history import Told, told
from dcase_audit.verification.models import Checkpoint, Entry
from evidence.models import Decision

register = template.Library()

LAST = 5
HISTORIES = {"artefact": belonging.of_artefact, "node": belonging.of_node}


class Sealed(NamedTuple):
    """The entry of a decision, and whether a witnessed checkpoint has it."""

    seq: int
    is_witnessed: bool


@register.simple_tag
def seal_of(case: Case) -> Seal:
    """Check the log, and that what it has of the case's row last is in it."""
    return check([f"cases_case/{case.pk}"])


@register.simple_tag
def receipts_of(revisions: Iterable[Any]) -> dict[int, Sealed]:
    """Return the entries of all decisions about shown revisions, by decision; two queries."""
    objects = {f"evidence_decision/{decision.pk}": decision.pk for shown in revisions for decision in shown.decisions}
    if not objects:
        return {}
    size = Checkpoint.objects.witnessed().order_by("-size").values_list("size", flat=True).first() or 0
    first = Entry.objects.filter(object__in=list(objects), version=1).values_list("object", "seq")
    return {objects[object]: Sealed(seq, seq < size) for object, seq in first}


@register.filter
def receipt_of(receipts: dict[int, Sealed], decision: Decision) -> Sealed | None:
    """Return the entry of a decision; None where the log has none yet."""
    return receipts.get(decision.pk)


@register.simple_tag
def history_of(kind: str, pk: int, user: User) -> list[Told]:
    """Return the last entries about an artefact or a node, and what hangs on it."""
    names = HISTORIES[kind](pk)
    found = Entry.objects.visible_to(user).of_objects(names).select_related("disclosure").order_by("-seq")
    return told(list(found[:LAST]), user)
