"""ZIP archives, office files among them: judged by their directory, so that a bomb costs no more than a letter."""

from __future__ import annotations

import os
import re
import stat
import struct
import unicodedata
import zipfile
from collections.abc import Iterable
from typing import BinaryIO

from django.conf import settings

from dcase_audit.errors import AuditError
from evidence.examining.kinds import end_of_archive
from evidence.examining.office import refuse_macros

FLAGS = frozenset({"archive_encrypted", "archive_not_examined"})
MOST_ENTRIES = 10_000
LONGEST_DIRECTORY = 2 * 1024 * 1024
# Text of logs packs to a fiftieth at best; small files may do better.
MOST_GROWTH = 200
SMALL = 64 * 1024 * 1024
NESTED = re.compile(r"\.(zip|7z|rar|tar|tgz|tar\.\w+|cab|iso|jar)$", re.IGNORECASE)
DRIVE = re.compile(r"[A-Za-z]:")
ENCRYPTED = 0x1
UNREADABLE = (
    zipfile.BadZipFile,
    NotImplementedError,
    struct.error,
    ValueError,
    OSError,
    EOFError,
    OverflowError,
)


class ArchiveTooLarge(AuditError):
    """The archive has too many entries, or would be too large once unpacked."""

    status = 413
    slug = "archive-too-large"
    title = "The archive would be too large unpacked"


class UnsafeArchive(AuditError):
    """The archive cannot be read, or unpacking it could write where nobody expects it or hide what is in it."""

    status = 422
    slug = "unsafe-archive"
    title = "The archive is not safe to unpack"


def flags_of(stream: BinaryIO) -> set[str]:
    """Return what a reviewer should know of an archive.

    Raises:
        ArchiveTooLarge: (413). UnsafeArchive, Macros: (422).
    """
    entries = _directory(stream)
    packed = stream.seek(0, os.SEEK_END)
    total = sum(entry.file_size for entry in entries)
    if total > settings.UNPACKED_LIMIT or (total > SMALL and total > MOST_GROWTH * packed):
        raise ArchiveTooLarge(f"Its {packed} bytes would unpack to {total}.", pointer="/file")
    _check_entries(entries)
    refuse_macros(entry.filename for entry in entries)
    return {"archive_encrypted"} if any(entry.flag_bits & ENCRYPTED for entry in entries) else set()


def _directory(stream: BinaryIO) -> list[zipfile.ZipInfo]:
    end = end_of_archive(stream)
    if end is None:
        raise UnsafeArchive("The archive has no end: it was cut off.", pointer="/file")
    entries, size, _offset = end
    if entries > MOST_ENTRIES or size > LONGEST_DIRECTORY:
        raise ArchiveTooLarge(f"An archive has at most {MOST_ENTRIES} entries.", pointer="/file")
    stream.seek(0)
    try:
        with zipfile.ZipFile(stream) as archive:
            found = archive.infolist()
    except UNREADABLE as error:
        raise UnsafeArchive("The directory of the archive cannot be read.", pointer="/file") from error
    if len(found) != entries:
        raise UnsafeArchive("The directory of the archive does not say how many entries it has.", pointer="/file")
    return found


def _check_entries(entries: Iterable[zipfile.ZipInfo]) -> None:
    seen: set[str] = set()
    for entry in entries:
        # What the archive says, before the library makes it a path of this system.
        name = entry.orig_filename
        if why := _why_unsafe(entry, name):
            raise UnsafeArchive(f"The entry {name[:200]!r} {why}.", pointer="/file")
        key = unicodedata.normalize("NFC", name).casefold()
        if key in seen:
            raise UnsafeArchive(f"Two entries are called {name[:200]!r}.", pointer="/file")
        seen.add(key)


def _why_unsafe(entry: zipfile.ZipInfo, name: str) -> str:
    if name.startswith(("/", "\\")) or DRIVE.match(name):
        return "has an absolute name"
    if ".." in re.split(r"[/\\]", name):
        return "leads out of the archive"
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in name):
        return "has control characters in its name"
    if stat.S_ISLNK(entry.external_attr >> 16):
        return "is a link"
    return "is an archive itself: add it as a file of its own" if NESTED.search(name) else ""
