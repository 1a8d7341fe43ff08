"""What keeps evidence, through the API: how long and by what, holds, longer retentions, and what was disposed of."""

from __future__ import annotations

import http.client
import json
import threading
from typing import Any

import pytest
from pytest_django.live_server_helper import LiveServer

from dcase_audit.jobs import services as jobs
from drills.services import record_result
from evidence import services
from evidence.models import HoldRelease, LegalHold
from tests.api.client import pointers, slug
from tests.api.conftest import As
from tests.cast import NOW, Cast, make_cast, revision, submitted
from tests.drills.samples import native
from tests.evidence.keeping import DAY, LAW, asks, dispose, over

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sound")]
WHY = {"reason": "当局の照会"}
LONGER = {"until": "2050-03-31T15:00:00Z", "basis": "contract", "text": {"ja": "保守契約第9条"}}


def place(as_: As, who: str = "hana", **more: Any) -> Any:
    return as_(who).post("artefacts/night-drills/holds", {**WHY, **more})


def test_a_revision_says_how_long_it_is_kept_and_by_what(cast: Cast, as_: As) -> None:
    asks(cast, retention="P7Y", **LAW)
    found = submitted(cast.night_drills, cast.olga, valid_until=NOW + DAY)

    body = as_("olga").get(f"revisions/{found.pk}").json()

    assert body["retention"] == {
        "floor": "P7Y",
        "counts_from": "received",
        "basis": "law",
        "text": {"ja": "金融商品取引法", "en": "FIEA"},
        "at_least": "2033-11-20T06:00:00+00:00",
        "kept_until": "2033-11-20T06:00:00+00:00",
        "extensions": [],
    }
    assert (body["legal_hold"], body["holds"]) == (False, [])


def test_what_is_valid_without_an_end_has_none(cast: Cast, as_: As) -> None:
    found = submitted(cast.night_drills, cast.olga)

    assert as_("olga").get(f"revisions/{found.pk}").json()["retention"]["kept_until"] is None


def test_a_decision_answers_with_what_it_makes_of_the_retention(cast: Cast, as_: As) -> None:
    """Handing a draft in promises it a retention, and a withdrawal says from when that counts."""
    draft, olga = revision(cast.night_drills, cast.olga), as_("olga")
    seen = olga.get(f"revisions/{draft.pk}")
    assert seen.json()["retention"] is None

    handed_in = olga.post(f"revisions/{draft.pk}/submit", If_Match=seen.headers["ETag"])
    taken_back = olga.post(f"revisions/{draft.pk}/withdraw", WHY, If_Match=handed_in.headers["ETag"])

    assert handed_in.json()["retention"]["kept_until"] is None
    assert taken_back.json()["retention"]["kept_until"] == "2036-11-20T06:00:00+00:00"


def test_a_hold_shows_on_the_artefact_and_its_revisions(cast: Cast, as_: As) -> None:
    found = submitted(cast.night_drills, cast.olga)

    made = place(as_)

    assert made.status_code == 201
    body = made.json()
    assert (body["revision"], body["reason"], body["placed_by"], body["release"]) == (None, "当局の照会", "hana", None)
    assert made.headers["Location"] == body["href"]
    olga = as_("olga")
    assert olga.get(f"revisions/{found.pk}").json()["holds"] == [body]
    assert olga.get("artefacts/night-drills").json()["holds"] == [body]
    (line,) = olga.get("artefacts").json()["items"]
    assert line["legal_hold"] is True
    assert olga.get("holds").json()["items"] == [body]


def test_a_hold_is_placed_once_for_each_key(cast: Cast, as_: As) -> None:
    hana = as_("hana")
    first = hana.post("artefacts/night-drills/holds", WHY, Idempotency_Key="k")
    again = hana.post("artefacts/night-drills/holds", WHY, Idempotency_Key="k")

    assert first.json() == again.json()
    assert LegalHold.objects.count() == 1


def test_a_hold_may_be_on_one_revision(cast: Cast, as_: As) -> None:
    one, other = (submitted(cast.night_drills, cast.olga, content=content) for content in (b"1", b"2"))

    assert place(as_, revision=one.number).json()["revision"] == one.number

    olga = as_("olga")
    held = {each.pk: olga.get(f"revisions/{each.pk}").json()["legal_hold"] for each in (one, other)}
    assert held == {one.pk: True, other.pk: False}
    assert pointers(place(as_, revision=99)) == {"/revision"}
    assert place(as_, reason=" ").status_code == 422


def test_another_person_releases_it(cast: Cast, as_: As) -> None:
    hold = place(as_).json()

    own = as_("hana").post(f"holds/{hold['id']}/release", WHY)
    first = as_("miki").post(f"holds/{hold['id']}/release", {"reason": "照会の終結"})
    again = as_("miki").post(f"holds/{hold['id']}/release", {"reason": "照会の終結"})

    assert (own.status_code, slug(own)) == (409, "own-hold")
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["release"]["by"] == "miki"
    assert as_("olga").get("holds", {"state": "released"}).json()["items"] == [first.json()]
    assert as_("olga").get("holds", {"state": "open"}).json()["items"] == []
    assert as_("olga").get("holds", {"state": "x"}).status_code == 400


