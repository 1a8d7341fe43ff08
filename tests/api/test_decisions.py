from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection

from evidence.models import Decision
from tests.api.client import Api, pointers, slug
from tests.api.conftest import As
from tests.cast import NOW, Cast, make_cast, revision, submitted

pytestmark = pytest.mark.usefixtures("sound")


def decide(api: Api, revision_id: int, action: str, body: Any = None, etag: str | None = None) -> Any:
    """Decide on what is read now, unless another ETag is given."""
    etag = api.get(f"revisions/{revision_id}").headers["ETag"] if etag is None else etag
    return api.post(f"revisions/{revision_id}/{action}", body, If_Match=etag)


def test_a_revision_is_submitted_by_one_person_and_accepted_by_another(as_: As, cast: Cast) -> None:
    draft = revision(cast.night_drills, cast.olga, subjects={"failover-setting": {"version": "on"}})

    submission = decide(as_("olga"), draft.pk, "submit")
    acceptance = decide(as_("ken"), draft.pk, "accept", {"reason": "記録を確認した"})

    assert submission.status_code == 201
    assert submission.json()["state"] == "submitted"
    assert acceptance.status_code == 201
    assert [(each["kind"], each["by"]) for each in acceptance.json()["decisions"]] == [
        ("submitted", "olga"),
        ("accepted", "ken"),
    ]
    nodes = {node["key"]: node for node in as_("bo").get("cases/recurrence/status").json()["nodes"]}
    assert nodes["E_1"]["status"] == "supported"


def test_nobody_decides_on_what_they_submitted(as_: As, cast: Cast) -> None:
    record = submitted(cast.night_drills, cast.ken)

    refused = decide(as_("ken"), record.pk, "accept")

    assert refused.status_code == 409
    assert slug(refused) == "self-approval"


def test_nobody_decides_on_what_they_wrote_and_a_colleague_submitted(as_: As, cast: Cast) -> None:
    record = revision(cast.night_drills, cast.ken)
    decide(as_("olga"), record.pk, "submit")

    refused = decide(as_("ken"), record.pk, "accept")

    assert (refused.status_code, slug(refused)) == (409, "self-approval")
    assert decide(as_("hana"), record.pk, "accept").status_code == 201
    assert slug(decide(as_("ken"), record.pk, "void", {"reason": "it was invented"})) == "self-approval"


@pytest.mark.parametrize("name", ["olga", "miki", "ada"])
def test_only_approvers_and_heads_decide(as_: As, cast: Cast, name: str) -> None:
    record = submitted(cast.night_drills, cast.hana)

    refused = as_(name).post(f"revisions/{record.pk}/accept")

    assert refused.status_code == (403 if name == "olga" else 404)
    assert not record.decisions.filter(kind="accepted").exists()


def test_a_decision_names_what_it_is_about(as_: As, cast: Cast) -> None:
    record = submitted(cast.night_drills, cast.olga)

    missing = as_("ken").post(f"revisions/{record.pk}/accept")
    stale = decide(as_("ken"), record.pk, "accept", etag='"another"')
    any_ = decide(as_("ken"), record.pk, "accept", etag="*")

    assert (missing.status_code, slug(missing)) == (428, "match-required")
    assert (stale.status_code, slug(stale)) == (412, "stale")
    assert any_.status_code == 412


def test_what_was_read_before_a_later_revision_came_is_stale(as_: As, cast: Cast) -> None:
    record = submitted(cast.night_drills, cast.olga)
    etag = as_("ken").get(f"revisions/{record.pk}").headers["ETag"]
    revision(cast.night_drills, cast.olga, content=b"a later record")

    assert decide(as_("ken"), record.pk, "accept", etag=etag).status_code == 412
    assert decide(as_("ken"), record.pk, "accept").status_code == 201


def test_a_repeat_by_the_same_person_is_answered_before_if_match_is_judged(as_: As, cast: Cast) -> None:
    record = submitted(cast.night_drills, cast.olga)
    etag = as_("ken").get(f"revisions/{record.pk}").headers["ETag"]
    decide(as_("ken"), record.pk, "accept", etag=etag)

    again = decide(as_("ken"), record.pk, "accept", etag=etag)
    without = as_("ken").post(f"revisions/{record.pk}/accept")
    by_another = decide(as_("hana"), record.pk, "accept", etag=etag)

    assert again.status_code == without.status_code == 200
    assert again.json()["state"] == "accepted"
    assert by_another.status_code == 412
    assert decide(as_("hana"), record.pk, "accept").status_code == 409
    assert Decision.objects.filter(kind="accepted").count() == 1


