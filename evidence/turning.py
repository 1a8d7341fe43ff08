"""Turn the pages: forecasts whose moment has come become the status and its history, in SQL that knows no rule."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from django.db import connection

from dcase_audit.cases import arguments
from dcase_audit.cases.status import RULES_VERSION
from dcase_audit.trail.statements import rows, written
from evidence import statuses
from evidence.leaf_status import Leaf
from evidence.loading import judged
from evidence.standings import refresh_standings
from evidence.target_status import TargetLeaf

TURN = """
WITH turned AS (
    DELETE FROM cases_forecast WHERE case_id = ANY(%(cases)s) AND at <= %(now)s AND NOT provisional
    RETURNING node_id, case_id, at, status, because
), seq AS (
    SELECT t.*, coalesce(lag(t.status) OVER (PARTITION BY t.node_id ORDER BY t.at), s.status) AS before
    FROM turned t JOIN cases_nodestatus s ON s.node_id = t.node_id
), last AS (
    SELECT DISTINCT ON (node_id) node_id, status, because,
           max(at) FILTER (WHERE status <> before) OVER (PARTITION BY node_id) AS since
    FROM seq ORDER BY node_id, at DESC
), moved AS (
    UPDATE cases_nodestatus s SET status = l.status, because = l.because, since = coalesce(l.since, s.since),
        until = (SELECT min(f.at) FROM cases_forecast f
                 WHERE f.node_id = l.node_id AND f.at > %(now)s AND NOT f.provisional AND f.status <> l.status)
    FROM last l WHERE s.node_id = l.node_id
)
INSERT INTO cases_statuschange
    (case_id, node_id, effective_at, recorded_at, before, after, because, caused_by, rules_version)
SELECT case_id, node_id, at, %(now)s, before, status, because, 'time.passed', %(rules)s
FROM seq WHERE status <> before ORDER BY at
RETURNING case_id, node_id
"""


class Turned(NamedTuple):
    """What turning the pages wrote: changes by case."""

    changes: int
    cases: frozenset[int]


def turn(cases: list[int], *, now: datetime) -> Turned:
    """Turn what is due by ``now`` in the cases, whose settlement rows the caller has locked.

    Monitors whose silence falls due, and targets with a period that ends, are asked again first, from facts: when they
    were heard or measured, only a new deadline is noted; when not, that counts from its true moment.
    """
    if not cases:
        return Turned(0, frozenset())
    _ask_monitors(cases, now=now)
    changed = written(TURN, {"cases": cases, "now": now, "rules": RULES_VERSION})
    nodes = [row[1] for row in changed]
    if nodes:
        _ask_dependants(nodes, now)
    return Turned(len(changed), frozenset(row[0] for row in changed))


def _ask_monitors(cases: list[int], *, now: datetime) -> None:
    due = rows(
        "SELECT f.case_id, f.node_id, s.settled_at FROM cases_forecast f JOIN cases_settlement s USING (case_id)"
        " WHERE f.case_id = ANY(%s) AND f.at <= %s AND f.provisional ORDER BY 1, 2",
        [cases, now],
    )
    by_case: dict[tuple[int, datetime], list[int]] = {}
    for case, node, settled_at in due:
        by_case.setdefault((case, settled_at), []).append(node)
    for (_, settled_at), leaves in by_case.items():
        evaluated = judged(leaves, at=now, known=now, since=settled_at)
        outcomes, stored = statuses.evaluate(leaves, evaluated, start=settled_at)
        statuses.write(outcomes, stored, moment=settled_at, recorded_at=now, cause="monitor.asked")
        _open_gaps(evaluated, now=now)
        linked = {support.artefact for leaf in evaluated.values() for support in leaf.facts.supports}
        refresh_standings(linked, evaluated, at=now)


def _open_gaps(evaluated: Mapping[int, Leaf | TargetLeaf], *, now: datetime) -> None:
    """Record that the monitors that are silent now were last heard when they were."""
    silent = {
        reason["artefact"]
        for leaf in evaluated.values()
        for reason in leaf.status(now)[1]
        if reason["reason"] == "silent"
    }
    heard = {artefact: hearing.last for leaf in evaluated.values() for artefact, hearing in leaf.facts.hearings.items()}
    with connection.cursor() as cursor:
        for artefact in sorted(silent & heard.keys()):
            cursor.execute(
                'INSERT INTO evidence_gap (artefact_id, "from", until, recorded_at) SELECT %s, %s, NULL, %s'
                " WHERE NOT EXISTS (SELECT 1 FROM evidence_gap WHERE artefact_id = %s AND until IS NULL)",
                [artefact, heard[artefact], now, artefact],
            )


def _ask_dependants(nodes: list[int], now: datetime) -> None:
    for case in arguments.externals_pointing_at(nodes):
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO cases_settlementrequest (case_id, at) VALUES (%s, %s)", [case, now])
