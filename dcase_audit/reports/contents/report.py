"""The contents of one accountability report: one case, one moment, one language.

Only lists are stored; every count is computed from the list that it sums, so that they cannot disagree.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from dcase_audit.cases.words import LinkKind, NodeKind, Status
from dcase_audit.reports.contents.case import ForecastChange, Header, Label, Link, Node, Party, ReadingNote
from dcase_audit.reports.contents.drills import SETTLED, Drill, Finding, Occurrence, Result
from dcase_audit.reports.contents.editions import Loosening
from dcase_audit.reports.contents.evidence import TAKEN_BACK, Artefact, Decision, Gap, RefusedUpload, Revision
from dcase_audit.reports.contents.targets import MeasuredTarget, TargetPeriod


@dataclass(frozen=True, kw_only=True)
class ReportContents:
    """Everything that a report says.

    ``nodes`` stand in reading order, ``forecast`` in order of time and without provisional rows, ``loosened`` by
    edition, ``labels`` by key.
    """

    header: Header
    parties: tuple[Party, ...]
    nodes: tuple[Node, ...]
    links: tuple[Link, ...]
    forecast: tuple[ForecastChange, ...]
    artefacts: tuple[Artefact, ...]
    gaps: tuple[Gap, ...]
    loosened: tuple[Loosening, ...]
    refused_uploads: tuple[RefusedUpload, ...]
    drills: tuple[Drill, ...]
    reading_notes: tuple[ReadingNote, ...]
    labels: tuple[Label, ...] = ()
    targets: tuple[MeasuredTarget, ...] = ()

    @cached_property
    def node_by_key(self) -> dict[str, Node]:
        return {node.key: node for node in self.nodes}

    @cached_property
    def artefact_by_key(self) -> dict[str, Artefact]:
        return {artefact.key: artefact for artefact in self.artefacts}

    def below(self, key: str, kind: LinkKind) -> list[Node]:
        """Return the nodes that ``key`` is linked to by ``kind``, in the author's order."""
        return [self.node_by_key[link.target] for link in self.links if link.source == key and link.kind == kind]

    def above(self, key: str) -> list[Node]:
        """Return the nodes that ``key`` supports."""
        return [
            self.node_by_key[link.source]
            for link in self.links
            if link.target == key and link.kind == LinkKind.SUPPORTED_BY
        ]

    @cached_property
    def tops(self) -> list[Node]:
        """The goals that support nothing else: what the whole case claims."""
        return [node for node in self.nodes if node.kind == NodeKind.GOAL and not self.above(node.key)]

    @cached_property
    def leaves(self) -> list[Node]:
        """The judged nodes with nothing below; a goal without support counts as one."""
        supported = {link.source for link in self.links if link.kind == LinkKind.SUPPORTED_BY}
        return [node for node in self.nodes if node.judged and node.key not in supported]

    @cached_property
    def leaf_counts(self) -> Counter[Status]:
        return Counter(Status.of(leaf.status) for leaf in self.leaves)

    @cached_property
    def fallen_leaves(self) -> list[Node]:
        """The leaves that do not stand, the worst first."""
        return sorted((leaf for leaf in self.leaves if not leaf.stands), key=lambda leaf: Status.of(leaf.status))

    def falls(self, *, within: timedelta) -> list[ForecastChange]:
        """Return, for each leaf that stands, the first forecast change up to ``within`` at which it no longer does."""
        standing = {leaf.key for leaf in self.leaves if leaf.stands}
        found: dict[str, ForecastChange] = {}
        for change in self.forecast:
            soon = self.header.at < change.at <= self.header.at + within
            if soon and change.node in standing and not Status.of(change.status).stands:
                found.setdefault(change.node, change)
        return list(found.values())

    def evidence_of(self, key: str) -> list[Artefact]:
        """Return the artefacts that bear on the leaf ``key``."""
        return [artefact for artefact in self.artefacts if artefact.supports_node(key)]

    @cached_property
    def revisions(self) -> list[tuple[Artefact, Revision]]:
        return [(artefact, revision) for artefact in self.artefacts for revision in artefact.revisions]

    @cached_property
    def refutations(self) -> list[tuple[Artefact, Revision]]:
        """Refuting revisions of the period, and older ones that nothing has answered."""
        return [
            (artefact, revision)
            for artefact, revision in self.revisions
            if revision.verdict == "refutes"
            and (self._in_period(revision.recorded_at) or revision.standing == "refuting")
        ]

    @cached_property
    def taken_back(self) -> list[tuple[Artefact, Revision, Decision]]:
        """Decisions of the period that returned, withdrew, voided or annulled a revision."""
        return [
            (artefact, revision, decision)
            for artefact, revision in self.revisions
            for decision in revision.decisions
            if decision.kind in TAKEN_BACK and self._in_period(decision.at)
        ]

    @cached_property
    def occurrences(self) -> list[tuple[Drill, Occurrence]]:
        return [(drill, occurrence) for drill in self.drills for occurrence in drill.occurrences]

    @cached_property
    def outcome_counts(self) -> Counter[str]:
        return Counter(occurrence.outcome for _, occurrence in self.occurrences)

    @cached_property
    def failed_drills(self) -> list[tuple[Drill, Result]]:
        return [(drill, result) for drill in self.drills for result in drill.results if result.verdict == "failed"]

    @cached_property
    def open_findings(self) -> list[tuple[Drill, Finding]]:
        """The findings that were not settled at the report's moment."""
        return [(drill, one) for drill in self.drills for one in drill.findings if one.state not in SETTLED]

    @cached_property
    def missed_periods(self) -> list[TargetPeriod]:
        """The periods of targets that were missed, the running one among them where its budget is spent."""
        return [row for target in self.targets for row in target.periods if row.outcome in ("missed", "spent")]

    @cached_property
    def unknown_periods(self) -> list[TargetPeriod]:
        """The periods of which it cannot be said whether the target was met."""
        return [row for target in self.targets for row in target.periods if row.outcome == "unknown"]

    @cached_property
    def late_acceptances(self) -> list[Gap]:
        return [gap for gap in self.gaps if gap.accepted_late is not None]

    @cached_property
    def unheld(self) -> list[Node]:
        """Nodes that nobody answers for, and leaves whose evidence nobody keeps."""
        return [node for node in self.nodes if not node.accountable or (node.takes_evidence and not node.custodian)]

    def _in_period(self, moment: datetime) -> bool:
        return self.header.period_from <= moment <= self.header.known
