"""Evaluate leaves and all above them, and write what differs from what is stored."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection

from dcase_audit.cases import arguments
from dcase_audit.cases.arguments import ForecastRow, NodeRow, StatusRow, Stored
from dcase_audit.cases.status import RULES_VERSION, Argument, Timeline, children_first, combine, status_at
from dcase_audit.cases.words import NodeKind, Status
from evidence.leaf_status import Leaf, Verdict
from evidence.loading import judged
from evidence.standings import refresh_standings
from evidence.target_status import TargetLeaf

MOST_DECIDING = 8


class Outcome(NamedTuple):
    """What was worked out for a node: verdicts from the start on, and when its facts must be asked again: a monitor

    may be silent by then, or a period not measured.
    """

    case: int
    verdicts: Sequence[Verdict]
    asked_at: datetime | None = None


def settle(leaves: Iterable[int], *, artefacts: Iterable[int] = (), moment: datetime, cause: str) -> None:
    """Evaluate the touched leaves from ``moment`` on and all that they support; refresh the artefacts' standings."""
    touched = sorted(leaves)
    evaluated = judged(touched, at=moment, known=moment) if touched else {}
    if touched:
        outcomes, stored = evaluate(touched, evaluated, start=moment)
        write(outcomes, stored, moment=moment, recorded_at=moment, cause=cause)
    linked = {support.artefact for leaf in evaluated.values() for support in leaf.facts.supports}
    refresh_standings(set(artefacts) | linked, evaluated, at=moment)


def settle_case(case: int, *, moment: datetime, cause: str) -> None:
    """Evaluate a whole case: its nodes of the edition in force are all written, rows of nodes no longer in it go."""
    nodes = arguments.nodes_of([case])
    argument = arguments.argument_of(nodes, arguments.supports_of([case]))
    leaves = [node for node, row in nodes.items() if row.kind in arguments.LEAVES]
    evaluated = judged(leaves, at=moment, known=moment)
    outcomes = _leaf_outcomes(nodes, evaluated, start=moment) | _external_outcomes(nodes, start=moment)
    outcomes |= _inner_outcomes(argument, nodes, outcomes, {}, start=moment)
    _forget(case, list(nodes))
    write(outcomes, arguments.stored_of(outcomes), moment=moment, recorded_at=moment, cause=cause)
    linked = {support.artefact for leaf in evaluated.values() for support in leaf.facts.supports}
    refresh_standings(linked, evaluated, at=moment)


def evaluate(
    leaves: list[int], evaluated: Mapping[int, Leaf | TargetLeaf], *, start: datetime
) -> tuple[dict[int, Outcome], Stored]:
    """Work out the leaves and their ancestors from ``start`` on; the ancestors' other children as they are stored.

    Return with it what is stored of all of them.
    """
    ancestors = arguments.above(leaves)
    argument, nodes = arguments.argument_above(leaves, ancestors)
    outcomes = _leaf_outcomes(nodes, evaluated, start=start)
    outcomes |= _external_outcomes({node: nodes[node] for node in leaves if node in nodes}, start=start)
    children = {child for children in argument.supports.values() for child in children}
    stored = arguments.stored_of({*children, *ancestors, *outcomes})
    siblings = children - set(outcomes) - set(ancestors)
    timelines = {node: _timeline(stored, node, start) for node in siblings if node in stored.statuses}
    return outcomes | _inner_outcomes(argument, nodes, outcomes, timelines, start=start), stored


def _leaf_outcomes(
    nodes: Mapping[int, NodeRow], evaluated: Mapping[int, Leaf | TargetLeaf], *, start: datetime
) -> dict[int, Outcome]:
    found = {}
    for node, leaf in evaluated.items():
        if node in nodes:
            asked_at = leaf.asked_at(max(start, leaf.known))
            found[node] = Outcome(nodes[node].case, leaf.timeline(start), asked_at)
    return found


