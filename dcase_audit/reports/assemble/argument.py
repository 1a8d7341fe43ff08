"""The argument: nodes with their status and reasons, links, forecast, parties, notes of the reading."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, cast

from dcase_audit.cases.graph import CriterionValue, Graph, NodeValue
from dcase_audit.cases.labels import in_language, script_of
from dcase_audit.cases.models import Case
from dcase_audit.cases.words import TARGET_PREFIX, LinkKind, NodeKind, Status
from dcase_audit.reports.assemble.names import Names
from dcase_audit.reports.contents import (
    Artefact,
    Criterion,
    ForecastChange,
    Label,
    Language,
    Link,
    Node,
    Party,
    ReadingNote,
    Reason,
    Target,
)
from evidence.asof import CaseStatus, NodeView, case_forecast

MOMENTS = ("ends_at", "ended_at", "starts_at", "silent_since", "since", "at")
FORECAST_DAYS = 400
# Said elsewhere: gaps are listed as exceptions, and a node above its leaves has their reasons.
NOT_REASONS = frozenset({"accepted_late", "children"})


def nodes_of(argument: Graph, status: CaseStatus, names: Names, artefacts: Mapping[str, Artefact]) -> tuple[Node, ...]:
    """Return the nodes in reading order with what they read and why."""
    views = {view.key: view for view in status.nodes}
    found = []
    for value in argument.nodes:
        found.append(node := _node(value, views[value.key], names, artefacts))
        if derived := views.get(f"{TARGET_PREFIX}{value.key}"):
            found.append(_derived(node, derived, artefacts))
    return tuple(found)


def _derived(context: Node, view: NodeView, artefacts: Mapping[str, Artefact]) -> Node:
    """Return the leaf that a measurable context gives to its goal."""
    return replace(
        context,
        key=view.key,
        kind=NodeKind.TARGET,
        status=view.status.word if view.status is not None else "",
        since=view.since,
        until=view.until,
        because=reasons_of(view.because, artefacts),
    )


def _node(node: NodeValue, view: NodeView, names: Names, artefacts: Mapping[str, Artefact]) -> Node:
    because = reasons_of(view.because, artefacts)
    refuted = tuple(Reason(code="counter_evidence", node=key, status="refuted") for key in view.counter_evidence)
    return Node(
        key=node.key,
        kind=node.kind,
        statement=names.pick(node.statement_ja, node.statement_en),
        status=view.status.word if view.status is not None else "",
        since=view.since,
        until=view.until,
        because=because + refuted,
        accountable=names.party(node.accountable),
        custodian=names.party(node.custodian),
        verifier=names.party(node.verifier),
        support_rule="any" if node.support_rule == "any" else "all",
        undeveloped=node.undeveloped,
        criterion=_criterion(node.criterion, names) if node.criterion else None,
        elsewhere=node.points_at is not None,
    )


def reasons_of(because: Iterable[Mapping[str, Any]], artefacts: Mapping[str, Artefact]) -> tuple[Reason, ...]:
    """Return the reasons as the report words them; leaves that do not stand come with the worst first."""
    said = (reason_of(reason, artefacts) for reason in because if reason.get("reason") not in NOT_REASONS)
    return tuple(sorted(said, key=lambda reason: Status.of(reason.status) if reason.code == "leaf" else 0))


def reason_of(reason: Mapping[str, Any], artefacts: Mapping[str, Artefact]) -> Reason:
    """Return a reason of the rules as the report words it."""
    if "reason" not in reason:
        return Reason(code="leaf", node=reason["node"], status=reason["status"])
    moment = next((datetime.fromisoformat(reason[name]) for name in MOMENTS if name in reason), None)
    artefact = artefacts.get(reason.get("artefact") or "")
    before, after = _versions(reason.get("from"), reason.get("to"))
    return Reason(
        code=reason["reason"],
        items=tuple(reason.get("items", ())),
        subject=reason.get("subject") or "",
        artefact=artefact.key if artefact else "",
        revision=reason.get("revision"),
        party=artefact.custodian if artefact else "",
        before=before,
        after=after,
        at=moment,
        status=reason.get("status", ""),
        period_from=_moment(reason.get("period_from")),
        period_until=_moment(reason.get("period_until")),
        best=reason.get("best", ""),
        worst=reason.get("worst", ""),
        limit=reason.get("limit", ""),
        resolution=str(reason.get("resolution", "")),
        waits=tuple(reason.get("waits", ())),
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _versions(before: list[str] | None, after: list[str] | None) -> tuple[str, str]:
    """Return two versions by name, by the start of their digests where the names are equal."""
    if not before or not after:
        return "", ""
    return (before[0], after[0]) if before[0] != after[0] else (before[1][:12], after[1][:12])


def _criterion(criterion: CriterionValue, names: Names) -> Criterion:
    return Criterion(
        kinds=tuple(names.kind(kind) for kind in criterion.kinds),
        minimum=criterion.minimum,
        must_cover=criterion.must_cover,
        max_age=criterion.max_age,
        warn_before=criterion.warn_before,
        silence=criterion.silence,
        calendar=criterion.calendar,
        subjects=criterion.subjects,
        refuted_when=criterion.refuted_when,
        targets=tuple(target_of(target) for target in criterion.targets),
    )


def target_of(target: Mapping[str, Any]) -> Target:
    """Return a limit as the case or the drill states it."""
    return Target(
        measure=str(target["measure"]),
        op=str(target["op"]),
        value=str(target["value"]),
        scope=str(target.get("class") or target.get("item") or ""),
        per_item=target.get("per") == "item",
    )


def links_of(argument: Graph, nodes: Iterable[Node]) -> tuple[Link, ...]:
    """Return the author's links; derived leaves support what their contexts belong to."""
    links = [Link(source=link.source, target=link.target, kind=link.kind) for link in argument.links]
    derived = {node.key for node in nodes if node.kind == NodeKind.TARGET}
    return (
        *links,
        *(
            Link(source=link.source, target=key, kind=LinkKind.SUPPORTED_BY)
            for link in links
            if (key := f"{TARGET_PREFIX}{link.target}") in derived and link.kind == LinkKind.IN_CONTEXT_OF
        ),
    )


