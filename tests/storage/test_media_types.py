"""Media types follow the content; a claim is believed only among types that look alike."""

from __future__ import annotations

import io
import zipfile

import pytest

from evidence.storage.media_types import media_type_of

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PDF, OCTETS = "application/pdf", "application/octet-stream"
MAIL = b"From: ken@example.jp\r\nSubject: =?utf-8?b?6KiT57e0?=\r\n <script>\r\n\r\n<html>"


def zipped() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
    return file.getvalue()


@pytest.mark.parametrize(
    ("head", "claimed", "stored"),
    [
        (b"%PDF-1.7\n", PDF, PDF),
        (b"%PDF-1.7\n", "text/html", PDF),
        (b"\x89PNG\r\n\x1a\n....", "image/png", "image/png"),
        (b"\xff\xd8\xff\xe0....", "image/jpeg", "image/jpeg"),
        (zipped(), DOCX, DOCX),
        (zipped(), PDF, "application/zip"),
        (zipped(), "application/zip", "application/zip"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1....", "application/vnd.ms-excel", "application/vnd.ms-excel"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1....", "application/x-msi", OCTETS),
        (b'{"schema": "dcase-drill/1"}', "application/json", "application/json"),
        (b"  [1, 2]", "application/json; charset=utf-8", "application/json"),
        (b"not json", "application/json", "text/plain"),
        ("時刻,事象\n22:00,訓練開始\n".encode(), "text/csv", "text/csv"),
        ("時刻,事象\n22:00,訓練開始\n".encode("cp932"), "text/csv", "text/csv"),
        ("2026-11-20 22:00:00 \x1b[31mERROR\x1b[0m 切替わり\n".encode(), "application/x-log", "text/plain"),
        (b"hello", "", "text/plain"),
        (b'<?xml version="1.0"?>\n<testsuites/>', "application/xml", "application/xml"),
        (b"<testsuite/>", "text/xml", "application/xml"),
        (MAIL, "message/rfc822", "message/rfc822"),
        (MAIL, "text/plain", OCTETS),
        (b"no header\n", "message/rfc822", "text/plain"),
        (b"", "text/plain", OCTETS),
    ],
)
def test_known_content_keeps_its_type(head: bytes, claimed: str, stored: str) -> None:
    assert media_type_of(head, claimed) == stored


@pytest.mark.parametrize(
    "claimed", [PDF, "text/html", "image/svg+xml", "text/plain", "application/xml", "application/json", ""]
)
@pytest.mark.parametrize(
    "head",
    [
        b"<!DOCTYPE html><p>x",
        b"\n\n <HTML>",
        b"x <script>alert(1)</script>",
        b'<svg xmlns="http://www.w3.org/2000/svg"/>',
        b'<?xml version="1.0"?><s:svg xmlns:s="http://www.w3.org/2000/svg"/>',
        b'<x:script xmlns:x="http://www.w3.org/1999/xhtml">alert(1)</x:script>',
        b'{"a": "<img src=x onerror=alert(1)>"}',
        b"\x7fELF\x02\x01\x01\x00",
        b"MZ\x90\x00\x03\x00",
        b"\x00\x01\x02",
        "<p>x".encode("utf-16"),
        b"GIF89a\x01\x00",
    ],
)
def test_what_a_browser_or_a_shell_could_run_is_plain_bytes(head: bytes, claimed: str) -> None:
    assert media_type_of(head, claimed) == OCTETS
