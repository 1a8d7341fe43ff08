"""A case of any size for measuring: goals with one leaf each, three revisions a leaf and two files a revision."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from dcase_audit.cases.words import LinkKind, NodeKind
from dcase_audit.reports.contents import Artefact, Language, Link, Node, ReportContents, Revision, Support
from tests.reports.sample import sample
from tests.reports.sample_words import AT, digest

FAN_OUT = 5


def large(language: Language, goals: int) -> ReportContents:
    """Return the sample's report about a tree of ``goals`` goals."""
    contents = sample(language)
    goal, leaf = contents.node_by_key["G_13"], contents.node_by_key["E_3"]
    artefact = contents.artefact_by_key["organisation-roles"]
    keys = [f"G_{number}" for number in range(goals)]
    links = [Link(source=keys[(number - 1) // FAN_OUT], target=keys[number], kind=LinkKind.SUPPORTED_BY)
             for number in range(1, goals)]  # fmt: skip
    for number, key in enumerate(keys):
        links.append(Link(source=key, target=f"E_{number}", kind=LinkKind.SUPPORTED_BY))
    return replace(
        contents,
        nodes=tuple(_in_reading_order(goal, leaf, goals)),
        links=tuple(links),
        forecast=(),
        artefacts=tuple(_artefact(artefact, number) for number in range(goals)),
        gaps=(),
        loosened=(),
    )


def _in_reading_order(goal: Node, leaf: Node, goals: int) -> list[Node]:
    waiting, found = [0], list[Node]()
    while waiting:
        number = waiting.pop()
        found.append(replace(goal, key=f"G_{number}", because=()))
        found.append(replace(leaf, key=f"E_{number}", kind=NodeKind.EVIDENCE))
        below = range(number * FAN_OUT + 1, number * FAN_OUT + FAN_OUT + 1)
        waiting += [child for child in reversed(below) if child < goals]
    return found


def _artefact(artefact: Artefact, number: int) -> Artefact:
    return replace(
        artefact,
        key=f"{artefact.key}-{number}",
        supports=(Support(node=f"E_{number}", linked_at=AT - timedelta(days=300)),),
        revisions=tuple(_revision(revision, number) for revision in artefact.revisions),
    )


def _revision(revision: Revision, number: int) -> Revision:
    files = (revision.files * 2)[:2]
    return replace(
        revision,
        files=tuple(replace(file, sha256=digest(f"{number} {place}")) for place, file in enumerate(files)),
    )
