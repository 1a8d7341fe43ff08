"""The rows of the report's sections: contents in, plain rows out, for the templates to set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from itertools import zip_longest

from django.utils.safestring import SafeString

from dcase_audit.cases.words import LinkKind, NodeKind, Status
from dcase_audit.reports.contents import (
    Artefact,
    ForecastChange,
    Loosening,
    MeasuredTarget,
    Node,
    ReportContents,
    Revision,
    TargetPeriod,
)
from dcase_audit.reports.render.characters import Unprintable
from dcase_audit.reports.words import Wording
from evidence.charts import Bar, chart, name_of

HORIZONS = (30, 90)
MOST_BARS = 13
CLAIMS = frozenset({NodeKind.GOAL, NodeKind.STRATEGY})


@dataclass(frozen=True)
class StatusRow:
    """One status and the leaves in it."""

    status: Status
    leaves: list[Node]


@dataclass(frozen=True)
class Falls:
    """The leaves that fall within ``days``, but not within an earlier row's days."""

    days: int
    changes: list[tuple[Node, ForecastChange]]


@dataclass(frozen=True)
class Figure:
    """A count with its name; ``indent`` for a part of the one above."""

    text: str
    count: int
    indent: bool = False


@dataclass(frozen=True)
class Measurement:
    """What one monitor measured of a service at one interval: a drawing, and the periods, the latest first."""

    service: str
    source: str
    resolution_ms: int
    drawing: SafeString
    periods: list[TargetPeriod]


@dataclass(frozen=True)
class NodeSection:
    """What section 3 says of one node. ``bearing`` decides the status now, ``further`` counts the other revisions."""

    node: Node
    is_claim: bool
    is_goal: bool
    contexts: list[Node]
    below: list[Node]
    above: list[Node]
    criterion: list[tuple[str, str]]
    bearing: list[tuple[Artefact, Revision]]
    unlinked: list[Artefact]
    further: int
    measured: list[tuple[MeasuredTarget, list[Measurement]]]


@dataclass(frozen=True)
class PartyRow:
    """A party and the nodes that it holds, by how it holds them."""

    name: str
    symbol: str
    holds: str
    accountable: list[Node]
    custodian: list[Node]
    verifier: list[Node]


def status_rows(contents: ReportContents) -> list[StatusRow]:
    """Return all statuses from bad to good, empty ones too: a zero is said."""
    return [StatusRow(status, [leaf for leaf in contents.leaves if leaf.status == status.word]) for status in Status]


def falls(contents: ReportContents) -> list[Falls]:
    """Return what falls within each horizon, beyond what the shorter one shows."""
    rows, shown = [], set[str]()
    for days in HORIZONS:
        changes = [change for change in contents.falls(within=timedelta(days=days)) if change.node not in shown]
        shown |= {change.node for change in changes}
        rows.append(Falls(days, [(contents.node_by_key[change.node], change) for change in changes]))
    return rows


def figures(contents: ReportContents, wording: Wording) -> list[Figure]:
    """Return the counts of the period, each of a list that the report prints."""
    drills = drill_figures(contents)
    taken_back = [decision.kind for _, _, decision in contents.taken_back]
    rows = [
        ("drills_planned", drills["due"], False),
        ("drills_held", drills["held"], True),
        ("drills_cancelled", drills["cancelled"], True),
        ("drills_not_reported", drills["not_reported"], True),
        ("drills_ahead", drills["planned"], False),
        ("drills_failed", len(contents.failed_drills), False),
        ("findings_open", len(contents.open_findings), False),
        ("findings_overdue", sum(finding.state == "overdue" for _, finding in contents.open_findings), True),
        ("refutations", len(contents.refutations), False),
        ("returned", taken_back.count("returned"), False),
        ("withdrawn", taken_back.count("withdrawn"), False),
        ("voided", taken_back.count("voided"), False),
        ("annulled", taken_back.count("annulled"), False),
        ("refused", len(contents.refused_uploads), False),
        ("late", len(contents.late_acceptances), False),
        ("targets_missed", len(contents.missed_periods), False),
        ("targets_unknown", len(contents.unknown_periods), False),
        ("loosened", len(contents.loosened), False),
        ("unheld", len(contents.unheld), False),
    ]
    return [Figure(wording.say(f"summary.{name}"), count, indent) for name, count, indent in rows]


def in_two_columns(figures: list[Figure]) -> list[tuple[Figure, Figure | None]]:
    """Return the figures as rows of two: the first half beside the second."""
    half = (len(figures) + 1) // 2
    return list(zip_longest(figures[:half], figures[half:]))


