"""Any sequence of edits and publications: the draft is what was asked for, and every edition stays what it was."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from dcase_audit.cases.document import digest, document
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
from dcase_audit.cases.editions import GrammarErrors, NothingChanged, publish
from dcase_audit.cases.graph import CriterionValue, Graph, LinkValue, NodeValue, find_circle, load
from dcase_audit.cases.models import Node
from dcase_audit.cases.services import import_case
from dcase_audit.cases.words import LinkKind, NodeKind
from tests.cases.building import NOW, parse, small_case


def variant(number: int) -> dict[str, Any]:
    """Return a well-formed case; the variants differ in texts, criteria, nodes and the order of links."""
    file = small_case()
    for row in file["nodes"]:
        row.pop("accountable")
        row.pop("custodian", None)
    if number % 2:
        file["links"].reverse()
    if number % 3 == 1:
        file["nodes"][3]["statement"] = {"en": "a"}
        file["nodes"][5]["criterion"] = {"minimum": 2}
    if number % 3 == 2:
        file["nodes"] = [row for row in file["nodes"] if row["id"] != "M_1"]
        file["links"] = [link for link in file["links"] if "M_1" not in link]
    return file


KINDS = {row["id"]: row["type"] for row in variant(0)["nodes"]} | {"G_4": "goal", "E_2": "evidence"}
KEYS = st.sampled_from(sorted(KINDS))
LEAVES = st.sampled_from(["E_1", "E_2", "M_1"])
WORDS = st.sampled_from(["a", "b", "c"])
LINKS = st.sampled_from(sorted(LinkKind))
CRITERIA = st.none() | st.builds(CriterionValue, minimum=st.integers(1, 3), max_age=st.sampled_from(["", "P1Y", "P1M"]))


class History(RuleBasedStateMachine):
    """Edits a case and, beside it, a model of the draft: nodes by key, and for each an ordered list of links."""

    file: Graph

    def __init__(self) -> None:
        super().__init__()
        self.savepoint = transaction.savepoint()
        self.documents: dict[int, str] = {}
        # Nobody holds its nodes, so that nobody is asked for consent.
        self.import_file(0)
        self.publish_draft()

    def teardown(self) -> None:
        self.check_editions()
        transaction.savepoint_rollback(self.savepoint)

    def edit(self, service: Any, **values: Any) -> None:
        service(actor=None, at=NOW, **values)

    def row(self, key: str) -> Node:
        return Node.objects.filter(case=self.case, key=key).first() or Node(case=self.case, key=key, pk=-1)

    def model(self) -> Graph:
        keys = sorted(self.nodes, key=lambda key: self.row(key).position)
        links = tuple(link for key in keys for link in self.links[key])
        return replace(self.file, nodes=tuple(self.nodes[key] for key in keys), links=links)

    @rule(number=st.integers(0, 5))
    def import_file(self, number: int) -> None:
        parsed = parse(variant(number))
        self.case = import_case(parsed, slug="small", actor=None, at=NOW)
        self.file = replace(parsed.case, parties={}, calendars={})
        self.nodes = dict(parsed.case.by_key)
        self.links = {key: list(links) for key, links in parsed.case.links_out.items()}

    @rule(key=KEYS, word=WORDS)
    def add(self, key: str, word: str) -> None:
        if key in self.nodes:
            with pytest.raises(NodeExists):
                self.edit(add_node, case=self.case, key=key, kind=KINDS[key], statement_en=word)
            return
        self.edit(add_node, case=self.case, key=key, kind=KINDS[key], statement_en=word)
        self.nodes[key] = NodeValue(key=key, kind=NodeKind(KINDS[key]), statement_en=word)
        self.links[key] = []

    @rule(key=KEYS, word=WORDS, mark=st.sampled_from([False, False, True]))
    def change(self, key: str, word: str, mark: bool) -> None:
        if key not in self.nodes:
            with pytest.raises(NotInDraft):
                self.edit(change_text, node=self.row(key), statement_en=word)
            return
        self.edit(change_text, node=self.row(key), statement_en=word, undeveloped=mark)
        self.nodes[key] = replace(self.nodes[key], statement_en=word, undeveloped=mark)

    @rule(key=LEAVES, criterion=CRITERIA)
    def ask(self, key: str, criterion: CriterionValue | None) -> None:
        if key in self.nodes:
            self.edit(set_criterion, node=self.row(key), criterion=criterion)
            self.nodes[key] = replace(self.nodes[key], criterion=criterion)

    @rule(above=KEYS, below=KEYS, kind=LINKS, index=st.none() | st.integers(0, 3))
    def link(self, above: str, below: str, kind: LinkKind, index: int | None) -> None:
        if above == below or not {above, below} <= self.nodes.keys():
            return
        ends = {"source": self.row(above), "target": self.row(below)}
        link = LinkValue(above, kind, below)
        wanted = [other for other in self.links[above] if other != link]
        if index is None and link in self.links[above]:
            wanted = self.links[above]
        else:
            wanted.insert(len(wanted) if index is None else index, link)
        if self.circle({**self.links, above: wanted}):
            with pytest.raises(CircularSupport):
                self.edit(add_link, **ends, kind=kind, index=index)
            return
        self.edit(add_link, **ends, kind=kind, index=index)
        self.links[above] = wanted

    @rule(above=KEYS, below=KEYS, kind=LINKS)
    def unlink(self, above: str, below: str, kind: LinkKind) -> None:
        ends = {"source": self.row(above), "target": self.row(below)}
        link = LinkValue(above, kind, below)
        if link not in self.links.get(above, ()):
            with pytest.raises(NotInDraft):
                self.edit(remove_link, **ends, kind=kind)
            return
        self.edit(remove_link, **ends, kind=kind)
        self.links[above].remove(link)

    @rule(key=KEYS)
    def retire(self, key: str) -> None:
        if key not in self.nodes:
            return
        self.edit(retire_node, node=self.row(key))
        del self.nodes[key], self.links[key]
        for links in self.links.values():
            links[:] = [link for link in links if link.target != key]

    @rule()
    def publish_draft(self) -> None:
        try:
            with transaction.atomic():
                published = publish(self.case, actor=None, moment=NOW)
        except (NothingChanged, GrammarErrors):
            return
        edition = published.edition
        assert edition.number == len(self.documents) + 1
        assert edition.sha256 == digest(edition.document)
        self.documents[edition.number] = edition.document
        self.check_editions()

    @rule(number=st.integers(0, 5))
    def publish_file(self, number: int) -> None:
        self.import_file(number)
        self.publish_draft()

    @invariant()
    def the_draft_is_what_was_asked_for(self) -> None:
        assert replace(load(self.case, "draft"), calendars={}) == self.model()

    def check_editions(self) -> None:
        for number, text in self.documents.items():
            assert document(load(self.case, number)) == text
        assert document(load(self.case)) == self.documents[len(self.documents)]

    def circle(self, links: dict[str, list[LinkValue]]) -> bool:
        below = {
            key: [link.target for link in each if link.kind == LinkKind.SUPPORTED_BY] for key, each in links.items()
        }
        return find_circle(below) is not None


@pytest.mark.django_db
@pytest.mark.parametrize("examples", [4, pytest.param(40, marks=pytest.mark.long)])
def test_no_history_loses_an_edition_or_an_edit(examples: int) -> None:
    assert connection.in_atomic_block

    run_state_machine_as_test(
        History,
        settings=settings(
            max_examples=examples,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
