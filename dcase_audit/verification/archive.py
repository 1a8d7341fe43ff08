"""The ZIP file of a bundle, from every Python the same: each member is described twice, both times in the same way."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO

ZIP64_VERSION = 45
VERSION = struct.pack("<H", ZIP64_VERSION)
LARGE = struct.pack("<2L", 0xFFFFFFFF, 0xFFFFFFFF)


class Member(zipfile.ZipInfo):
    """A member that names its sizes in its ZIP64 field alone where it has one, whenever it was written.

    Before 3.11.4 Python named them in both places (python/cpython#103861), which is no sound ZIP file and which a
    verifier refutes; Debian 12 has 3.11.2. The date is always the earliest that the format knows: a clock that is
    further back would be refused.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.compress_type = zipfile.ZIP_DEFLATED

    def FileHeader(self, zip64: bool | None = None) -> bytes:  # noqa: N802, named by zipfile
        if zip64:
            self.extract_version = max(ZIP64_VERSION, self.extract_version)
            self.create_version = max(ZIP64_VERSION, self.create_version)
        header = super().FileHeader(zip64)
        return header[:4] + VERSION + header[6:18] + LARGE + header[26:] if zip64 else header


@contextmanager
def writing(archive: zipfile.ZipFile, name: str) -> Iterator[IO[bytes]]:
    """Open a member of any size for writing."""
    with archive.open(Member(name), "w", force_zip64=True) as member:
        yield member


def write_member(archive: zipfile.ZipFile, name: str, data: str | bytes) -> None:
    """Write a small member at once."""
    archive.writestr(Member(name), data)


def write_lines(archive: zipfile.ZipFile, name: str, lines: Iterable[str]) -> None:
    """Write a member of one line each."""
    with writing(archive, name) as member:
        for line in lines:
            member.write(line.encode() + b"\n")