def test_a_return_wants_a_reason_and_ends_the_revision(as_: As, cast: Cast) -> None:
    record = submitted(cast.night_drills, cast.olga)

    assert pointers(decide(as_("ken"), record.pk, "return")) == {"/reason"}
    assert pointers(decide(as_("ken"), record.pk, "return", {"reason": "  "})) == {"/reason"}
    assert decide(as_("ken"), record.pk, "return", {"reason": "署名がない"}).status_code == 201
    assert decide(as_("hana"), record.pk, "accept").status_code == 409


def test_steps_are_not_skipped(as_: As, cast: Cast) -> None:
    draft = revision(cast.night_drills, cast.olga)

    assert decide(as_("ken"), draft.pk, "accept").status_code == 409
    assert decide(as_("ken"), draft.pk, "void", {"reason": "x"}).status_code == 409
    assert decide(as_("ken"), draft.pk, "annul", {"reason": "x"}).status_code == 409


def test_a_withdrawal_acts_from_now_on_or_later(as_: As, cast: Cast) -> None:
    record = submitted(cast.night_drills, cast.olga)

    past = decide(as_("olga"), record.pk, "withdraw", {"reason": "旧版", "effective_at": "2020-01-01T00:00:00Z"})
    later = decide(as_("olga"), record.pk, "withdraw", {"reason": "旧版", "effective_at": "2026-12-01T00:00:00+09:00"})

    assert pointers(past) == {"/effective_at"}
    assert later.json()["decisions"][-1]["effective_at"] == "2026-11-30T15:00:00+00:00"


def test_counter_evidence_is_annulled_by_two(as_: As, cast: Cast) -> None:
    failure = submitted(cast.night_drills, cast.olga, verdict="refutes")
    why = {"reason": "試験環境の誤り"}

    assert slug(decide(as_("olga"), failure.pk, "withdraw", why)) == "refuting"
    assert decide(as_("ken"), failure.pk, "annul", why).status_code == 409
    assert decide(as_("ken"), failure.pk, "propose-annulment", why).status_code == 201
    assert slug(decide(as_("ken"), failure.pk, "annul", why)) == "self-approval"
    assert decide(as_("hana"), failure.pk, "annul", why).json()["state"] == "annulled"


@pytest.mark.parametrize(
    ("action", "body", "places"),
    [
        ("submit", {"reason": "x"}, {"/reason"}),
        ("accept", {"effective_at": "2026-12-01T00:00:00Z"}, {"/effective_at"}),
        ("accept", {"reason": 5}, {"/reason"}),
        ("return", {"reason": "x" * 4001}, {"/reason"}),
    ],
)
def test_decisions_take_no_other_members(
    as_: As, cast: Cast, action: str, body: dict[str, Any], places: set[str]
) -> None:
    record = submitted(cast.night_drills, cast.olga)

    response = decide(as_("hana"), record.pk, action, body)

    assert response.status_code == 422
    assert pointers(response) == places


@pytest.mark.parametrize("etag", ["", "x" * 2000, "\u3042", "a\x7f"])
def test_an_if_match_that_is_none(as_: As, cast: Cast, etag: str) -> None:
    record = submitted(cast.night_drills, cast.olga)

    response = as_("ken").post(f"revisions/{record.pk}/accept", If_Match=etag)

    assert response.status_code == 400
    assert slug(response) == "bad-header"


@pytest.mark.django_db(transaction=True)
def test_of_two_who_decide_at_once_one_does(the_clock: object) -> None:
    cast = make_cast()
    record = submitted(cast.night_drills, cast.olga)
    etag = Api(cast.secrets["ken"]).get(f"revisions/{record.pk}").headers["ETag"]
    start, answers = threading.Barrier(2, timeout=60), []

    def decide_at_once(name: str, action: str) -> None:
        api = Api(cast.secrets[name])
        start.wait()
        answers.append(decide(api, record.pk, action, {"reason": "同時"}, etag).status_code)
        connection.close()

    people = [("ken", "accept"), ("hana", "return")]
    threads = [threading.Thread(target=decide_at_once, args=each) for each in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answers) == [201, 412]
    assert record.decisions.exclude(kind="submitted").count() == 1
    assert record.decisions.get(kind="submitted").at >= NOW
