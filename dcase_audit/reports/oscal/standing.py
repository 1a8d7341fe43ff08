"""How a case stands at a moment, and what every OSCAL document says of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from django.db.models import Q, QuerySet

from dcase_audit.accounts.models import User
from dcase_audit.cases import graph
from dcase_audit.cases.graph import Graph
from dcase_audit.cases.models import Case
from dcase_audit.cases.presentation import status_word
from dcase_audit.moments import say
from dcase_audit.reports.oscal.words import JSON, identity, line, metadata, prop, token
from evidence.asof import CaseStatus, NodeView, case_status
from evidence.models import Artefact, Support
from evidence.reasons import reason_text

STANDS = {True: "satisfied", False: "not-satisfied"}


class Order(NamedTuple):
    """Which export is asked for: of drill results received from ``since`` on, as things stand ``at``."""

    case: Case
    user: User
    since: datetime
    at: datetime
    language: str

    @property
    def name(self) -> str:
        """What the export is called among those of the case."""
        return f"/cases/{self.case.slug}/oscal/{say(self.since)}/{say(self.at)}/{self.language}"


class Stand(NamedTuple):
    """A case at a moment: how its nodes stand, and their texts."""

    status: CaseStatus
    argument: Graph
    # What nodes state, and what the artefacts that reasons name are called, by key.
    texts: Mapping[str, str]
    titles: Mapping[str, str]


def stand_of(order: Order) -> Stand:
    """Return how the case stands."""
    status = case_status(order.case, at=order.at, known=order.at)
    argument = graph.load(order.case, status.edition)
    named = {str(reason["artefact"]) for node in status.nodes for reason in node.because if "artefact" in reason}
    titles = {row.key: row.title(order.language) for row in Artefact.objects.filter(key__in=named)}
    texts = {node.key: node.statement(order.language) for node in argument.nodes}
    return Stand(status, argument, texts, titles)


def supporting(order: Order) -> QuerySet[Support]:
    """Return which evidence supports which leaf of the case at the moment."""
    rows = Support.objects.filter(case=order.case, linked_at__lte=order.at)
    return rows.filter(Q(unlinked_at=None) | Q(unlinked_at__gt=order.at))


def head(order: Order, stand: Stand) -> JSON:
    """Return a document's metadata."""
    named = stand.argument.parties.values()
    return metadata(
        order.case.title(order.language),
        at=order.at,
        version=str(stand.status.edition or 0),
        parties=sorted((party.key, party.name_ja if order.language == "ja" else party.name_en) for party in named),
        language=order.language,
    )


def finding_of(order: Order, stand: Stand, node: NodeView, observed: Sequence[str]) -> JSON:
    """Return whether a node with a status stands, and why; ``observed``: what bears on it."""
    assert node.status is not None
    text = stand.texts.get(node.key, node.key)
    state: JSON = {"state": STANDS[bool(node.stands)], "reason": "pass" if node.stands else "fail"}
    related = [{"observation-uuid": each} for each in observed]
    return {
        "uuid": identity(f"{order.name}/findings/{node.key}"),
        "title": line(f"{node.key} {text}"[:200], node.key),
        "description": why(order, stand, node),
        "props": [prop("status", node.status.word)],
        "target": {
            "type": "objective-id",
            "target-id": token(node.key),
            "title": node.key,
            "description": line(text, node.key),
            "status": state,
        },
        **({"related-observations": related} if related else {}),
    }


def why(order: Order, stand: Stand, node: NodeView) -> str:
    """Return a node's status and its reasons as sentences; a goal of another case is not named."""
    assert node.status is not None
    labels = order.case.label_texts(order.language)
    said = [
        reason_text(
            {**reason, "node": None} if reason.get("reason") == "external" else reason,
            order.language,
            order.case.zone,
            stand.titles,
            labels,
        )
        for reason in node.because
    ]
    return "\n".join([status_word(node.status, order.language), *said])
