"""What no format takes: every refusal is one error that names the place, whatever bytes come."""

from __future__ import annotations

import json
import random
from contextlib import suppress
from typing import Any

import pytest

from drills.formats import IMPORTERS, chaostoolkit, ctrf, junit
from drills.results import Malformed, check_moments
from tests.drills import foreign
from tests.drills.damage import damaged, damaged_within, seeds
from tests.drills.foreign import as_json, experiment, journal, run, states
from tests.drills.signing import envelope
from tests.drills.test_native import RECEIVED
from tests.timing import within

CASE = '<testcase name="a"/>'

REFUSED: list[tuple[str, bytes, str, str]] = [
    ("chaostoolkit", as_json(journal(experiment=None)), "/experiment", "missing"),
    ("chaostoolkit", as_json(journal(experiment="x")), "/experiment", "object"),
    ("chaostoolkit", as_json(journal(start=None)), "/start", "missing"),
    ("chaostoolkit", as_json(journal(end=None)), "/end", "missing"),
    ("chaostoolkit", as_json(journal(start=1795136400)), "/start", "text"),
    ("chaostoolkit", as_json(journal(start="yesterday")), "/start", "RFC 3339"),
    ("chaostoolkit", as_json(journal(start="2026-02-30T01:00:00")), "/start", "no such day"),
    ("chaostoolkit", as_json(journal(end="2026-11-20T01:00:60Z")), "/end", "Leap seconds"),
    ("chaostoolkit", as_json(journal(status="passed")), "/status", "completed"),
    ("chaostoolkit", as_json(journal(deviated="no")), "/deviated", "True or false"),
    ("chaostoolkit", as_json(journal(steady_states=[])), "/steady_states", "object"),
    ("chaostoolkit", as_json(journal(steady_states=states(before={"steady_state_met": "yes"}))),
     "/steady_states/before/steady_state_met", "True or false"),
    ("chaostoolkit", as_json(journal(steady_states=states(during={}))), "/steady_states/during", "list"),
    ("chaostoolkit", as_json(journal(run={})), "/run", "list"),
    ("chaostoolkit", as_json(journal(run=["x"])), "/run/0", "object"),
    ("chaostoolkit", as_json(journal(run=[{"status": "succeeded"}])), "/run/0/activity", "missing"),
    ("chaostoolkit", as_json(journal(run=[{**run(), "status": 3}])), "/run/0/status", "text"),
    ("chaostoolkit", as_json(journal(rollbacks=[run(" ")])), "/rollbacks/0/activity/name", "no name"),
    ("chaostoolkit", as_json(journal(run=[run()] * 1001)), "/run", "1000"),
    ("chaostoolkit", as_json(journal(experiment=experiment(method={}))), "/experiment/method", "list"),
    ("ctrf", as_json(foreign.ctrf(reportFormat="JUnit")), "/reportFormat", "CTRF"),
    ("ctrf", as_json(foreign.ctrf(specVersion="2.0.0")), "/specVersion", "0 and 1"),
    ("ctrf", as_json(foreign.ctrf(specVersion=1)), "/specVersion", "text"),
    ("ctrf", as_json(foreign.ctrf(results=[])), "/results", "object"),
    ("ctrf", as_json({"reportFormat": "CTRF"}), "/results", "missing"),
    ("ctrf", as_json(foreign.ctrf(results={"tool": {"name": "x"}, "summary": {}})), "/results/tests", "missing"),
    ("ctrf", as_json(foreign.ctrf(results={"tool": {}, "summary": {}, "tests": []})), "/results/tool/name", "missing"),
    ("ctrf", as_json(foreign.ctrf(foreign.one_test(status="PASSED"))), "/results/tests/0/status", "passed, failed"),
    ("ctrf", as_json(foreign.ctrf(foreign.one_test(" "))), "/results/tests/0/name", "empty"),
    ("ctrf", as_json(foreign.ctrf(foreign.one_test(flaky="no"))), "/results/tests/0/flaky", "True or false"),
    ("ctrf", as_json(foreign.ctrf(foreign.one_test(retries=-1))), "/results/tests/0/retries", "from 0 on"),
    ("ctrf", as_json(foreign.ctrf(foreign.one_test(start="now"))), "/results/tests/0/start", "Milliseconds"),
    ("ctrf", as_json(foreign.ctrf(summary={"tests": "1"})), "/results/summary/tests", "from 0 on"),
    ("ctrf", as_json(foreign.ctrf(summary={"start": "2026-11-20"})), "/results/summary/start", "Milliseconds"),
    ("ctrf", as_json(foreign.ctrf(summary={"stop": 10**18})), "/results/summary/stop", "Milliseconds"),
    ("ctrf", as_json(foreign.ctrf(*[foreign.one_test()] * 1001)), "/results/tests", "1000"),
    ("junit", foreign.junit("<x/>" * 100_000), "", "100000 elements"),
    ("junit", b"<html/>", "/html", "testsuites"),
    ("junit", b"<testcase name='a'/>", "/testcase", "testsuites"),
    ("junit", foreign.junit(tests="many"), "/testsuites/testsuite[1]/@tests", "from 0 on"),
    ("junit", foreign.junit(tests="-1"), "/testsuites/testsuite[1]/@tests", "from 0 on"),
    ("junit", foreign.junit(time="fast"), "/testsuites/testsuite[1]/@time", "seconds"),
    ("junit", foreign.junit(time="-3"), "/testsuites/testsuite[1]/@time", "seconds"),
    ("junit", foreign.junit(time="NaN"), "/testsuites/testsuite[1]/@time", "seconds"),
    ("junit", foreign.junit(time="1e40"), "/testsuites/testsuite[1]/@time", "seconds"),
    ("junit", foreign.junit(timestamp="now"), "/testsuites/testsuite[1]/@timestamp", "RFC 3339"),
    ("junit", foreign.junit(timestamp="1795136400"), "/testsuites/testsuite[1]/@timestamp", "RFC 3339"),
    ("junit", foreign.junit(timestamp="2026-02-30T01:00:00"), "/testsuites/testsuite[1]/@timestamp", "no such day"),
    ("junit", foreign.junit(timestamp="Fri, 30 Feb 2026 01:00:00 GMT"), "/testsuites/testsuite[1]/@timestamp",
     "no such day"),
    ("junit", foreign.junit(timestamp="1 Jan 9999 01:00:00 GMT"), "/testsuites/testsuite[1]/@timestamp", "years"),
    ("junit", foreign.junit(timestamp="2016-12-31T23:59:60Z"), "/testsuites/testsuite[1]/@timestamp", "Leap seconds"),
    ("junit", foreign.junit(CASE * 1001), "/testsuites/testsuite[1]/testcase[1001]", "1000"),
    ("junit", foreign.junit("<testsuite/>" * 1001), "/testsuites/testsuite[1]/testsuite[999]", "1000"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("format", "data", "pointer", "word"), REFUSED, ids=[f"{format}-{pointer}" for format, _, pointer, _ in REFUSED]
)
def test_N33_a_refusal_names_the_place_and_the_reason(format: str, data: bytes, pointer: str, word: str) -> None:
    with pytest.raises(Malformed) as refused:
        IMPORTERS[format].parse(data)

    assert (refused.value.status, refused.value.pointer) == (422, pointer)
    assert word in refused.value.detail


WHOLE = {
    "chaostoolkit": as_json(journal()),
    "ctrf": as_json(foreign.ctrf()),
    "in-toto": as_json(envelope()),
}


@pytest.mark.parametrize("format", sorted(WHOLE))
@pytest.mark.parametrize(
    "damage",
    [
        lambda whole: b"",
        lambda whole: b"[]",
        lambda whole: whole[:-1],
        lambda whole: b"\xef\xbb\xbf" + whole,
        lambda whole: whole.replace(b"{", b"\xff", 1),
        lambda whole: whole[:-1] + b', "a": NaN}',
        lambda whole: whole[:-1] + b', "a": 1e999}',
        lambda whole: whole[:-1] + b', "a": 1, "a": 2}',
        lambda whole: whole[:-1] + b', "a": ' + b"9" * 5000 + b"}",
        lambda whole: whole[:-1] + b', "a": "\\u0000"}',
        lambda whole: whole[:-1] + b', "a": "\\ud800"}',
        lambda whole: whole[:-1] + b', "a": ' + b"[" * 5000 + b"]" * 5000 + b"}",
    ],
)
def test_N32_what_is_no_strict_json_is_a_400(format: str, damage: Any) -> None:
    with pytest.raises(Malformed) as refused:
        IMPORTERS[format].parse(damage(WHOLE[format]))

    assert refused.value.status == 400


@pytest.mark.parametrize("format", sorted(IMPORTERS))
def test_more_bytes_than_a_format_takes_are_a_413(format: str) -> None:
    with pytest.raises(Malformed) as refused:
        IMPORTERS[format].parse(b" " * (IMPORTERS[format].limit + 1))

    assert refused.value.status == 413


BILLION = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
ATTACKS = {
    "external entity": b'<!DOCTYPE t [<!ENTITY x SYSTEM "file:///etc/passwd">]><testsuite name="&x;"/>',
    "entity over the network": b'<!DOCTYPE t [<!ENTITY x SYSTEM "http://127.0.0.1:1/">]><testsuite>&x;</testsuite>',
    "parameter entity": b'<!DOCTYPE t [<!ENTITY % x SYSTEM "http://127.0.0.1:1/">%x;]><testsuite/>',
    "outside document type": b'<!DOCTYPE t SYSTEM "http://127.0.0.1:1/t.dtd"><testsuite/>',
    "bare document type": b"<!DOCTYPE testsuite><testsuite/>",
    "billion laughs": f'<!DOCTYPE t [<!ENTITY l0 "lol">{BILLION}]><testsuite>&l9;</testsuite>'.encode(),
    "quadratic": b'<!DOCTYPE t [<!ENTITY a "' + b"a" * 50_000 + b'">]><testsuite>' + b"&a;" * 10_000 + b"</testsuite>",
    "undefined entity": b"<testsuite>&x;</testsuite>",
    "ten thousand deep": b"<testsuite>" * 10_000 + b"</testsuite>" * 10_000,
    "ten thousand deep in a case": b"<testsuite><testcase>" + b"<x>" * 10_000,
    "UTF-7": b'<?xml version="1.0" encoding="utf-7"?>+ADw-testsuite/+AD4-',
    "an encoding that there is not": b'<?xml version="1.0" encoding="latin-9000"?><testsuite/>',
    "an encoding that is none of text": b'<?xml version="1.0" encoding="base64"?><testsuite/>',
    "UTF-16 that says UTF-8": '<?xml version="1.0" encoding="utf-8"?><testsuite/>'.encode("utf-16"),
    "half a character": b"<testsuite name='\xe5\x88'/>",
    "NUL": b"<testsuite name='\x00'/>",
    "a control character": b"<testsuite name='&#1;'/>",
    "cut off": foreign.junit()[:-8],
    "two roots": b"<testsuite/><testsuite/>",
    "the same attribute twice": b"<testsuite name='a' name='b'/>",
    "nothing": b"",
    "no XML": b"1..4\nok 1\n",
}


@pytest.mark.parametrize("attack", sorted(ATTACKS))
def test_N30_xml_that_is_none_or_would_grow_is_a_400_at_once(attack: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("somebody was asked over the network"))

    with within(0.5), pytest.raises(Malformed) as refused:
        junit.parse(ATTACKS[attack])

    assert refused.value.status == 400


def test_the_line_of_broken_xml_is_said() -> None:
    with pytest.raises(Malformed) as refused:
        junit.parse(b"<testsuites>\n<testsuite>\n<testcase name='a'>\n</testsuite>\n</testsuites>")

    assert "line 4" in refused.value.detail
    assert refused.value.pointer == "/testsuites/testsuite[1]/testcase[1]"


def test_utf_16_is_read_where_the_file_says_so() -> None:
    data = '<?xml version="1.0" encoding="utf-16"?><testsuite><testcase name="切替え"/></testsuite>'.encode("utf-16")

    assert junit.parse(data).checks[0].text == "切替え"


@pytest.mark.parametrize(
    ("format", "data", "pointer"),
    [
        ("chaostoolkit", as_json(journal(start="1999-12-31T23:59:59Z")), "/start"),
        ("chaostoolkit", as_json(journal(end="2026-11-21T01:00:00Z")), "/end"),
        ("chaostoolkit", as_json(journal(end="2026-11-20T00:00:00Z")), "/end"),
        ("ctrf", as_json(foreign.ctrf(summary={"start": 1_795_136_400, "stop": 1_795_136_500})),
         "/results/summary/start"),
        ("ctrf", as_json(foreign.ctrf(summary={"stop": foreign.MILLISECONDS - 1})), "/results/summary/stop"),
        ("junit", foreign.junit(timestamp="2031-11-20T01:00:00Z"), "/testsuites/@timestamp"),
    ],
)  # fmt: skip
def test_N34_moments_that_cannot_be_are_refused_where_the_file_has_them(format: str, data: bytes, pointer: str) -> None:
    with pytest.raises(Malformed) as refused:
        check_moments(IMPORTERS[format].parse(data), received_at=RECEIVED)

    assert (refused.value.status, refused.value.pointer) == (422, pointer)


def test_hostile_files_of_full_size_are_read_or_refused_in_time() -> None:
    case, suite = b'<testcase name="a"/>', b'<testsuite tests="1">'
    room = junit.LIMIT - 100
    files = [
        (junit.parse, b"<testsuite>" + case * (room // len(case)) + b"</testsuite>"),
        (junit.parse, b"<testsuite>" + (suite + b"</testsuite>") * 999 + b"</testsuite>"),
        (junit.parse, b"<testsuite>" * 55 + (suite + b"</testsuite>") * 940 + b"</testsuite>" * 55),
        (junit.parse, b"<testsuite>" + b"<x/>" * (room // 4) + b"</testsuite>"),
        (junit.parse, b"<testsuite " + b" ".join(b'a%d="1"' % n for n in range(120_000)) + b"/>"),
        (
            junit.parse,
            b"<testsuite><testcase><failure>" + b"&amp;" * (room // 5) + b"</failure></testcase></testsuite>",
        ),
        (ctrf.parse, as_json(foreign.ctrf(*[foreign.one_test()] * 32_000))),
        (chaostoolkit.parse, as_json(journal(run=[run()] * 8_000))),
        (chaostoolkit.parse, as_json(journal(experiment=experiment(method=[{"type": "action"}] * 100_000)))),
    ]
    for parse, data in files:
        with within(1), suppress(Malformed):
            parse(data)


def read_damaged(format: str, number: int) -> None:
    """Read ``number`` damaged files: each is read or refused within a second."""
    chance = random.Random(f"{format} 20121001")
    files = seeds(format)
    for _ in range(number):
        inside = format == "in-toto" and chance.random() < 0.7
        data = (damaged_within if inside else damaged)(chance.choice(files), chance)
        try:
            with within(1):
                result = IMPORTERS[format].parse(data)
        except Malformed as refused:
            assert refused.status in {400, 413, 422}
            assert refused.detail
            assert not refused.pointer or refused.pointer.startswith("/")
        else:
            # What was read can be kept: JSON that PostgreSQL takes.
            assert "\\u0000" not in json.dumps([result.record, [doubt.as_json() for doubt in result.doubts]])
            assert all(check.text.strip() for check in result.checks)


@pytest.mark.parametrize("format", sorted(IMPORTERS))
def test_five_hundred_damaged_files_are_read_or_refused_in_time(format: str) -> None:
    read_damaged(format, 500)


@pytest.mark.long
@pytest.mark.parametrize("format", sorted(IMPORTERS))
def test_ten_thousand_damaged_files_are_read_or_refused_in_time(format: str) -> None:
    read_damaged(format, 10_000)
