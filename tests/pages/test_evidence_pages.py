"""Evidence from the form to the decision, each step as the people do it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, override_settings

from dcase_audit import clock
from dcase_audit.accounts.models import Membership
from dcase_audit.cases.words import Status
from dcase_audit.notices.models import OpenItem
from evidence import services
from evidence.asof import case_status
from evidence.models import Artefact, Decision, Revision, RevisionFile
from tests.cast import NOW, Cast, revision, submitted
from tests.evidence import sample_files
from tests.pages.conftest import As, text_of

pytestmark = pytest.mark.usefixtures("sound")

PAGE = "/evidence/night-drills/"
NEW = f"{PAGE}revisions/new/"


@pytest.fixture
def ticking(the_clock: datetime) -> Iterator[None]:
    """Let the domain's clock go on a minute at every page, so that what is decided lies in the past of the next."""
    yield
    clock.fix(None)


def later(minutes: int) -> None:
    clock.fix(NOW + timedelta(minutes=minutes))


def filled(**more: object) -> dict[str, object]:
    return {
        "files": [
            SimpleUploadedFile("記録.txt", b"what happened"),
            SimpleUploadedFile("photo.png", sample_files.picture("PNG"), "image/png"),
        ],
        "verdict": "supports",
        "proves_from": "2026-11-19",
        "proves_until": "2026-11-19",
        "covers": ["night"],
        "covers_also": "dawn、dusk, dawn",
        "subject-failover-setting": "FS-1",
        "note": "held as planned",
        "confidentiality": "normal",
        **more,
    }


def decide(client: Client, found: Revision, action: str, reason: str = "") -> object:
    return client.post(f"/revisions/{found.pk}/{action}/", {f"r{found.pk}-{action}-reason": reason})


def test_a_revision_goes_from_the_form_to_the_acceptance_by_another_person(cast: Cast, as_: As, ticking: None) -> None:
    later(1)
    made = as_("olga").post(NEW, filled(submit="1"))
    found = Revision.objects.get(artefact=cast.night_drills)
    assert made.headers["Location"] == f"{PAGE}#r1"
    later(2)

    own = decide(as_("olga"), found, "accept")
    other = decide(as_("ken"), found, "accept")

    assert own.status_code == 200  # type: ignore[attr-defined]
    assert other.status_code == 302  # type: ignore[attr-defined]
    assert case_status(cast.case, at=clock.now(), known=clock.now()).node("E_1").status is Status.SUPPORTED
    assert not OpenItem.objects.open().filter(key=f"waiting:{found.pk}").exists()


def test_days_are_inclusive_and_the_organisations(cast: Cast, as_: As) -> None:
    as_("olga").post(NEW, filled(valid_from="2026-04-01", valid_until="2027-03-31"))

    found = Revision.objects.get(artefact=cast.night_drills)
    assert found.proves_from == datetime(2026, 11, 18, 15, tzinfo=UTC)
    assert found.proves_until == datetime(2026, 11, 19, 15, tzinfo=UTC)
    assert found.valid_from == datetime(2026, 3, 31, 15, tzinfo=UTC)
    assert found.valid_until == datetime(2027, 3, 31, 15, tzinfo=UTC)
    page = text_of(as_("olga").get(PAGE))
    # One day is named once.
    assert ">19 Nov 2026</time></dd>" in page
    assert ">31 Mar 2027</time>" in page


def test_the_present_day_is_proven_no_further_than_now(cast: Cast, as_: As) -> None:
    as_("olga").post(NEW, filled(proves_until="2026-11-20"))
    refused = as_("olga").post(NEW, filled(proves_until="2026-11-21"))

    assert Revision.objects.get(artefact=cast.night_drills).proves_until == NOW
    assert "This day is still to come" in text_of(refused)


def test_files_keep_names_order_and_digests_and_come_back_as_they_were(cast: Cast, as_: As) -> None:
    olga = as_("olga")
    olga.post(NEW, filled())

    found = Revision.objects.get(artefact=cast.night_drills)
    uses = list(found.files.select_related("file"))
    assert [(use.name, use.role) for use in uses] == [("記録.txt", "main"), ("photo.png", "attachment")]
    assert found.covers == ["dawn", "dusk", "night"]
    assert found.subjects == {"failover-setting": {"version": "FS-1", "digest": ""}}
    sha256 = uses[0].file.sha256
    page = text_of(olga.get(PAGE))
    assert sha256 in page
    download = olga.get(f"/revisions/{found.pk}/files/{sha256}/")
    assert b"".join(download.streaming_content) == b"what happened"  # type: ignore[attr-defined]
    assert download.headers["Content-Disposition"].startswith("attachment;")


