"""Reading arguments and stored statuses in bulk: ids in, plain values out, a constant number of queries.

These are the readers that settle, sweep and the pages share; they bypass Django's per-row conversion, which alone
costs more than the rules do.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from dcase_audit.cases.status import Argument
from dcase_audit.cases.words import CONTEXT_KINDS, LEAF_KINDS, TARGET_PREFIX, LinkKind, NodeKind, Status
from dcase_audit.trail.statements import rows

CONTEXTS = sorted(CONTEXT_KINDS)
LEAVES = sorted({*LEAF_KINDS, NodeKind.TARGET})

# What monitors measure and a context can set a target for: such a context gives its goal a derived leaf, which has the
# context's id and, in everything said of its status, a kind and a key of its own.
MEASURABLE = """{0}.attributes @@ '$.targets[*].measure == "availability"'"""
_CONTEXTS = ", ".join(f"'{kind}'" for kind in CONTEXTS)
JUDGED_KEY = f"CASE WHEN n.kind IN ({_CONTEXTS}) THEN '{TARGET_PREFIX}' || n.key ELSE n.key END"
JUDGED_KIND = f"CASE WHEN n.kind IN ({_CONTEXTS}) THEN '{NodeKind.TARGET}' ELSE n.kind END"


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


class Stored(NamedTuple):
    """The stored statuses of nodes, and their forecasts in order of time."""

    statuses: dict[int, StatusRow]
    forecasts: dict[int, list[ForecastRow]]


IN_FORCE = "{0}.edition_from IS NOT NULL AND {0}.edition_until IS NULL"
OF_EDITION = "{0}.edition_from <= %(edition)s AND ({0}.edition_until IS NULL OR {0}.edition_until > %(edition)s)"
JUDGED = f"""SELECT n.id, n.case_id, {JUDGED_KIND}, t.support_rule = 'any', t.points_at_id, {JUDGED_KEY}
FROM cases_node n JOIN cases_nodetext t ON t.node_id = n.id AND {{rule}}
WHERE {{which}} AND (n.kind <> ALL(%(contexts)s) OR {MEASURABLE.format("t")})"""


def _rule(alias: str, edition: int | None) -> str:
    return (IN_FORCE if edition is None else OF_EDITION).format(alias)


def _supports(link: str, edition: int | None) -> str:
    """Return what tells that what ``link`` leads to has a say in the status of what it comes from."""
    return f"""({link}.kind = %(kind)s OR {link}.kind = %(beside)s AND EXISTS (
        SELECT 1 FROM cases_nodetext m WHERE m.node_id = {link}.target_id AND {_rule("m", edition)}
        AND {MEASURABLE.format("m")}))"""


SUPPORTING = {"kind": LinkKind.SUPPORTED_BY.value, "beside": LinkKind.IN_CONTEXT_OF.value}


def nodes_of(cases: Iterable[int], *, edition: int | None = None) -> dict[int, NodeRow]:
    """Return what has a status, of the edition in force or of the one given, in the author's order."""
    query = JUDGED.format(rule=_rule("t", edition), which="n.case_id = ANY(%(cases)s)")
    found = rows(f"{query} ORDER BY n.position, n.id", {"cases": list(cases), "edition": edition, "contexts": CONTEXTS})
    return {row[0]: NodeRow(*row) for row in found}


def all_of(case: int, *, edition: int) -> list[NodeRow]:
    """Return every node of an edition, those without a status too, in the author's order; a derived leaf comes right

    after its context, whose id it has.
    """
    found = rows(
        f"""SELECT n.id, n.case_id, n.kind, t.support_rule = 'any', t.points_at_id, n.key,
        n.kind = ANY(%(contexts)s) AND {MEASURABLE.format("t")}
        FROM cases_node n JOIN cases_nodetext t ON t.node_id = n.id AND {_rule("t", edition)}
        WHERE n.case_id = %(case)s ORDER BY n.position, n.id""",
        {"case": case, "edition": edition, "contexts": CONTEXTS},
    )
    everything = []
    for *row, is_measurable in found:
        everything.append(node := NodeRow(*row))
        if is_measurable:
            everything.append(node._replace(kind=NodeKind.TARGET.value, key=f"{TARGET_PREFIX}{node.key}"))
    return everything


