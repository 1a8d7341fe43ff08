"""Names of files: what people send is kept readable, and can neither be a path nor reorder what is read."""

from __future__ import annotations

import re
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.storage.names import UnusableName, clean_name, content_disposition


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("report.pdf", "report.pdf"),
        ("夜間訓練の記録（第3回）.pdf", "夜間訓練の記録（第3回）.pdf"),
        ("訓練🚒👩‍🚒.json", "訓練🚒👩‍🚒.json"),
        ("  spaced.txt ", "spaced.txt"),
        ("../../x", "x"),
        ("C:\\Users\\ken\\x.log", "x.log"),
        ("/etc/passwd", "passwd"),
        ("a\r\nSet-Cookie: b.txt", "aSet-Cookie: b.txt"),
        ("nul\x00.txt", "nul.txt"),
        ("gpj\u202e.exe", "gpj.exe"),
        ("\u2067x\u2069.txt", "x.txt"),
        ("\u200b\ufeffx.txt", "x.txt"),
        ('quo"te.txt', 'quo"te.txt'),
        ("<script>.txt", "<script>.txt"),
        (".hidden", ".hidden"),
        ("...", "..."),
        ("a" * 255, "a" * 255),
    ],
)
def test_N22_a_name_keeps_its_last_part_and_loses_what_cannot_be_seen(sent: str, kept: str) -> None:
    assert clean_name(sent) == kept


@pytest.mark.parametrize(
    "sent", ["", " ", ".", "..", "a/..", "a/", "C:\\", "\x00", "\u202e", "\u200d", "a" * 256, "訓" * 256, "x\udcff.txt"]
)
def test_N22_a_name_of_which_nothing_is_left_is_refused(sent: str) -> None:
    with pytest.raises(UnusableName) as refused:
        clean_name(sent)

    assert refused.value.status == 422


@given(st.text(max_size=300))
def test_a_cleaned_name_is_clean(sent: str) -> None:
    try:
        kept = clean_name(sent)
    except UnusableName:
        return

    assert clean_name(kept) == kept
    assert not re.search(r"[/\\\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", kept)
    assert 0 < len(kept) <= 255


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("report.pdf", 'attachment; filename="report.pdf"'),
        ("two words.pdf", 'attachment; filename="two words.pdf"'),
        ("訓練.pdf", "attachment; filename=\"__.pdf\"; filename*=UTF-8''%E8%A8%93%E7%B7%B4.pdf"),
        ('a"b\\c%41.txt', "attachment; filename=\"a_b_c_41.txt\"; filename*=UTF-8''a%22b%5Cc%2541.txt"),
        ("a'(b)*.txt", 'attachment; filename="a\'(b)*.txt"'),
        ("é'*.txt", "attachment; filename=\"_'*.txt\"; filename*=UTF-8''%C3%A9%27%2A.txt"),
    ],
)
def test_N22_a_download_is_offered_under_its_name(name: str, header: str) -> None:
    assert content_disposition(name) == header


@given(st.text(min_size=1, max_size=100))
def test_a_header_is_one_line_of_ascii_and_gives_the_name_back(sent: str) -> None:
    try:
        name = clean_name(sent)
    except UnusableName:
        return

    header = content_disposition(name)

    assert header.isascii()
    assert header.isprintable()
    if "filename*=" in header:
        assert unquote(header.partition("filename*=UTF-8''")[2]) == name
    else:
        assert header == f'attachment; filename="{name}"'
