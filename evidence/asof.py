"""The status of a whole case at any moment, as far as recorded by another: from facts and the edition in force then."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from dcase_audit.accounts.models import User
from dcase_audit.cases import arguments
from dcase_audit.cases.arguments import JUDGED_KEY, JUDGED_KIND, NodeRow
from dcase_audit.cases.models import Case, Edition
from dcase_audit.cases.status import (
    RULES_VERSION,
    Argument,
    Below,
    Timeline,
    children_first,
    look_below,
    roll_up_timelines,
)
from dcase_audit.cases.words import CONTEXT_KINDS, NodeKind, Status
from dcase_audit.trail.statements import rows
from evidence.leaf_status import Verdict
from evidence.loading import judged
from evidence.reason_names import ReasonNames

Because = tuple[dict[str, Any], ...]


class NodeView(NamedTuple):
    """A node as it reads at a moment; contexts have no status.

    ``because`` of a leaf: its reasons, with artefacts by key and revisions by number; of an inner node: a
    ``{"node", "status"}`` for each leaf below that does not stand. ``counts``: leaves below by status.
    """

    id: int
    key: str
    kind: str
    status: Status | None
    stands: bool | None
    since: datetime | None
    until: datetime | None
    because: Because
    counts: dict[str, int]
    counter_evidence: tuple[str, ...] = ()


@dataclass(frozen=True)
class CaseStatus:
    """All nodes of the edition in force at ``at``, in reading order. No edition yet: no nodes."""

    case: Case
    at: datetime
    known: datetime
    edition: int | None
    edition_sha256: str
    rules_version: int
    nodes: tuple[NodeView, ...]

    def node(self, key: str) -> NodeView:
        """Return the node called ``key``; KeyError where the edition has none."""
        found = {node.key: node for node in self.nodes}
        return found[key]


@dataclass(frozen=True)
class ForecastView:
    """A change that comes if nobody does anything."""

    at: datetime
    key: str
    kind: str
    before: Status
    after: Status
    because: Because


def edition_at(case: Case, *, at: datetime) -> Edition | None:
    """Return the edition of the case that was in force at ``at``."""
    return Edition.objects.filter(case=case, published_at__lte=at).defer("document").order_by("-number").first()


def case_status(case: Case, *, at: datetime, known: datetime) -> CaseStatus:
    """Evaluate the case from its facts: ``at`` any moment, past or to come, ``known`` up to when facts count.

    Constant queries. ``since`` is the moment of the last change that is recorded or worked out; ``until`` is worked out
    as nothing happens after ``known``.
    """
    edition = edition_at(case, at=min(at, known))
    if edition is None:
        return CaseStatus(case, at, known, None, "", RULES_VERSION, ())
    everything = arguments.all_of(case.pk, edition=edition.number)
    nodes = {row.id: row for row in everything if row.kind not in CONTEXT_KINDS}
    argument = arguments.argument_of(nodes, arguments.supports_of([case.pk], edition=edition.number))
    leaf_ids = [node for node, row in nodes.items() if row.kind in arguments.LEAVES]
    leaves = judged(leaf_ids, at=at, known=known, edition=edition.number)
    ahead = {node: leaf.timeline(at) for node, leaf in leaves.items()}
    verdicts = {node: found[0] for node, found in ahead.items()}
    given = {node: verdict.status for node, verdict in verdicts.items()} | _externals(nodes, at=at, known=known)
    order = children_first(argument.supports)
    timelines = _timelines(argument, ahead, given, at, order)
    statuses = {node: timeline[0][1] for node, timeline in timelines.items()}
    below = look_below(argument, statuses, order)
    since = _since(case, nodes, statuses, at, known)
    names = ReasonNames(reason for verdict in verdicts.values() for reason in verdict.because)
    keys = {node: row.key for node, row in nodes.items()}
    views = [_view(row, statuses, verdicts, timelines, below, since, names, keys) for row in everything]
    return CaseStatus(case, at, known, edition.number, edition.sha256, RULES_VERSION, tuple(views))


def _view(
    row: NodeRow,
    statuses: Mapping[int, Status],
    verdicts: Mapping[int, Verdict],
    timelines: Mapping[int, Timeline],
    below: Mapping[int, Below],
    since: Mapping[int, datetime],
    names: ReasonNames,
    keys: Mapping[int, str],
) -> NodeView:
    node, key, kind = row.id, row.key, row.kind
    if kind in CONTEXT_KINDS or node not in statuses:
        return NodeView(node, key, kind, None, None, None, None, (), {})
    status, under = statuses[node], below[node]
    if node in verdicts:
        because = tuple(names.named(reason) for reason in verdicts[node].because)
    else:
        because = tuple({"node": keys[leaf], "status": statuses[leaf].word} for leaf in under.because if leaf != node)
        if not because and status is Status.UNDEVELOPED:
            because = ({"reason": "undeveloped", "status": status.word},)
        if kind == NodeKind.EXTERNAL and not status.stands:
            because = ({"reason": "external", "status": status.word},)
    until = next((at for at, later in timelines[node][1:] if later is not status), None)
    counts = {status.word: number for status, number in under.counts.items()}
    refuted = tuple(keys[leaf] for leaf in under.counter_evidence)
    return NodeView(node, key, kind, status, status.stands, since.get(node), until, because, counts, refuted)


def _timelines(
    argument: Argument,
    ahead: Mapping[int, list[Verdict]],
    given: Mapping[int, Status],
    at: datetime,
    order: Sequence[int],
) -> dict[int, Timeline]:
    found: dict[int, Timeline] = {node: [(at, status)] for node, status in given.items()}
    for node, verdicts in ahead.items():
        found[node] = [(verdict.at, verdict.status) for verdict in verdicts]
    return roll_up_timelines(argument, found, at, order)


def _externals(nodes: Mapping[int, NodeRow], *, at: datetime, known: datetime) -> dict[int, Status]:
    """Return what External nodes read: the status of their goals as recorded by ``known``, at ``at``."""
    externals = {node: row.points_at for node, row in nodes.items() if row.kind == NodeKind.EXTERNAL}
    if not externals:
        return {}
    changes = rows(
        "SELECT DISTINCT ON (node_id) node_id, after FROM cases_statuschange"
        " WHERE node_id = ANY(%s) AND effective_at <= %s AND recorded_at <= %s ORDER BY node_id, effective_at DESC",
        [[target for target in externals.values() if target], at, known],
    )
    said = {node: Status(status) for node, status in changes}
    return {node: said.get(target or 0, Status.MISSING) for node, target in externals.items()}


def _since(
    case: Case, nodes: Iterable[int], statuses: Mapping[int, Status], at: datetime, known: datetime
) -> dict[int, datetime]:
    """Return since when each node has had its status, as the recorded changes say; ``at`` where these say otherwise."""
    changes = rows(
        "SELECT DISTINCT ON (node_id) node_id, after, effective_at FROM cases_statuschange"
        " WHERE case_id = %s AND effective_at <= %s AND recorded_at <= %s ORDER BY node_id, effective_at DESC",
        [case.pk, at, known],
    )
    last = {node: (Status(status), since) for node, status, since in changes}
    ahead = _forecast_since(case, at)
    found = {}
    for node in nodes:
        status, since = ahead.get(node) or last.get(node) or (None, at)
        found[node] = since if status is statuses.get(node) else last.get(node, (None, at))[1]
    return found


def _forecast_since(case: Case, at: datetime) -> dict[int, tuple[Status, datetime]]:
    """Return the last forecast change up to ``at``, which the sweep has not turned into history yet."""
    due = rows(
        "SELECT DISTINCT ON (node_id) node_id, status, at FROM cases_forecast"
        " WHERE case_id = %s AND at <= %s AND NOT provisional ORDER BY node_id, at DESC",
        [case.pk, at],
    )
    return {node: (Status(status), since) for node, status, since in due}


def case_forecast(case: Case, *, at: datetime, days: int, user: User | None = None) -> tuple[ForecastView, ...]:
    """Return the stored forecast of the next ``days``, in order of time, without provisional silences.

    With ``user``, reasons name no goal of a case outside that user's view.
    """
    found = rows(
        f"""SELECT f.at, {JUDGED_KEY}, {JUDGED_KIND},
                  coalesce(lag(f.status) OVER (PARTITION BY f.node_id ORDER BY f.at), s.status), f.status, f.because
        FROM cases_forecast f JOIN cases_node n ON n.id = f.node_id JOIN cases_nodestatus s ON s.node_id = f.node_id
        WHERE f.case_id = %s AND NOT f.provisional AND f.at <= %s + make_interval(days => %s)
        ORDER BY f.at, n.position, n.id""",
        [case.pk, at, days],
    )
    names = ReasonNames((reason for row in found for reason in row[5]), user)
    return tuple(
        ForecastView(at, key, kind, Status(before), Status(after), tuple(names.named(reason) for reason in because))
        for at, key, kind, before, after, because in found
        if before != after
    )
