"""Media types by content: an allow-list, with what a browser could run stored as plain bytes.

What the sender claims is believed only among types whose content looks the same.
"""

from __future__ import annotations

import re

OCTETS = "application/octet-stream"
HEAD = 4096

MAGIC = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
)
ZIP = b"PK\x03\x04"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
IN_ZIP = frozenset(
    {
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "application/vnd.oasis.opendocument.text",
        "application/vnd.oasis.opendocument.spreadsheet",
        "application/vnd.oasis.opendocument.presentation",
    }
)
IN_OLE = frozenset({"application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint"})
PLAIN = frozenset({"text/plain", "text/csv"})
JSON = re.compile(rb"\s*[{\[]")
XML = re.compile(rb"\s*<(\?xml|[A-Za-z_])")
MESSAGE = re.compile(rb"(?:[!-9;-~]+:[^\r\n]*\r?\n(?:[ \t][^\r\n]*\r?\n)*){2}")
# Control characters that no text file holds; escape sequences of terminals (0x1b) are common in logs.
BINARY = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
# What makes a browser take a text for a page, or for a picture with scripts.
ACTIVE = re.compile(
    rb"<\s*(!doctype\s+(html|svg)|html|head|body|script|svg|iframe|object|embed|img|\?xml-stylesheet)\b"
    rb"|http://www\.w3\.org/(1999/xhtml|2000/svg)",
    re.IGNORECASE,
)


def media_type_of(head: bytes, claimed: str) -> str:
    """Return the media type to store for content that begins with ``head`` and came as ``claimed``.

    HTML, SVG, programs and everything unknown are ``application/octet-stream``.
    """
    claim = claimed.partition(";")[0].strip().lower()
    for magic, media_type in MAGIC:
        if head.startswith(magic):
            return media_type
    if head.startswith(ZIP):
        return claim if claim in IN_ZIP else "application/zip"
    if head.startswith(OLE):
        return claim if claim in IN_OLE else OCTETS
    if not head or BINARY.search(head):
        return OCTETS
    return _text_type(head, claim)


def _text_type(head: bytes, claim: str) -> str:
    # A message may carry a page as one of its parts; it is never shown as one.
    if claim == "message/rfc822" and MESSAGE.match(head):
        return claim
    if ACTIVE.search(head):
        return OCTETS
    if claim == "application/json" and JSON.match(head):
        return claim
    if claim in {"application/xml", "text/xml"} and XML.match(head):
        return "application/xml"
    return claim if claim in PLAIN else "text/plain"
