"""The document before it is set: hostile texts stay texts, and nothing outside it is named."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

import pytest
from django.template import TemplateDoesNotExist

from dcase_audit.reports.contents import Disposal, Language, Link, ReportContents, Retention
from dcase_audit.reports.render import html
from dcase_audit.reports.render.html import compose
from dcase_audit.reports.render.phrases import WORD_JOINER, keep_phrases
from dcase_audit.reports.render.tags import set_text
from dcase_audit.reports.words import Wording
from tests.reports.sample import LANGUAGES, sample
from tests.reports.sample_words import AT, TOKYO

HOSTILE = (
    '<img src="file:///etc/passwd">',
    "<script>alert(1)</script>",
    '"><link rel=attachment href=file:///etc/passwd>',
    "{{ 7|add:7 }} {% include 'x' %}",
    "</style><style>@import 'http://127.0.0.1/x.css';",
    "url(http://169.254.169.254/latest/meta-data/)",
    "</title></svg><img src=x onerror=alert(1)>",
)


def hostile(language: Language, text: str) -> ReportContents:
    """Return the sample with ``text`` wherever a person or a machine can put one."""
    contents = sample(language)
    artefact = contents.artefacts[1]
    revisions = tuple(
        replace(
            revision,
            files=tuple(
                replace(file, name=text, media_type=text, disposal=Disposal(at=AT, by=text, reason=text, basis="law"))
                for file in revision.files
            ),
            retention=Retention(at_least=AT, basis="law", text=text),
            decisions=tuple(replace(decision, by=text, reason=text) for decision in revision.decisions),
            covers=(text,),
        )
        for revision in artefact.revisions
    )
    return replace(
        contents,
        header=replace(contents.header, case_title=text, issuer=text, report_id=text),
        nodes=tuple(replace(node, statement=text, accountable=text) for node in contents.nodes),
        artefacts=(replace(artefact, title=text, kind=text, owner=text, revisions=revisions),),
        refused_uploads=tuple(
            replace(upload, detail=text, by=text, through=text, problem=text) for upload in contents.refused_uploads
        ),
        drills=tuple(replace(drill, title=text, scenario=text, recurrence=text) for drill in contents.drills),
        reading_notes=tuple(replace(note, text=text) for note in contents.reading_notes),
        gaps=(),
        loosened=tuple(
            replace(change, node=text, change="refuted_when", before=(text,), after=(text,))
            for change in contents.loosened
        ),
    )


def html_text(document: str) -> str:
    """Return what is read, without tags, in one line."""
    return " ".join(re.sub(r"<[^>]*>", " ", document).split())


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_is_only_a_text(language: Language, text: str) -> None:
    document = compose(hostile(language, text), manifest_sha256="0" * 64).html
    tags = set(re.findall(r"<([a-zA-Z!][a-zA-Z0-9]*)", document))

    assert tags.isdisjoint({"img", "script", "link", "iframe", "object", "embed", "image", "use"})
    assert document.count("</style>") == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_document_names_nothing_outside_itself(language: Language) -> None:
    document = compose(sample(language), manifest_sha256="0" * 64).html.replace("http://www.w3.org/2000/svg", "")

    assert "url(" not in document
    assert "://" not in document
    assert {target[0] for target in re.findall(r'href="([^"]*)"', document)} == {"#"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_anchor_is_there_twice(language: Language) -> None:
    document = compose(sample(language), manifest_sha256="0" * 64).html
    anchors = re.findall(r' id="([^"]*)"', document)

    assert len(anchors) == len(set(anchors))


def test_a_value_that_does_not_exist_fails_instead_of_leaving_a_blank() -> None:
    from django.template import Context

    template = html._engine().from_string("{{ contents.nothing }}")

    with pytest.raises(LookupError, match=r"contents\.nothing"):
        template.render(Context({"contents": sample("en")}))


def test_templates_come_from_the_project_alone() -> None:
    with pytest.raises(TemplateDoesNotExist):
        html._engine().get_template("admin/change_form.html")


def test_loosened_criteria_say_what_they_were_and_who_agreed() -> None:
    document = html_text(compose(sample("en"), manifest_sha256="0" * 64).html)

    assert (
        "Edition 3 2026-09-01 10:00 E_9 allows a greater age 3 months 100 days"
        " IT Service (Hana Hatanaka, 2026-08-28) Management (Miki Miyamae, 2026-08-31)" in document
    )
    assert "E_99 allows a longer silence 5 minutes not limited None." in document


KEPT = {
    "en": "kept at least until 2036-03-27 (law: Financial Instruments and Exchange Act)"
    " | on legal hold since 2026-10-05",
    "ja": "少なくとも2036-03-27まで保存（法令：金融商品取引法） | 2026-10-05から保全中",
}
GONE = {
    "en": "Disposed of on 2026-02-02 by Yoshiyuki Watanabe; had been kept by rule of the organisation Document rules, "
    "article 12 | its retention is over",
    "ja": "2026-02-02に廃棄（渡邊 𠮷之）。保存の根拠は社内規程 文書管理規程第12条 | 保存期間の満了",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_register_says_what_keeps_evidence_and_what_was_disposed_of(language: Language) -> None:
    document = compose(sample(language), manifest_sha256="0" * 64).html.replace(WORD_JOINER, "").replace("\u200b", "")

    assert KEPT[language] in html_text(document)
    assert GONE[language] in html_text(document)


def test_a_refused_sender_is_named_with_the_reply_in_words() -> None:
    japanese, english = sample("ja"), sample("en")
    upload = replace(japanese.refused_uploads[0], problem="malformed-result", through="token:dca_1", detail="No zone.")

    shown = {
        contents.header.language: html_text(
            compose(replace(contents, refused_uploads=(upload,)), manifest_sha256="0" * 64).html.replace(
                WORD_JOINER, ""
            )
        )
        for contents in (japanese, english)
    }

    assert "API トークン dca_1" in shown["ja"]
    assert "返答「訓練結果を読み取れません」 No zone." in shown["ja"]
    assert "API token dca_1" in shown["en"]
    assert "Reply “malformed result”: No zone." in shown["en"]
    assert "malformed-result" not in shown["ja"] + shown["en"]


def test_japanese_in_an_english_report_says_so() -> None:
    wording = Wording("en", TOKYO)

    assert set_text(wording, "夜間 <訓練>").replace(WORD_JOINER, "") == '<span lang="ja">夜間 &lt;訓練&gt;</span>'
    assert set_text(wording, "switch-over manual 第7版").replace(WORD_JOINER, "") == (
        'switch-over manual <span lang="ja">第7版</span>'
    )
    assert set_text(wording, "a & b") == "a &amp; b"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("（範囲：ネットワークスイッチほか1件）", ["ネットワークスイッチ"]),
        ("2026-06-22まで", ["2026-06-22まで"]),
        ("ITサービス部、IT開発部", ["ITサービス部、", "IT開発部"]),
    ],
)
def test_words_stay_whole_and_lists_break_between_their_items(text: str, parts: list[str]) -> None:
    kept = keep_phrases(text)

    assert kept.replace(WORD_JOINER, "") == text
    assert all(joined(part) in kept for part in parts)


def joined(word: str) -> str:
    """Return a word as it is where no line may break in it; between ASCII characters none does."""
    return word[:1] + "".join(
        after if before.isascii() and after.isascii() else WORD_JOINER + after for before, after in pairwise(word)
    )


def test_a_drill_without_a_date_in_the_period_says_so() -> None:
    contents = sample("en")
    drill = replace(contents.drills[0], occurrences=(), unplanned=())

    document = html_text(compose(replace(contents, drills=(drill,), refused_uploads=()), manifest_sha256="0" * 64).html)

    assert "Nothing fell due and nothing was held in the period." in document


@pytest.mark.parametrize(
    ("language", "says"),
    [
        ("en", ["Format JUnit XML (&lt;pytest&gt;) Signature checked (the lab, IT Service) | SHA-256 as received",
                "Format native JSON (dcase-drill/1) Signature none | SHA-256 as received",
                "counts contradict the cases | times without a zone", "not known",
                "Result received on 26 August 2026: inconclusive"]),
        ("ja", ["形式 JUnit XML（&lt;pytest&gt;） 署名 検証済み（the lab, IT Service） | 受信データの SHA-256",
                "形式 標準JSON（dcase-drill/1） 署名 なし | 受信データの SHA-256",
                "件数が各項目と矛盾する | 時刻にタイムゾーンがない", "実施日時不明",
                "2026年8月26日受領の結果：判定不能"]),
    ],
)  # fmt: skip
def test_a_result_of_another_tool_says_its_format_and_what_was_seen_in_it(language: Language, says: list[str]) -> None:
    contents = sample(language)
    drill = contents.drills[0]
    result = replace(
        drill.unplanned[0], verdict="inconclusive", format="junit", producer="<pytest>", started_at=None, ended_at=None,
        doubts=("counts_differ", "no_zone"), signature="verified", signer="the lab, IT Service",
    )  # fmt: skip

    changed = replace(contents, drills=(replace(drill, unplanned=(result,)), *contents.drills[1:]))
    document = html_text(compose(changed, manifest_sha256="0" * 64).html).replace(WORD_JOINER, "")

    for text in says:
        assert text in document


@pytest.mark.parametrize(
    ("language", "says"),
    [
        ("en", "Conditions, people (3 listed) and presence as in the result of 18 February 2026 (revision 1)."),
        ("ja", "実施条件、参加者（3名の記載）、出欠は、2026年2月18日の結果（第1版）と同じ。"),
    ],
)
def test_what_several_results_of_a_drill_share_is_said_once(language: Language, says: str) -> None:
    contents = sample(language)
    first, second, failed, planned = contents.drills[0].occurrences
    held = failed.results[0].holding
    alike = [replace(one, results=(replace(one.results[0], holding=held),)) for one in (first, second)]
    drill = replace(contents.drills[0], occurrences=(*alike, failed, planned))

    changed = replace(contents, drills=(drill, *contents.drills[1:]))
    document = html_text(compose(changed, manifest_sha256="0" * 64).html).replace(WORD_JOINER, "")

    assert document.count(held.differs) == 1
    assert document.count(says) == 2
    assert document.count(held.timeline[1].text) == 3


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_failed_drill_names_the_targets_that_it_missed_among_the_exceptions(language: Language) -> None:
    document = html_text(compose(sample(language), manifest_sha256="0" * 64).html).replace(WORD_JOINER, "")

    exceptions = document[document.rindex("4.2") : document.rindex("4.3")]
    missed = {"en": ("at most 30 minutes → 42 minutes", "at most 15 minutes → 19 minutes"),
              "ja": ("30分以内 → 42分", "15分以内 → 19分")}[language]  # fmt: skip
    for said in missed:
        assert said in exceptions


def test_an_empty_case_says_so() -> None:
    contents = sample("en")
    empty = replace(
        contents, forecast=(), artefacts=(), gaps=(), loosened=(), refused_uploads=(), drills=(), reading_notes=(),
        nodes=(replace(contents.nodes[0], until=None, because=()),), links=tuple[Link, ...](),
    )  # fmt: skip

    document = compose(empty, manifest_sha256="0" * 64).html

    assert "No drill was planned in the period." in document
    assert "The case has no reading notes." in document
    assert "No edition of the period loosened a criterion." in document


@pytest.mark.parametrize(("language", "says"), [("en", "a goal of another case"), ("ja", "別のケースのゴール")])
def test_a_goal_of_another_case_is_mentioned_and_not_named(language: Language, says: str) -> None:
    contents = sample(language)
    first, *others = contents.nodes

    document = compose(replace(contents, nodes=(replace(first, elsewhere=True), *others)), manifest_sha256="0" * 64)

    assert says in html_text(document.html.replace(WORD_JOINER, "").replace("\u200b", ""))
