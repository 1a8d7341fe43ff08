from __future__ import annotations

import pytest

from dcase_audit.cases import editions
from dcase_audit.cases.drafts import change_text, retire_node
from evidence import services
from evidence.models import Support
from tests.api.client import pointers, slug
from tests.api.conftest import As
from tests.cast import NOW, Cast, artefact

pytestmark = pytest.mark.usefixtures("sound")

PATH = "artefacts/second-drills/supports"
LINK = {"case": "recurrence", "node": "E_1", "rationale": "夜間の切替わりを示す"}


@pytest.fixture(autouse=True)
def second(cast: Cast) -> None:
    artefact("second-drills", "第二の訓練", cast.kinds["drill-record"], cast.it_service, cast.olga)


def test_an_owner_links_an_artefact_to_a_leaf(as_: As) -> None:
    response = as_("olga").post(PATH, LINK)

    assert response.status_code == 201
    assert response.json()["rationale"] == LINK["rationale"]
    assert [each["node"] for each in as_("ken").get("artefacts/second-drills").json()["supports"]] == ["E_1"]


def test_linking_again_changes_nothing(as_: As) -> None:
    first = as_("olga").post(PATH, LINK)

    again = as_("olga").post(PATH, {**LINK, "rationale": "another"})

    assert again.status_code == 200
    assert again.json() == first.json()


@pytest.mark.parametrize(
    ("changes", "status", "places"),
    [
        ({"node": "G_1"}, 422, {"/node"}),
        ({"node": "E_2"}, 422, {"/artefact"}),
        ({"node": "E_99"}, 404, {"/node"}),
        ({"case": "other"}, 404, {"/node"}),
        ({"node": "E 1"}, 422, {"/node"}),
        ({"since": "2026-01-01"}, 422, {"/since"}),
    ],
)
def test_N57_what_cannot_be_linked(as_: As, changes: dict[str, str], status: int, places: set[str]) -> None:
    response = as_("olga").post(PATH, {**LINK, **changes})

    assert response.status_code == status
    assert pointers(response) == places


def test_N57_a_retired_leaf_takes_no_evidence(as_: As, cast: Cast) -> None:
    retire_node(node=cast.node("E_1"), actor=None, at=NOW)
    change_text(node=cast.node("G_2"), actor=None, at=NOW, undeveloped=True)
    editions.consent(cast.case, cast.it_service, actor=cast.ken, at=NOW)
    services.publish_edition(case=cast.case, actor=None, at=NOW)

    assert as_("olga").post(PATH, LINK).status_code == 404


def test_taking_back_wants_a_reason(as_: As) -> None:
    as_("olga").post(PATH, LINK)
    named = {"case": "recurrence", "node": "E_1"}

    refused = as_("olga").delete(PATH, named)
    taken_back = as_("olga").delete(PATH, {**named, "reason": "別の葉の証拠"})
    again = as_("olga").delete(PATH, {**named, "reason": "別の葉の証拠"})

    assert (refused.status_code, slug(refused)) == (400, "bad-parameter")
    assert taken_back.status_code == 200
    assert taken_back.json()["unlinked_at"] is not None
    assert again.status_code == 422
    assert not Support.objects.open().filter(artefact__key="second-drills").exists()


def test_others_do_not_link(as_: As) -> None:
    assert as_("bo").post(PATH, LINK).status_code == 404
    assert as_("rin").post("artefacts/night-drills/supports", LINK).status_code == 403
    assert (
        as_("rin")
        .delete("artefacts/night-drills/supports", {"case": "recurrence", "node": "E_1", "reason": "x"})
        .status_code
        == 403
    )
