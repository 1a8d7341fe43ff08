"""What a reader relies on: nothing overlaps, order is kept, parents stand midway, lines touch no box."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dcase_audit.cases.diagram import Box, DiagramLink, DiagramNode, Drawing, draw
from dcase_audit.cases.diagram.argument import read
from dcase_audit.cases.diagram.crossings import place
from dcase_audit.cases.diagram.figures import fit
from dcase_audit.cases.words import LinkKind, NodeKind, Status
from tests.diagram.reading import enters, lines_of, nodes_of
from tests.diagram.samples import Case, every_kind, made_up, reference_case

CASES = {
    "reference-ja": ("ja", reference_case("ja")),
    "reference-en": ("en", reference_case("en")),
    "every-kind": ("ja", every_kind()),
    "made-up-200": ("ja", made_up(200)),
    "made-up-200-b": ("en", made_up(200, seed=7)),
}


@st.composite
def cases(draw_: st.DrawFn) -> Case:
    """Any graph of up to 14 nodes: shared nodes, cycles, loose nodes, links that no grammar allows."""
    size = draw_(st.integers(1, 14))
    keys = [f"N_{number}" for number in range(size)]
    texts = st.text(alphabet="障害時の記録、（夜間）手順 ab", max_size=60)
    nodes = [
        DiagramNode(
            key=key,
            kind=draw_(st.sampled_from(NodeKind)),
            text=draw_(texts),
            status=draw_(st.sampled_from([None, *Status])),
            undeveloped=draw_(st.booleans()),
            holder=draw_(st.sampled_from(["", "経営層"])),
            badge=draw_(st.sampled_from(["", "+3"])),
        )
        for key in keys
    ]
    ends = st.sampled_from(keys)
    links = st.builds(DiagramLink, ends, ends, st.sampled_from([*LinkKind, LinkKind.SUPPORTED_BY]))
    return nodes, draw_(st.lists(links, max_size=24))


def assert_apart(boxes: list[Box]) -> None:
    boxes.sort(key=lambda box: box.x)
    for index, box in enumerate(boxes):
        for other in boxes[index + 1 :]:
            if other.x >= box.x + box.width:
                break
            assert other.y >= box.y + box.height or box.y >= other.y + other.height, (box, other)


def assert_sound(case: Case, language: str) -> Drawing:
    """Assert what holds for every drawing."""
    drawing = draw(*case, language=language, title="題")
    drawn = nodes_of(drawing, language)

    assert sorted(box.key for box in drawing.boxes) == sorted(node.key for node in case[0])
    assert [node.key for node in drawn] == [box.key for box in drawing.boxes]
    assert_apart([*drawing.boxes, *drawing.references])
    for box in [*drawing.boxes, *drawing.references]:
        assert box.x >= 0
        assert box.y >= 0
        assert box.x + box.width <= drawing.width
        assert box.y + box.height <= drawing.height
    for node in drawn:
        for text, left, right, baseline in node.texts:
            corners = [(x, y) for x in (left, right) for y in (baseline - 9.5, baseline + 2.5)]
            assert all(node.holds(corner) for corner in corners), (node.key, text)
    shapes = dict(zip(drawing.boxes, drawn, strict=True))
    for line in lines_of(drawing):
        near = [box for box in [*drawing.boxes, *drawing.references] if enters(line, box)]
        assert not [box for box in near if box not in shapes or shapes[box].crossed_by(line)], (line[0], line[-1])
    return drawing


@pytest.mark.parametrize("name", CASES)
def test_a_drawing_is_sound(name: str) -> None:
    language, case = CASES[name]

    assert_sound(case, language)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cases())
def test_any_graph_gives_a_sound_drawing(case: Case) -> None:
    assert_sound(case, "ja")


@pytest.mark.parametrize("name", CASES)
def test_siblings_keep_their_order_and_parents_stand_midway(name: str) -> None:
    language, (nodes, links) = CASES[name]
    argument = read(nodes, links)

    layout, _, _ = place(argument, {node.key: fit(node, language) for node in nodes}, language)

    for key, trunk in layout.trunks.items():
        children = [slot for slot in trunk.children if isinstance(slot, str)]
        assert children == [child for child in argument.children(key) if child in children]
        middles = [layout.places[slot].x for slot in trunk.children]
        assert middles == sorted(middles)
        ends = sorted([*middles, *(x for x, _ in trunk.columns)])
        assert layout.places[key].x == pytest.approx((ends[0] + ends[-1]) / 2, abs=0.2)
        for x, column in trunk.columns:
            leaves = list(column.places)
            assert leaves == [child for child in argument.children(key) if child in column.places]
            assert [layout.places[leaf].x < x for leaf in leaves] == [i % 2 == 0 for i in range(len(leaves))]


def test_one_context_lies_level_with_its_node() -> None:
    drawing = draw(*reference_case("ja"), language="ja", title="題")
    boxes = {box.key: box for box in drawing.boxes}

    for node, context in [("G_100", "C_111"), ("G_100", "C_10"), ("G_2", "C_2"), ("G_11", "C_12")]:
        middles = [boxes[key].y + boxes[key].height / 2 for key in (node, context)]
        assert middles[0] == pytest.approx(middles[1], abs=0.2)
    assert boxes["C_10"].x < boxes["G_100"].x < boxes["C_111"].x


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_reference_case_is_shown_with_every_statement_whole(language: str) -> None:
    nodes, links = reference_case(language)
    drawing = draw(nodes, links, language=language, title="題")
    statements = {node.key: node.text for node in nodes}

    for drawn in nodes_of(drawing, language):
        shown = "".join(text for text, _, _, _ in drawn.texts)
        assert shown.replace(" ", "") == (drawn.key + statements[drawn.key]).replace(" ", "")


def test_leaves_of_one_goal_fold_into_two_columns() -> None:
    nodes = [DiagramNode("G_1", NodeKind.GOAL, "根")]
    nodes += [DiagramNode(f"E_{i}", NodeKind.EVIDENCE, "復旧処理の規則") for i in range(1, 7)]
    links = [DiagramLink("G_1", f"E_{i}", LinkKind.SUPPORTED_BY) for i in range(1, 7)]

    drawing = assert_sound((nodes, links), "ja")

    lefts = sorted({box.x for box in drawing.boxes if box.key != "G_1"})
    assert len(lefts) == 2


def test_many_goals_fold_too_so_that_a_wide_strategy_stays_readable() -> None:
    nodes = [DiagramNode("S_1", NodeKind.STRATEGY, "種類ごとに論じる")]
    nodes += [DiagramNode(f"G_{i}", NodeKind.GOAL, "障害時に復旧する") for i in range(40)]
    links = [DiagramLink("S_1", f"G_{i}", LinkKind.SUPPORTED_BY) for i in range(40)]

    drawing = assert_sound((nodes, links), "ja")

    assert drawing.width < 1240


def test_small_subtrees_between_large_ones_are_spaced_evenly() -> None:
    nodes = [DiagramNode("S_1", NodeKind.STRATEGY, "")]
    links = []
    for goal in ("G_1", "G_2", "G_3"):
        nodes.append(DiagramNode(goal, NodeKind.GOAL, ""))
        links.append(DiagramLink("S_1", goal, LinkKind.SUPPORTED_BY))
    for goal in ("G_1", "G_3"):
        for number in range(4):
            nodes.append(DiagramNode(f"{goal}{number}", NodeKind.GOAL, "", undeveloped=True))
            links.append(DiagramLink(goal, f"{goal}{number}", LinkKind.SUPPORTED_BY))

    boxes = {box.key: box for box in assert_sound((nodes, links), "ja").boxes}

    gaps = [b.x - a.x for a, b in combinations([boxes["G_1"], boxes["G_2"], boxes["G_3"]], 2)]
    assert gaps[0] == pytest.approx(gaps[2], abs=0.2)
