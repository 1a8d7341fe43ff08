"""Import: a draft from a file, whole or not at all; again onto a case that is in force; and large."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dcase_audit.accounts.models import Party
from dcase_audit.calendars.models import Calendar
from dcase_audit.cases.document import document
from dcase_audit.cases.drafts import CircularSupport
from dcase_audit.cases.editions import publish
from dcase_audit.cases.graph import load
from dcase_audit.cases.interchange import CaseFileRefused
from dcase_audit.cases.models import Case, Criterion, Link, Node, NodeText
from dcase_audit.cases.services import import_case, kept_parties
from dcase_audit.errors import Invalid, NotAllowed
from tests.cases.building import NOW, imported, leaf, node, parse, person, small_case

pytestmark = pytest.mark.django_db


def rows_of_draft(case: Case) -> int:
    """Count the rows in which the draft differs from what is in force."""
    found = 0
    for rows in (
        NodeText.objects.filter(node__case=case),
        Criterion.objects.filter(node__case=case),
        Link.objects.filter(case=case),
    ):
        found += rows.filter(edition_from=None).count()
        found += rows.filter(edition_until=None, leaves_draft=True).count()
    return found


def external(case: str, goal: str) -> dict[str, Any]:
    return node("Ex_1", "external", points_at={"case": case, "node": goal})


def test_parties_and_calendars_are_made_once_and_never_changed() -> None:
    Party.objects.create(key="service", name_ja="運用", name_en="Operations")

    parsed = parse(small_case())
    kept = kept_parties(parsed)
    imported()

    assert Party.objects.get(key="service").name_en == "Operations"
    assert Party.objects.get(key="development").name_ja == "開発部"
    assert [line.place for line in kept] == ["/departments/0/name"]
    assert Calendar.objects.get(key="24x7").always


def test_labels_are_what_the_last_file_says_and_no_part_of_an_edition() -> None:
    case = imported(small_case(labels={"day": {"ja": "日中", "en": "daytime"}}))
    edition = publish(case, actor=None, moment=NOW).edition

    again = imported(small_case(labels={"day": {"ja": "昼"}}))

    assert load(again, edition.number).labels == {"day": {"ja": "昼"}}
    assert again.label_texts("ja") == {"day": "昼"}
    assert again.label_texts("en") == {}
    assert document(load(again, edition.number)) == edition.document


def test_of_several_cases_the_oldest_says_what_a_key_is_called() -> None:
    imported(small_case(labels={"day": {"en": "daytime"}}))
    imported(small_case(id="second", labels={"day": {"en": "by day"}, "night": {"en": "by night"}}))

    assert Case.objects.label_texts("en") == {"day": "daytime", "night": "by night"}


def test_a_calendar_that_counts_other_hours_here_refuses_the_file() -> None:
    Calendar.objects.create(key="24x7", opens="09:00", closes="17:00")

    with pytest.raises(CaseFileRefused) as refusal:
        imported()

    assert refusal.value.place == "/calendars/24x7"
    assert not Case.objects.exists()
    assert not Party.objects.exists()


@pytest.mark.parametrize("slug", ["Small", "small case", "", "x" * 61, "small\n"])
def test_a_slug_that_is_none_is_refused(slug: str) -> None:
    with pytest.raises(Invalid):
        import_case(parse(small_case()), slug=slug, actor=None, at=NOW)


def test_the_same_file_again_changes_nothing() -> None:
    case = imported()
    publish(case, actor=None, moment=NOW)

    imported()

    assert rows_of_draft(case) == 0


def test_a_second_file_changes_the_draft_alone() -> None:
    case = imported()
    publish(case, actor=None, moment=NOW)
    before = load(case)
    file = small_case(title={"en": "Renamed"})
    file["nodes"][3]["statement"]["en"] = "G_2 holds better"
    file["nodes"][5]["criterion"]["minimum"] = 2
    file["nodes"][4:5] = [node("G_4", undeveloped=True)]
    file["links"] = [link for link in file["links"] if "G_3" not in link] + [["S_1", "supported-by", "G_4"]]
    file["nodes"] = [row for row in file["nodes"] if row["id"] != "M_1"]

    imported(file)

    case.refresh_from_db()
    draft = load(case, "draft")
    assert load(case).nodes == before.nodes
    assert case.title("ja") == "Renamed"
    assert [row.key for row in draft.nodes] == ["G_1", "C_1", "S_1", "G_2", "E_1", "G_4"]
    assert draft.by_key["G_2"].statement_en == "G_2 holds better"
    assert draft.by_key["E_1"].criterion is not None
    assert draft.by_key["E_1"].criterion.minimum == 2
    assert draft.links == parse(file).case.links


def test_going_back_to_the_first_file_leaves_no_trace_in_the_draft() -> None:
    case = imported()
    publish(case, actor=None, moment=NOW)
    file = small_case()
    file["nodes"] = [row for row in file["nodes"] if row["id"] != "C_1"]
    file["links"] = [link for link in file["links"][::-1] if "C_1" not in link]
    imported(file)
    changed = rows_of_draft(case)

    imported()

    assert changed > 0
    assert rows_of_draft(case) == 0


def test_an_inserted_link_moves_only_its_siblings() -> None:
    case = imported()
    publish(case, actor=None, moment=NOW)
    file = small_case()
    file["nodes"].append(node("G_0", undeveloped=True))
    file["links"].insert(2, ["S_1", "supported-by", "G_0"])

    imported(file)

    assert load(case, "draft").links == parse(file).case.links
    assert Link.objects.filter(case=case, leaves_draft=True).count() == 2


def test_a_node_never_changes_its_kind() -> None:
    imported()
    file = small_case()
    file["nodes"][2]["type"] = "goal"

    with pytest.raises(CaseFileRefused) as refusal:
        imported(file)

    assert refusal.value.place == "/nodes/2/type"


def test_the_time_zone_stays_once_an_edition_counts_in_it() -> None:
    case = imported()
    imported(small_case(timezone="UTC"))
    publish(Case.objects.get(pk=case.pk), actor=None, moment=NOW)

    with pytest.raises(CaseFileRefused) as refusal:
        imported(small_case(timezone="Asia/Tokyo"))

    assert refusal.value.place == "/timezone"


def test_an_external_points_at_a_goal_of_another_case() -> None:
    imported()
    file = small_case(
        id="other", nodes=[node("G_1"), external("small", "G_2")], links=[["G_1", "supported-by", "Ex_1"]]
    )

    case = imported(file)

    goal = load(case, "draft").by_key["Ex_1"].points_at
    assert goal is not None
    assert goal.id == Node.objects.get(case__slug="small", key="G_2").pk


@pytest.mark.parametrize(("case", "goal"), [("small", "S_1"), ("small", "G_9"), ("absent", "G_1"), ("other", "G_1")])
def test_an_external_that_points_elsewhere_refuses_the_file(case: str, goal: str) -> None:
    imported()
    file = small_case(id="other", nodes=[node("G_1"), external(case, goal)], links=[["G_1", "supported-by", "Ex_1"]])

    with pytest.raises(CaseFileRefused) as refusal:
        imported(file)

    assert refusal.value.place == "/nodes/1/points_at"
    assert not Case.objects.filter(slug="other").exists()


def test_a_circle_through_another_case_is_refused() -> None:
    imported()
    second = [node("G_1"), external("small", "G_1")]
    imported(small_case(id="other", nodes=second, links=[["G_1", "supported-by", "Ex_1"]]))
    first = small_case()
    first["nodes"].append(external("other", "G_1"))
    first["links"].append(["S_1", "supported-by", "Ex_1"])

    with pytest.raises(CircularSupport, match="other/G_1") as refusal:
        imported(first)

    assert refusal.value.status == 422
    assert load(Case.objects.get(slug="small"), "draft").nodes == parse(small_case()).case.nodes


def test_a_person_imports_only_where_they_head_an_accountable_party() -> None:
    imported()
    head, owner = person("head", "service", "head"), person("owner", "service", "owner")

    import_case(parse(small_case()), slug="small", actor=head, at=NOW)
    import_case(parse(small_case()), slug="new", actor=head, at=NOW)
    for slug in ("small", "newer"):
        with pytest.raises(NotAllowed):
            import_case(parse(small_case()), slug=slug, actor=owner, at=NOW)

    assert not Case.objects.filter(slug="newer").exists()


def large(count: int) -> dict[str, Any]:
    """Return a case of ``count`` goals in a tree ten wide, each with a leaf."""
    nodes = [node(f"G_{index}") for index in range(count)] + [leaf(f"E_{index}") for index in range(count)]
    links = [[f"G_{(index - 1) // 10}", "supported-by", f"G_{index}"] for index in range(1, count)]
    return small_case(nodes=nodes, links=links + [[f"G_{i}", "supported-by", f"E_{i}"] for i in range(count)])


@pytest.mark.no_cover
def test_ten_thousand_nodes_are_imported_in_batches() -> None:
    parsed = parse(large(5_000))
    started = time.monotonic()

    with CaptureQueriesContext(
        connection,
    ) as captured:
        case = import_case(parsed, slug="large", actor=None, at=NOW)
    import_case(parsed, slug="large", actor=None, at=NOW)

    assert time.monotonic() - started < 40
    assert len(captured) < 70
    assert case.nodes.count() == 10_000
    assert load(case, "draft").nodes == parsed.case.nodes
