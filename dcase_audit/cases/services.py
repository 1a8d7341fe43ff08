"""Import a case: what a file says becomes the draft, whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.db.models import Max

from dcase_audit.accounts.models import Party, User
from dcase_audit.calendars.models import Calendar
from dcase_audit.cases.drafts import open_draft, refuse_circles
from dcase_audit.cases.drafts.links import link_row, places
from dcase_audit.cases.drafts.nodes import criterion_row
from dcase_audit.cases.graph import CalendarValue, Graph, NodeValue
from dcase_audit.cases.interchange import CaseFileRefused, NotCarried, ParsedCase
from dcase_audit.cases.interchange.members import KEY_PATTERN
from dcase_audit.cases.models import Case, Criterion, Link, Node, NodeText
from dcase_audit.cases.staging import BATCH, CRITERIA, LINKS, TEXTS, Subject, stage
from dcase_audit.cases.words import NodeKind
from dcase_audit.errors import Invalid
from dcase_audit.trail import events


@transaction.atomic
def import_case(parsed: ParsedCase, *, slug: str, actor: User | None, at: datetime, is_demo: bool = False) -> Case:
    """Make the draft of the case ``slug`` say what the file says; what is in force stays until an edition is published.

    A new case, and the parties and calendars that do not exist yet, are made; those that exist stay as they are. Nodes,
    links and criteria that the file no longer holds leave the draft. Importing the same file again changes nothing.

    Raises:
        Invalid: the slug is none (422).
        CaseFileRefused: the file does not fit what is stored here, with the place (422).
        CircularSupport: through another case a node would support itself (422).
        NotAllowed: ``actor`` may not edit the case (403).
    """
    graph = parsed.case
    if len(slug) > 60 or not KEY_PATTERN.fullmatch(slug):
        raise Invalid(f"{slug[:60]!r} does not match {KEY_PATTERN.pattern}", pointer="/id")
    parties = _parties(graph)
    _calendars(graph)
    case = _case(graph, slug, actor, at, is_demo, accountable=_accountable(graph, parties))
    goals = _goals(graph, slug)
    nodes = _nodes(graph, case)
    _stage_texts(graph, case, nodes, parties, goals)
    _stage_criteria(graph, case, nodes)
    _stage_links(graph, case, nodes)
    if goals:
        refuse_circles(case)
    events.record("case.imported", f"case:{case.pk}", slug=slug, nodes=len(graph.nodes), links=len(graph.links), at=at)
    return case


def kept_parties(parsed: ParsedCase) -> list[NotCarried]:
    """Return a line for each party of the file that exists under another name, which an import keeps."""
    known = Party.objects.in_bulk(list(parsed.case.parties), field_name="key")
    return [
        NotCarried(f"/departments/{index}/name", f"{party.key} is called {known[party.key].name_en} here and stays so")
        for index, party in enumerate(parsed.case.parties.values())
        if party.key in known and (party.name_ja, party.name_en) != (known[party.key].name_ja, known[party.key].name_en)
    ]


def _parties(graph: Graph) -> dict[str, int]:
    """Return the ids of the file's parties, made where they do not exist; never renamed."""
    rows = [
        Party(
            key=party.key,
            kind=party.kind,
            name_ja=party.name_ja,
            name_en=party.name_en,
            symbol=party.symbol,
            holds_ja=party.holds_ja,
            holds_en=party.holds_en,
        )
        for party in graph.parties.values()
    ]
    known = set(Party.objects.filter(key__in=graph.parties).values_list("key", flat=True))
    Party.objects.bulk_create([row for row in rows if row.key not in known], ignore_conflicts=True)
    return dict(Party.objects.filter(key__in=graph.parties).values_list("key", "pk"))


def _accountable(graph: Graph, parties: Mapping[str, int]) -> frozenset[int]:
    return frozenset(parties[node.accountable] for node in graph.nodes if node.accountable)


def _calendars(graph: Graph) -> None:
    """Make the calendars that do not exist. One that counts other hours would change what other cases ask for."""
    known = {row.key: row for row in Calendar.objects.filter(key__in=graph.calendars)}
    for key, wanted in graph.calendars.items():
        row = known.get(key)
        if row and wanted != CalendarValue(
            key=key, always=row.always, opens=row.opens, closes=row.closes, days=row.days
        ):
            place = f"/calendars/{key}"
            raise CaseFileRefused(f"{place}: the calendar {key!r} counts other hours here", pointer=place)
    Calendar.objects.bulk_create(
        Calendar(key=key, always=new.always, opens=new.opens, closes=new.closes, days=new.days)
        for key, new in graph.calendars.items()
        if key not in known
    )


