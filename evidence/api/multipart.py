"""``multipart/form-data`` as a stream of parts, refusing what is not whole. Source: RFC 7578, RFC 2046 section 5.1.1.

Django's own reader leaves out parts whose name or header it cannot use, and takes a body that was cut off for a whole
one: evidence must not lose a file in silence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO, NamedTuple

from django.utils.http import parse_header_parameters

from dcase_audit.api_fields import UNSTORABLE
from dcase_audit.api_refusals import BodyTooLarge, Malformed

CHUNK = 64 * 1024
LONGEST_HEADER = 8 * 1024
MOST_PARTS = 100
BOUNDARY = re.compile(r"[ -~]{0,69}[!-~]")


class Part(NamedTuple):
    """One part; ``filename`` is None for a field. Its ``chunks`` are read to their end before the next part."""

    name: str
    filename: str | None
    media_type: str
    chunks: Iterator[bytes]


def parts(stream: IO[bytes], content_type: str) -> Iterator[Part]:
    """Yield the parts of a body.

    Raises:
        Malformed: no boundary, a header that cannot be used, a body that ends before its last boundary (400).
        BodyTooLarge: more than 100 parts (413).
    """
    reader = _Reader(stream, _boundary(content_type))
    for _ in reader.content():
        raise Malformed("The body does not begin with its boundary.")
    number = 0
    while reader.another():
        number += 1
        if number > MOST_PARTS:
            raise BodyTooLarge(f"A request has at most {MOST_PARTS} parts.")
        yield _part(reader.header(), reader.content())


def _boundary(content_type: str) -> bytes:
    try:
        _, parameters = parse_header_parameters(content_type)
    except (ValueError, LookupError):
        parameters = {}
    boundary = parameters.get("boundary", "")
    if not BOUNDARY.fullmatch(boundary):
        raise Malformed("The Content-Type names no boundary.")
    return boundary.encode("ascii")


class _Reader:
    """A body cut at its boundaries; holds little more than one chunk."""

    def __init__(self, stream: IO[bytes], boundary: bytes) -> None:
        self.stream = stream
        self.delimiter = b"\r\n--" + boundary
        # The line break before the first boundary may be left out.
        self.held = b"\r\n"

    def content(self) -> Iterator[bytes]:
        """Yield what stands before the next boundary, and step over that."""
        most = len(self.delimiter) - 1
        while (end := self.held.find(self.delimiter)) < 0:
            if len(self.held) > most:
                yield self.held[:-most]
                self.held = self.held[-most:]
            self._more()
        if end:
            yield self.held[:end]
        self.held = self.held[end + len(self.delimiter) :]

    def another(self) -> bool:
        """Tell, right after a boundary, whether a part follows; False after the last one."""
        while len(self.held) < 2:
            self._more()
        if self.held.startswith(b"--"):
            return False
        line = self._up_to(b"\r\n")
        if line.strip(b" \t"):
            raise Malformed("A line goes on after its boundary.")
        return True

    def header(self) -> bytes:
        """Return the header of the part that begins here."""
        return self._up_to(b"\r\n\r\n")

    def _up_to(self, mark: bytes) -> bytes:
        while (end := self.held.find(mark)) < 0 and len(self.held) <= LONGEST_HEADER:
            self._more()
        if not 0 <= end <= LONGEST_HEADER:
            raise Malformed("The header of a part is too long.")
        found, self.held = self.held[:end], self.held[end + len(mark) :]
        return found

    def _more(self) -> None:
        chunk = self.stream.read(CHUNK)
        if not chunk:
            raise Malformed("The body ends before its last boundary: it was cut off.")
        self.held += chunk


def _part(header: bytes, chunks: Iterator[bytes]) -> Part:
    lines = _lines(header)
    disposition, parameters = _value(lines.get("content-disposition", ""))
    name = parameters.get("name")
    if disposition != "form-data" or not name:
        raise Malformed("A part has no Content-Disposition: form-data with a name.")
    if UNSTORABLE.search(name):
        raise Malformed("The name of a part holds U+0000 or half of a surrogate pair.")
    if lines.get("content-transfer-encoding", "binary").strip().lower() not in {"binary", "8bit", "7bit"}:
        raise Malformed("Parts are sent as they are, without a transfer encoding.")
    media_type = lines.get("content-type", "application/octet-stream").strip()
    return Part(name, parameters.get("filename"), media_type, chunks)


def _lines(header: bytes) -> dict[str, str]:
    try:
        text = header.decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed("The header of a part is not UTF-8.") from None
    split = (line.partition(":") for line in text.split("\r\n"))
    return {name.strip().lower(): value for name, _, value in split}


def _value(text: str) -> tuple[str, dict[str, str]]:
    try:
        value, parameters = parse_header_parameters(text.strip())
    except (ValueError, LookupError):
        raise Malformed("The header of a part cannot be read.") from None
    return value, parameters
