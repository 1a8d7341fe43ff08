"""The shape of a graph: what is above, below, first and last; and what reading one costs."""

from __future__ import annotations

from graphlib import CycleError
from itertools import pairwise

import pytest
from pytest_django import DjangoAssertNumQueries

from dcase_audit.cases import graph as graphs
from dcase_audit.cases.graph import Graph, LinkValue, NodeValue
from dcase_audit.cases.interchange import reference
from dcase_audit.cases.services import import_case
from dcase_audit.cases.words import LinkKind, NodeKind
from tests.cases.building import NOW, REFERENCE, imported, node, parse, small_case
from tests.timing import within

SUPPORT, CONTEXT = LinkKind.SUPPORTED_BY, LinkKind.IN_CONTEXT_OF


def goals(*links: str) -> Graph:
    """Return a graph of goals from texts such as ``A>B``; ``A~C`` is in context of."""
    found = []
    for link in links:
        source, mark, target = tuple(link)
        found.append(LinkValue(source, SUPPORT if mark == ">" else CONTEXT, target))
    keys = dict.fromkeys(end for link in found for end in (link.source, link.target))
    ordered = sorted(found, key=lambda link: list(keys).index(link.source))
    return Graph(slug="x", nodes=tuple(NodeValue(key=key, kind=NodeKind.GOAL) for key in keys), links=tuple(ordered))


def test_children_and_parents_come_in_the_authors_order() -> None:
    graph = goals("A>C", "A~X", "A>B", "D>B")

    assert graphs.children(graph, "A") == ["C", "B"]
    assert graphs.children(graph, "A", CONTEXT) == ["X"]
    assert graphs.children(graph, "A", None) == ["C", "X", "B"]
    assert graphs.parents(graph, "B") == ["A", "D"]


def test_ancestors_and_descendants_follow_support_alone() -> None:
    graph = goals("A>B", "B>C", "D>C", "B~X")

    assert graphs.ancestors(graph, ["C"]) == {"A", "B", "D"}
    assert graphs.ancestors(graph, ["X"]) == set()
    assert graphs.descendants(graph, ["A"]) == {"B", "C"}


def test_reading_order_goes_down_before_it_goes_on_and_names_a_shared_node_once() -> None:
    graph = goals("A>B", "A>C", "B>D", "C>D", "C>E")

    assert graphs.reading_order(graph) == ["A", "B", "D", "C", "E"]


def test_reading_order_ends_with_what_only_a_circle_leads_to() -> None:
    graph = goals("X>Y", "Y>X", "A>B")

    assert graphs.reading_order(graph) == ["A", "B", "X", "Y"]
    assert graphs.roots(graph) == ["A"]


def test_bottom_up_puts_support_first_and_refuses_a_circle() -> None:
    order = graphs.bottom_up(goals("A>B", "B>C", "A>C"))

    assert order == ["C", "B", "A"]
    with pytest.raises(CycleError):
        graphs.bottom_up(goals("A>B", "B>A"))


def test_a_circle_is_named_along_its_links() -> None:
    circle = graphs.find_circle({"R": ["A"], "A": ["B"], "B": ["C"], "C": ["A"]})

    assert circle is not None
    assert circle[0] == circle[-1]
    assert set(pairwise(circle)) == {("A", "B"), ("B", "C"), ("C", "A")}
    assert graphs.find_circle({"A": ["B"]}) is None


def test_ten_thousand_nodes_in_one_chain_take_no_time_and_no_stack() -> None:
    keys = [f"G_{index}" for index in range(10_000)]
    chain = Graph(
        slug="chain",
        nodes=tuple(NodeValue(key=key, kind=NodeKind.GOAL) for key in keys),
        links=tuple(LinkValue(a, SUPPORT, b) for a, b in pairwise(keys)),
    )

    with within(1):
        assert graphs.reading_order(chain) == keys
        assert graphs.bottom_up(chain) == keys[::-1]
        assert len(graphs.ancestors(chain, [keys[-1]])) == 9_999


@pytest.mark.django_db
@pytest.mark.parametrize("more", [0, 50])
def test_a_draft_is_read_in_six_queries_whatever_its_size(
    more: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    file = small_case()
    file["nodes"] += [node(f"G_{10 + index}") for index in range(more)]
    file["links"] += [["S_1", "supported-by", f"G_{10 + index}"] for index in range(more)]
    case = imported(file)

    with django_assert_num_queries(6):
        graph = graphs.load(case, "draft")

    assert len(graph.nodes) == 7 + more


@pytest.mark.django_db
def test_what_was_imported_is_what_was_parsed() -> None:
    parsed = parse(small_case())
    case = imported(small_case())

    draft = graphs.load(case, "draft")

    assert draft == parsed.case
    assert draft.edition == 1
    assert graphs.load(case).nodes == ()


@pytest.mark.django_db
def test_the_reference_case_is_stored_whole() -> None:
    parsed = reference.parse(REFERENCE.read_bytes())

    case = import_case(parsed, slug=parsed.case.slug, actor=None, at=NOW)

    assert graphs.load(case, "draft") == parsed.case
    assert len(parsed.case.nodes) == 47
