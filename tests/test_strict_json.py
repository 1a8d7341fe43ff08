"""The strict reader: a table of what is refused and where, equality with the standard reader on the rest, and time."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcase_audit import strict_json
from dcase_audit.strict_json import JSONTooLarge, StrictJSONError, loads, loads_object, pointer
from tests.timing import within

LIMIT = 1_000_000
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
TREES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(strict_json.SMALLEST, strict_json.LARGEST)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda below: st.lists(below, max_size=4) | st.dictionaries(TEXT, below, max_size=4),
    max_leaves=20,
)


@given(TREES)
def test_ordinary_json_reads_as_the_standard_library_reads_it(tree: object) -> None:
    data = json.dumps(tree, ensure_ascii=False).encode()

    assert loads(data, limit=LIMIT) == tree


@pytest.mark.parametrize(
    ("data", "place", "word"),
    [
        (b"", None, "Expecting value"),
        (b"{", None, "line 1, column 2"),
        (b'{"a": 1', None, "Expecting"),
        (b"{'a': 1}", None, "Expecting"),
        (b'{"a": 1} x', None, "Extra data"),
        (b'{"a": 01}', None, "Expecting"),
        (b'{"a": "\n"}', None, "control character"),
        (b'{"a": 1, "a": 2}', "/a", "twice"),
        (b'{"x": [{"a": 1, "b": 0, "b": 2}]}', "/x/0/b", "twice"),
        (b'{"a": NaN}', "/a", "NaN is not JSON"),
        (b'{"a": [1, -Infinity]}', "/a/1", "-Infinity is not JSON"),
        (b'{"a": 1e999}', "/a", "too large"),
        (b'{"a": -1e999}', "/a", "too large"),
        (b'{"a": ' + b"9" * 5000 + b"}", "/a", "64 bits"),
        (b'{"a": 18446744073709551616}', "/a", "64 bits"),
        (b'{"a/b~": "x\\u0000"}', "/a~1b~0", "U+0000"),
        (b'{"a": "\\ud800"}', "/a", "surrogate"),
        (b'{"\\udfff": 1}', "", "surrogate"),
        (b'{"\\udfff": 1, "\\udfff": 2}', "/?", "twice"),
        (b'{"\\u0000": 1, "\\u0000": 2}', "/?", "twice"),
        (b"\xef\xbb\xbf{}", None, "byte order mark"),
        ('{"a": "あ"}'.encode("utf-16"), None, "byte order mark"),
        ('{"a": "障害"}'.encode("shift_jis"), None, "not UTF-8"),
        (b'"\xc0\x80"', None, "not UTF-8"),
        (b"[" * 41 + b"]" * 41, None, "deeper than 40"),
        (b'{"a":' * 5_000 + b"1" + b"}" * 5_000, None, "deeper than 40"),
        (b"[" * 100_000, None, "deeper than 40"),
    ],
)
def test_N32_what_has_two_readings_is_refused_with_its_place(data: bytes, place: str | None, word: str) -> None:
    with pytest.raises(StrictJSONError, match="(?s).*") as refused:
        loads(data, limit=LIMIT)

    assert refused.value.status == 400
    assert refused.value.pointer == place
    assert word in refused.value.detail


def test_forty_levels_pass_and_brackets_inside_texts_do_not_count() -> None:
    assert loads(b"[" * 40 + b"]" * 40, limit=LIMIT)
    assert loads(json.dumps({"a": "[" * 100 + '\\"{'}).encode(), limit=LIMIT)


def test_a_syntax_error_gives_its_position() -> None:
    with pytest.raises(StrictJSONError) as refused:
        loads('{"名": 1,}'.encode(), limit=LIMIT)

    assert refused.value.position == len('{"名": 1,')


def test_more_bytes_than_the_limit_are_a_413() -> None:
    with pytest.raises(JSONTooLarge) as refused:
        loads(b" " * 11, limit=10)

    assert refused.value.status == 413


@pytest.mark.parametrize("data", [b"[]", b'"a"', b"1", b"null"])
def test_the_top_level_of_an_object_is_an_object(data: bytes) -> None:
    with pytest.raises(StrictJSONError, match="top level"):
        loads_object(data, limit=LIMIT)


def test_pointers_escape_as_rfc_6901_says() -> None:
    assert pointer(["a/b", "m~n", 0, ""]) == "/a~1b/m~0n/0/"
    assert pointer([]) == ""


@pytest.mark.parametrize(
    "data",
    [
        b'"' + b'\\"' * 499_000,
        b"{" + b'"a' * 499_000,
        b"[" + b"1," * 499_000 + b"1]",
        b"[" + b"9" * 999_000 + b"]",
        b"[1" + b"0" * 999_000 + b".5]",
        b'{"a":"' + b"\\u0041" * 166_000 + b'"}',
    ],
)
def test_a_hostile_megabyte_takes_little_time(data: bytes) -> None:
    with within(1), suppress(StrictJSONError):
        loads(data, limit=LIMIT)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        loads(data, limit=LIMIT)
    except StrictJSONError as refused:
        assert refused.detail
