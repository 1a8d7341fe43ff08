"""Pages show what is known of a result of another tool, and what was seen in its file."""

from __future__ import annotations

import pytest

from drills.models import DrillResult, SignerKey
from drills.services import record_result, revoke_signer_key
from tests.cast import NOW, Cast
from tests.drills import foreign, signing
from tests.drills.samples import NIGHT, WHOLE, as_bytes, whole
from tests.pages.conftest import As, text_of

LOCAL = foreign.junit(tests="6", timestamp="2026-11-20T01:00:00", name="&lt;b&gt;pytest")


def taken(cast: Cast, data: bytes, format: str) -> DrillResult:
    return record_result(
        drill=cast.drill, actor=cast.olga, at=NOW, data=data, name="r", format=format, through="session"
    )


@pytest.fixture
def unknown(cast: Cast) -> DrillResult:
    """A result whose counts contradict its cases and whose times have no zone."""
    return taken(cast, LOCAL, "junit")


@pytest.mark.parametrize(
    ("language", "texts"),
    [
        ("en", ["Result received on", "JUnit XML", "Nobody said when the drill was held",
                "The counts in the file contradict its cases", "The times in the file have no zone",
                "/testsuites/testsuite[1]/@tests", "&lt;b&gt;pytest"]),
        ("ja", ["受領の結果", "JUnit XML", "訓練の実施日時が示されていません",
                "ファイル中の件数が各項目と矛盾しています",
                "ファイルの時刻にタイムゾーンがありません"]),
    ],
)  # fmt: skip
def test_the_page_says_what_was_seen_in_the_file(
    cast: Cast, as_: As, unknown: DrillResult, language: str, texts: list[str]
) -> None:
    page = text_of(as_("ken", language).get(f"/drills/results/{unknown.pk}/"))

    for text in texts:
        assert text in page
    assert "<b>pytest" not in page


def test_the_pages_of_the_drill_list_what_was_held_at_an_unknown_time(
    cast: Cast, as_: As, unknown: DrillResult
) -> None:
    assert "held at a time that is not known" in text_of(as_("ken").get("/drills/night-failover/"))
    assert f"/drills/results/{unknown.pk}/" in text_of(as_("ken").get("/drills/"))


def test_the_page_of_a_journal_names_what_made_it(cast: Cast, as_: As) -> None:
    result = taken(cast, foreign.as_json(foreign.journal(deviated=True)), "chaostoolkit")

    page = text_of(as_("ken").get(f"/drills/results/{result.pk}/"))

    assert "Chaos Toolkit journal" in page
    assert "chaostoolkit-lib 1.44.0" in page
    assert "The system deviated from its steady state" in page


def test_the_page_says_whose_key_signed_and_that_it_was_revoked_since(cast: Cast, as_: As) -> None:
    key = signing.registered(cast.it_service)
    result = taken(cast, foreign.as_json(signing.envelope()), "in-toto")
    path = f"/drills/results/{result.pk}/"

    before = text_of(as_("ken").get(path))
    revoke_signer_key(key=key, actor=cast.ada, at=NOW, reason="the laptop was lost")
    after = text_of(as_("ken", "ja").get(path))

    assert "checked: the lab, IT Service" in before
    assert key.fingerprint in before
    assert "revoked" not in before
    assert "検証済み: the lab" in after
    assert "失効しました：the laptop was lost" in after


def test_an_administrator_registers_a_key_and_revokes_it(cast: Cast, as_: As) -> None:
    ada = as_("ada")
    given = {
        "key": "lab",
        "holder": "Testing laboratory",
        "party": cast.it_service.pk,
        "keyid": "lab-1",
        "pem": signing.pem(signing.signer("lab")),
        "valid_from": "2026-11-01T00:00",
    }

    private = ada.post("/admin/drills/signerkey/add/", {**given, "pem": "-----BEGIN PRIVATE KEY-----"})
    made = ada.post("/admin/drills/signerkey/add/", given)
    twice = ada.post("/admin/drills/signerkey/add/", {**given, "key": "again"})

    key = SignerKey.objects.get()
    assert (private.status_code, made.status_code, twice.status_code) == (200, 302, 200)
    assert "registered already" in text_of(twice)
    assert (key.key, key.algorithm, key.registered_by) == ("lab", "ed25519", cast.ada)
    page = f"/admin/drills/signerkey/{key.pk}/change/"
    assert key.fingerprint in text_of(ada.get(page))
    assert ada.post(page, {"revoked_reason": ""}).status_code == 302
    assert SignerKey.objects.get().revoked_at is None
    assert ada.post(page, {"revoked_reason": "lost", "pem": "x", "holder": "somebody"}).status_code == 302
    key = SignerKey.objects.get()
    assert (key.revoked_by, key.revoked_reason, key.holder) == (cast.ada, "lost", "Testing laboratory")
    assert ada.post(page, {"revoked_reason": "found"}).status_code == 302
    assert SignerKey.objects.get().revoked_reason == "lost"


