"""Bodies with files: each is hashed on its way to a temporary file, in little memory, before anything is decided."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import IO, Any, BinaryIO, cast

from django.conf import settings
from django.utils.datastructures import MultiValueDict
from rest_framework.parsers import BaseParser, DataAndFiles

from dcase_audit.api_fields import UNSTORABLE
from dcase_audit.api_refusals import BodyTooLarge, Malformed
from evidence.api import multipart
from evidence.storage import clean_name
from evidence.storage.objects import refusing

IN_MEMORY = 256 * 1024
LONGEST_FIELD = 1024 * 1024


@dataclass
class Upload:
    """A file that was received whole: its bytes from the start, their SHA-256 and number, and what the sender said."""

    content: BinaryIO
    sha256: str
    size: int
    name: str
    media_type: str

    def close(self) -> None:
        self.content.close()


class OneFileParser(BaseParser):
    """Take a body as a file, byte by byte as it was sent: JSON, or what a subclass names.

    Raises:
        Malformed: it is empty, or not as long as announced (400). BodyTooLarge: (413).
        StoreFull: no room to receive it (507).
    """

    media_type = "application/json"
    file_name = "result.json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> DataAndFiles[Any, Any]:
        request = (parser_context or {})["request"]._request
        chunks = iter(lambda: stream.read(multipart.CHUNK), b"")
        upload = _receive(chunks, settings.UPLOAD_LIMIT, name=self.file_name, media_type=self.media_type)
        files: MultiValueDict[str, Upload] = MultiValueDict({"file": [upload]})
        # Django closes with the request what it finds there; DRF puts only the files of forms there.
        request._files = files
        if str(upload.size) != request.META.get("CONTENT_LENGTH"):
            raise Malformed("The body is not as long as its Content-Length says: it was cut off.")
        return DataAndFiles(MultiValueDict(), files)


class FormParser(BaseParser):
    """Read ``multipart/form-data`` into fields and uploads; all of it together has at most ``UPLOAD_LIMIT`` bytes.

    Raises:
        Malformed: a part that cannot be used, a body that was cut off (400).
        BodyTooLarge: (413). UnusableName: (422). StoreFull: no room to receive it (507).
    """

    media_type = "multipart/form-data"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> DataAndFiles[Any, Any]:
        fields: MultiValueDict[str, str] = MultiValueDict()
        files: MultiValueDict[str, Upload] = MultiValueDict()
        left = settings.UPLOAD_LIMIT
        try:
            for part in multipart.parts(stream, media_type or ""):
                if part.filename is None:
                    text = _text(part)
                    fields.appendlist(part.name, text)
                    left -= len(text)
                else:
                    upload = _receive(part.chunks, left, name=clean_name(part.filename), media_type=part.media_type)
                    files.appendlist(part.name, upload)
                    left -= upload.size
        except BaseException:
            for _, uploads in files.lists():
                for upload in uploads:
                    upload.close()
            raise
        return DataAndFiles(fields, files)


def _text(part: multipart.Part) -> str:
    found = bytearray()
    for chunk in part.chunks:
        found += chunk
        if len(found) > LONGEST_FIELD:
            raise BodyTooLarge(f"A field has at most {LONGEST_FIELD} bytes.")
    try:
        text = found.decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed("A field is not UTF-8.") from None
    if UNSTORABLE.search(text):
        raise Malformed("A field holds U+0000.")
    return text


def _receive(chunks: Iterable[bytes], limit: int, *, name: str, media_type: str) -> Upload:
    digest, size = hashlib.sha256(), 0
    content = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - closed with the request
    try:
        for chunk in chunks:
            size += len(chunk)
            if size > limit:
                raise BodyTooLarge(f"The files of a request have at most {settings.UPLOAD_LIMIT} bytes.")
            digest.update(chunk)
            with refusing():
                content.write(chunk)
        if not size:
            raise Malformed(f"The file {name} is empty.")
    except BaseException:
        # What could not be written for want of room cannot be flushed either.
        with suppress(OSError):
            content.close()
        raise
    content.seek(0)
    return Upload(cast(BinaryIO, content), digest.hexdigest(), size, name, media_type[:100])
