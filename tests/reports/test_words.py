"""The report's words: complete in both languages, inclusive in dates, and all of them in use."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, get_args
from zoneinfo import ZoneInfo

import pytest

from dcase_audit.cases.words import Status
from dcase_audit.reports.contents import Criterion, Label, Reason, Target
from dcase_audit.reports.contents.drills import (
    CheckOutcome,
    Doubt,
    DrillFormat,
    DrillKind,
    DrillSignature,
    DrillVerdict,
    FindingState,
    Met,
    Outcome,
    Place,
    Severity,
    Shift,
    SignRole,
)
from dcase_audit.reports.contents.editions import Change
from dcase_audit.reports.contents.evidence import Basis, DecisionKind, FileRole, Standing, Verdict
from dcase_audit.reports.contents.targets import Outcome as TargetOutcome
from dcase_audit.reports.render.html import SECTIONS, TEMPLATES
from dcase_audit.reports.words import Wording, exact, status_meanings, terms
from dcase_audit.reports.words.catalogue import catalogue
from evidence.reasons import MORE_SENTENCES, SENTENCES
from tests.reports.sample import LANGUAGES, sample
from tests.reports.sample_words import TOKYO, day

JA, EN = Wording("ja", TOKYO), Wording("en", TOKYO)
NAMES = re.compile(r"{[^}]*}")
# Of inner nodes the report names the leaves, gaps stand in a section of their own.
SAID_OTHERWISE = {"children", "external", "accepted_late"}
CODE = Path(__file__).resolve().parents[2] / "dcase_audit" / "reports" / "render"


def test_both_languages_have_the_same_texts_with_the_same_names() -> None:
    japanese, english = catalogue("ja"), catalogue("en")

    for part in ("texts", "reasons", "operators", "duration", "criterion"):
        assert getattr(japanese, part).keys() == getattr(english, part).keys()
    for key, text in japanese.texts.items():
        assert set(NAMES.findall(text)) == set(NAMES.findall(english.texts[key])), key


def test_every_word_of_a_vocabulary_is_said_in_both_languages() -> None:
    vocabularies = {
        "verdict": Verdict,
        "standing": Standing,
        "decision": DecisionKind,
        "basis": Basis,
        "role": FileRole,
        "outcome": Outcome,
        "drill_verdict": DrillVerdict,
        "drill_kind": DrillKind,
        "drill_format": DrillFormat,
        "drill_signature": DrillSignature,
        "drill_doubt": Doubt,
        "drill_place": Place,
        "drill_shift": Shift,
        "met": Met,
        "sign_role": SignRole,
        "severity": Severity,
        "finding_state": FindingState,
        "check": CheckOutcome,
        "loosened": Change,
        "rule": Literal["all", "any"],
        "target": TargetOutcome,
        "waits": Literal["period", "remedy"],
    }

    for language in LANGUAGES:
        assert {name: set(words) for name, words in catalogue(language).choices.items()} == {
            name: set(get_args(vocabulary)) for name, vocabulary in vocabularies.items()
        }


def test_every_reason_of_the_rules_has_a_sentence() -> None:
    codes = (SENTENCES.keys() | MORE_SENTENCES.keys()) - SAID_OTHERWISE

    assert codes <= catalogue("ja").reasons.keys()


def test_every_text_is_used() -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in [*TEMPLATES.rglob("*.html"), *CODE.rglob("*.py")])
    used = {key for key in catalogue("ja").texts if f'"{key}"' in sources or key in SECTIONS}
    figures = {key for key in catalogue("ja").texts if key.startswith("summary.") and f'"{key[8:]}"' in sources}

    assert catalogue("ja").texts.keys() - used - figures == set()


def test_all_statuses_and_terms_are_explained() -> None:
    assert list(status_meanings("ja")) == list(status_meanings("en")) == list(Status)
    assert all(term.meaning("ja") and term.meaning("en") for term in terms())


@pytest.mark.parametrize(
    ("end", "ja", "en"),
    [
        (day(2027, 4, 1), "2027年3月31日まで", "until 31 March 2027"),
        (day(2027, 1, 1), "2026年12月31日まで", "until 31 December 2026"),
        (day(2027, 4, 1, 14, 30), "2027年4月1日 14:30まで", "until 1 April 2027, 14:30"),
        (datetime(2027, 3, 31, 15, tzinfo=UTC), "2027年3月31日まで", "until 31 March 2027"),
    ],
)
def test_an_end_is_inclusive_in_print(end: datetime, ja: str, en: str) -> None:
    assert JA.times.until(end) == ja
    assert EN.times.until(end) == en


def test_keys_are_said_by_their_labels_and_by_themselves_without() -> None:
    labels = [Label(key="delay", text="遅れ"), Label(key="night", text="夜間"), Label(key="ms", text="ミリ秒級")]
    said = Wording("ja", TOKYO, labels)
    target = Target(measure="delay", op="<=", value="PT15M", scope="ms")
    each = Target(measure="units", op=">=", value="3", per_item=True)
    criterion = Criterion(kinds=("規程",), minimum=1, must_cover=("day", "night"), targets=(target, each))

    assert said.target(target) == "遅れ（ミリ秒級）は15分以内"
    assert said.target(each) == "units（対象ごと）は3以上"
    assert ("対象とすべき範囲", "day、夜間（すべて）") in said.criterion(criterion)
    assert said.reason(Reason(code="none", items=("night",)), {}).endswith("（範囲：夜間）")
    assert said.loosened("must_cover", ("night", "day")) == "夜間、day"


def test_a_period_is_printed_with_its_last_day() -> None:
    assert JA.times.period(day(2026, 4, 1), day(2027, 4, 1)) == "2026-04-01 〜 2027-03-31"
    assert JA.times.period(None, day(2027, 4, 1)) == "2027-03-31まで"
    assert EN.times.period(day(2026, 4, 1, 9), None) == "2026-04-01 09:00 – no end"
    assert EN.times.period(None, None) == "not limited"


def test_a_day_is_printed_once() -> None:
    start, end = day(2026, 8, 16, 1), day(2026, 8, 16, 4)

    assert EN.times.period(start, end) == EN.times.span(start, end) == "2026-08-16 01:00 – 04:00"
    assert EN.times.period(day(2026, 4, 1), day(2026, 4, 2)) == "2026-04-01"
    assert EN.times.period(day(2026, 4, 1), day(2026, 4, 1, 9)) == "2026-04-01 00:00 – 09:00"
    assert EN.times.period(day(2026, 4, 1), day(2026, 4, 3, 9)) == "2026-04-01 00:00 – 2026-04-03 09:00"
    assert EN.times.span(start, day(2026, 8, 17)) == "2026-08-16 01:00 – 2026-08-17 00:00"


def test_a_moment_names_its_zone() -> None:
    moment = datetime(2026, 11, 20, 6, tzinfo=UTC)

    assert JA.times.moment(moment) == "2026年11月20日 15:00 JST"
    assert Wording("en", ZoneInfo("Europe/London")).times.moment(moment) == "20 November 2026, 06:00 GMT"
    assert exact(moment) == "2026-11-20T06:00:00Z"


@pytest.mark.parametrize(
    ("iso", "ja", "en"),
    [
        ("P1Y", "1年", "1 year"),
        ("P1Y6M", "1年6か月", "1 year 6 months"),
        ("P2W", "14日", "14 days"),
        ("PT0.999S", "0.999秒", "0.999 seconds"),
        ("PT90M", "1時間30分", "1 hour 30 minutes"),
        ("PT0S", "0秒", "0 seconds"),
    ],
)
def test_durations_are_said_in_words(iso: str, ja: str, en: str) -> None:
    assert JA.times.duration(iso) == ja
    assert EN.times.duration(iso) == en


def test_a_target_is_said_with_its_scope_and_limit() -> None:
    target = Target(measure="switch_over", op="<=", value="PT30S", scope="second")

    assert JA.target(target) == "switch_over（second）は30秒以内"
    assert EN.target(target) == "switch_over (second): at most 30 seconds"


def test_a_reason_names_the_evidence_by_its_title() -> None:
    reason = Reason(code="validity", items=("night", "day"), artefact="rule", revision=2, at=day(2026, 11, 1))

    assert (
        JA.reason(reason, {"rule": "夜間の規則"})
        == "「夜間の規則」第2版の有効期間は2026年10月31日まで（範囲：night、day）"
    )
    assert EN.reason(reason, {}) == "“rule” (revision 2) is valid until 31 October 2026 (covers night, day)"
    assert (
        EN.reason(reason, {}, most=1) == "“rule” (revision 2) is valid until 31 October 2026 (covers night and 1 more)"
    )
    assert EN.reason(reason, {}, most=2) == EN.reason(reason, {})


def test_a_reason_says_its_moment_in_words_and_begins_with_a_capital() -> None:
    returned = Reason(code="returned", artefact="rule", revision=2, at=day(2026, 10, 15, 11))
    changed = Reason(code="subject", subject="firmware", artefact="rule", before="1", after="2", at=day(2026, 10, 15))

    assert JA.reason(returned, {}) == "「rule」第2版は2026年10月15日 11:00に差し戻された"
    assert EN.reason(returned, {}) == "“rule” (revision 2) was returned on 15 October 2026, 11:00"
    assert EN.reason(changed, {}) == "Firmware changed on 15 October 2026, after “rule” was obtained (1 → 2)"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_of_the_sample_can_be_said(language: str) -> None:
    contents = sample("ja" if language == "ja" else "en")
    wording = JA if language == "ja" else EN

    said = [wording.reason(reason, {}) for node in contents.nodes for reason in node.because]

    assert said
    assert not [sentence for sentence in said if "{" in sentence or "  " in sentence]
