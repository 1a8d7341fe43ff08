"""Editions: who must agree, what publishing does to the rows, what the document holds, and what got weaker."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import ProgrammingError, connection, transaction

from dcase_audit.accounts.models import Party
from dcase_audit.cases.changes import Changes
from dcase_audit.cases.document import digest, document
from dcase_audit.cases.drafts import add_link, add_node, change_text, remove_link, retire_node, set_criterion
from dcase_audit.cases.editions import (
    ConsentsMissing,
    GrammarErrors,
    NotConcerned,
    NothingChanged,
    consent,
    missing_consents,
    publish,
)
from dcase_audit.cases.graph import CriterionValue, load
from dcase_audit.cases.loosening import WORDS, is_longer, loosened
from dcase_audit.cases.models import Case, Consent, Edition
from dcase_audit.errors import NotAllowed
from tests.cases.building import NOW, imported, leaf, node, node_of, parse, person, small_case

pytestmark = pytest.mark.usefixtures("sound")

LATER = NOW + timedelta(days=1)
Edit = Callable[[dict[str, Any]], Any]


@pytest.fixture
def case() -> Case:
    """A case whose first edition is in force."""
    case = imported()
    publish(case, actor=None, moment=NOW)
    return case


def keys(parties: list[Party]) -> list[str]:
    return [party.key for party in parties]


@pytest.mark.django_db
def test_the_first_edition_by_a_command_needs_no_consents_and_a_persons_does() -> None:
    first, second = imported(), imported(small_case(id="second"))
    head = person("head", "service", "head")

    published = publish(first, actor=None, moment=NOW)

    assert published.edition.number == 1
    assert published.edition.loosened == []
    assert len(published.added) == len(published.touched) == 7
    assert keys(missing_consents(second)) == ["development", "service"]
    with pytest.raises(ConsentsMissing) as refusal:
        publish(second, actor=head, moment=NOW)
    assert keys(refusal.value.parties) == ["development", "service"]


@pytest.mark.django_db
def test_the_first_edition_of_the_demo_needs_no_consents() -> None:
    case = imported()
    Case.objects.filter(pk=case.pk).update(is_demo=True)
    case.refresh_from_db()

    published = publish(case, actor=person("head", "service", "head"), moment=NOW)

    assert published.edition.published_by is not None


@pytest.mark.django_db
def test_only_parties_whose_nodes_are_touched_are_asked(case: Case) -> None:
    change_text(node=node_of(case, "G_2"), actor=None, at=LATER, statement_en="Better")
    one = keys(missing_consents(case))
    development = Party.objects.get(key="development")
    change_text(node=node_of(case, "G_2"), actor=None, at=LATER, accountable=development)
    both = keys(missing_consents(case))
    change_text(node=node_of(case, "G_2"), actor=None, at=LATER, accountable=Party.objects.get(key="service"))
    remove_link(source=node_of(case, "G_3"), target=node_of(case, "M_1"), kind="supported_by", actor=None, at=LATER)

    assert one == ["service"]
    assert both == ["development", "service"]
    assert keys(missing_consents(case)) == ["development", "service"]


@pytest.mark.django_db
def test_a_consent_holds_for_the_draft_as_it_was(case: Case) -> None:
    ken = person("ken", "service", "approver")
    service = Party.objects.get(key="service")
    change_text(node=node_of(case, "G_2"), actor=None, at=LATER, statement_en="Better")

    given = consent(case, service, actor=ken, at=LATER)
    again = consent(case, service, actor=ken, at=LATER + timedelta(hours=1))
    nobody_left = missing_consents(case)
    change_text(node=node_of(case, "G_2"), actor=None, at=LATER, statement_en="Best")

    assert again == given
    assert nobody_left == []
    assert keys(missing_consents(case)) == ["service"]
    with pytest.raises(ConsentsMissing):
        publish(case, actor=None, moment=LATER)
    consent(case, service, actor=ken, at=LATER)
    edition = publish(case, actor=None, moment=LATER).edition
    assert Consent.objects.filter(draft_sha256=edition.sha256).get().party == service


@pytest.mark.django_db
def test_going_back_to_an_old_edition_asks_for_consent_anew(case: Case) -> None:
    ken, service = person("ken", "service", "approver"), Party.objects.get(key="service")
    for statement in ("Better", "G_2 holds", "Better"):
        change_text(node=node_of(case, "G_2"), actor=None, at=LATER, statement_en=statement)
        assert keys(missing_consents(case)) == ["service"]
        consent(case, service, actor=ken, at=LATER)
        publish(case, actor=None, moment=LATER)

    assert Edition.objects.filter(case=case).count() == 4


@pytest.mark.django_db
def test_who_may_consent_and_for_whom(case: Case) -> None:
    service, development = Party.objects.get(key="service"), Party.objects.get(key="development")
    change_text(node=node_of(case, "G_2"), actor=None, at=LATER, statement_en="Better")

    with pytest.raises(NotAllowed):
        consent(case, service, actor=person("olga", "service", "owner"), at=LATER)
    with pytest.raises(NotAllowed):
        consent(case, service, actor=person("bo", "development", "head"), at=LATER)
    with pytest.raises(NotConcerned):
        consent(case, development, actor=person("dan", "development", "approver"), at=LATER)


@pytest.mark.django_db
def test_the_successor_is_asked_for_a_party_that_was_closed(case: Case) -> None:
    new = Party.objects.create(key="platform", name_ja="基盤部", name_en="Platform")
    change_text(node=node_of(case, "G_2"), actor=None, at=LATER, statement_en="Better")
    Party.objects.filter(key="service").update(until=date(2026, 11, 1), successor=new)

    asked = missing_consents(case, at=NOW)

    assert asked == [new]
    assert keys(missing_consents(case, at=NOW - timedelta(days=30))) == ["service"]


@pytest.mark.django_db
def test_nothing_is_published_without_a_change_or_against_the_grammar(case: Case) -> None:
    with pytest.raises(NothingChanged):
        publish(case, actor=None, moment=LATER)

    change_text(node=node_of(case, "G_2"), actor=None, at=LATER, undeveloped=True)
    with pytest.raises(GrammarErrors, match="UNDEV-SUPPORT") as refusal:
        publish(case, actor=None, moment=LATER)

    assert [found.node for found in refusal.value.findings] == ["G_2"]
    assert Edition.objects.filter(case=case).count() == 1


@pytest.mark.django_db
def test_only_who_may_edit_publishes(case: Case) -> None:
    with pytest.raises(NotAllowed):
        publish(case, actor=person("olga", "service", "owner"), moment=LATER)


@pytest.mark.django_db
def test_publishing_tells_what_came_went_and_changed(case: Case) -> None:
    service = Party.objects.get(key="service")
    ids = {key: node_of(case, key).pk for key in ("S_1", "G_2", "G_3", "M_1", "E_1")}
    added = add_node(
        case=case, key="G_4", kind="goal", actor=None, at=LATER, statement_en="N", accountable=service, undeveloped=True
    )
    add_link(source=node_of(case, "S_1"), target=added, kind="supported_by", actor=None, at=LATER)
    retire_node(node=node_of(case, "M_1"), actor=None, at=LATER)
    change_text(node=node_of(case, "G_3"), actor=None, at=LATER, undeveloped=True)
    for party, user in (("service", "ken"), ("development", "dan")):
        consent(case, Party.objects.get(key=party), actor=person(user, party, "head"), at=LATER)

    published = publish(case, actor=None, moment=LATER)

    assert published.edition.number == 2
    assert published.added == {added.pk}
    assert published.retired == {ids["M_1"]}
    assert published.touched == {added.pk, ids["M_1"], ids["S_1"], ids["G_3"]}
    assert [record["what"] for record in published.edition.loosened] == ["undeveloped_added", "child_retired"]
    assert node_of(case, "M_1").texts.in_force().count() == 0


@pytest.mark.django_db
def test_a_document_is_the_same_from_the_rows_of_its_edition_for_good(case: Case) -> None:
    first = case.editions.get()
    change_text(node=node_of(case, "G_2"), actor=None, at=LATER, statement_ja="が\u3099", support_rule="any")
    set_criterion(node=node_of(case, "E_1"), criterion=CriterionValue(minimum=2), actor=None, at=LATER)
    consent(case, Party.objects.get(key="service"), actor=person("ken", "service", "head"), at=LATER)
    draft = document(load(case, "draft"))

    second = publish(case, actor=None, moment=LATER).edition

    assert second.document == draft == document(load(case, 2)) == document(load(case))
    assert document(load(case, 1)) == first.document
    assert hashlib.sha256(second.document.encode()).hexdigest() == second.sha256 == digest(draft)
    assert "が\u3099" in second.document
    assert json.loads(first.document)["nodes"][3]["key"] == "G_2"


def test_a_document_does_not_depend_on_the_order_of_nodes_but_on_that_of_links() -> None:
    file, other, moved = small_case(), small_case(), small_case()
    other["nodes"].reverse()
    moved["links"][2:4] = moved["links"][3:1:-1]

    one, two, three = (document(parse(each).case) for each in (file, other, moved))

    assert one == two
    assert one != three
    assert ": " not in one.replace("holds", "")


@pytest.mark.django_db(transaction=True)
def test_an_edition_cannot_be_changed_by_the_application(case: Case) -> None:
    for statement in ("UPDATE cases_edition SET document = ''", "DELETE FROM cases_edition"):
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            connection.cursor().execute(statement)


LOOSENINGS: list[tuple[str, Edit, str]] = [
    ("minimum", lambda file: file["nodes"][5]["criterion"].update(minimum=1), "E_1"),
    ("max_age", lambda file: file["nodes"][5]["criterion"].update(max_age="P2Y"), "E_1"),
    ("max_age", lambda file: file["nodes"][5]["criterion"].pop("max_age"), "E_1"),
    ("silence", lambda file: file["nodes"][6]["criterion"].update(silence="PT1H"), "M_1"),
    ("calendar", lambda file: file["nodes"][6]["criterion"].pop("calendar"), "M_1"),
    ("must_cover", lambda file: file["nodes"][5]["criterion"].update(must_cover=["day"]), "E_1"),
    ("subjects", lambda file: file["nodes"][5]["criterion"].pop("subjects"), "E_1"),
    ("kinds", lambda file: file["nodes"][5]["criterion"].update(kinds=["rule", "test-run"]), "E_1"),
    ("kinds_any", lambda file: file["nodes"][5]["criterion"].pop("kinds"), "E_1"),
    ("targets", lambda file: file["nodes"][5]["criterion"]["targets"][0].update(value="PT1H"), "E_1"),
    ("targets", lambda file: file["nodes"][1].pop("targets"), "C_1"),
    ("refuted_when", lambda file: file["nodes"][5]["criterion"].pop("refuted_when"), "E_1"),
    ("support_rule", lambda file: file["nodes"][2].update(support_rule="any"), "S_1"),
    ("child_retired", lambda file: (file["nodes"].pop(6), file["links"].pop(5)), "G_3"),
    ("support_removed", lambda file: file["links"].pop(5), "G_3"),
    ("target_removed", lambda file: file["links"].pop(0), "G_1"),
    (
        "alternative_added",
        lambda file: (file["nodes"].append(leaf("E_9")), file["links"].append(["G_2", "supported-by", "E_9"])),
        "G_2",
    ),
    ("undeveloped_added", lambda file: file["nodes"][4].update(undeveloped=True), "G_3"),
    ("undeveloped_removed", lambda file: file["nodes"][7].pop("undeveloped"), "G_7"),
    ("points_at", lambda file: file["nodes"][8]["points_at"].update(node="G_2"), "Ex_1"),
]


def strict_case() -> dict[str, Any]:
    """Return a case in which everything that can be loosened is tight."""
    target = {"measure": "delay", "op": "<=", "value": "PT15M", "services": ["a"]}
    file = small_case()
    file["nodes"][1]["targets"] = [target]
    file["nodes"][3]["support_rule"] = "any"
    file["nodes"][5]["criterion"].update(minimum=2, targets=[dict(target)], refuted_when="it is late")
    file["nodes"].append(node("G_7", undeveloped=True))
    file["nodes"].append(node("Ex_1", "external", points_at={"case": "other", "node": "G_1"}))
    return file


@pytest.mark.parametrize(("what", "edit", "where"), LOOSENINGS)
def test_each_loosening_is_recorded_where_it_happened(what: str, edit: Edit, where: str) -> None:
    before, after = strict_case(), strict_case()
    edit(after)

    records = loosened(Changes(parse(before).case, parse(after).case))
    undone = loosened(Changes(parse(after).case, parse(before).case))

    assert [(record["what"], record["node"]) for record in records] == [(what, where)]
    assert records[0]["ja"].startswith(f"{where}：")
    assert records[0]["en"].startswith(f"{where} ")
    assert not {record["what"] for record in undone} & {what} - {"targets", "calendar", "points_at"}


def test_every_loosening_is_tested() -> None:
    assert {what for what, _edit, _where in LOOSENINGS} == set(WORDS)


def test_a_leaf_without_a_criterion_is_compared_by_what_is_asked_of_it_then() -> None:
    before, after = small_case(), small_case()
    before["nodes"][5].pop("criterion")
    after["nodes"][5]["criterion"] = {"max_age": "P2Y"}

    (record,) = loosened(Changes(parse(before).case, parse(after).case))

    assert (record["what"], record["before"], record["after"]) == ("max_age", "P1Y", "P2Y")


def test_a_loosening_is_said_in_labels_and_kept_in_keys() -> None:
    before = small_case()
    after = small_case(labels={"night": {"ja": "夜間", "en": "by night"}, "delay": {"ja": "遅延"}})
    before["nodes"][5]["criterion"]["targets"] = [{"measure": "delay", "op": "<=", "value": "PT5M"}]
    after["nodes"][5]["criterion"]["must_cover"] = ["day"]

    items, targets = loosened(Changes(parse(before).case, parse(after).case))

    assert items["before"] == ["night"]
    assert items["ja"] == "E_1：対象とすべき範囲から夜間を外した"
    assert items["en"] == "E_1 need no longer cover by night"
    assert targets["before"][0]["measure"] == "delay"
    assert "遅延 <= PT5M" in targets["ja"]
    assert "delay <= PT5M" in targets["en"]


@pytest.mark.parametrize(
    ("after", "before", "longer"),
    [
        ("P2Y", "P1Y", True),
        ("P1Y", "P12M", False),
        ("P365D", "P1Y", False),
        ("P366D", "P1Y", True),
        ("P1Y", "P365D", True),
        ("P1M", "P30D", True),
        ("P30D", "P1M", True),
        ("P28D", "P1M", False),
        ("P4W", "P28D", False),
        ("PT24H", "P1D", False),
        ("", "P1Y", True),
        ("P1Y", "", False),
        ("", "", False),
    ],
)
def test_a_limit_is_longer_if_it_can_be(after: str, before: str, longer: bool) -> None:
    assert is_longer(after, before) is longer
