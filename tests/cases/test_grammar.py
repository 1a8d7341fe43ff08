"""The grammar: one small case for each rule, the whole matrix of D-Case Editor, and the reference case."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from dcase_audit.cases.grammar import PROFILES, RULES, Finding, Severity, check, errors
from dcase_audit.cases.graph import CriterionValue, Graph, LinkValue, NodeValue
from dcase_audit.cases.interchange import reference
from dcase_audit.cases.words import LinkKind, NodeKind
from tests.cases.building import REFERENCE, leaf, node, parse, small_case

Edit = Callable[[dict[str, Any]], Any]


def codes(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(found.code, found.node) for found in findings]


def lenient(edit: Edit) -> list[tuple[str, str]]:
    file = small_case()
    edit(file)
    return codes(check(parse(file).case, "lenient"))


def test_the_reference_case_meets_what_it_expects_of_the_grammar() -> None:
    data = REFERENCE.read_bytes()
    case = reference.parse(data).case
    expected = json.loads(data)["grammar_expected"]

    editor = check(case, "dcase-editor")

    assert check(case, "lenient") == []
    assert len(editor) == expected["dcase-editor"] == 11
    assert sum(found.code == "DE-CHILD" for found in editor) == 10
    assert [found.node for found in editor if found.code == "DE-MANY"] == ["G_15"]
    assert check(case, "gsn-v3") == []


def test_a_small_case_is_in_order() -> None:
    assert check(parse(small_case()).case, "lenient") == []


LENIENT: list[tuple[str, Edit, list[tuple[str, str]]]] = [
    ("empty", lambda file: file.update(nodes=[], links=[]), [("CASE-EMPTY", "")]),
    (
        "two tops",
        lambda file: file["links"].remove(["S_1", "supported-by", "G_3"]),
        [("CASE-ROOTS", "G_3")],
    ),
    (
        "no goal on top",
        lambda file: file.update(nodes=[node("S_1", "strategy", undeveloped=True)], links=[]),
        [("CASE-NOROOT", ""), ("NODE-ORPHAN", "S_1")],
    ),
    ("orphan", lambda file: file["nodes"].append(node("C_2", "context")), [("NODE-ORPHAN", "C_2")]),
    (
        "circle of contexts",
        lambda file: (
            file["nodes"].extend([node("C_2", "context"), node("C_3", "context")]),
            file["links"].extend([["C_2", "in-context-of", "C_3"], ["C_3", "in-context-of", "C_2"]]),
        ),
        [("LINK-CYCLE", "C_2"), ("NODE-UNREACHABLE", "C_2"), ("NODE-UNREACHABLE", "C_3")],
    ),
    (
        "support below a leaf",
        lambda file: (
            file["nodes"].append(node("G_9", undeveloped=True)),
            file["links"].append(["E_1", "supported-by", "G_9"]),
        ),
        [("LINK-LEAF", "E_1")],
    ),
    (
        "a context that supports",
        lambda file: file["links"].append(["G_2", "supported-by", "C_1"]),
        [("LINK-CONTEXT", "C_1")],
    ),
    (
        "a context that is supported",
        lambda file: (
            file["nodes"].append(node("G_9", undeveloped=True)),
            file["links"].append(["C_1", "supported-by", "G_9"]),
        ),
        [("LINK-CONTEXTOUT", "C_1")],
    ),
    (
        "a goal as context",
        lambda file: file["links"].append(["G_1", "in-context-of", "G_2"]),
        [("LINK-BESIDE", "G_2")],
    ),
    (
        "an external without a target and with support",
        lambda file: (
            file["nodes"].extend([node("Ex_1", "external"), node("G_9", undeveloped=True)]),
            file["links"].extend([["S_1", "supported-by", "Ex_1"], ["Ex_1", "supported-by", "G_9"]]),
        ),
        [("EXT-SUPPORT", "Ex_1"), ("EXT-TARGET", "Ex_1")],
    ),
    (
        "undeveloped with support",
        lambda file: file["nodes"][3].update(undeveloped=True),
        [("UNDEV-SUPPORT", "G_2")],
    ),
    (
        "undeveloped evidence",
        lambda file: file["nodes"][5].update(undeveloped=True),
        [("UNDEV-KIND", "E_1")],
    ),
    (
        "nothing below and no mark",
        lambda file: file["links"].remove(["G_2", "supported-by", "E_1"]),
        [("NODE-ORPHAN", "E_1"), ("UNDEV-UNMARKED", "G_2")],
    ),
    ("no end", lambda file: file["nodes"][5]["criterion"].pop("max_age"), [("EV-NOEND", "E_1")]),
    ("silence is an end", lambda file: file["nodes"][6]["criterion"].pop("max_age"), []),
    (
        "a monitor that may fall silent",
        lambda file: file["nodes"][6]["criterion"].pop("silence"),
        [("MON-SILENCE", "M_1")],
    ),
    ("no criterion", lambda file: file["nodes"][5].pop("criterion"), [("EV-DEFAULT", "E_1")]),
    ("nobody answers", lambda file: file["nodes"][0].pop("accountable"), [("NODE-ACCOUNTABLE", "G_1")]),
    ("nobody keeps", lambda file: file["nodes"][5].pop("custodian"), [("LEAF-CUSTODIAN", "E_1")]),
    ("own verifier", lambda file: file["nodes"][5].update(verifier="service"), [("LEAF-VERIFIER", "E_1")]),
]


@pytest.mark.parametrize(("edit", "expected"), [row[1:] for row in LENIENT], ids=[row[0] for row in LENIENT])
def test_each_rule_finds_its_breach_and_no_other(edit: Edit, expected: list[tuple[str, str]]) -> None:
    assert lenient(edit) == expected


def test_a_blank_statement_and_an_unknown_calendar_are_found_in_rows_that_no_file_could_hold() -> None:
    graph = Graph(
        slug="x",
        nodes=(
            NodeValue(key="G_1", kind=NodeKind.GOAL, accountable="a"),
            NodeValue(
                key="M_1",
                kind=NodeKind.MONITOR,
                statement_en="M",
                accountable="a",
                custodian="a",
                criterion=CriterionValue(max_age="P1Y", silence="PT5M", calendar="gone"),
            ),
        ),
        links=(LinkValue("G_1", LinkKind.SUPPORTED_BY, "M_1"),),
    )

    assert codes(check(graph)) == [("NODE-TEXT", "G_1"), ("EV-CALENDAR", "M_1")]


def pair(parent: str, child: str, word: str = "supported-by") -> list[Finding]:
    """Return what D-Case Editor would say of one link."""
    kinds = {"id": "A", "type": parent}, {"id": "B", "type": child}
    nodes = [{**node(kind["id"], kind["type"])} for kind in kinds]
    return check(parse(small_case(nodes=nodes, links=[["A", word, "B"]])).case, "dcase-editor")


# The validator's own two tables, from the parent's side and from the child's: what each says is not zero.
MAY_HAVE = {
    "goal": {"strategy", "evidence", "monitor", "context", "justification", "external"},
    "strategy": {"goal", "context", "external"},
    "evidence": {"context", "external"},
    "monitor": {"context", "external"},
    "context": set(),
    "justification": set(),
    "external": {"context"},
    "assumption": {"goal", "strategy", "evidence", "monitor", "context", "justification", "external"},
}
MAY_BE_BELOW = {
    "goal": {"strategy"},
    "strategy": {"goal"},
    "evidence": {"goal"},
    "monitor": {"goal"},
    "context": {"goal", "strategy", "evidence", "monitor", "external"},
    "justification": {"goal"},
    "external": {"goal", "strategy", "evidence", "monitor", "context", "justification"},
    "assumption": {"goal", "strategy", "evidence", "monitor", "context", "justification"},
}


@pytest.mark.parametrize("parent", sorted(MAY_HAVE))
@pytest.mark.parametrize("child", sorted(MAY_HAVE))
def test_the_matrix_is_that_of_the_editors_validator(parent: str, child: str) -> None:
    unlimited = "assumption"
    had = child == unlimited or child in MAY_HAVE[parent] or (parent, child) == (unlimited, unlimited)
    below = parent == unlimited or parent in MAY_BE_BELOW[child]
    word = "in-context-of" if child == "context" else "supported-by"

    found = pair(parent, child, word)

    assert (found == []) == (had and below), found


def test_in_the_editor_only_a_link_to_a_context_is_drawn_as_one() -> None:
    assert codes(pair("goal", "context", "supported-by")) == [("DE-LINK", "B")]
    assert codes(pair("goal", "evidence", "in-context-of")) == [("DE-LINK", "B")]
    assert pair("goal", "assumption", "in-context-of") == pair("goal", "assumption", "supported-by") == []


def test_a_goal_has_one_kind_of_support_in_the_editor_and_one_of_it() -> None:
    def below(*kinds: str, **goal: Any) -> list[tuple[str, str]]:
        nodes = [node("G", **goal), *(node(f"N_{index}", kind) for index, kind in enumerate(kinds))]
        links = [["G", "supported-by", f"N_{index}"] for index in range(len(kinds))]
        return codes(check(parse(small_case(nodes=nodes, links=links)).case, "dcase-editor"))

    assert below("evidence", "evidence", "evidence") == [("DE-MANY", "G")]
    assert below("evidence", "strategy") == [("DE-MIX", "G")]
    assert below("strategy", undeveloped=True) == [("DE-MIX", "G")]
    assert below("evidence", "justification") == [("DE-JUSTIFICATION", "G")]
    assert below("strategy", "justification", "justification", "external", "external") == []


def test_a_context_is_below_one_node_and_one_external_in_the_editor() -> None:
    def above(child: str, *kinds: str) -> list[tuple[str, str]]:
        nodes = [node("N", child), *(node(f"P_{index}", kind) for index, kind in enumerate(kinds))]
        links = [[f"P_{index}", "in-context-of", "N"] for index in range(len(kinds))]
        return codes(check(parse(small_case(nodes=nodes, links=links)).case, "dcase-editor"))

    assert above("context", "goal", "goal") == [("DE-PARENTS", "N")]
    assert above("context", "goal", "strategy") == [("DE-PARENTS", "N")]
    assert above("context", "external", "external") == [("DE-PARENTS", "N")]
    assert above("context", "goal", "external", "assumption", "assumption") == []
    assert above("justification", "goal", "goal") == [("DE-PARENTS", "N")]


def test_the_editor_knows_no_responsibility_and_asks_for_no_root() -> None:
    nodes = [node("R_1", "responsibility"), node("G_1"), node("G_2")]

    found = check(parse(small_case(nodes=nodes, links=[])).case, "dcase-editor")

    assert codes(found) == [("DE-KIND", "R_1")]


@pytest.mark.parametrize(
    ("parent", "child", "word", "code"),
    [
        ("goal", "goal", "supported-by", None),
        ("goal", "monitor", "supported-by", None),
        ("strategy", "goal", "supported-by", None),
        ("strategy", "external", "supported-by", None),
        ("strategy", "evidence", "supported-by", "GSN-SUPPORT"),
        ("strategy", "strategy", "supported-by", "GSN-SUPPORT"),
        ("evidence", "goal", "supported-by", "GSN-SUPPORT"),
        ("goal", "context", "supported-by", "GSN-SUPPORT"),
        ("goal", "justification", "in-context-of", None),
        ("strategy", "assumption", "in-context-of", None),
        ("evidence", "context", "in-context-of", "GSN-CONTEXT"),
        ("goal", "strategy", "in-context-of", "GSN-CONTEXT"),
        ("goal", "responsibility", "in-context-of", "GSN-KIND"),
    ],
)
def test_gsn_links_what_its_standard_says(parent: str, child: str, word: str, code: str | None) -> None:
    nodes = [node("A", parent), node("B", child)]

    found = check(parse(small_case(nodes=nodes, links=[["A", word, "B"]])).case, "gsn-v3")

    assert [one.code for one in found if one.code.startswith("GSN")] == ([code] if code else [])


def test_errors_come_first_and_in_reading_order() -> None:
    file = small_case(nodes=[node("G_2"), node("G_1"), leaf("E_1")], links=[["G_1", "supported-by", "E_1"]])
    file["nodes"][2]["criterion"].pop("max_age")
    file["nodes"].append(node("Ex_1", "external"))
    file["links"].append(["G_1", "supported-by", "Ex_1"])

    found = check(parse(file).case)

    assert [one.severity for one in found] == [Severity.ERROR] * 2 + [Severity.WARNING] * 2
    assert codes(errors(found)) == [("CASE-ROOTS", "G_1"), ("EXT-TARGET", "Ex_1")]


def test_every_rule_says_something_in_both_languages_and_is_in_the_documentation() -> None:
    documentation = (REFERENCE.parents[2] / "docs" / "cases.md").read_text()

    for code, rule in RULES.items():
        assert rule.ja.endswith(("。", "}")), code
        assert rule.en[-1] in ".)}", code
        assert f"| `{code}` |" in documentation
    assert all(f"`{profile}`" in documentation for profile in PROFILES)


def test_findings_name_kinds_in_the_readers_language() -> None:
    (found,) = pair("goal", "goal")

    assert found.message("ja") == "A（ゴール）の下に B（ゴール）は置けない。"
    assert found.message("en") == "A (goal) cannot have B (goal) below it."