def test_a_draft_is_kept_and_submitted_later(cast: Cast, as_: As) -> None:
    olga = as_("olga")
    olga.post(NEW, filled(draft="1"))
    found = Revision.objects.get(artefact=cast.night_drills)
    assert not found.is_submitted
    assert "夜間訓練の記録, revision 1" in text_of(olga.get("/due/"))

    olga.post(f"/revisions/{found.pk}/submit/")

    assert Decision.objects.filter(revision=found, kind="submitted", by=cast.olga).exists()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"files": []}, "This field is required."),
        ({"files": [SimpleUploadedFile("empty.txt", b"")]}, "The submitted file is empty."),
        ({"proves_from": "", "proves_until": ""}, "say from when it applies, or what period it proves"),
        ({"proves_from": "2026-11-19", "proves_until": "2026-11-01"}, "would end before it begins"),
        ({"verdict": "perhaps"}, "Select a valid choice."),
        ({"confidentiality": "confidential"}, "Say why it is confidential."),
        ({"valid_until": "31 March"}, "Enter a valid date."),
        ({"valid_until": "9999-12-31"}, "The year lies outside of 1900 to 2999."),
        ({"proves_from": "0001-01-01"}, "The year lies outside of 1900 to 2999."),
    ],
)
def test_what_does_not_hold_together_comes_back_with_a_sentence(
    cast: Cast, as_: As, changed: dict[str, object], said: str
) -> None:
    response = as_("olga").post(NEW, filled(**changed))

    assert response.status_code == 200
    assert said in text_of(response)
    assert not Revision.objects.exists()


def test_N22_what_turns_the_direction_of_writing_is_written_out(cast: Cast, as_: As) -> None:
    said = "手順 \u202egnp.exe\u2066"
    Artefact.objects.filter(pk=cast.night_drills.pk).update(title_ja=said, title_en="")
    found = submitted(cast.night_drills, cast.olga, note=said, covers=[said])
    services.return_revision(revision=found, actor=cast.ken, at=NOW, reason=said)

    for path in (PAGE, "/evidence/", "/cases/recurrence/nodes/E_1/", f"/evidence/?q={quote(said)}"):
        page = as_("olga").get(path)
        assert "[U+202E]gnp.exe[U+2066]" in text_of(page)
        assert "\u202e" not in text_of(page)
        assert page.headers["Content-Length"] == str(len(page.content))
    assert Revision.objects.get().note == said


def a_script() -> SimpleUploadedFile:
    return SimpleUploadedFile("a.pdf", sample_files.document(sample_files.named), "application/pdf")


def test_N25_what_was_seen_in_a_file_stands_beside_it(cast: Cast, as_: As) -> None:
    as_("olga").post(NEW, filled(files=[a_script()], submit="1"))

    assert "Open with care: a PDF with JavaScript" in text_of(as_("ken").get(PAGE))
    assert "注意して開いてください: JavaScript を含む PDF" in text_of(as_("ken", "ja").get(PAGE))


def test_N25_what_was_reviewed_unchanged_keeps_what_was_seen_in_it(cast: Cast, as_: As, ticking: None) -> None:
    as_("olga").post(NEW, filled(files=[a_script()], submit="1"))
    later(1)
    decide(as_("ken"), Revision.objects.get(), "accept")
    later(2)

    as_("olga").post(f"{PAGE}reviewed/", {"reviewed_on": "2026-11-20"})

    assert [use.flags for use in RevisionFile.objects.order_by("pk")] == [["pdf_javascript"]] * 2


def test_N23_a_file_that_is_not_what_it_says_comes_back_with_a_sentence(cast: Cast, as_: As) -> None:
    response = as_("olga").post(NEW, filled(files=[SimpleUploadedFile("a.pdf", b"<html>")]))

    assert "A file whose name ends like that of a.pdf is not text." in text_of(response)
    assert not Revision.objects.exists()


