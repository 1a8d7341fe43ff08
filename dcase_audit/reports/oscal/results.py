"""Assessment results: what every node of a case is worth at a moment, and the drill results that bear on it."""

from __future__ import annotations

from collections.abc import Sequence

from dcase_audit.cases.presentation import Words
from dcase_audit.moments import say
from dcase_audit.reports.oscal.observations import observation, raw_of, visible_results
from dcase_audit.reports.oscal.standing import Order, Stand, finding_of, head, stand_of, supporting
from dcase_audit.reports.oscal.words import JSON, address, identity, line, listed, prop, token
from drills.models import DrillResult

NO_PLAN = Words(
    "この審査は計画書ではなくD-Caseに基づく。D-Caseの本文は参照先にある。",
    "What was assessed follows from the D-Case, which stands in for a plan; the reference leads to it.",
)


def assessment_results(order: Order) -> JSON:
    """Return the document: one result, with a finding for each node and an observation for each drill result."""
    stand, results = stand_of(order), list(visible_results(order).filter(received_at__gte=order.since))
    at, language = order.at, order.language
    edition = str(stand.status.edition or 0)
    title = order.case.title(language)
    plan = {
        "uuid": identity(f"/cases/{order.case.slug}/editions/{edition}"),
        "title": line(title, order.case.slug),
        "description": NO_PLAN.into(language),
        "rlinks": [{"href": address(f"/api/v1/cases/{order.case.slug}"), "media-type": "application/json"}],
    }
    result = {
        "uuid": identity(order.name + "/result"),
        "title": line(title, order.case.slug),
        "description": Words("各ノードの状態と訓練の結果", "How each node stands, and what drills came to").into(
            language
        ),
        "start": say(order.since),
        "end": say(at),
        "props": [
            prop("edition", edition),
            prop("edition-sha256", stand.status.edition_sha256 or "0" * 64),
            prop("rules-version", str(stand.status.rules_version)),
        ],
        "reviewed-controls": {"control-selections": [_reviewed(stand)]},
        **listed("observations", [observation(row, language) for row in results]),
        **listed("findings", findings(order, stand, results)),
    }
    return {
        "assessment-results": {
            "uuid": identity(order.name + "/assessment-results"),
            "metadata": head(order, stand),
            "import-ap": {"href": f"#{plan['uuid']}"},
            "results": [result],
            "back-matter": {"resources": [plan, *(raw_of(row) for row in results)]},
        }
    }


def _reviewed(stand: Stand) -> JSON:
    keys = [node.key for node in stand.status.nodes if node.status is not None]
    return {"include-controls": [{"control-id": token(key)} for key in keys]} if keys else {"include-all": {}}


def findings(order: Order, stand: Stand, results: Sequence[DrillResult]) -> Sequence[JSON]:
    """Return a finding for each node that has a status."""
    supported: dict[int, set[str]] = {}
    for artefact, node in supporting(order).values_list("artefact", "node__key"):
        supported.setdefault(artefact, set()).add(node)
    observed: dict[str, list[str]] = {}
    for row in results:
        for key in supported.get(row.revision.artefact_id, ()):
            observed.setdefault(key, []).append(identity(f"/drill-results/{row.pk}"))
    return [
        finding_of(order, stand, node, observed.get(node.key, []))
        for node in stand.status.nodes
        if node.status is not None
    ]
