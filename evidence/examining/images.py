"""Images whose few bytes would fill the memory of whoever looks at them; only the header is read."""

from __future__ import annotations

import io
import struct
from typing import BinaryIO

from django.conf import settings
from PIL import GifImagePlugin, JpegImagePlugin, PngImagePlugin

from dcase_audit.errors import AuditError

FLAGS = frozenset({"image_unreadable"})
READERS = (PngImagePlugin.PngImageFile, JpegImagePlugin.JpegImageFile, GifImagePlugin.GifImageFile)
# The size stands within so many bytes of every honest image. What follows is not looked through: a reader goes through
# zeros one by one.
HEAD = 2 * 1024 * 1024
# What the readers raise at files that are not theirs or are spoilt: as ``PIL.Image.open`` has it.
UNREADABLE = (SyntaxError, IndexError, TypeError, KeyError, EOFError, ValueError, OSError, OverflowError, struct.error)


class ImageTooLarge(AuditError):
    """The image has more pixels than a program should be asked to draw."""

    status = 422
    slug = "image-too-large"
    title = "The image has too many pixels"


def flags_of(stream: BinaryIO) -> set[str]:
    """Return what a reviewer should know of an image.

    Raises:
        ImageTooLarge: (422).
    """
    size = _size(stream)
    if size is None:
        return {"image_unreadable"}
    width, height = size
    if width * height > settings.IMAGE_PIXELS:
        limit = settings.IMAGE_PIXELS
        raise ImageTooLarge(f"The image has {width} × {height} pixels; {limit} are taken.", pointer="/file")
    return set()


def _size(stream: BinaryIO) -> tuple[int, int] | None:
    """Return width and height; the readers are asked themselves, since ``Image.open`` has a limit of its own."""
    stream.seek(0)
    head = stream.read(HEAD)
    for reader in READERS:
        try:
            return reader(io.BytesIO(head)).size
        except UNREADABLE:
            continue
    return None