def forecast_of(case: Case, at: datetime, artefacts: Mapping[str, Artefact]) -> tuple[ForecastChange, ...]:
    """Return the changes that follow ``at`` if nobody does anything, as they are stored."""
    found = case_forecast(case, at=at, days=FORECAST_DAYS)
    return tuple(
        ForecastChange(
            at=change.at,
            node=change.key,
            status=change.after.word,
            because=reasons_of(change.because, artefacts),
        )
        for change in found
    )


def parties_of(argument: Graph, names: Names) -> tuple[Party, ...]:
    """Return the parties that hold a node, by their names of the report's day."""
    held = {key for node in argument.nodes for key in (node.accountable, node.custodian, node.verifier) if key}
    return tuple(
        Party(
            key=party.key,
            name=names.party(party.key),
            symbol=party.symbol,
            holds=names.pick(party.holds_ja, party.holds_en),
        )
        for key, party in names.parties.items()
        if key in held
    )


def labels_of(argument: Graph, language: Language) -> tuple[Label, ...]:
    """Return what the keys of the case are called, by key."""
    return tuple(Label(key=key, text=text) for key, text in sorted(in_language(argument.labels, language).items()))


def reading_notes_of(argument: Graph, language: Language) -> tuple[ReadingNote, ...]:
    """Return the notes in the report's language where the case has them in it, else as written.

    The language of a note is told by its script.
    """
    labels = in_language(argument.labels, language)
    texts = [labels.get(text, text) for text in argument.reading_notes]
    return tuple(ReadingNote(text=text, language=cast(Language, script_of(text))) for text in texts)