def _external_outcomes(nodes: Mapping[int, NodeRow], *, start: datetime) -> dict[int, Outcome]:
    """Work out External nodes from what is stored of the goals they point at."""
    externals = {row.id: row for row in nodes.values() if row.kind == NodeKind.EXTERNAL}
    if not externals:
        return {}
    stored = arguments.stored_of(row.points_at for row in externals.values() if row.points_at)
    found = {}
    for node, row in externals.items():
        target = row.points_at if row.points_at in stored.statuses else None
        reason = {"reason": "external", "node": target} if target else {"reason": "none"}
        verdicts = [
            Verdict(at, status, () if status is Status.SUPPORTED else ({"status": status.word, **reason},))
            for at, status in (_timeline(stored, target, start) if target else [(start, Status.MISSING)])
        ]
        found[node] = Outcome(row.case, verdicts)
    return found


def _timeline(stored: Stored, node: int, start: datetime) -> Timeline:
    timeline = [(start, stored.statuses[node].status)]
    for change in stored.forecasts.get(node, ()):
        if change.provisional:
            continue
        if change.at <= start:
            timeline = [(start, change.status)]
        elif change.status is not timeline[-1][1]:
            timeline.append((change.at, change.status))
    return timeline


def _inner_outcomes(
    argument: Argument,
    nodes: Mapping[int, NodeRow],
    leaves: Mapping[int, Outcome],
    stored: Mapping[int, Timeline],
    *,
    start: datetime,
) -> dict[int, Outcome]:
    timelines: dict[int, Timeline] = dict(stored)
    for node, outcome in leaves.items():
        timelines[node] = _statuses_only(outcome.verdicts)
    found = {}
    for node in children_first(argument.supports):
        if node in timelines or node not in nodes:
            continue
        children = [child for child in argument.supports[node] if child in timelines]
        timelines[node] = combine([timelines[c] for c in children], best=node in argument.takes_best, start=start)
        verdicts = [Verdict(at, status, _deciding(children, timelines, at, status)) for at, status in timelines[node]]
        found[node] = Outcome(nodes[node].case, verdicts)
    return found


def _statuses_only(verdicts: Sequence[Verdict]) -> Timeline:
    found: list[tuple[datetime, Status]] = []
    for verdict in verdicts:
        if not found or found[-1][1] is not verdict.status:
            found.append((verdict.at, verdict.status))
    return found


def _deciding(
    children: list[int], timelines: Mapping[int, Timeline], at: datetime, status: Status
) -> tuple[dict[str, Any], ...]:
    """Name the children whose status the node has at ``at``: at most eight ids, and how many there are."""
    if status is Status.SUPPORTED:
        return ()
    if not children:
        return ({"reason": "undeveloped"},)
    deciding = [child for child in children if status_at(timelines[child], at) is status]
    return ({"reason": "children", "nodes": deciding[:MOST_DECIDING], "count": len(deciding)},)


# Writing


def write(
    outcomes: Mapping[int, Outcome], stored: Stored, *, moment: datetime, recorded_at: datetime, cause: str
) -> None:
    """Write what differs from what is stored. A status that differs at the start becomes a change at ``moment``."""
    moved = _write_forecasts(outcomes, stored.forecasts)
    new, updated, changes = [], [], []
    for node, outcome in outcomes.items():
        before = stored.statuses.get(node)
        row = _status_row(outcome, before, moment)
        if before is None:
            new.append((node, outcome.case, *row))
        elif row != tuple(before):
            updated.append((node, *row))
        if before is None or before.status is not row[0]:
            was = None if before is None else before.status
            changes.append((outcome.case, node, was, row[0], row[3]))
    _insert_statuses(new)
    _update_statuses(updated)
    _insert_changes(changes, moment=moment, recorded_at=recorded_at, cause=cause)
    _ask_dependants(moved | {change[1] for change in changes}, recorded_at)


def _status_row(
    outcome: Outcome, before: StatusRow | None, moment: datetime
) -> tuple[Status, datetime, datetime | None, list[dict[str, Any]]]:
    first = outcome.verdicts[0]
    until = next((verdict.at for verdict in outcome.verdicts[1:] if verdict.status is not first.status), None)
    since = before.since if before is not None and before.status is first.status else moment
    return first.status, since, until, list(first.because)


