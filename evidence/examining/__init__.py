"""What a file that people send may hold, and what its reviewer should know of it; nothing is ever unpacked or run.

Pure: bytes in, flags or one refusal out. What is refused and why is in docs/uploads.md.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import BinaryIO

from evidence.examining import archives, images, office, pdf
from evidence.examining.kinds import (
    IMAGES,
    Content,
    check_name,
    content_of,
    declared_by,
    named_by,
    refuse_contradiction,
)

__all__ = ["FLAGS", "examine"]

FLAGS = pdf.FLAGS | archives.FLAGS | office.FLAGS | images.FLAGS
EXAMINERS: dict[Content, Callable[[BinaryIO], set[str]]] = {
    Content.PDF: pdf.flags_of,
    Content.ZIP: archives.flags_of,
    Content.OLE: office.flags_of,
    Content.PACKED: lambda stream: {"archive_not_examined"},
    **dict.fromkeys(IMAGES, images.flags_of),
}


def examine(stream: BinaryIO, *, name: str, declared: str) -> list[str]:
    """Return what a reviewer should know of a file (``FLAGS``), in order; ``stream`` is read, and left at its start.

    ``name`` is the file's own, ``declared`` the media type that its sender gave; neither is believed.

    Raises:
        Contradiction: name, declared type and content do not agree, or it is two kinds of file at once (415).
        UnsafeArchive, Macros, ImageTooLarge: (422). ArchiveTooLarge: (413).
    """
    check_name(name)
    content = content_of(stream)
    refuse_contradiction(content, named_by(name), f"A file whose name ends like that of {name}")
    refuse_contradiction(content, declared_by(declared), f"A file sent as {declared[:80]}")
    try:
        examiner = EXAMINERS.get(content)
        return sorted(examiner(stream)) if examiner else []
    finally:
        stream.seek(0, os.SEEK_SET)