def node_sections(contents: ReportContents, wording: Wording) -> list[NodeSection]:
    """Return one section for each judged node, in reading order; contexts stand with the node they belong to."""
    return [_node_section(contents, wording, node) for node in contents.nodes if node.judged]


def _node_section(contents: ReportContents, wording: Wording, node: Node) -> NodeSection:
    evidence = contents.evidence_of(node.key)
    revisions = [(artefact, revision) for artefact in evidence for revision in artefact.revisions]
    bearing = [(artefact, revision) for artefact, revision in revisions if revision.bears]
    return NodeSection(
        node=node,
        is_claim=node.kind in CLAIMS,
        is_goal=node.kind == NodeKind.GOAL,
        contexts=contents.below(node.key, LinkKind.IN_CONTEXT_OF),
        below=contents.below(node.key, LinkKind.SUPPORTED_BY),
        above=contents.above(node.key),
        criterion=wording.criterion(node.criterion) if node.criterion else [],
        bearing=bearing,
        unlinked=[artefact for artefact in evidence if artefact.is_unlinked_from(node.key)],
        further=len(revisions) - len(bearing),
        measured=[(of, measurements_of(of, wording)) for of in contents.targets if of.node == node.key],
    )


def measurements_of(target: MeasuredTarget, wording: Wording) -> list[Measurement]:
    """Return what was measured of each service, in the target's order; each monitor and its interval by itself."""
    rows: dict[tuple[str, str, int], list[TargetPeriod]] = {}
    for service in target.services:
        for row in sorted(target.periods, key=lambda row: (row.source, row.start)):
            if row.service == service:
                rows.setdefault((service, row.source, row.resolution_ms), []).append(row)
    limit = Fraction(target.limit) / 100
    return [
        Measurement(service, source, resolution, _drawing(service, found, limit, wording), found[::-1])
        for (service, source, resolution), found in rows.items()
    ]


def _drawing(service: str, rows: list[TargetPeriod], limit: Fraction, wording: Wording) -> SafeString:
    """Draw how much of each period's error budget was used, the latest periods at the right."""
    bars = [
        Bar(
            name_of(row.start, row.until, wording.times.zone),
            (1 - limit) * row.required_ms,
            row.down_ms,
            row.unknown_ms,
            row.outcome in ("running", "spent"),
        )
        for row in rows[-MOST_BARS:]
    ]
    # Its texts are escaped where it is drawn.
    return SafeString(chart(bars, service=wording.name(service), language=wording.language))


def loosened_rows(contents: ReportContents) -> list[tuple[Loosening, Node | None]]:
    """Return what was loosened with its node, None where the edition in force has the node no more."""
    return [(change, contents.node_by_key.get(change.node)) for change in contents.loosened]


def drill_figures(contents: ReportContents) -> dict[str, int]:
    """Return how the planned occurrences ended; those not due yet are left out of ``due``."""
    outcomes = contents.outcome_counts
    return {
        "due": outcomes.total() - outcomes["planned"],
        **{outcome: outcomes[outcome] for outcome in ("held", "cancelled", "not_reported", "planned")},
    }


def party_rows(contents: ReportContents) -> list[PartyRow]:
    """Return the parties in their order, then holders that are named in the case only."""
    known = {party.name: party for party in contents.parties}
    named = [name for node in contents.nodes for name in (node.accountable, node.custodian, node.verifier) if name]
    rows = []
    for name in dict.fromkeys([*known, *named]):

        def held(how: Callable[[Node], str], name: str = name) -> list[Node]:
            return [node for node in contents.nodes if how(node) == name]

        party = known.get(name)
        rows.append(
            PartyRow(
                name=name,
                symbol=party.symbol if party else "",
                holds=party.holds if party else "",
                accountable=held(lambda node: node.accountable),
                custodian=held(lambda node: node.custodian),
                verifier=held(lambda node: node.verifier),
            )
        )
    return rows


def register_counts(contents: ReportContents) -> dict[str, int]:
    """Return how much the evidence register lists."""
    files = [file for _, revision in contents.revisions for file in revision.files]
    return {
        "artefacts": len(contents.artefacts),
        "revisions": len(contents.revisions),
        "files": len(files),
        "distinct": len({file.sha256 for file in files}),
    }


def by_character(found: list[Unprintable]) -> list[tuple[str, list[str]]]:
    """Return each replaced character as it is printed, with the records that hold it."""
    places: dict[str, list[str]] = {}
    for item in found:
        places.setdefault(item.notation, []).append(item.where)
    return list(places.items())
