"""Reading arguments and stored statuses in bulk: ids in, plain values out, a constant number of queries.

These are the readers that settle, sweep and the pages share; they bypass Django's per-row conversion, which alone
costs more than the rules do.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

import psycopg
from django.db import connection

from dcase_audit.cases.status import Argument
from dcase_audit.cases.words import CONTEXT_KINDS, LEAF_KINDS, LinkKind, NodeKind, Status
from dcase_audit.trail.context import notice, send

CONTEXTS = sorted(CONTEXT_KINDS)
LEAVES = sorted(LEAF_KINDS)


class NodeRow(NamedTuple):
    """What the roll-up needs of a node, and what it is called."""

    id: int
    case: int
    kind: str
    takes_best: bool
    points_at: int | None
    key: str


class ForecastRow(NamedTuple):
    """A stored forecast."""

    at: datetime
    status: Status
    because: list[dict[str, Any]]
    provisional: bool


class StatusRow(NamedTuple):
    """A stored status."""

    status: Status
    since: datetime
    until: datetime | None
    because: list[dict[str, Any]]


def rows(query: str, params: Any = None) -> list[tuple[Any, ...]]:
    """Return the rows of a query, read in binary form on this transaction's connection."""
    connection.ensure_connection()
    notice(connection)
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        return cursor.execute(query, params, binary=True).fetchall()


def written(query: str, params: Any = None) -> list[tuple[Any, ...]]:
    """Return what a writing statement returns; it carries the context of the trail as Django's own writes do."""
    connection.ensure_connection()
    send(connection)
    return rows(query, params)


IN_FORCE = "{0}.edition_from IS NOT NULL AND {0}.edition_until IS NULL"
OF_EDITION = "{0}.edition_from <= %(edition)s AND ({0}.edition_until IS NULL OR {0}.edition_until > %(edition)s)"


def _rule(alias: str, edition: int | None) -> str:
    return (IN_FORCE if edition is None else OF_EDITION).format(alias)


def nodes_of(cases: Iterable[int], *, edition: int | None = None, contexts: bool = False) -> dict[int, NodeRow]:
    """Return the nodes that have a status, of the edition in force or of the one given, in the author's order.

    With ``contexts`` those, too, that have none.
    """
    found = rows(
        f"""SELECT n.id, n.case_id, n.kind, t.support_rule = 'any', t.points_at_id, n.key
        FROM cases_node n JOIN cases_nodetext t ON t.node_id = n.id AND {_rule("t", edition)}
        WHERE n.case_id = ANY(%(cases)s) AND n.kind <> ALL(%(contexts)s) ORDER BY n.position, n.id""",
        {"cases": list(cases), "edition": edition, "contexts": [] if contexts else CONTEXTS},
    )
    return {row[0]: NodeRow(*row) for row in found}


def supports_of(cases: Iterable[int], *, edition: int | None = None) -> dict[int, list[int]]:
    """Return which nodes support which, in the author's order."""
    found = rows(
        f"""SELECT l.source_id, l.target_id FROM cases_link l
        WHERE l.case_id = ANY(%(cases)s) AND {_rule("l", edition)} AND l.kind = %(kind)s
        ORDER BY l.source_id, l.position, l.id""",
        {"cases": list(cases), "edition": edition, "kind": LinkKind.SUPPORTED_BY.value},
    )
    supports: dict[int, list[int]] = {}
    for source, target in found:
        supports.setdefault(source, []).append(target)
    return supports


def argument_of(nodes: dict[int, NodeRow], supports: dict[int, list[int]]) -> Argument:
    """Join nodes and links to what the roll-up reads; links to nodes without a status are left out."""
    return Argument(
        {node: [child for child in supports.get(node, ()) if child in nodes] for node in nodes},
        frozenset(node for node, row in nodes.items() if row.takes_best),
    )


def above(leaves: Iterable[int]) -> list[int]:
    """Return the ids of all nodes that the leaves support, at whatever distance, in the editions in force."""
    found = rows(
        f"""WITH RECURSIVE up(id) AS (
            SELECT l.source_id FROM cases_link l
            WHERE l.target_id = ANY(%(leaves)s) AND {_rule("l", None)} AND l.kind = %(kind)s
            UNION
            SELECT l.source_id FROM up JOIN cases_link l ON l.target_id = up.id
            WHERE {_rule("l", None)} AND l.kind = %(kind)s)
        SELECT id FROM up""",
        {"leaves": list(leaves), "kind": LinkKind.SUPPORTED_BY.value},
    )
    return [row[0] for row in found]


