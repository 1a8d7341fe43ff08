"""Read a case from its rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from django.db.models import Max

from dcase_audit.accounts.models import Party
from dcase_audit.calendars.models import Calendar
from dcase_audit.cases.graph.values import (
    CalendarValue,
    CriterionValue,
    Graph,
    LinkValue,
    NodeValue,
    PartyValue,
    PointedGoal,
)
from dcase_audit.cases.models import Case, Criterion, Edition, Link, NodeText
from dcase_audit.cases.querysets import EditionedQuerySet
from dcase_audit.cases.words import LinkKind, NodeKind


def load(case: Case, edition: int | Literal["draft"] | None = None) -> Graph:
    """Read the edition in force, a past one by its number, or the draft, in at most six queries whatever the size.

    A case without an edition in force gives a graph without nodes. Rows are picked by the edition's number, so that a
    publication between two of the queries does not show.
    """
    number = edition if isinstance(edition, int) else _latest(case) + (edition == "draft")
    texts = _texts(case, edition, number)
    keys = {text.node_id: text.node.key for text in texts}
    order = {node_id: index for index, node_id in enumerate(keys)}
    criteria = _said(Criterion.objects.filter(node__case=case), edition, number)
    asked = {row.node_id: _criterion(row) for row in criteria}
    parties = Party.objects.in_bulk({pk for text in texts for pk in _holders(text)})
    links = sorted(
        _said(Link.objects.filter(case=case), edition, number),
        key=lambda row: (order[row.source_id], row.position, row.pk),
    )
    return Graph(
        slug=case.slug,
        nodes=tuple(_node(text, parties, asked.get(text.node_id)) for text in texts),
        links=tuple(LinkValue(keys[row.source_id], LinkKind(row.kind), keys[row.target_id], row.pk) for row in links),
        title_ja=case.title_ja,
        title_en=case.title_en,
        timezone=case.timezone,
        reading_notes=tuple(case.reading_notes),
        limits_are_assumptions=case.limits_are_assumptions,
        labels=case.labels,
        parties={party.key: _party(party) for party in parties.values()},
        calendars=_calendars(texts, asked.values()),
        edition=number,
    )


def _latest(case: Case) -> int:
    return Edition.objects.filter(case=case).aggregate(Max("number"))["number__max"] or 0


def _texts(case: Case, edition: int | str | None, number: int) -> list[NodeText]:
    rows = _said(NodeText.objects.filter(node__case=case), edition, number)
    return list(rows.select_related("node", "points_at__case").order_by("node__position", "node_id"))


def _said(rows: EditionedQuerySet, edition: int | str | None, number: int) -> EditionedQuerySet:
    return rows.in_draft() if edition == "draft" else rows.of_edition(number)


def _holders(text: NodeText) -> set[int]:
    return {text.accountable_id, text.custodian_id, text.verifier_id} - {None}  # type: ignore[return-value]


def _node(text: NodeText, parties: Mapping[int, Party], criterion: CriterionValue | None) -> NodeValue:
    def key(pk: int | None) -> str:
        return parties[pk].key if pk is not None else ""

    goal = text.points_at
    return NodeValue(
        key=text.node.key,
        kind=NodeKind(text.node.kind),
        statement_ja=text.statement_ja,
        statement_en=text.statement_en,
        accountable=key(text.accountable_id),
        custodian=key(text.custodian_id),
        verifier=key(text.verifier_id),
        support_rule=text.support_rule,
        undeveloped=text.undeveloped,
        attributes=text.attributes,
        points_at=PointedGoal(goal.case.slug, goal.key, goal.pk) if goal else None,
        criterion=criterion,
        id=text.node_id,
    )


def _criterion(row: Criterion) -> CriterionValue:
    return CriterionValue(
        kinds=tuple(row.kinds),
        minimum=row.minimum,
        must_cover=tuple(row.must_cover),
        max_age=row.max_age,
        warn_before=row.warn_before,
        silence=row.silence,
        calendar=row.calendar,
        subjects=tuple(row.subjects),
        targets=tuple(row.targets),
        refuted_when=row.refuted_when,
    )


def _party(party: Party) -> PartyValue:
    return PartyValue(
        key=party.key,
        name_ja=party.name_ja,
        name_en=party.name_en,
        kind=party.kind,
        symbol=party.symbol,
        holds_ja=party.holds_ja,
        holds_en=party.holds_en,
        id=party.pk,
    )


def _calendars(texts: Iterable[NodeText], asked: Iterable[CriterionValue]) -> dict[str, CalendarValue]:
    """Return the calendars that criteria and the targets of contexts name; a name without a calendar is left out."""
    targets = [target for text in texts for target in text.attributes.get("targets", ())]
    names = set()
    for criterion in asked:
        names.add(criterion.calendar)
        targets.extend(criterion.targets)
    names.update(target.get("calendar", "") for target in targets)
    return {
        row.key: CalendarValue(key=row.key, always=row.always, opens=row.opens, closes=row.closes, days=row.days)
        for row in Calendar.objects.filter(key__in=names - {""})
    }
