"""The present status of a case as it is stored, in the form of ``evidence.asof``: what pages show by default.

Nothing is evaluated here, so that a page of a case of a thousand leaves costs a constant number of plain reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from dcase_audit.cases import arguments
from dcase_audit.cases.arguments import StatusRow
from dcase_audit.cases.models import Case
from dcase_audit.cases.outline import Line
from dcase_audit.cases.status import RULES_VERSION, Below, look_below
from dcase_audit.cases.words import CONTEXT_KINDS
from dcase_audit.trail.statements import rows
from evidence.asof import Because, CaseStatus, NodeView, case_status, edition_at
from evidence.reason_names import ReasonNames

Reason = Mapping[str, Any]


def present_status(case: Case, lines: Iterable[Line], *, at: datetime) -> CaseStatus:
    """Return the status of the nodes ``lines`` (those of the edition in force), in their order; ``at`` is now.

    Stored rows are read as of ``at``, so that a page is right when no sweep has run; only where a monitor may have
    fallen silent since the last one, the facts are asked.
    """
    if arguments.silences_due(case.pk, at=at):
        return case_status(case, at=at, known=at)
    edition = edition_at(case, at=at)
    number = edition.number if edition is not None else None
    found = arguments.statuses_of_case(case.pk, at=at)
    nodes = arguments.nodes_of([case.pk], edition=number)
    argument = arguments.argument_of(nodes, arguments.supports_of([case.pk], edition=number))
    # Between a publication and this reading the two may differ by a node.
    complete = all(node in found for node in argument.supports)
    below = look_below(argument, {node: row.status for node, row in found.items()}) if complete else {}
    named = named_reasons(found)
    lines = list(lines)
    keys = {line.id: line.key for line in lines if line.kind not in CONTEXT_KINDS}
    views = [_view(line, found.get(line.id), below.get(line.id), named, found, keys) for line in lines]
    sha256 = edition.sha256 if edition is not None else ""
    return CaseStatus(case, at, at, number, sha256, RULES_VERSION, tuple(views))


def _view(
    line: Line,
    row: StatusRow | None,
    under: Below | None,
    named: Mapping[int, Because],
    statuses: Mapping[int, StatusRow],
    keys: Mapping[int, str],
) -> NodeView:
    if line.kind in CONTEXT_KINDS or row is None or under is None:
        return NodeView(line.id, line.key, line.kind, None, None, None, None, (), {})
    because = named.get(line.id, ())
    if line.kind not in arguments.LEAVES:
        shaky = (
            {"node": keys[leaf], "status": statuses[leaf].status.word} for leaf in under.because if leaf != line.id
        )
        because = tuple(shaky) or because
    return NodeView(
        id=line.id,
        key=line.key,
        kind=line.kind,
        status=row.status,
        stands=row.status.stands,
        since=row.since,
        until=row.until,
        because=because,
        counts={status.word: number for status, number in under.counts.items()},
        counter_evidence=tuple(keys[leaf] for leaf in under.counter_evidence),
    )


def named_reasons(found: Mapping[int, StatusRow]) -> dict[int, Because]:
    """Return the stored reasons of each node with artefacts and nodes by key and revisions by number."""
    names = ReasonNames(reason for row in found.values() for reason in row.because)
    return {node: tuple(names.named(reason) for reason in row.because) for node, row in found.items()}


def titles_of(keys: Iterable[str], language: str) -> dict[str, str]:
    """Return what artefacts are called in ``language``, by their keys; of a case that is seen, all reasons are."""
    wanted = sorted(set(keys))
    query = "SELECT key, title_ja, title_en FROM evidence_artefact WHERE key = ANY(%s)"
    found = rows(query, [wanted]) if wanted else []
    return {key: ((ja or en) if language == "ja" else (en or ja)) or key for key, ja, en in found}