def test_refusals_are_said_in_japanese(cast: Cast, as_: As) -> None:
    periods = as_("olga", "ja").post(NEW, filled(proves_from="", proves_until=""))
    found = submitted(cast.night_drills, cast.ken)
    own = decide(as_("ken", "ja"), found, "accept")
    twice = [SimpleUploadedFile("a.txt", b"same"), SimpleUploadedFile("b.txt", b"same")]
    same = as_("olga", "ja").post(NEW, filled(files=twice))

    assert "有効期間の開始日か立証の最終日を入力してください" in text_of(periods)
    assert "自分が提出した版です。判断は別の人が行います" in text_of(own)
    assert "同じ内容のファイルが二つあります" in text_of(same)


@override_settings(UPLOAD_LIMIT=1000)
def test_a_body_that_is_too_large_is_refused_before_it_is_read(cast: Cast, as_: As) -> None:
    response = as_("olga").post(NEW, filled(files=[SimpleUploadedFile("big.bin", b"x" * 1_100_000)]))
    together = as_("olga").post(NEW, filled(files=[SimpleUploadedFile("big.bin", b"x" * 2000)]))

    assert response.status_code == 413
    assert together.status_code == 200
    assert "more than 1000 bytes" in text_of(together)


def test_a_return_wants_a_reason_and_reaches_the_author(cast: Cast, as_: As) -> None:
    found = submitted(cast.night_drills, cast.olga)
    ken = as_("ken")

    without, given = decide(ken, found, "return"), decide(ken, found, "return", "the day is wrong")

    assert (without.status_code, given.status_code) == (200, 302)  # type: ignore[attr-defined]
    assert "This field is required." in text_of(without)
    assert "the day is wrong" in text_of(as_("olga").get(PAGE))


def test_only_what_may_be_decided_is_offered(cast: Cast, as_: As) -> None:
    found = submitted(cast.night_drills, cast.olga)

    def offers(name: str) -> set[str]:
        page = text_of(as_(name).get(PAGE))
        return {
            action for action in ("accept", "return", "withdraw", "void") if f"/revisions/{found.pk}/{action}/" in page
        }

    assert offers("olga") == {"withdraw"}
    assert offers("ken") == {"accept", "return", "withdraw"}
    assert offers("rin") == set()
    assert "another approver of the department decides" in text_of(as_("olga").get(PAGE))


def test_who_wrote_a_revision_is_not_offered_to_accept_it(cast: Cast, as_: As) -> None:
    draft = revision(cast.night_drills, cast.ken)
    services.submit(revision=draft, actor=cast.olga, at=NOW)

    assert "another approver of the department decides" in text_of(as_("ken").get("/evidence/night-drills/"))
    assert "Submissions that you may decide on" not in text_of(as_("ken").get("/"))
    assert "自分が作成した版です" in text_of(decide(as_("ken", "ja"), draft, "accept"))


def test_counter_evidence_is_annulled_by_two_persons(cast: Cast, as_: As) -> None:
    found = submitted(cast.night_drills, cast.olga, verdict="refutes")
    ken, hana = as_("ken"), as_("hana")

    proposed = decide(ken, found, "propose-annulment", "the wrong system was tested")
    alone = decide(ken, found, "annul", "so it was")
    another = decide(hana, found, "annul", "so it was")

    assert [each.status_code for each in (proposed, alone, another)] == [302, 200, 302]  # type: ignore[attr-defined]
    assert Decision.objects.filter(revision=found, kind="annulled", by=cast.hana).exists()
    assert "Withdraw" not in text_of(hana.get(PAGE))


def test_an_accepted_revision_is_withdrawn_or_voided(cast: Cast, as_: As) -> None:
    first = submitted(cast.night_drills, cast.olga, content=b"1")
    second = submitted(cast.night_drills, cast.olga, content=b"2")
    for each in (first, second):
        services.accept(revision=each, actor=cast.ken, at=NOW)

    withdrawn = decide(as_("olga"), first, "withdraw", "replaced")
    voided = decide(as_("ken"), second, "void", "the clock was wrong")

    assert (withdrawn.status_code, voided.status_code) == (302, 302)  # type: ignore[attr-defined]
    assert set(Decision.objects.filter(reason__gt="").values_list("kind", flat=True)) == {"withdrawn", "voided"}