def supports_of(cases: Iterable[int], *, edition: int | None = None) -> dict[int, list[int]]:
    """Return which nodes support which, in the author's order; targets, as derived leaves, after all others."""
    found = rows(
        f"""SELECT l.source_id, l.target_id FROM cases_link l
        WHERE l.case_id = ANY(%(cases)s) AND {_rule("l", edition)} AND {_supports("l", edition)}
        ORDER BY l.source_id, l.kind DESC, l.position, l.id""",
        {"cases": list(cases), "edition": edition, **SUPPORTING},
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
            WHERE l.target_id = ANY(%(leaves)s) AND {_rule("l", None)} AND {_supports("l", None)}
            UNION
            SELECT l.source_id FROM up JOIN cases_link l ON l.target_id = up.id
            WHERE {_rule("l", None)} AND l.kind = %(kind)s)
        SELECT id FROM up""",
        {"leaves": list(leaves), **SUPPORTING},
    )
    return [row[0] for row in found]


def argument_above(leaves: Iterable[int], ancestors: list[int]) -> tuple[Argument, dict[int, NodeRow]]:
    """Return the ancestors with what supports them directly, for an incremental roll-up, and the leaves' rows."""
    links = rows(
        f"""SELECT l.source_id, l.target_id FROM cases_link l JOIN cases_node n ON n.id = l.target_id
        WHERE l.source_id = ANY(%(above)s) AND {_rule("l", None)} AND {_supports("l", None)}
        ORDER BY l.source_id, l.kind DESC, l.position, l.id""",
        {"above": ancestors, **SUPPORTING},
    )
    query = JUDGED.format(rule=_rule("t", None), which="n.id = ANY(%(nodes)s)")
    found = rows(query, {"nodes": [*ancestors, *leaves], "contexts": CONTEXTS})
    nodes = {row[0]: NodeRow(*row) for row in found}
    supports: dict[int, list[int]] = {node: [] for node in ancestors}
    for source, target in links:
        supports[source].append(target)
    best = frozenset(node for node in ancestors if node in nodes and nodes[node].takes_best)
    return Argument(supports, best), nodes


def stored_of(nodes: Iterable[int]) -> Stored:
    """Return what is stored of the nodes, in one query."""
    found = rows(
        """SELECT node_id, NULL AS at, status, since, until, because, false FROM cases_nodestatus
            WHERE node_id = ANY(%(nodes)s)
        UNION ALL SELECT node_id, at, status, NULL, NULL, because, provisional FROM cases_forecast
            WHERE node_id = ANY(%(nodes)s)
        ORDER BY node_id, at""",
        {"nodes": list(nodes)},
    )
    stored = Stored({}, {})
    for node, at, status, since, until, because, provisional in found:
        if at is None:
            stored.statuses[node] = StatusRow(Status(status), since, until, because)
        else:
            stored.forecasts.setdefault(node, []).append(ForecastRow(at, Status(status), because, provisional))
    return stored


def statuses_of_case(case: int, *, at: datetime) -> dict[int, StatusRow]:
    """Return the statuses of all nodes of a case at the present ``at``.

    What is stored, with the forecast changes that have come since: whether a sweep has run makes no difference.
    """
    found = rows("SELECT node_id, status, since, until, because FROM cases_nodestatus WHERE case_id = %s", [case])
    statuses = {row[0]: StatusRow(Status(row[1]), *row[2:]) for row in found}
    due = rows(
        "SELECT DISTINCT node_id FROM cases_forecast WHERE case_id = %s AND at <= %s AND NOT provisional", [case, at]
    )
    for node, forecasts in stored_of(row[0] for row in due).forecasts.items():
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


def externals_pointing_at(nodes: Iterable[int]) -> list[int]:
    """Return the cases whose External nodes point at one of the nodes."""
    found = rows(
        f"""SELECT DISTINCT n.case_id FROM cases_nodetext t JOIN cases_node n ON n.id = t.node_id
        WHERE t.points_at_id = ANY(%(nodes)s) AND {_rule("t", None)} AND n.kind = %(kind)s""",
        {"nodes": list(nodes), "kind": NodeKind.EXTERNAL.value},
    )
    return [row[0] for row in found]