def argument_above(leaves: Iterable[int], ancestors: list[int]) -> tuple[Argument, dict[int, NodeRow]]:
    """Return the ancestors with what supports them directly, for an incremental roll-up, and the leaves' rows."""
    links = rows(
        f"""SELECT l.source_id, l.target_id FROM cases_link l JOIN cases_node n ON n.id = l.target_id
        WHERE l.source_id = ANY(%(above)s) AND {_rule("l", None)} AND l.kind = %(kind)s
        ORDER BY l.source_id, l.position, l.id""",
        {"above": ancestors, "kind": LinkKind.SUPPORTED_BY.value},
    )
    found = rows(
        f"""SELECT n.id, n.case_id, n.kind, t.support_rule = 'any', t.points_at_id, n.key
        FROM cases_node n JOIN cases_nodetext t ON t.node_id = n.id AND {_rule("t", None)}
        WHERE n.id = ANY(%(nodes)s)""",
        {"nodes": [*ancestors, *leaves]},
    )
    nodes = {row[0]: NodeRow(*row) for row in found}
    supports: dict[int, list[int]] = {node: [] for node in ancestors}
    for source, target in links:
        supports[source].append(target)
    best = frozenset(node for node in ancestors if node in nodes and nodes[node].takes_best)
    return Argument(supports, best), nodes


def statuses_of(nodes: Iterable[int]) -> dict[int, StatusRow]:
    """Return the stored statuses of the nodes."""
    found = rows(
        "SELECT node_id, status, since, until, because FROM cases_nodestatus WHERE node_id = ANY(%s)", [list(nodes)]
    )
    return {row[0]: StatusRow(Status(row[1]), *row[2:]) for row in found}


def statuses_of_case(case: int, *, at: datetime) -> dict[int, StatusRow]:
    """Return the statuses of all nodes of a case at the present ``at``.

    What is stored, with the forecast changes that have come since: whether a sweep has run makes no difference.
    """
    found = rows("SELECT node_id, status, since, until, because FROM cases_nodestatus WHERE case_id = %s", [case])
    statuses = {row[0]: StatusRow(Status(row[1]), *row[2:]) for row in found}
    due = rows(
        "SELECT DISTINCT node_id FROM cases_forecast WHERE case_id = %s AND at <= %s AND NOT provisional", [case, at]
    )
    for node, forecasts in forecasts_of(row[0] for row in due).items():
        if node in statuses:
            statuses[node] = _turned(statuses[node], [row for row in forecasts if not row.provisional], at)
    return statuses


def _turned(row: StatusRow, forecasts: list[ForecastRow], at: datetime) -> StatusRow:
    """Return what the row will say once its forecasts up to ``at`` are turned into history."""
    for forecast in forecasts:
        if forecast.at <= at:
            since = row.since if forecast.status is row.status else forecast.at
            row = StatusRow(forecast.status, since, None, forecast.because)
    later = (forecast.at for forecast in forecasts if forecast.at > at and forecast.status is not row.status)
    return row._replace(until=next(later, None))


def silences_due(case: int, *, at: datetime) -> bool:
    """Tell whether a monitor of the case may have fallen silent by ``at``, which only its facts can say."""
    found = rows("SELECT 1 FROM cases_forecast WHERE case_id = %s AND at <= %s AND provisional LIMIT 1", [case, at])
    return bool(found)


def forecasts_of(nodes: Iterable[int]) -> dict[int, list[ForecastRow]]:
    """Return the stored forecasts of the nodes, in order of time."""
    found = rows(
        "SELECT node_id, at, status, because, provisional FROM cases_forecast"
        " WHERE node_id = ANY(%s) ORDER BY node_id, at",
        [list(nodes)],
    )
    by_node: dict[int, list[ForecastRow]] = {}
    for node, at, status, because, provisional in found:
        by_node.setdefault(node, []).append(ForecastRow(at, Status(status), because, provisional))
    return by_node


def externals_pointing_at(nodes: Iterable[int]) -> list[int]:
    """Return the cases whose External nodes point at one of the nodes."""
    found = rows(
        f"""SELECT DISTINCT n.case_id FROM cases_nodetext t JOIN cases_node n ON n.id = t.node_id
        WHERE t.points_at_id = ANY(%(nodes)s) AND {_rule("t", None)} AND n.kind = %(kind)s""",
        {"nodes": list(nodes), "kind": NodeKind.EXTERNAL.value},
    )
    return [row[0] for row in found]
