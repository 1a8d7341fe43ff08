"""Keep what lists read of artefacts: rewritten from facts whenever these change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection

from dcase_audit.cases.words import Status
from dcase_audit.trail.statements import rows
from evidence.facts import NEVER
from evidence.leaf_status import Leaf
from evidence.loading import artefact_facts, facts_of
from evidence.models import Standing
from evidence.outlook import Outlook, outlook
from evidence.target_status import TargetLeaf

ARTEFACTS = """
SELECT a.id, a.custodian_id, a.review_interval,
       array_agg(s.node_id ORDER BY s.id) FILTER (WHERE s.node_id IS NOT NULL)
FROM evidence_artefact a LEFT JOIN evidence_support s ON s.artefact_id = a.id AND s.unlinked_at IS NULL
WHERE a.id = ANY(%s) GROUP BY a.id ORDER BY a.id
"""


def refresh_standings(artefacts: Iterable[int], evaluated: Mapping[int, Leaf | TargetLeaf], *, at: datetime) -> None:
    """Rewrite the standings of the artefacts; leaves that were evaluated already are used as they are."""
    wanted = sorted(set(artefacts))
    if not wanted:
        return
    found = rows(ARTEFACTS, [wanted])
    missing = sorted({node for row in found for node in row[3] or () if node not in evaluated})
    leaves = {node: leaf for node, leaf in evaluated.items() if isinstance(leaf, Leaf)} | {
        node: Leaf(facts, at) for node, facts in (facts_of(missing, at=at, since=at) if missing else {}).items()
    }
    written = []
    for artefact, custodian, review, nodes in found:
        mine = [leaves[node] for node in nodes or () if node in leaves]
        if not mine:
            mine = [Leaf(artefact_facts(artefact, review, settings.TIME_ZONE, since=at), at)]
        written.append((artefact, custodian, outlook(artefact, mine, at)))
    _write(written, at)


def first_standing(artefact: int, department: int, *, at: datetime) -> Standing:
    """Write the standing of an artefact just made and return it: there is nothing to say of it yet."""
    nothing = Outlook(Status.MISSING.word, NEVER, NEVER, None, None)
    _write([(artefact, department, nothing)], at)
    return Standing(
        artefact_id=artefact,
        department_id=department,
        state=nothing.state,
        warn_at=nothing.warn_at,
        due_at=nothing.due_at,
        settled_at=at,
    )


def _write(written: list[tuple[int, int, Outlook]], at: datetime) -> None:
    columns: list[list[Any]] = [
        [artefact for artefact, _, _ in written],
        [custodian for _, custodian, _ in written],
        [view.revision for _, _, view in written],
        [view.state for _, _, view in written],
        [view.warn_at or NEVER for _, _, view in written],
        [view.due_at or NEVER for _, _, view in written],
        [view.refresh_at for _, _, view in written],
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO evidence_standing"
            " (artefact_id, department_id, revision_id, state, warn_at, due_at, refresh_at, settled_at)"
            " SELECT u.*, %s FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::text[], %s::timestamptz[],"
            " %s::timestamptz[], %s::timestamptz[]) AS u ON CONFLICT (artefact_id) DO UPDATE SET"
            " department_id = excluded.department_id, revision_id = excluded.revision_id, state = excluded.state,"
            " warn_at = excluded.warn_at, due_at = excluded.due_at, refresh_at = excluded.refresh_at,"
            " settled_at = excluded.settled_at",
            [at, *columns],
        )


def refresh_due(*, now: datetime, limit: int = 1000) -> int:
    """Rewrite standings whose state changes by time alone (a planned change, a late start); return how many."""
    due = rows(
        "SELECT artefact_id FROM evidence_standing WHERE refresh_at <= %s ORDER BY refresh_at LIMIT %s"
        " FOR NO KEY UPDATE SKIP LOCKED",
        [now, limit],
    )
    refresh_standings([row[0] for row in due], {}, at=now)
    return len(due)