def _write_forecasts(outcomes: Mapping[int, Outcome], stored: Mapping[int, list[ForecastRow]]) -> set[int]:
    """Replace the forecast rows that differ; return the nodes that have such."""
    gone: list[tuple[int, datetime]] = []
    new: list[tuple[Any, ...]] = []
    for node, outcome in outcomes.items():
        wanted = {v.at: ForecastRow(v.at, v.status, list(v.because), False) for v in outcome.verdicts[1:]}
        if outcome.asked_at is not None and outcome.asked_at not in wanted:
            wanted[outcome.asked_at] = ForecastRow(outcome.asked_at, Status.STALE, [{"reason": "silent"}], True)
        have = {row.at: row for row in stored.get(node, ())}
        gone += [(node, at) for at, row in have.items() if wanted.get(at) != row]
        new += [
            (node, outcome.case, at, int(row.status), json.dumps(row.because), row.provisional)
            for at, row in wanted.items()
            if have.get(at) != row
        ]
    if gone:
        _execute(
            "DELETE FROM cases_forecast f USING unnest(%s::bigint[], %s::timestamptz[]) AS g(node_id, at)"
            " WHERE f.node_id = g.node_id AND f.at = g.at",
            [[node for node, _ in gone], [at for _, at in gone]],
        )
    if new:
        _execute(
            "INSERT INTO cases_forecast (node_id, case_id, at, status, because, provisional)"
            " SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::timestamptz[], %s::smallint[], %s::jsonb[],"
            " %s::bool[])",
            [list(column) for column in zip(*new, strict=True)],
        )
    return {row[0] for row in gone} | {row[0] for row in new}


def _insert_statuses(new: list[tuple[Any, ...]]) -> None:
    if not new:
        return
    columns = [list(column) for column in zip(*((*row[:5], json.dumps(row[5])) for row in new), strict=True)]
    columns[2] = [int(status) for status in columns[2]]
    _execute(
        "INSERT INTO cases_nodestatus (node_id, case_id, status, since, until, because) SELECT * FROM"
        " unnest(%s::bigint[], %s::bigint[], %s::smallint[], %s::timestamptz[], %s::timestamptz[], %s::jsonb[])",
        columns,
    )


def _update_statuses(updated: list[tuple[Any, ...]]) -> None:
    if not updated:
        return
    columns = [list(column) for column in zip(*((*row[:4], json.dumps(row[4])) for row in updated), strict=True)]
    columns[1] = [int(status) for status in columns[1]]
    _execute(
        "UPDATE cases_nodestatus s SET status = u.status, since = u.since, until = u.until, because = u.because FROM"
        " unnest(%s::bigint[], %s::smallint[], %s::timestamptz[], %s::timestamptz[], %s::jsonb[])"
        " AS u(node_id, status, since, until, because) WHERE s.node_id = u.node_id",
        columns,
    )


def _insert_changes(changes: list[tuple[Any, ...]], *, moment: datetime, recorded_at: datetime, cause: str) -> None:
    if not changes:
        return
    cases, nodes, before, after, because = (list(column) for column in zip(*changes, strict=True))
    _execute(
        "INSERT INTO cases_statuschange (case_id, node_id, before, after, because, effective_at, recorded_at,"
        " caused_by, rules_version) SELECT u.*, %s, %s, %s, %s FROM"
        " unnest(%s::bigint[], %s::bigint[], %s::smallint[], %s::smallint[], %s::jsonb[]) AS u",
        [
            moment,
            recorded_at,
            cause[:100],
            RULES_VERSION,
            cases,
            nodes,
            [None if status is None else int(status) for status in before],
            [int(status) for status in after],
            [json.dumps(reasons) for reasons in because],
        ],
    )


def _ask_dependants(changed: set[int], at: datetime) -> None:
    """Ask for the cases whose External nodes point at a changed node; the sweep takes the requests up."""
    if not changed:
        return
    for case in arguments.externals_pointing_at(changed):
        _execute("INSERT INTO cases_settlementrequest (case_id, at) VALUES (%s, %s)", [case, at])


def _forget(case: int, nodes: list[int]) -> None:
    _execute("DELETE FROM cases_forecast WHERE case_id = %s AND node_id <> ALL(%s)", [case, nodes])
    _execute("DELETE FROM cases_nodestatus WHERE case_id = %s AND node_id <> ALL(%s)", [case, nodes])


def _execute(query: str, params: Sequence[Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(query, params)