@pytest.mark.django_db(transaction=True)
def test_of_many_releases_at_once_one_is_the_first(live_server: LiveServer, the_clock: object) -> None:
    cast = make_cast()
    hold = services.place_hold(artefact=cast.night_drills, actor=cast.hana, at=NOW, reason="当局の照会")
    start = threading.Barrier(8, timeout=60)
    answers: list[int] = []

    def release() -> None:
        wire = http.client.HTTPConnection(live_server.url.removeprefix("http://"), timeout=60)
        named = {"Authorization": f"Bearer {cast.secrets['miki']}", "Content-Type": "application/json"}
        start.wait()
        wire.request("POST", f"/api/v1/holds/{hold.pk}/release", json.dumps({"reason": "終結"}), named)
        answers.append(wire.getresponse().status)
        wire.close()

    threads = [threading.Thread(target=release) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answers) == [*[200] * 7, 201]
    assert HoldRelease.objects.count() == 1


def test_a_list_of_holds_is_that_of_a_database_without_the_hidden_ones(cast: Cast, as_: As) -> None:
    for number in range(3):
        services.place_hold(artefact=cast.review_rule, actor=cast.miki, at=NOW, reason=f"{number}")
        place(as_)

    page = as_("olga").get("holds", {"limit": 2}).json()
    rest = as_("olga").get(page["next"]).json()

    assert [item["artefact"] for item in page["items"] + rest["items"]] == ["night-drills"] * 3
    assert rest["next"] is None
    hidden = LegalHold.objects.filter(artefact=cast.review_rule).first()
    assert hidden is not None
    assert as_("olga").get(f"holds/{hidden.pk}").status_code == 404


def test_a_revision_is_kept_longer(cast: Cast, as_: As) -> None:
    found = submitted(cast.night_drills, cast.olga, valid_until=NOW + DAY)

    longer = as_("hana").post(f"revisions/{found.pk}/extend-retention", LONGER)
    shorter = as_("hana").post(f"revisions/{found.pk}/extend-retention", {**LONGER, "until": "2040-01-01T00:00:00Z"})

    retention = longer.json()["retention"]
    assert longer.status_code == 201
    assert retention["at_least"] == retention["kept_until"] == "2050-03-31T15:00:00+00:00"
    assert retention["extensions"][0]["by"] == "hana"
    assert (shorter.status_code, slug(shorter)) == (409, "no-longer")


@pytest.mark.parametrize(
    ("change", "pointer"),
    [({"basis": "whim"}, "/basis"), ({"text": {"ja": ""}}, "/text"), ({"until": "2050-03-31"}, "/until")],
)
def test_an_extension_that_is_not_whole_is_refused(cast: Cast, as_: As, change: dict[str, Any], pointer: str) -> None:
    found = submitted(cast.night_drills, cast.olga)

    response = as_("hana").post(f"revisions/{found.pk}/extend-retention", {**LONGER, **change})

    assert response.status_code == 422
    assert pointers(response) == {pointer}


def test_a_drill_result_whose_bytes_were_disposed_of_says_so(cast: Cast, as_: As) -> None:
    asks(cast, retention="P1D")
    body = json.dumps(native()).encode()
    result = record_result(drill=cast.drill, actor=cast.olga, at=NOW, data=body, name="r.json", through="session")
    services.withdraw(revision=result.revision, actor=cast.ken, at=NOW, reason="誤り")
    services.dispose(file=result.raw, actor=cast.hana, at=NOW, reason="保存期間の満了")

    answer = as_("olga").get(f"drill-results/{result.pk}/raw")

    assert (answer.status_code, slug(answer)) == (410, "disposed")
    assert as_("olga").get(f"drill-results/{result.pk}").status_code == 200


def test_bytes_that_were_disposed_of_are_gone_and_what_is_known_stays(cast: Cast, as_: As) -> None:
    asks(cast, **LAW)
    gone = over(cast)
    file, olga = gone.files.get().file, as_("olga")
    path = f"revisions/{gone.pk}/files/{file.sha256}"
    assert olga.get(path).status_code == 200
    dispose(gone, cast)

    decided = olga.get(path)
    jobs.drain("evidence.remove_file")
    removed = olga.get(path, If_None_Match=f'"{file.sha256}"', Range="bytes=0-1")

    for answer in (decided, removed):
        assert (answer.status_code, slug(answer)) == (410, "disposed")
        detail = answer.json()["detail"]
        assert "2026-11-20T06:00:00+00:00" in detail
        assert "保存期間の満了" in detail
        assert "law: FIEA" in detail
    (shown,) = olga.get(f"revisions/{gone.pk}").json()["files"]
    assert (shown["sha256"], shown["size"]) == (file.sha256, file.size)
    assert shown["disposed"] == {
        "at": "2026-11-20T06:00:00+00:00",
        "reason": "保存期間の満了",
        "kept_until": "2026-11-21T06:00:00+00:00",
        "basis": "law",
        "text": {"ja": "金融商品取引法", "en": "FIEA"},
    }