@pytest.mark.parametrize("name", ["olga", "ken", "hana", "miki", "rin"])
def test_nobody_else_registers_keys(cast: Cast, as_: As, name: str) -> None:
    assert as_(name).get("/admin/drills/signerkey/add/").status_code in {302, 403, 404}
    assert as_(name).post("/admin/drills/signerkey/add/", {"key": "x"}).status_code in {302, 403, 404}
    assert not SignerKey.objects.exists()


@pytest.mark.parametrize(
    ("language", "texts"),
    [
        ("en", ["full-scale, with participants", "How it was held", "Disaster recovery site", "Differs from production",
                "Independent verifier", "実施部署との取引も指揮関係もない", "Fault injected", "9 minutes",
                "did not happen", "not given", "absent", "night shift", "for 当番役員", "outside", "Participants ready",
                "no more than 10 minutes", "to within 1 minute", "96.5 %", "to within 0.5 %"]),
        ("ja", ["実施の概要", "災対環境", "本番との差", "独立した検証者", "障害の注入", "9分", "実施なし", "付与なし",
                "欠席", "夜勤", "当番役員の代理", "外部", "準備の整った参加者", "10分以内", "分解能 1分"]),
    ],
)  # fmt: skip
def test_the_page_says_how_the_drill_was_held(cast: Cast, as_: As, language: str, texts: list[str]) -> None:
    result = taken(cast, as_bytes(WHOLE), "native")

    page = text_of(as_("ken", language).get(f"/drills/results/{result.pk}/"))

    assert [text for text in texts if text not in page] == []


def test_the_page_of_a_record_of_version_1_says_what_that_holds(cast: Cast, as_: As) -> None:
    page = text_of(as_("ken").get(f"/drills/results/{taken(cast, as_bytes(NIGHT), 'native').pk}/"))

    assert "災対環境（本番との差: 二重化まで）" in page
    assert "duty manager" in page


def test_what_was_measured_too_coarsely_is_no_pass_and_says_so(cast: Cast, as_: As) -> None:
    one = {"measure": "switch_over_confirmed", "value": "PT14M30S", "resolution": "PT1M"}
    result = taken(cast, as_bytes(whole(measures=[one])), "native")

    page = text_of(as_("ken").get(f"/drills/results/{result.pk}/"))

    assert result.verdict == "inconclusive"
    assert "was not measured finely enough to show the target: no more than 15 minutes" in page
    assert "too coarse" in page


def test_a_warning_says_once_what_it_says(cast: Cast, as_: As) -> None:
    first, again = (
        record_result(drill=cast.drill, actor=cast.ken, at=NOW, data=as_bytes(NIGHT), name="r.json", through="session")
        for _ in range(2)
    )

    page = text_of(as_("olga").get(f"/drills/results/{again.pk}/"))

    assert page.count("A result of this occurrence was received before") == 1
    assert f"result {first.pk}<" in page


@pytest.mark.parametrize(
    ("language", "named"),
    [
        ("en", ["planned for 20 Nov 2026 01:00 JST", "day, evening", "no-such-setting"]),
        ("ja", ["予定 2026年11月20日 01:00 JST", "day、evening", "no-such-setting"]),
    ],
)
def test_a_warning_says_in_the_readers_language_what_it_is_about(
    cast: Cast, as_: As, language: str, named: list[str]
) -> None:
    data = as_bytes(
        NIGHT
        | {
            "covers": ["night", "day", "evening"],
            "subjects": {"no-such-setting": {"version": "1"}},
            "started_at": "2026-11-10T01:00:00+09:00",
            "ended_at": "2026-11-10T01:10:00+09:00",
        }
    )
    result = record_result(
        drill=cast.drill,
        actor=cast.ken,
        at=NOW,
        data=data,
        name="r.json",
        through="session",
        occurrence=cast.drill.occurrences.order_by("planned_at").first(),
    )

    page = text_of(as_("olga", language).get(f"/drills/results/{result.pk}/"))

    for text in named:
        assert text in page
