"""A large case on pages: every node has its place, every cut says where it goes on."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dcase_audit.cases.diagram import DiagramLink, DiagramNode, DiagramPage, pages
from dcase_audit.cases.words import LinkKind, NodeKind
from tests.diagram.samples import Case, made_up, reference_case

A3 = (2020.0, 1240.0)
A4 = (1300.0, 860.0)


def paged(case: Case, limits: tuple[float, float] = A3, language: str = "ja") -> tuple[DiagramPage, ...]:
    return pages(*case, language=language, title="題", width=limits[0], height=limits[1])


def keys_of(page: DiagramPage) -> set[str]:
    return {box.key for box in page.drawing.boxes}


def assert_complete(found: tuple[DiagramPage, ...], case: Case) -> None:
    """Assert that each node is drawn in full once and that references lead to where that is."""
    homes: dict[str, int] = {}
    for number, page in enumerate(found, 1):
        assert page.number == number
        cut = {key for key in page.continues if key in keys_of(page)}
        for key in keys_of(page) - cut:
            assert key not in homes
            homes[key] = number
        for key in cut:
            below = found[page.continues[key] - 1]
            assert (below.root, below.parent) == (key, number)
    assert set(homes) == {node.key for node in case[0]}
    for page in found:
        for key, number in page.continues.items():
            assert homes[key] == number
            assert f"図{number}" in page.drawing.svg
        elsewhere = {stub.key for stub in page.drawing.references} - keys_of(page)
        assert elsewhere <= set(page.continues)
        if page.parent is not None:
            assert page.number > page.parent
            assert f"▲ 図{page.parent}" in page.drawing.svg


def test_the_reference_case_is_one_page() -> None:
    (page,) = paged(reference_case("ja"))

    assert (page.root, page.parent, dict(page.continues)) == ("G_100", None, {})
    assert len(page.drawing.boxes) == 47
    assert page.drawing.width <= A3[0]
    assert page.drawing.height <= A3[1]


@pytest.mark.parametrize("size", [60, 300])
@pytest.mark.parametrize("limits", [A3, A4])
def test_a_large_case_is_shared_out_completely(size: int, limits: tuple[float, float]) -> None:
    case = made_up(size)

    found = paged(case, limits)

    assert_complete(found, case)
    assert len(found) > 1
    assert all(page.drawing.width <= limits[0] and page.drawing.height <= limits[1] for page in found)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(2, 70), st.integers(0, 10_000), st.sampled_from([A3, A4, (500.0, 400.0)]))
def test_any_case_is_shared_out_completely(size: int, seed: int, limits: tuple[float, float]) -> None:
    case = made_up(size, seed)

    assert_complete(paged(case, limits), case)


def test_a_goal_with_little_under_it_is_not_cut_off() -> None:
    case = made_up(300)
    below: dict[str, list[str]] = {}
    for link in case[1]:
        below.setdefault(link.source, []).append(link.target)

    def under(key: str) -> set[str]:
        return {key}.union(*(under(child) for child in below.get(key, ())))

    for page in paged(case):
        if page.parent is not None:
            assert len(under(page.root)) > 7


def test_a_strategy_of_many_goals_keeps_to_the_page() -> None:
    nodes = [DiagramNode("S_1", NodeKind.STRATEGY, "種類ごとに論じる")]
    links = []
    for number in range(30):
        goal = f"G_{number}"
        nodes.append(DiagramNode(goal, NodeKind.GOAL, "障害と確認したら、正常系へ自動で切り替える"))
        links.append(DiagramLink("S_1", goal, LinkKind.SUPPORTED_BY))
        for item in range(8):
            nodes.append(DiagramNode(f"E_{number}_{item}", NodeKind.EVIDENCE, "復旧処理の規則"))
            links.append(DiagramLink(goal, f"E_{number}_{item}", LinkKind.SUPPORTED_BY))

    found = paged((nodes, links), A4)

    assert_complete(found, (nodes, links))
    assert all(page.drawing.width <= A4[0] and page.drawing.height <= A4[1] for page in found)


def test_a_node_shared_by_two_pages_is_named_on_the_second() -> None:
    found = paged(made_up(300))

    elsewhere = [key for page in found for key in page.continues if key not in keys_of(page)]

    assert elsewhere


def test_the_same_case_gives_the_same_pages() -> None:
    assert paged(made_up(80), A4) == paged(made_up(80), A4)


def test_two_top_goals_start_a_page_each() -> None:
    nodes = [DiagramNode(key, NodeKind.GOAL, "独立したゴール") for key in ("G_1", "G_2")]

    found = paged((nodes, []))

    assert [(page.root, page.parent) for page in found] == [("G_1", None), ("G_2", None)]
