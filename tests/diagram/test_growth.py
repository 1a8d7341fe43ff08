"""Cost grows in proportion to the case, not to its square."""

from __future__ import annotations

from collections.abc import Callable
from time import process_time

import pytest

from dcase_audit.cases.diagram import DiagramLink, DiagramNode, draw, pages
from dcase_audit.cases.words import LinkKind, NodeKind
from tests.diagram.samples import Case, made_up

# What draws is covered by what draws less.
pytestmark = pytest.mark.no_cover


def chain(length: int) -> Case:
    """Return goals one under the other, each with a piece of evidence: as deep as a case can be."""
    nodes = []
    links = []
    for number in range(0, length, 2):
        nodes += [DiagramNode(f"G_{number}", NodeKind.GOAL, "根"), DiagramNode(f"E_{number}", NodeKind.EVIDENCE, "葉")]
        links.append(DiagramLink(f"G_{number}", f"E_{number}", LinkKind.SUPPORTED_BY))
        if number:
            links.append(DiagramLink(f"G_{number - 2}", f"G_{number}", LinkKind.SUPPORTED_BY))
    return nodes, links


def fan(width: int) -> Case:
    """Return one goal with as many pieces of evidence under it."""
    nodes = [DiagramNode("G_1", NodeKind.GOAL, "根")]
    nodes += [DiagramNode(f"E_{number}", NodeKind.EVIDENCE, "復旧処理の規則") for number in range(width)]
    return nodes, [DiagramLink("G_1", node.key, LinkKind.SUPPORTED_BY) for node in nodes[1:]]


def cost(work: Callable[[], object]) -> float:
    """Return the CPU time of the better of two runs."""
    times = []
    for _ in range(2):
        start = process_time()
        work()
        times.append(process_time() - start)
    return min(times)


@pytest.mark.parametrize("shape", [made_up, chain, fan])
def test_drawing_2000_nodes_costs_at_most_8_times_500(shape: Callable[[int], Case]) -> None:
    small, large = shape(500), shape(2000)

    few = cost(lambda: draw(*small, language="ja", title="題"))
    many = cost(lambda: draw(*large, language="ja", title="題"))

    assert many <= 8 * few


def test_paging_2000_nodes_costs_at_most_8_times_500() -> None:
    small, large = made_up(500), made_up(2000)

    few = cost(lambda: pages(*small, language="ja", title="題"))
    many = cost(lambda: pages(*large, language="ja", title="題"))

    assert many <= 8 * few
