"""What kind of file bytes are, and what name and declared type say that they are."""

from __future__ import annotations

import os
import re
import struct
from enum import Enum
from typing import BinaryIO

from dcase_audit.errors import AuditError
from evidence.storage.media_types import BINARY, HEAD, IN_OLE, IN_ZIP, OLE, ZIP

END = b"PK\x05\x06"
END_SIZE = 22
LONGEST_COMMENT = 0xFFFF


class Content(Enum):
    """Kinds that are told apart by their first bytes."""

    PDF = "a PDF"
    PNG = "a PNG image"
    JPEG = "a JPEG image"
    GIF = "a GIF image"
    ZIP = "a ZIP archive"
    OLE = "an older office file"
    PACKED = "a packed file"
    PROGRAM = "a program"
    TEXT = "text"
    OTHER = "other data"


IMAGES = (Content.PNG, Content.JPEG, Content.GIF)
SIGNS = (
    (b"%PDF-", Content.PDF),
    (b"\x89PNG\r\n\x1a\n", Content.PNG),
    (b"\xff\xd8\xff", Content.JPEG),
    (b"GIF87a", Content.GIF),
    (b"GIF89a", Content.GIF),
    (ZIP, Content.ZIP),
    (END, Content.ZIP),
    (OLE, Content.OLE),
    (b"7z\xbc\xaf\x27\x1c", Content.PACKED),
    (b"Rar!\x1a\x07", Content.PACKED),
    (b"\x1f\x8b\x08", Content.PACKED),
    (b"\xfd7zXZ\x00", Content.PACKED),
    (b"\x7fELF", Content.PROGRAM),
    (b"\xcf\xfa\xed\xfe", Content.PROGRAM),
    (b"\xca\xfe\xba\xbe", Content.PROGRAM),
)
# Office files with a password are kept in the older container.
OFFICE = frozenset({Content.ZIP, Content.OLE})
WRITTEN = frozenset({Content.TEXT, Content.OTHER})
BY_EXTENSION: dict[str, frozenset[Content]] = {
    "pdf": frozenset({Content.PDF}),
    "png": frozenset({Content.PNG}),
    **dict.fromkeys(("jpg", "jpeg"), frozenset({Content.JPEG})),
    "gif": frozenset({Content.GIF}),
    "zip": frozenset({Content.ZIP}),
    **dict.fromkeys(("docx", "xlsx", "pptx", "docm", "xlsm", "pptm", "odt", "ods", "odp"), OFFICE),
    **dict.fromkeys(("doc", "xls", "ppt"), frozenset({Content.OLE})),
    **dict.fromkeys(("7z", "rar", "gz", "tgz", "xz"), frozenset({Content.PACKED})),
    **dict.fromkeys(
        ("txt", "log", "csv", "tsv", "md", "json", "xml", "yaml", "yml", "eml", "html", "htm", "svg", "js", "css"),
        WRITTEN,
    ),
}
BY_TYPE: dict[str, frozenset[Content]] = {
    "application/pdf": frozenset({Content.PDF}),
    "image/png": frozenset({Content.PNG}),
    "image/jpeg": frozenset({Content.JPEG}),
    "image/gif": frozenset({Content.GIF}),
    **dict.fromkeys(("application/zip", "application/x-zip-compressed"), frozenset({Content.ZIP})),
    **dict.fromkeys(IN_ZIP, OFFICE),
    **dict.fromkeys(IN_OLE, frozenset({Content.OLE})),
    # Browsers on Windows say this of CSV.
    "application/vnd.ms-excel": frozenset({Content.OLE, *WRITTEN}),
    **dict.fromkeys(("application/json", "application/xml", "image/svg+xml"), WRITTEN),
}
RUN = frozenset(
    {"bat", "cmd", "com", "exe", "hta", "jar", "jse", "lnk", "msi", "pif", "ps1", "scr", "vbe", "vbs", "wsf"}
)


class Contradiction(AuditError):
    """The name, the declared type and the content of a file do not agree: somebody would open another than they see."""

    status = 415
    slug = "contradictory-file"
    title = "The file is not what it is said to be"


def content_of(stream: BinaryIO) -> Content:
    """Return what the bytes of ``stream`` are, from its start.

    Raises:
        Contradiction: they are two kinds of file at once (415).
    """
    stream.seek(0)
    head = stream.read(HEAD)
    content = _by_head(head)
    is_archive_too = content not in {Content.ZIP, Content.PROGRAM} and end_of_archive(stream) is not None
    is_pdf_too = content in IMAGES and b"%PDF-" in head
    if is_archive_too or is_pdf_too:
        other = Content.ZIP if is_archive_too else Content.PDF
        raise Contradiction(f"The file is {content.value} and {other.value} at once.", pointer="/file")
    return content


def _by_head(head: bytes) -> Content:
    for sign, content in SIGNS:
        if head.startswith(sign):
            return content
    if not BINARY.search(head):
        return Content.TEXT
    return Content.PROGRAM if head.startswith(b"MZ") else Content.OTHER


def end_of_archive(stream: BinaryIO) -> tuple[int, int, int] | None:
    """Return entries, size and place of the directory that a ZIP archive ends with; None where the file ends otherwise.

    Source: PKWARE APPNOTE section 4.3.16.
    """
    size = stream.seek(0, os.SEEK_END)
    start = stream.seek(max(0, size - END_SIZE - LONGEST_COMMENT))
    tail = stream.read()
    place = tail.rfind(END)
    while place >= 0:
        found = tail[place : place + END_SIZE]
        # A record that the file does not end with is one of an archive inside.
        if len(found) == END_SIZE and start + place + END_SIZE + struct.unpack("<H", found[20:])[0] == size:
            entries, length, offset = struct.unpack("<HLL", found[10:20])
            return entries, length, offset
        place = tail.rfind(END, 0, place)
    return None


def named_by(name: str) -> frozenset[Content] | None:
    """Return what a file called ``name`` may hold; None where the name says nothing that we know."""
    *_, extension = _parts(name)
    return BY_EXTENSION.get(extension)


def declared_by(media_type: str) -> frozenset[Content] | None:
    """Return what a file sent as ``media_type`` may hold; None where that says nothing."""
    declared = media_type.partition(";")[0].strip().lower()
    return WRITTEN if declared.startswith("text/") else BY_TYPE.get(declared)


def check_name(name: str) -> None:
    """Refuse a program that is named to be taken for a document.

    Raises:
        Contradiction: (415).
    """
    parts = _parts(name)
    if len(parts) > 2 and parts[-1] in RUN and parts[-2] in BY_EXTENSION:
        raise Contradiction(f"{name} reads like a document and would be run.", pointer="/file")


def _parts(name: str) -> list[str]:
    return [part.strip() for part in re.split(r"\.", name.lower().rstrip(". "))]


def refuse_contradiction(content: Content, said: frozenset[Content] | None, what: str) -> None:
    """Refuse content that is not what ``said`` allows.

    Raises:
        Contradiction: (415).
    """
    if said is not None and content not in said:
        raise Contradiction(f"{what} is not {content.value}.", pointer="/file")
