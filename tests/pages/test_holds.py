"""What keeps evidence, on pages: until when and why, holds, longer retentions, and what was disposed of."""

from __future__ import annotations

import pytest

from dcase_audit.jobs import services as jobs
from evidence import services
from evidence.models import LegalHold
from tests.cast import NOW, Cast, submitted
from tests.evidence.keeping import DAY, LAW, asks, dispose, over
from tests.pages.conftest import As, queries, text_of

pytestmark = pytest.mark.django_db
PAGE = "/evidence/night-drills/"


def held(cast: Cast, who: str = "hana") -> LegalHold:
    return services.place_hold(artefact=cast.night_drills, actor=cast.people[who], at=NOW, reason="当局の照会")


@pytest.mark.parametrize(
    ("language", "says"),
    [
        ("en", ["Kept until", "20 Nov 2033 15:00", "law: FIEA"]),
        ("ja", ["保存期限", "2033年11月20日 15:00", "法令: 金融商品取引法"]),
    ],
)
def test_a_page_says_until_when_a_revision_is_kept_and_why(cast: Cast, as_: As, language: str, says: list[str]) -> None:
    asks(cast, retention="P7Y", **LAW)
    submitted(cast.night_drills, cast.olga, valid_until=NOW + DAY)

    page = text_of(as_("olga", language).get(PAGE))

    for text in says:
        assert text in page


def test_what_is_valid_without_an_end_is_said_to_be_kept_after_that(cast: Cast, as_: As) -> None:
    asks(cast, retention="P5Y", retention_from="validity_end", **LAW)
    submitted(cast.night_drills, cast.olga)

    assert "as long as it is valid and 5 years after that" in text_of(as_("olga").get(PAGE))
    assert "有効な間と、その後5年" in text_of(as_("olga", "ja").get(PAGE))


def test_an_extension_is_said_with_who_and_why(cast: Cast, as_: As) -> None:
    found = submitted(cast.night_drills, cast.olga, valid_until=NOW + DAY)
    prefix = f"r{found.pk}-extend"
    form = {f"{prefix}-until": "2050-03-31", f"{prefix}-basis": "contract", f"{prefix}-text_en": "Contract 9"}

    response = as_("hana").post(f"/revisions/{found.pk}/extend/", form, follow=True)

    assert "The revision is kept longer." in text_of(response)
    assert "extended to" in text_of(response)
    assert "31 Mar 2050" in text_of(response)
    again = text_of(as_("hana").post(f"/revisions/{found.pk}/extend/", {**form, f"{prefix}-until": "2040-03-31"}))
    assert "a retention is only extended" in again


def test_a_longer_retention_says_its_basis(cast: Cast, as_: As) -> None:
    found = submitted(cast.night_drills, cast.olga)
    prefix = f"r{found.pk}-extend"

    page = as_("hana").post(
        f"/revisions/{found.pk}/extend/", {f"{prefix}-until": "2050-03-31", f"{prefix}-basis": "law"}
    )

    assert "Say which law, contract or rule" in text_of(page)
    assert not found.extensions.exists()


def test_a_head_places_a_hold_on_the_page_of_the_artefact(cast: Cast, as_: As) -> None:
    found = submitted(cast.night_drills, cast.olga)
    assert "Place a legal hold" in text_of(as_("hana").get(PAGE))
    assert "Place a legal hold" not in text_of(as_("olga").get(PAGE))

    form = {"artefact": "night-drills", "revision": str(found.number), "reason": "当局の照会"}
    page = text_of(as_("hana").post("/holds/place/", form, follow=True))

    assert "on legal hold" in page
    assert "当局の照会" in page
    assert LegalHold.objects.get().revision == found


def test_management_holds_evidence_that_it_does_not_see(cast: Cast, as_: As) -> None:
    miki = as_("miki")
    assert miki.get(PAGE).status_code == 404

    page = text_of(miki.post("/holds/place/", {"artefact": "night-drills", "reason": "当局の照会"}, follow=True))

    assert "The hold was placed." in page
    assert "You placed it; another person has to release it." in page
    assert 'href="/evidence/night-drills/"' not in page


@pytest.mark.parametrize("key", ["sales-notes", "no-such-thing"])
def test_what_is_not_there_for_somebody_cannot_be_held(cast: Cast, as_: As, key: str) -> None:
    page = text_of(as_("miki").post("/holds/place/", {"artefact": key, "reason": "照会"}))

    assert "There is none with this key." in page


def test_another_person_releases_a_hold(cast: Cast, as_: As) -> None:
    hold = held(cast, "miki")

    assert "Release" not in text_of(as_("olga").get("/holds/")).replace("Released holds", "").replace("releases", "")
    page = text_of(as_("hana").post(f"/holds/{hold.pk}/release/", {f"h{hold.pk}-reason": "終結"}, follow=True))

    assert "The hold was released." in page
    assert "There is no hold in your view." in page
    assert "終結" in text_of(as_("hana").get("/holds/?state=released"))


def test_an_own_hold_is_not_released(cast: Cast, as_: As) -> None:
    hold = held(cast)

    page = text_of(as_("hana", "ja").post(f"/holds/{hold.pk}/release/", {f"h{hold.pk}-reason": "終結"}))

    assert "自分が設定した保全です。解除は別の人が行います" in page
    assert LegalHold.objects.open().exists()


def test_holds_of_others_are_not_listed(cast: Cast, as_: As) -> None:
    held(cast)

    for who in ("bo", "otto", "ada"):
        assert "当局の照会" not in text_of(as_(who).get("/holds/"))
    for who in ("olga", "rin", "miki"):
        assert "当局の照会" in text_of(as_(who).get("/holds/"))


def test_a_file_that_was_disposed_of_is_said_to_be_and_not_given(cast: Cast, as_: As) -> None:
    asks(cast, **LAW)
    gone = over(cast)
    file = gone.files.get().file
    dispose(gone, cast)
    jobs.drain("evidence.remove_file")
    olga = as_("olga")

    page = text_of(olga.get(PAGE))
    answer = olga.get(f"/revisions/{gone.pk}/files/{file.sha256}/")

    assert "Disposed of on" in page
    assert "law: FIEA" in page
    assert file.sha256 in page
    assert f"/revisions/{gone.pk}/files/" not in page
    assert answer.status_code == 410
    assert "Disposed of at" in text_of(answer)
    assert "廃棄" in text_of(as_("olga", "ja").get(PAGE))


def test_the_page_costs_the_same_however_much_keeps_it(cast: Cast, as_: As) -> None:
    def keep(number: int) -> None:
        found = submitted(cast.night_drills, cast.olga, content=b"%d" % number)
        until = NOW + 40_000 * DAY
        services.extend_retention(revision=found, until=until, basis="law", text_ja="法", actor=cast.hana, at=NOW)
        held(cast)

    keep(0)
    hana = as_("hana")
    before = queries(hana, PAGE), queries(hana, "/holds/")
    for number in range(1, 6):
        keep(number)

    assert (queries(hana, PAGE), queries(hana, "/holds/")) == before