def test_reviewed_unchanged_is_a_new_revision_of_the_same_files(cast: Cast, as_: As, ticking: None) -> None:
    base = submitted(cast.night_drills, cast.olga, subjects={"failover-setting": {"version": "FS-1", "digest": "d1"}})
    services.accept(revision=base, actor=cast.ken, at=NOW)
    services.record_subject_version(subject=cast.subject, version="FS-2", digest="d2", actor=cast.olga, at=NOW)
    later(60)
    olga = as_("olga")

    asked = text_of(olga.get(f"{PAGE}reviewed/"))
    response = olga.post(f"{PAGE}reviewed/", {"reviewed_on": "2026-11-20", "note": ""})

    assert "submit only if it holds for the present version: failover-setting" in " ".join(asked.split())
    assert response.status_code == 302
    found = Revision.objects.get(artefact=cast.night_drills, number=2)
    assert [use.file_id for use in found.files.all()] == [use.file_id for use in base.files.all()]
    assert (found.covers, found.proves_until) == (base.covers, clock.now())
    assert found.subjects == {"failover-setting": {"version": "FS-2", "digest": "d2"}}
    assert found.is_submitted


def test_confidential_files_are_shown_to_auditors_by_their_hashes(cast: Cast, as_: As) -> None:
    reason = "names of people"
    found = submitted(
        cast.night_drills, cast.olga, confidentiality="confidential", confidential_reason=reason, note="a secret note"
    )
    sha256 = found.files.select_related("file").get().file.sha256

    page = text_of(as_("rin").get(PAGE))
    refused = as_("rin").get(f"/revisions/{found.pk}/files/{sha256}/")

    assert sha256 in page
    assert reason in page
    assert "記録.txt" not in page
    assert "a secret note" not in page
    assert refused.status_code == 403
    assert "記録.txt" in text_of(as_("olga").get(PAGE))


def test_drafts_are_seen_by_the_department_alone(cast: Cast, as_: As) -> None:
    found = revision(cast.night_drills, cast.olga)

    assert 'id="r1"' in text_of(as_("ken").get(PAGE))
    assert 'id="r1"' not in text_of(as_("rin").get(PAGE))
    sha256 = found.files.select_related("file").get().file.sha256
    assert as_("rin").get(f"/revisions/{found.pk}/files/{sha256}/").status_code == 404


def test_a_member_adds_an_artefact_to_the_own_department(cast: Cast, as_: As) -> None:
    olga = as_("olga")
    fields = {
        "kind": "rule",
        "title_ja": "新しい規程",
        "key": "new-rule",
        "custodian": "it-service",
        "review_interval": "P1Y",
    }

    foreign = olga.post("/new-evidence/", {**fields, "custodian": "sales"})
    made = olga.post("/new-evidence/", fields)
    again = olga.post("/new-evidence/", fields)

    assert foreign.status_code == 200
    assert made.headers["Location"] == "/evidence/new-rule/revisions/new/"
    assert Artefact.objects.get(key="new-rule").custodian == cast.it_service
    assert "another artefact has this key" in text_of(again)


def test_the_person_in_charge_is_a_member_of_the_department(cast: Cast, as_: As) -> None:
    Membership.objects.create(user=cast.olga, party=cast.sales, role="owner", since=NOW - timedelta(days=1))
    Membership.objects.filter(user=cast.hana).update(until=NOW - timedelta(days=1))
    fields = {"kind": "rule", "title_en": "Rule", "key": "new-rule", "custodian": "it-service"}

    left = as_("olga").post("/new-evidence/", {**fields, "owner": "hana"})
    elsewhere = as_("olga").post("/new-evidence/", {**fields, "owner": "otto"})

    assert "Select a valid choice." in text_of(left)
    assert "the person in charge is no member of the department" in text_of(elsewhere)
    assert as_("olga").post("/new-evidence/", {**fields, "owner": "ken"}).status_code == 302


def test_the_texts_of_people_are_never_markup(cast: Cast, as_: As) -> None:
    attack = "<script>alert(1)</script>\"'><img src=x>"
    Artefact.objects.filter(pk=cast.night_drills.pk).update(title_ja=attack, title_en="")
    found = submitted(cast.night_drills, cast.olga, note=attack, covers=[attack[:90]])
    services.return_revision(revision=found, actor=cast.ken, at=NOW, reason=attack)

    for path in (
        PAGE,
        "/evidence/",
        "/cases/recurrence/",
        "/cases/recurrence/nodes/E_1/",
        "/cases/recurrence/diagram/",
        "/",
    ):
        assert "<script>alert" not in text_of(as_("olga").get(path))
        assert "<img src=x" not in text_of(as_("olga").get(path))
