"""Reasons as they are stored name rows by number; the API names them as people do, and only what the asker may see."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from dcase_audit.accounts.models import User
from dcase_audit.cases.models import Node
from evidence.models import Artefact, Revision

Reasons = Sequence[dict[str, Any]]


class Names:
    """The keys of the nodes and artefacts and the numbers of the revisions that reasons hold; at most three queries."""

    def __init__(self, because: Iterable[Reasons], user: User) -> None:
        reasons = [reason for each in because for reason in each]
        nodes = {node for reason in reasons for node in [*reason.get("nodes", ()), reason.get("node")]}
        self.nodes = _keys(Node.objects.visible_to(user), nodes, "key")
        # Of a case, all reasons are seen, whoever keeps the evidence.
        self.artefacts = _keys(Artefact.objects.all(), {reason.get("artefact") for reason in reasons}, "key")
        self.revisions = _keys(Revision.objects.all(), {reason.get("revision") for reason in reasons}, "number")

    def named(self, because: Reasons) -> list[dict[str, Any]]:
        """Return the reasons with names; a node outside of the asker's view is left out."""
        return [self._named(reason) for reason in because]

    def _named(self, reason: dict[str, Any]) -> dict[str, Any]:
        found = dict(reason)
        if "nodes" in found:
            found["nodes"] = [self.nodes[node] for node in found["nodes"] if node in self.nodes]
        for member, names in (("node", self.nodes), ("artefact", self.artefacts), ("revision", self.revisions)):
            if isinstance(found.get(member), int):
                found[member] = names.get(found[member])
        return found


def _keys(rows: Any, wanted: set[Any], name: str) -> dict[int, Any]:
    ids = sorted(pk for pk in wanted if isinstance(pk, int))
    return dict(rows.filter(pk__in=ids).values_list("pk", name)) if ids else {}
