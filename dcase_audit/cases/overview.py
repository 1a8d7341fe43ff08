"""Cases in a list: how their top goals stand and how many leaves there are of each status, now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from dcase_audit.cases.arguments import IN_FORCE
from dcase_audit.cases.models import Case
from dcase_audit.cases.words import LEAF_KINDS, LinkKind, NodeKind, Status
from dcase_audit.trail.statements import rows

# What is stored, or the forecast change that has come since: no list waits for a sweep.
NOW = """coalesce((SELECT f.status FROM cases_forecast f WHERE f.node_id = s.node_id AND f.at <= %(at)s
    AND NOT f.provisional ORDER BY f.at DESC LIMIT 1), s.status)"""
TOPS = f"""
SELECT DISTINCT ON (s.case_id) s.case_id, {NOW}
FROM cases_nodestatus s JOIN cases_node n ON n.id = s.node_id
WHERE s.case_id = ANY(%(cases)s) AND n.kind = %(goal)s AND NOT EXISTS (
    SELECT 1 FROM cases_link l WHERE l.target_id = n.id AND l.kind = %(supports)s AND {IN_FORCE.format("l")})
ORDER BY s.case_id, n.position, n.id
"""
# A goal that nothing supports yet counts as a leaf; the status of a context is that of the leaf derived from it.
COUNTS = f"""
SELECT s.case_id, {NOW}, count(*) FROM cases_nodestatus s JOIN cases_node n ON n.id = s.node_id
WHERE s.case_id = ANY(%(cases)s) AND (n.kind = ANY(%(leaves)s) OR s.status = %(undeveloped)s AND NOT EXISTS (
    SELECT 1 FROM cases_link l WHERE l.source_id = n.id AND l.kind = %(supports)s AND {IN_FORCE.format("l")}))
GROUP BY 1, 2 ORDER BY 2
"""


class CaseLine(NamedTuple):
    """A case in a list; ``status`` is None until an edition is in force. ``counts``: leaves, the worst status first."""

    case: Case
    status: Status | None
    counts: list[tuple[Status, int]]


def overview(cases: Sequence[Case], *, at: datetime) -> list[CaseLine]:
    """Return the cases with their top goals' statuses at ``at``, the present, in two queries."""
    wanted = {
        "cases": [case.pk for case in cases],
        "at": at,
        "leaves": [*LEAF_KINDS, NodeKind.CONTEXT],
        "goal": NodeKind.GOAL.value,
        "undeveloped": int(Status.UNDEVELOPED),
        "supports": LinkKind.SUPPORTED_BY.value,
    }
    tops = {case: Status(status) for case, status in rows(TOPS, wanted)}
    counts: dict[int, list[tuple[Status, int]]] = {}
    for case, status, number in rows(COUNTS, wanted):
        counts.setdefault(case, []).append((Status(status), number))
    return [CaseLine(case, tops.get(case.pk), counts.get(case.pk, [])) for case in cases]
