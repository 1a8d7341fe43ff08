"""Editing a draft: each change alone, who may make it, and what it leaves as it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dcase_audit.accounts.models import Party
from dcase_audit.cases.drafts import (
    CircularSupport,
    NodeExists,
    NotInDraft,
    add_link,
    add_node,
    change_text,
    remove_link,
    retire_node,
    set_criterion,
)
from dcase_audit.cases.editions import publish
from dcase_audit.cases.graph import CriterionValue, children, load
from dcase_audit.cases.models import Case, Link, NodeText
from dcase_audit.errors import Invalid, NotAllowed
from tests.cases.building import NOW, imported, node, node_of, person, small_case

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sound")]
SUPPORT = "supported_by"


@pytest.fixture
def case() -> Case:
    """A case whose first edition is in force."""
    case = imported()
    publish(case, actor=None, moment=NOW)
    return case


def edit(service: Callable[..., Any], **values: Any) -> Any:
    return service(actor=None, at=NOW, **values)


def test_a_node_is_added_to_the_draft_alone(case: Case) -> None:
    party = Party.objects.get(key="service")

    added = edit(add_node, case=case, key="G_4", kind="goal", statement_en="New", accountable=party, undeveloped=True)
    edit(add_link, source=node_of(case, "S_1"), target=added, kind=SUPPORT)

    draft = load(case, "draft")
    assert draft.by_key["G_4"].statement("ja") == "New"
    assert children(draft, "S_1") == ["G_2", "G_3", "G_4"]
    assert "G_4" not in load(case).by_key


@pytest.mark.parametrize(
    ("values", "refusal"),
    [
        ({"key": "G_1"}, NodeExists),
        ({"key": "G 4"}, Invalid),
        ({"key": "target:C_2"}, Invalid),
        ({"key": "G" * 61}, Invalid),
        ({"kind": "claim"}, Invalid),
        ({"statement_en": " "}, Invalid),
        ({"statement_en": "a\x00"}, Invalid),
        ({"statement_en": "\ud800"}, Invalid),
        ({"statement_en": "x" * 4001}, Invalid),
        ({"support_rule": "most"}, Invalid),
        ({"attributes": {"targets": []}}, Invalid),
        ({"kind": "context", "attributes": {"colour": "red"}}, Invalid),
        ({"kind": "context", "attributes": {"targets": [{"measure": "x"}]}}, Invalid),
    ],
)
def test_a_node_out_of_order_is_refused(case: Case, values: dict[str, Any], refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        edit(add_node, **{"case": case, "key": "G_4", "kind": "goal", "statement_en": "New", **values})

    assert load(case, "draft").nodes == load(case).nodes


def test_a_changed_text_is_a_draft_row_and_the_one_in_force_stays(case: Case) -> None:
    goal = node_of(case, "G_2")

    edit(change_text, node=goal, statement_en="Better", support_rule="any")
    edit(change_text, node=goal, statement_en="Best", verifier=Party.objects.get(key="development"))

    said = load(case, "draft").by_key["G_2"]
    assert (said.statement_en, said.support_rule, said.verifier) == ("Best", "any", "development")
    assert load(case).by_key["G_2"].statement_en == "G_2 holds"
    assert NodeText.objects.filter(node=goal).count() == 2


def test_a_text_changed_back_leaves_no_draft_row(case: Case) -> None:
    goal = node_of(case, "G_2")
    edit(change_text, node=goal, statement_en="Better")

    edit(change_text, node=goal, statement_en="G_2 holds")

    text = NodeText.objects.get(node=goal)
    assert text.edition_from == 1
    assert not text.leaves_draft


def test_a_criterion_is_set_changed_and_removed(case: Case) -> None:
    evidence = node_of(case, "E_1")

    edit(set_criterion, node=evidence, criterion=CriterionValue(kinds=("rule",), minimum=3, max_age="P6M"))
    asked = load(case, "draft").by_key["E_1"].criterion
    edit(set_criterion, node=evidence, criterion=None)

    assert asked is not None
    assert (asked.minimum, asked.max_age) == (3, "P6M")
    assert load(case, "draft").by_key["E_1"].criterion is None
    assert load(case).by_key["E_1"].criterion is not None


@pytest.mark.parametrize(
    ("key", "criterion"),
    [
        ("G_2", CriterionValue()),
        ("E_1", CriterionValue(minimum=0)),
        ("E_1", CriterionValue(max_age="soon")),
        ("E_1", CriterionValue(calendar="noon")),
        ("E_1", CriterionValue(must_cover=("",))),
        ("E_1", CriterionValue(targets=({"measure": "x", "op": "<=", "value": 1, "colour": "red"},))),
    ],
)
def test_a_criterion_out_of_order_is_refused_with_its_place(case: Case, key: str, criterion: CriterionValue) -> None:
    with pytest.raises(Invalid) as refusal:
        edit(set_criterion, node=node_of(case, key), criterion=criterion)

    assert (refusal.value.pointer or "").startswith("/criterion")


def test_links_keep_the_place_that_they_are_given(case: Case) -> None:
    strategy, first, second = (node_of(case, key) for key in ("S_1", "G_2", "G_3"))

    edit(add_link, source=strategy, target=second, kind=SUPPORT, index=0)
    moved = children(load(case, "draft"), "S_1")
    edit(add_link, source=strategy, target=first, kind=SUPPORT)
    edit(add_link, source=strategy, target=first, kind=SUPPORT, index=0)

    assert moved == ["G_3", "G_2"]
    assert children(load(case, "draft"), "S_1") == ["G_2", "G_3"]
    assert children(load(case), "S_1") == ["G_2", "G_3"]


def test_a_link_that_is_added_again_is_the_one_in_force(case: Case) -> None:
    strategy, goal = node_of(case, "S_1"), node_of(case, "G_3")
    edit(remove_link, source=strategy, target=goal, kind=SUPPORT)
    gone = children(load(case, "draft"), "S_1")

    edit(add_link, source=strategy, target=goal, kind=SUPPORT)

    assert gone == ["G_2"]
    assert Link.objects.filter(source=strategy, target=goal).count() == 1
    assert not Link.objects.filter(case=case, leaves_draft=True).exists()


@pytest.mark.parametrize(
    ("source", "target", "kind", "refusal"),
    [
        ("G_1", "G_1", SUPPORT, Invalid),
        ("G_1", "G_2", "rests_on", Invalid),
        ("G_2", "G_1", SUPPORT, CircularSupport),
        ("E_1", "S_1", SUPPORT, CircularSupport),
    ],
)
def test_a_link_that_makes_no_sense_is_refused(
    case: Case, source: str, target: str, kind: str, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        edit(add_link, source=node_of(case, source), target=node_of(case, target), kind=kind)

    assert load(case, "draft").links == load(case).links


def test_two_nodes_of_two_cases_are_not_linked(case: Case) -> None:
    other = imported(small_case(id="other"))

    with pytest.raises(Invalid):
        edit(add_link, source=node_of(case, "G_2"), target=node_of(other, "G_3"), kind=SUPPORT)


def test_an_external_is_refused_a_goal_that_rests_on_it(case: Case) -> None:
    nodes = [node("G_1"), node("Ex_1", "external", points_at={"case": "small", "node": "G_2"})]
    other = imported(small_case(id="other", nodes=nodes, links=[["G_1", "supported-by", "Ex_1"]]))
    goal = node_of(other, "G_1")
    external = edit(add_node, case=case, key="Ex_1", kind="external", statement_en="Theirs", points_at=goal)
    edit(add_link, source=node_of(case, "S_1"), target=external, kind=SUPPORT)

    with pytest.raises(CircularSupport, match="other/Ex_1"):
        edit(add_link, source=node_of(case, "G_2"), target=external, kind=SUPPORT)

    with pytest.raises(CircularSupport, match="Ex_1"):
        edit(change_text, node=node_of(other, "Ex_1"), points_at=node_of(case, "G_1"))
    with pytest.raises(Invalid):
        edit(change_text, node=external, points_at=node_of(case, "G_1"))
    with pytest.raises(Invalid):
        edit(change_text, node=node_of(case, "G_2"), points_at=goal)


def test_a_retired_node_leaves_with_its_links_and_may_come_back(case: Case) -> None:
    monitor, goal = node_of(case, "M_1"), node_of(case, "G_3")

    edit(retire_node, node=monitor)
    without = load(case, "draft")
    again = edit(add_node, case=case, key="M_1", kind="monitor", statement_ja="M_1である", statement_en="M_1 holds")
    edit(add_link, source=goal, target=again, kind=SUPPORT)

    assert "M_1" not in without.by_key
    assert children(without, "G_3") == []
    assert again == monitor
    assert children(load(case, "draft"), "G_3") == ["M_1"]
    assert load(case).by_key["M_1"].criterion is not None


def test_what_is_not_in_the_draft_cannot_be_edited(case: Case) -> None:
    monitor, goal = node_of(case, "M_1"), node_of(case, "G_3")
    edit(retire_node, node=monitor)

    with pytest.raises(NotInDraft):
        edit(change_text, node=monitor, statement_en="x")
    with pytest.raises(NotInDraft):
        edit(set_criterion, node=monitor, criterion=None)
    with pytest.raises(NotInDraft):
        edit(retire_node, node=monitor)
    with pytest.raises(NotInDraft):
        edit(add_link, source=goal, target=monitor, kind=SUPPORT)
    with pytest.raises(NotInDraft):
        edit(remove_link, source=goal, target=monitor, kind=SUPPORT)
    with pytest.raises(NodeExists):
        edit(add_node, case=case, key="M_1", kind="evidence", statement_en="Another kind")


def test_heads_and_management_of_an_accountable_party_edit_and_nobody_else(case: Case) -> None:
    Party.objects.create(key="sales", name_ja="営業部", name_en="Sales")
    goal = node_of(case, "G_2")

    for role in ("head", "management"):
        change_text(node=goal, actor=person(role, "development", role), at=NOW, statement_en=f"Said by {role}")
    for party, role in (("service", "owner"), ("service", "approver"), ("sales", "head")):
        with pytest.raises(NotAllowed):
            change_text(node=goal, actor=person(f"{party}-{role}", party, role), at=NOW, statement_en="No")

    assert load(case, "draft").by_key["G_2"].statement_en == "Said by management"
