"""Profiles: which rules are asked of a case."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from dcase_audit.cases.grammar import editor, elements, gsn, structure
from dcase_audit.cases.grammar.findings import Finding, Severity
from dcase_audit.cases.graph import Graph, reading_order

Check = Callable[[Graph], Iterable[Finding]]

PROFILES: Mapping[str, tuple[Check, ...]] = {
    # What has to hold so that statuses mean something. An edition is published under this one.
    "lenient": (
        structure.top,
        structure.circles,
        structure.links,
        elements.texts,
        elements.undeveloped,
        elements.criteria,
        elements.holders,
    ),
    # What D-Case Editor would accept: no more, no less.
    "dcase-editor": (structure.circles, editor.check_nodes, editor.check_links),
    "gsn-v3": (
        structure.top,
        structure.circles,
        gsn.check_kinds,
        gsn.check_links,
        elements.texts,
        elements.undeveloped,
    ),
}
GRAVITY = list(Severity)


def check(graph: Graph, profile: str = "lenient") -> list[Finding]:
    """Return what breaks the rules of the profile: errors first, each kind in reading order."""
    found = [breach for rule in PROFILES[profile] for breach in rule(graph)]
    place = {key: index for index, key in enumerate(reading_order(graph))}
    return sorted(found, key=lambda breach: (GRAVITY.index(breach.severity), place.get(breach.node, -1), breach.code))


def errors(findings: Iterable[Finding]) -> list[Finding]:
    """Keep the findings that an edition cannot be published with."""
    return [breach for breach in findings if breach.severity == Severity.ERROR]
