"""Bytes in, a case out; or a refusal that names the place."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import time
from itertools import pairwise

from django.core.exceptions import ValidationError

from dcase_audit import strict_json
from dcase_audit.accounts.models import Party
from dcase_audit.calendars.models import Calendar
from dcase_audit.cases.graph import (
    CalendarValue,
    CriterionValue,
    Graph,
    LinkValue,
    NodeValue,
    PartyValue,
    PointedGoal,
    find_circle,
)
from dcase_audit.cases.interchange.members import KEY_PATTERN, NODE_KEY_PATTERN, Members, known, refuse, text
from dcase_audit.cases.interchange.parsed import CaseFileRefused, NotCarried, ParsedCase
from dcase_audit.cases.interchange.reference import criteria
from dcase_audit.cases.models import NodeText, zone_name
from dcase_audit.cases.words import LEAF_KINDS, STATED_KINDS, LinkKind, NodeKind

LARGEST_FILE = 20 * 1024 * 1024
MOST_NODES = 20_000
MOST_LINKS = 100_000
MOST_PARTIES = 1000
MOST_LABELS = 10_000
LONGEST_TEXT = 4000
# A condition in words (refuted_when) and a reading note are keys, too, for whoever reads the other language.
LONGEST_KEY = LONGEST_LABEL = LONGEST_TEXT
CLOCK_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
LINK_WORDS = {kind.value.replace("_", "-"): kind for kind in LinkKind}


def parse(data: bytes) -> ParsedCase:
    """Parse one file.

    Raises:
        CaseFileRefused: anything that is not in order, with its JSON pointer (422).
    """
    try:
        tree = strict_json.loads(data, limit=LARGEST_FILE)
    except strict_json.StrictJSONError as error:
        raise CaseFileRefused(error.detail, pointer=error.pointer or "") from None
    left: list[NotCarried] = []
    return ParsedCase(_case(Members(tree, "", left)), tuple(left))


def _case(file: Members) -> Graph:
    file.choice("schema", ["dcase-reference/1"])
    slug = file.required("id", longest=60, pattern=KEY_PATTERN)
    title_ja, title_en = file.both("title", longest=300)
    parties = _parties(file)
    calendars = _calendars(file)
    nodes = _nodes(file, parties, calendars)
    links = _links(file, nodes)
    notes = file.texts("reading_notes", longest=LONGEST_TEXT)
    case = Graph(
        slug=slug,
        nodes=tuple(nodes.values()),
        links=links,
        title_ja=title_ja,
        title_en=title_en,
        timezone=_zone(file),
        reading_notes=notes,
        limits_are_assumptions=file.flag("limits_are_assumptions", default=bool(notes)),
        labels=_labels(file),
        parties=parties,
        calendars=calendars,
    )
    file.close()
    return case


def _zone(file: Members) -> str:
    name = file.required("timezone", longest=60)
    try:
        zone_name(name)
    except ValidationError:
        refuse("there is no such time zone", file.at("timezone"))
    return name


def _parties(file: Members) -> dict[str, PartyValue]:
    found: dict[str, PartyValue] = {}
    for place, value in file.items("departments", most=MOST_PARTIES):
        members = Members(value, place, file.left)
        key = members.required("id", longest=60, pattern=KEY_PATTERN)
        if key in found:
            refuse(f"the department {key!r} comes twice", members.at("id"))
        name_ja, name_en = members.both("name", longest=100)
        holds_ja, holds_en = members.both("holds", longest=300, required=False)
        found[key] = PartyValue(
            key=key,
            name_ja=name_ja or name_en,
            name_en=name_en or name_ja,
            kind=members.choice("kind", Party.Kind.values, default=Party.Kind.DEPARTMENT.value),
            symbol=members.text("symbol", longest=2),
            holds_ja=holds_ja,
            holds_en=holds_en,
        )
        members.close()
    return found


def _calendars(file: Members) -> dict[str, CalendarValue]:
    found: dict[str, CalendarValue] = {}
    for place, key, value in file.entries("calendars"):
        if len(key) > 60 or not KEY_PATTERN.fullmatch(key):
            refuse(f"{key[:60]!r} does not match {KEY_PATTERN.pattern}", place)
        members = Members(value, place, file.left)
        if members.flag("always"):
            found[key] = CalendarValue(key=key, always=True)
        else:
            found[key] = CalendarValue(
                key=key,
                opens=time.fromisoformat(members.required("from", longest=5, pattern=CLOCK_TIME)),
                closes=time.fromisoformat(members.required("until", longest=5, pattern=CLOCK_TIME)),
                days=members.choice("days", Calendar.Days.values, default=Calendar.Days.EVERY.value),
            )
        members.close()
    return found


def _labels(file: Members) -> dict[str, dict[str, str]]:
    """Return what people read in place of keys: ``{key: {ja, en}}``, one of the two at least."""
    keys = [text(key, place, longest=LONGEST_KEY) for place, key, _ in file.entries("labels", most=MOST_LABELS)]
    labels = Members(file.take("labels", {}), file.at("labels"), file.left)
    found = {key: zip(("ja", "en"), labels.both(key, longest=LONGEST_LABEL), strict=True) for key in keys}
    return {key: {language: said for language, said in texts if said.strip()} for key, texts in found.items()}


def _nodes(
    file: Members, parties: Mapping[str, PartyValue], calendars: Mapping[str, CalendarValue]
) -> dict[str, NodeValue]:
    found: dict[str, NodeValue] = {}
    for place, value in file.items("nodes", most=MOST_NODES):
        members = Members(value, place, file.left)
        node = _node(members, parties, calendars)
        if node.key in found:
            refuse(f"the node {node.key!r} comes twice", members.at("id"))
        found[node.key] = node
        members.close()
    return found


def _node(members: Members, parties: Mapping[str, PartyValue], calendars: Mapping[str, CalendarValue]) -> NodeValue:
    def holder(name: str) -> str:
        return known(members.text(name, longest=60), parties, "department", members.at(name))

    key = members.required("id", longest=60, pattern=NODE_KEY_PATTERN)
    kind = NodeKind(members.choice("type", list(STATED_KINDS)))
    statement_ja, statement_en = members.both("statement", longest=LONGEST_TEXT)
    return NodeValue(
        key=key,
        kind=kind,
        statement_ja=statement_ja,
        statement_en=statement_en,
        accountable=holder("accountable"),
        custodian=holder("custodian"),
        verifier=holder("verifier"),
        support_rule=members.choice("support_rule", NodeText.SupportRule.values, default="all"),
        undeveloped=members.flag("undeveloped"),
        attributes=criteria.attributes(members, kind, calendars),
        points_at=_points_at(members, kind),
        criterion=_criterion(members, kind, calendars),
    )


def _criterion(members: Members, kind: NodeKind, calendars: Mapping[str, CalendarValue]) -> CriterionValue | None:
    if "criterion" not in members:
        return None
    if kind not in LEAF_KINDS:
        refuse(f"a node of the type {kind} has no criterion", members.at("criterion"))
    return criteria.criterion(members.take("criterion"), members.at("criterion"), members.left, calendars)


def _points_at(members: Members, kind: NodeKind) -> PointedGoal | None:
    if "points_at" not in members:
        return None
    if kind != NodeKind.EXTERNAL:
        refuse(f"a node of the type {kind} points at no other case", members.at("points_at"))
    goal = Members(members.take("points_at"), members.at("points_at"), members.left)
    case = goal.required("case", longest=60, pattern=KEY_PATTERN)
    key = goal.required("node", longest=60, pattern=NODE_KEY_PATTERN)
    goal.close()
    return PointedGoal(case, key)


def _links(file: Members, nodes: Mapping[str, NodeValue]) -> tuple[LinkValue, ...]:
    places: dict[LinkValue, str] = {}
    for place, value in file.items("links", most=MOST_LINKS):
        if not isinstance(value, list) or len(value) != 3 or not all(isinstance(part, str) for part in value):
            refuse('a link is written ["SOURCE", "supported-by" or "in-context-of", "TARGET"]', place)
        source, word, target = value
        if word not in LINK_WORDS:
            refuse(f"one of {', '.join(LINK_WORDS)} is expected", f"{place}/1")
        for index, key in ((0, source), (2, target)):
            if key not in nodes:
                refuse(f"the file has no node {key[:60]!r}", f"{place}/{index}")
        link = LinkValue(source, LINK_WORDS[word], target)
        if source == target or link in places:
            refuse("the link comes twice" if link in places else "the node links to itself", place)
        places[link] = place
    _refuse_circle(places)
    order = {key: index for index, key in enumerate(nodes)}
    return tuple(sorted(places, key=lambda link: order[link.source]))


def _refuse_circle(places: Mapping[LinkValue, str]) -> None:
    """Refuse a circle of support, at the last of its links."""
    below: dict[str, list[str]] = {}
    for link in places:
        if link.kind == LinkKind.SUPPORTED_BY:
            below.setdefault(link.source, []).append(link.target)
    circle = find_circle(below)
    if circle is None:
        return
    links = [LinkValue(a, LinkKind.SUPPORTED_BY, b) for a, b in pairwise(circle)]
    order = list(places)
    shown = " > ".join(circle[:10]) + (" > …" if len(circle) > 10 else "")
    refuse(f"support goes round in a circle: {shown}", places[max(links, key=order.index)])
