"""Office files with something that runs when they are opened."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import BinaryIO

from dcase_audit.errors import AuditError

FLAGS = frozenset({"office_encrypted"})
CHUNK = 1024 * 1024
# Names in an archive: OOXML keeps its project in one part, OpenDocument its scripts in two directories.
MACROS = re.compile(r"(^|/)vbaProject\.bin$|(^|/)vbaData\.xml$|^(Basic|Scripts)/.", re.IGNORECASE)
# Names of streams in the older container, which are UTF-16.
PROJECT = "_VBA_PROJECT".encode("utf-16-le")
PACKAGE = "EncryptedPackage".encode("utf-16-le")


class Macros(AuditError):
    """The file holds macros, which run on the reader's machine: keep it without them, or as a PDF."""

    status = 422
    slug = "macros"
    title = "The file holds macros"


def refuse_macros(names: Iterable[str]) -> None:
    """Refuse an office file by the names of its parts.

    Raises:
        Macros: (422).
    """
    if found := next((name for name in names if MACROS.search(name)), None):
        raise Macros(f"The file holds macros: {found[:200]}.", pointer="/file")


def flags_of(stream: BinaryIO) -> set[str]:
    """Return what a reviewer should know of a file in the older container.

    Raises:
        Macros: (422).
    """
    found = _found(stream, (PROJECT, PACKAGE))
    if PROJECT in found:
        raise Macros(pointer="/file")
    return {"office_encrypted"} if PACKAGE in found else set()


def _found(stream: BinaryIO, wanted: tuple[bytes, ...]) -> set[bytes]:
    stream.seek(0)
    found: set[bytes] = set()
    kept = b""
    while chunk := stream.read(CHUNK):
        window = kept + chunk
        found |= {each for each in wanted if each in window}
        kept = window[-max(map(len, wanted)) :]
    return found
