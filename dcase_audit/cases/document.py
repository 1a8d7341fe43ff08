"""The canonical document of an edition: one text for one state of a case, whoever writes it. Source: ADR 0004."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from typing import Any

from dcase_audit.cases.graph import Graph, NodeValue

FORMAT = "dcase-edition/1"


def document(graph: Graph) -> str:
    """Return the document of an edition, or of a draft as the edition that it would become.

    Nodes are in the order of their keys, the links of each in the author's order. No text is normalised: what was
    stored is what is hashed.
    """
    return json.dumps(
        {
            "format": FORMAT,
            "case": graph.slug,
            "edition": graph.edition,
            "timezone": graph.timezone,
            "nodes": [_node(graph, node) for node in sorted(graph.nodes, key=lambda node: node.key)],
        },
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
        allow_nan=False,
    )


def digest(text: str) -> str:
    """Return the SHA-256 of a document, in lower-case hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def _node(graph: Graph, node: NodeValue) -> dict[str, Any]:
    goal = node.points_at
    return {
        "key": node.key,
        "kind": node.kind.value,
        "statement": {"ja": node.statement_ja, "en": node.statement_en},
        "accountable": node.accountable,
        "custodian": node.custodian,
        "verifier": node.verifier,
        "support_rule": node.support_rule,
        "undeveloped": node.undeveloped,
        "attributes": node.attributes,
        "points_at": {"case": goal.case, "key": goal.key} if goal else None,
        "criterion": asdict(node.criterion) if node.criterion else None,
        "links": [{"kind": link.kind.value, "target": link.target} for link in graph.links_out[node.key]],
    }
