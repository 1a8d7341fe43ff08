"""The native format: every member comes through, every refusal names its place, and no bytes bring the reader down."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from drills.formats import native
from drills.results import Check, Event, Malformed, Measure, check_moments
from tests.drills.samples import NIGHT, as_bytes
from tests.drills.samples import native as sample
from tests.timing import within

SCHEMA = json.loads((Path(native.__file__).parent / "schemas" / "native-1.json").read_text())
RECEIVED = datetime(2026, 11, 20, 6, tzinfo=UTC)


def test_every_member_comes_through() -> None:
    result = native.parse(as_bytes(NIGHT))

    assert result.started_at == datetime(2026, 11, 19, 16, tzinfo=UTC)
    assert result.ended_at == datetime(2026, 11, 19, 17, 10, 0, 250_000, tzinfo=UTC)
    assert result.claimed_verdict == "passed"
    assert result.checks == (
        Check(1, "切替わりを確認した", "pass", "15分以内", "9分"),
        Check(2, "経営層に報告した", "remark", reason="代理が受けた"),
        Check(4, "Participants told", "not_applicable", reason="no participant takes part"),
    )
    assert result.measures == (
        Measure("switch_over_confirmed", timedelta(minutes=9), "PT9M", method="operator's log"),
        Measure("switch_over", timedelta(milliseconds=412), "PT0.412S", kind="millisecond"),
        Measure("healthy_units", 3, 3, item="database"),
    )
    assert [measure.as_json() for measure in result.measures] == [
        {"measure": "switch_over_confirmed", "value": "PT9M", "method": "operator's log"},
        {"measure": "switch_over", "value": "PT0.412S", "class": "millisecond"},
        {"measure": "healthy_units", "value": 3, "item": "database"},
    ]
    assert result.covers == ("night",)
    assert result.subjects == {
        "failover-setting": {"version": "ON", "digest": "sha256:5f0d"},
        "failover-manual": {"version": "7", "digest": ""},
    }
    assert result.timeline == (
        Event(datetime(2026, 11, 19, 16, 1, tzinfo=UTC), "fault_injected", "共有ディスク1号機"),
        Event(datetime(2026, 11, 19, 16, 10, 0, 123_456, tzinfo=UTC), "confirmed"),
    )
    assert result.note == "第3回夜間訓練"
    assert result.record == NIGHT
    check_moments(result, received_at=RECEIVED)


def test_check_items_without_numbers_are_numbered_by_their_place() -> None:
    items = [{"text": "a", "result": "pass"}, {"text": "b", "result": "fail"}]

    result = native.parse(as_bytes(sample(check_items=items)))

    assert [(check.number, check.text) for check in result.checks] == [(1, "a"), (2, "b")]


def test_a_result_may_say_no_more_than_when_it_was_held() -> None:
    result = native.parse(as_bytes(sample(check_items=None)))

    assert (result.checks, result.measures, result.covers, result.claimed_verdict) == ((), (), (), "")


def item(**members: Any) -> dict[str, Any]:
    return sample(check_items=[{"text": "x", "result": "pass"} | members])


def measure(**members: Any) -> dict[str, Any]:
    return sample(measures=[{"measure": "x", "value": 1} | members])


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    (sample(schema=None), "/schema", "missing"),
    (sample(schema="dcase-drill/3"), "/schema", "dcase-drill/1"),
    (sample(schema=1), "/schema", "dcase-drill/1"),
    (sample(ended_at=None), "/ended_at", "missing"),
    (sample(approved=True), "/approved", "no such member"),
    (item(approved=True), "/check_items/0/approved", "no such member"),
    (measure(unit="ms"), "/measures/0/unit", "no such member"),
    (sample(**{"a/b": 1}), "/a~1b", "no such member"),
    (sample(started_at="2026-11-20T01:00:00"), "/started_at", "no zone"),
    (sample(started_at=1763568000), "/started_at", "text"),
    (sample(started_at="2026-11-20 01:00:00Z"), "/started_at", "RFC 3339"),
    (sample(started_at="2026-11-20"), "/started_at", "RFC 3339"),
    (sample(started_at="Fri, 20 Nov 2026 01:00:00 GMT"), "/started_at", "RFC 3339"),
    (sample(started_at="2026-02-30T01:00:00Z"), "/started_at", "no such day"),
    (sample(started_at="2026-11-20T24:00:00Z"), "/started_at", "no such day"),
    (sample(started_at="2026-11-20T01:00:00+24:00"), "/started_at", "no such day"),
    (sample(started_at="2016-12-31T23:59:60Z"), "/started_at", "Leap seconds"),
    (sample(started_at="0001-01-01T00:00:00+14:00"), "/started_at", "no such day"),
    (sample(started_at="２０２６-11-20T01:00:00Z"), "/started_at", "RFC 3339"),
    (sample(verdict="PASS"), "/verdict", "passed, failed, inconclusive"),
    (sample(verdict=["passed"]), "/verdict", "passed, failed, inconclusive"),
    (sample(environment=3), "/environment", "text"),
    (sample(environment="x" * 301), "/environment", "300"),
    (sample(note={"x": 1}), "/note", "text"),
    (sample(participants=["it-service"]), "/participants/0", "object"),
    (sample(participants=[{"party": " "}]), "/participants/0/party", "empty"),
    (sample(participants=[{"party": "a", "present": "yes"}]), "/participants/0/present", "True or false"),
    (sample(check_items={}), "/check_items", "list"),
    (sample(check_items=[[]]), "/check_items/0", "object"),
    (sample(check_items=[{"text": "x", "result": "pass"}] * 1001), "/check_items", "1000"),
    (item(result="passed"), "/check_items/0/result", "not_run"),
    (item(result=None), "/check_items/0/result", "not_run"),
    (item(text=""), "/check_items/0/text", "empty"),
    (item(number=0), "/check_items/0/number", "1 to 32767"),
    (item(number=32768), "/check_items/0/number", "1 to 32767"),
    (item(number=True), "/check_items/0/number", "1 to 32767"),
    (item(number=1.0), "/check_items/0/number", "1 to 32767"),
    (item(result="not_applicable"), "/check_items/0/reason", "reason"),
    (
        sample(check_items=[{"number": 2, "text": "a", "result": "pass"}, {"text": "b", "result": "pass"}]),
        "/check_items/1/number",
        "number 2",
    ),
    (measure(measure="Switch over"), "/measures/0/measure", "Lower-case"),
    (measure(measure=""), "/measures/0/measure", "empty"),
    (measure(value=None), "/measures/0/value", "duration"),
    (measure(value=True), "/measures/0/value", "duration"),
    (measure(value="9 min"), "/measures/0/value", "ISO 8601"),
    (measure(value="PT"), "/measures/0/value", "ISO 8601"),
    (measure(value="-PT1S"), "/measures/0/value", "ISO 8601"),
    (measure(value="PT１５M"), "/measures/0/value", "ASCII"),
    (measure(value="P1M"), "/measures/0/value", "Months"),
    (sample(covers=[]), "/covers", "Leave the member out"),
    (sample(covers="night"), "/covers", "list"),
    (sample(covers=["night", "night"]), "/covers/1", "twice"),
    (sample(covers=["n" * 101]), "/covers/0", "100"),
    (sample(subjects=["firmware"]), "/subjects", "object"),
    (sample(subjects={"firmware": "1.2"}), "/subjects/firmware", "object"),
    (sample(subjects={"firmware": {}}), "/subjects/firmware/version", "missing"),
    (sample(subjects={"Firm/ware": {"version": "1"}}), "/subjects/Firm~1ware", "key"),
    (sample(timeline=[{"at": "2026-11-20T01:00:00", "event": "x"}]), "/timeline/0/at", "no zone"),
    (sample(timeline=[{"at": "2026-11-20T01:00:00Z"}]), "/timeline/0/event", "missing"),
]


@pytest.mark.parametrize(("document", "pointer", "word"), REFUSED)
def test_a_refusal_names_the_place_and_the_reason(document: dict[str, Any], pointer: str, word: str) -> None:
    with pytest.raises(Malformed) as refused:
        native.parse(as_bytes(document))

    assert refused.value.status == 422
    assert refused.value.pointer == pointer
    assert word in refused.value.detail


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"", 400),
        (b"[]", 400),
        (b"null", 400),
        (b'{"schema": "dcase-drill/1"', 400),
        (as_bytes(NIGHT)[:-1] + b', "note": "again"}', 400),
        (as_bytes(sample()).replace(b'"pass"', b"NaN"), 400),
        (as_bytes(sample()).replace(b"Switched", b"\\u0000"), 400),
        (as_bytes(sample()).replace(b"Switched", b"\\ud800"), 400),
        (as_bytes(sample()).replace(b"Switched", b"\xff"), 400),
        (b"\xef\xbb\xbf" + as_bytes(sample()), 400),
        (b'{"note":' + b"[" * 5000 + b"]" * 5000 + b"}", 400),
        (as_bytes(sample(note="x" * native.LIMIT)), 413),
    ],
)
def test_bytes_that_are_not_the_format_at_all_are_a_400(data: bytes, status: int) -> None:
    with pytest.raises(Malformed) as refused:
        native.parse(data)

    assert refused.value.status == status


@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        (sample(started_at="1999-12-31T23:59:59Z"), "/started_at"),
        (sample(ended_at="2026-11-20T06:05:01Z"), "/ended_at"),
        (sample(ended_at="9999-12-31T00:00:00Z"), "/ended_at"),
        (sample(started_at="2026-11-20T02:00:01+09:00"), "/ended_at"),
        (sample(timeline=[{"at": "2026-11-21T00:00:00Z", "event": "confirmed"}]), "/timeline/0/at"),
    ],
)
def test_moments_that_cannot_be_are_a_422(document: dict[str, Any], pointer: str) -> None:
    with pytest.raises(Malformed) as refused:
        check_moments(native.parse(as_bytes(document)), received_at=RECEIVED)

    assert (refused.value.status, refused.value.pointer) == (422, pointer)


def test_five_minutes_of_skew_and_a_drill_of_no_length_are_taken() -> None:
    at_once = "2026-11-20T06:05:00Z"

    check_moments(native.parse(as_bytes(sample(started_at=at_once, ended_at=at_once))), received_at=RECEIVED)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-20T01:00:00Z", datetime(2026, 11, 20, 1, tzinfo=UTC)),
        ("2026-11-20t01:00:00z", datetime(2026, 11, 20, 1, tzinfo=UTC)),
        ("2026-11-20T01:00:00+14:00", datetime(2026, 11, 19, 11, tzinfo=UTC)),
        ("2026-11-20T01:00:00-00:00", datetime(2026, 11, 20, 1, tzinfo=UTC)),
        ("2026-11-20T01:00:00.1-05:00", datetime(2026, 11, 20, 6, 0, 0, 100_000, tzinfo=UTC)),
        ("2028-02-29T00:00:00Z", datetime(2028, 2, 29, tzinfo=UTC)),
    ],
)
def test_moments_are_read_as_rfc_3339_has_them(text: str, moment: datetime) -> None:
    assert native.parse(as_bytes(sample(started_at=text))).started_at == moment


def test_the_published_schema_is_a_schema_and_takes_what_the_reader_takes() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    for document in (NIGHT, sample(), sample(check_items=None)):
        jsonschema.validate(document, SCHEMA)


def test_the_example_of_the_documentation_is_taken(settings: Settings) -> None:
    (example,) = re.findall(r"```json\n(.*?)```", (settings.BASE_DIR / "docs" / "drills.md").read_text(), re.DOTALL)

    assert native.parse(example.encode()).covers == ("night",)
    jsonschema.validate(json.loads(example), native.json_schema())


# What a JSON Schema cannot say: whether a day exists, equal numbers of check items, 1.0 apart from 1.
BEYOND_SCHEMA = ("no such day", "number 2", "1 to 32767")


@pytest.mark.parametrize(
    ("document", "pointer"), [(document, pointer) for document, pointer, word in REFUSED if word not in BEYOND_SCHEMA]
)
def test_the_published_schema_refuses_what_the_reader_refuses(document: dict[str, Any], pointer: str) -> None:
    assert not jsonschema.Draft202012Validator(SCHEMA).is_valid(document), pointer


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(list(NIGHT))
TREES = st.recursive(
    LEAVES,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=5), below, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(sorted(NIGHT)), TREES), st.booleans())
def test_any_value_in_any_member_is_read_or_refused(changes: dict[str, Any], valid_times: bool) -> None:
    if valid_times:
        changes |= {"schema": "dcase-drill/1", "started_at": NIGHT["started_at"], "ended_at": NIGHT["ended_at"]}
    read_or_refused(json.dumps(changes).encode())


def read_or_refused(data: bytes) -> None:
    try:
        native.parse(data)
    except Malformed as refused:
        assert refused.status in {400, 413, 422}


def test_a_hostile_megabyte_is_refused_in_little_time() -> None:
    checks = b'{"text":"x","result":"pass"},' * 36_000
    data = as_bytes(sample(check_items=None))[:-1] + b',"check_items":[' + checks[:-1] + b"]}"

    with within(1), pytest.raises(Malformed, match="1000"):
        native.parse(data)
