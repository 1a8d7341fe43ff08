"""Reasons as they are stored name rows by number; people know nodes and artefacts by key and revisions by number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from dcase_audit.accounts.models import User
from dcase_audit.cases.arguments import JUDGED_KEY
from dcase_audit.cases.models import Node
from dcase_audit.trail.statements import rows

Reason = Mapping[str, Any]


class ReasonNames:
    """The keys and numbers of the rows that stored reasons name, in at most three queries.

    Of a case that is seen, all reasons are. With ``user``, nodes of cases outside that user's view are left out.
    """

    def __init__(self, reasons: Iterable[Reason], user: User | None = None) -> None:
        listed = list(reasons)
        nodes = _numbers(node for reason in listed for node in (*reason.get("nodes", ()), reason.get("node")))
        if user is not None and nodes:
            nodes = list(Node.objects.visible_to(user).filter(pk__in=nodes).values_list("pk", flat=True))
        self._nodes = _names(f"SELECT n.id, {JUDGED_KEY} FROM cases_node n WHERE n.id = ANY(%s)", nodes)
        artefacts = _numbers(reason.get("artefact") for reason in listed)
        self._artefacts = _names("SELECT id, key FROM evidence_artefact WHERE id = ANY(%s)", artefacts)
        revisions = _numbers(reason.get("revision") for reason in listed)
        self._revisions = _names("SELECT id, number FROM evidence_revision WHERE id = ANY(%s)", revisions)

    def named(self, reason: Reason) -> dict[str, Any]:
        """Return the reason with names in place of ids."""
        found = dict(reason)
        if "nodes" in found:
            found["nodes"] = [self._nodes[node] for node in found["nodes"] if node in self._nodes]
        for member, names in (("node", self._nodes), ("artefact", self._artefacts), ("revision", self._revisions)):
            if isinstance(found.get(member), int):
                found[member] = names.get(found[member])
        return found


def _numbers(ids: Iterable[Any]) -> list[int]:
    return sorted({pk for pk in ids if isinstance(pk, int)})


def _names(query: str, ids: list[int]) -> dict[int, Any]:
    return dict(rows(query, [ids])) if ids else {}
