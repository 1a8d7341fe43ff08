"""A case as an ordered outline: its nodes as pages list them, and which part of a large case is shown at once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from dcase_audit.cases.arguments import MEASURABLE, OF_EDITION
from dcase_audit.cases.diagram.argument import Argument, Crossing, read
from dcase_audit.cases.diagram.model import DiagramLink, DiagramNode
from dcase_audit.cases.models import Case
from dcase_audit.cases.words import TARGET_PREFIX, LinkKind, NodeKind
from dcase_audit.trail.statements import rows

LINES = """
SELECT n.id, n.key, n.kind,
       CASE WHEN %(language)s = 'ja' THEN coalesce(nullif(t.statement_ja, ''), t.statement_en)
            ELSE coalesce(nullif(t.statement_en, ''), t.statement_ja) END,
       t.undeveloped, t.support_rule = 'any', t.accountable_id, t.custodian_id, n.kind = 'context' AND {measurable}
FROM cases_node n JOIN cases_nodetext t ON t.node_id = n.id AND {rule}
WHERE n.case_id = %(case)s ORDER BY n.position, n.id
"""
LINKS = """
SELECT s.key, t.key, l.kind, t.kind = 'context' AND EXISTS (
    SELECT 1 FROM cases_nodetext m WHERE m.node_id = t.id AND {of_target} AND {measurable})
FROM cases_link l JOIN cases_node s ON s.id = l.source_id JOIN cases_node t ON t.id = l.target_id
WHERE l.case_id = %(case)s AND {rule} ORDER BY s.position, s.id, l.position, l.id
"""


class Line(NamedTuple):
    """A node of one edition with its statement in the reader's language."""

    id: int
    key: str
    kind: str
    statement: str
    undeveloped: bool
    takes_best: bool
    accountable: int | None
    custodian: int | None


def lines_of(case: Case, edition: int, language: str) -> list[Line]:
    """Return the nodes of an edition in the author's order, each derived leaf after its context."""
    query = LINES.format(rule=OF_EDITION.format("t"), measurable=MEASURABLE.format("t"))
    found = []
    for *row, is_measurable in rows(query, {"case": case.pk, "edition": edition, "language": language}):
        found.append(line := Line(*row))
        if is_measurable:
            found.append(line._replace(key=f"{TARGET_PREFIX}{line.key}", kind=NodeKind.TARGET.value))
    return found


def links_of(case: Case, edition: int) -> list[DiagramLink]:
    """Return the links of an edition in the author's order; derived leaves support what their contexts belong to."""
    of_target, measurable = OF_EDITION.format("m"), MEASURABLE.format("m")
    query = LINKS.format(rule=OF_EDITION.format("l"), of_target=of_target, measurable=measurable)
    found = rows(query, {"case": case.pk, "edition": edition})
    links = [DiagramLink(source, target, LinkKind(kind)) for source, target, kind, _ in found]
    derived = [(source, f"{TARGET_PREFIX}{target}") for source, target, _, is_measurable in found if is_measurable]
    return links + [DiagramLink(source, target, LinkKind.SUPPORTED_BY) for source, target in derived]


class Entry(NamedTuple):
    """A place in the outline. ``opens``: a list begins under it; ``closes``: how many lists end after it.

    ``elsewhere``: the node is listed with what is under it somewhere else. ``hidden``: so many lie under it unshown.
    """

    key: str
    depth: int
    opens: bool
    closes: int
    elsewhere: bool = False
    hidden: int = 0


def argument_of(lines: Iterable[Line], links: Iterable[DiagramLink]) -> Argument:
    """Return the nodes as a tree in which each has one place, the same as in the diagram."""
    return read([DiagramNode(line.key, NodeKind(line.kind), "") for line in lines], links)


def cut_to_fit(argument: Argument, root: str | None, most: int) -> set[str]:
    """Return the nodes under which nothing is shown, so that about ``most`` nodes are: opened level by level."""
    level = [root] if root is not None else list(argument.roots)
    shown = len(level)
    while level:
        below = [child for key in level for child in [*argument.contexts(key), *argument.children(key)]]
        if shown + len(below) > most and shown > 1:
            return {key for key in level if argument.below[key] or argument.beside[key]}
        shown += len(below)
        level = [child for key in level for child in argument.children(key)]
    return set()


def entries(argument: Argument, root: str | None, cut: Collection[str]) -> list[Entry]:
    """Return the outline from ``root`` (default: everything), contexts before what supports."""
    hidden = argument.descendants()
    found: list[Entry] = []
    for start in [root] if root is not None else argument.roots:
        found += _descend(argument, start, cut, hidden)
    return found


def _descend(argument: Argument, start: str, cut: Collection[str], hidden: dict[str, int]) -> Iterator[Entry]:
    """Yield the entries under ``start``, depth first; a stack of (slot, depth, lists that end after it)."""
    stack: list[tuple[str | Crossing, int, int]] = [(start, 0, 0)]
    while stack:
        slot, depth, closes = stack.pop()
        if isinstance(slot, Crossing):
            yield Entry(slot.target, depth, False, closes, elsewhere=True)
            continue
        inner = [] if slot in cut else [*argument.beside.get(slot, ()), *argument.below.get(slot, ())]
        if not inner:
            yield Entry(slot, depth, False, closes, hidden=hidden[slot] if slot in cut else 0)
            continue
        yield Entry(slot, depth, True, 0)
        stack += [(each, depth + 1, 0) for each in reversed(inner)]
        # The last of the inner list closes it, and whatever its parent was to close.
        last = stack[-len(inner)]
        stack[-len(inner)] = (last[0], last[1], closes + 1)