def _case(
    graph: Graph, slug: str, actor: User | None, at: datetime, is_demo: bool, *, accountable: frozenset[int]
) -> Case:
    says = {
        "title_ja": graph.title_ja,
        "title_en": graph.title_en,
        "timezone": graph.timezone,
        "reading_notes": list(graph.reading_notes),
        "limits_are_assumptions": graph.limits_are_assumptions,
        "labels": dict(graph.labels),
    }
    case, created = Case.objects.get_or_create(slug=slug, defaults={**says, "is_demo": is_demo, "created_at": at})
    open_draft(case, actor, also=accountable)
    if created:
        return case
    if case.timezone != graph.timezone and case.editions.exists():
        place = "/timezone"
        raise CaseFileRefused(f"{place}: the case has editions that count in {case.timezone}", pointer=place)
    if any(getattr(case, name) != value for name, value in says.items()):
        for name, value in says.items():
            setattr(case, name, value)
        case.save(update_fields=list(says))
    return case


def _goals(graph: Graph, slug: str) -> dict[str, int]:
    """Return, by key of the external, the id of the goal that it points at."""
    pointing = {node.key: node.points_at for node in graph.nodes if node.points_at is not None}
    if not pointing:
        return {}
    cases, keys = {goal.case for goal in pointing.values()}, {goal.key for goal in pointing.values()}
    present = NodeText.objects.filter(
        edition_until=None, node__kind=NodeKind.GOAL, node__case__slug__in=cases - {slug}, node__key__in=keys
    )
    known = {(case, key): pk for case, key, pk in present.values_list("node__case__slug", "node__key", "node_id")}
    for index, node in enumerate(graph.nodes):
        goal = pointing.get(node.key)
        if goal is not None and (goal.case, goal.key) not in known:
            place = f"/nodes/{index}/points_at"
            raise CaseFileRefused(f"{place}: no other case has the goal {goal.case}/{goal.key}", pointer=place)
    return {key: known[goal.case, goal.key] for key, goal in pointing.items()}


def _nodes(graph: Graph, case: Case) -> dict[str, int]:
    """Return the ids of the file's nodes, made where they do not exist."""
    known = {key: (pk, kind) for key, pk, kind in case.nodes.values_list("key", "pk", "kind")}
    for index, node in enumerate(graph.nodes):
        if node.key in known and known[node.key][1] != node.kind:
            place = f"/nodes/{index}/type"
            raise CaseFileRefused(f"{place}: {node.key} is a {known[node.key][1]} and stays one", pointer=place)
    last = case.nodes.aggregate(Max("position"))["position__max"]
    new = [node for node in graph.nodes if node.key not in known]
    rows = [
        Node(case=case, key=node.key, kind=node.kind, position=position)
        for position, node in enumerate(new, 0 if last is None else last + 1)
    ]
    made = Node.objects.bulk_create(rows, batch_size=BATCH)
    return {key: pk for key, (pk, _kind) in known.items()} | {row.key: row.pk for row in made}


def _stage_texts(
    graph: Graph, case: Case, nodes: Mapping[str, int], parties: Mapping[str, int], goals: Mapping[str, int]
) -> None:
    rows = list(NodeText.objects.filter(node__case=case, edition_until=None))
    wanted: dict[Subject, NodeText | None] = {TEXTS.subject(row): None for row in rows}
    for node in graph.nodes:
        wanted[nodes[node.key],] = _text(node, nodes[node.key], parties, goals.get(node.key))
    stage(TEXTS, rows, wanted)


def _text(node: NodeValue, node_id: int, parties: Mapping[str, int], goal: int | None) -> NodeText:
    return NodeText(
        node_id=node_id,
        statement_ja=node.statement_ja,
        statement_en=node.statement_en,
        accountable_id=parties.get(node.accountable),
        custodian_id=parties.get(node.custodian),
        verifier_id=parties.get(node.verifier),
        support_rule=node.support_rule,
        undeveloped=node.undeveloped,
        attributes=dict(node.attributes),
        points_at_id=goal,
    )


def _stage_criteria(graph: Graph, case: Case, nodes: Mapping[str, int]) -> None:
    rows = list(Criterion.objects.filter(node__case=case, edition_until=None))
    wanted: dict[Subject, Criterion | None] = {CRITERIA.subject(row): None for row in rows}
    for node in graph.nodes:
        if node.criterion is not None:
            wanted[nodes[node.key],] = criterion_row(nodes[node.key], node.criterion)
    stage(CRITERIA, rows, wanted)


def _stage_links(graph: Graph, case: Case, nodes: Mapping[str, int]) -> None:
    rows = list(Link.objects.filter(case=case, edition_until=None))
    wanted: dict[Subject, Link | None] = {LINKS.subject(row): None for row in rows}
    by_source: dict[int, list[Link]] = {}
    for row in rows:
        by_source.setdefault(row.source_id, []).append(row)
    for key, links in graph.links_out.items():
        order = [(nodes[key], nodes[link.target], link.kind.value) for link in links]
        for subject, position in places(order, by_source.get(nodes[key], ())).items():
            wanted[subject] = link_row(case.pk, subject, position)
    stage(LINKS, rows, wanted)
