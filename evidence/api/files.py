"""The bytes of a file: always a download, never a page, in whole or in part."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from typing import NamedTuple

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse
from rest_framework.request import Request

from dcase_audit.api_refusals import RangeNotSatisfiable
from dcase_audit.api_schema import described, header
from dcase_audit.api_views import ApiView, AsStored, find
from dcase_audit.errors import AuditError
from dcase_audit.moments import say
from evidence.api.revisions import is_withheld
from evidence.models import Disposal, Revision, StoredFile
from evidence.refusals import Disposed
from evidence.storage import content_disposition, object_store

CHUNK = 256 * 1024
BYTES = {
    (200, "*/*"): OpenApiTypes.BINARY,
    (206, "*/*"): OpenApiTypes.BINARY,
    304: OpenApiResponse(description="The bytes at hand are these."),
}
RANGES = (header("Range", "One range of bytes."), header("If-None-Match", "The ETag of bytes at hand."))
RANGE = re.compile(r"bytes=(\d{1,18})?-(\d{1,18})?", re.ASCII)


class Confidential(AuditError):
    """The file is shown to other departments by its hash only; the revision says why (403)."""

    status = 403
    slug = "confidential"
    title = "The file is confidential"


class Span(NamedTuple):
    """Bytes from ``first`` up to ``last``, both included."""

    first: int
    last: int

    @property
    def length(self) -> int:
        return self.last - self.first + 1


class RevisionFileView(ApiView):
    """A file of a revision."""

    content_negotiation_class = AsStored

    @described(
        "The bytes of a file, in whole or in part",
        BYTES,
        problems=(404, 410, 416),
        parameters=RANGES,
        tag="evidence",
    )
    def get(self, request: Request, pk: int, sha256: str) -> HttpResponseBase:
        revision = find(Revision.objects.visible_to(self.user).select_related("artefact"), pk=pk)
        use = find(revision.files.select_related("file"), file__sha256=sha256)
        if is_withheld(revision, self):
            raise Confidential(revision.confidential_reason)
        return download(request, use.file, name=use.name)


def download(request: Request, file: StoredFile, *, name: str) -> HttpResponseBase:
    """Answer with the bytes of ``file`` as a download under ``name``, or the part that the request asks for.

    Raises:
        Disposed: the bytes are gone, or about to go (410).
        RangeNotSatisfiable: (416). ObjectMissing, StoreUnavailable: (500, 503).
    """
    check_there(file)
    etag = f'"{file.sha256}"'
    if etag in [known.strip().removeprefix("W/") for known in request.headers.get("If-None-Match", "").split(",")]:
        return HttpResponse(status=304, headers={"ETag": etag, "Cache-Control": "private, no-cache"})
    span = _span(request, file.size, etag)
    chosen = span or Span(0, file.size - 1)
    # What is missing is refused now; later the answer has begun.
    object_store().size(file.sha256)
    content, status = _Bytes(file.sha256, chosen), 206 if span else 200
    response = StreamingHttpResponse(content, status=status, content_type=file.media_type)
    for header_name, value in _headers(file, chosen, name, etag).items():
        response.headers[header_name] = value
    if span is not None:
        response.headers["Content-Range"] = f"bytes {span.first}-{span.last}/{file.size}"
    return response


def check_there(file: StoredFile) -> None:
    """Refuse what was disposed of, and say when, why and what had kept it.

    Raises:
        Disposed: (410).
    """
    disposal = Disposal.objects.standing().filter(file=file).first()
    if disposal is not None:
        rule = f"{disposal.basis}: {disposal.text_en or disposal.text_ja or '–'}"
        kept = f"it was kept until {say(disposal.kept_until)} ({rule})"
        raise Disposed(f"Disposed of at {say(disposal.disposed_at)}: {disposal.reason}; {kept}.")


def _headers(file: StoredFile, span: Span, name: str, etag: str) -> dict[str, str]:
    return {
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-cache",
        "Content-Disposition": content_disposition(name),
        "Content-Length": str(span.length),
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "ETag": etag,
        "Repr-Digest": f"sha-256=:{base64.b64encode(bytes.fromhex(file.sha256)).decode()}:",
        "X-Content-Type-Options": "nosniff",
    }


def _span(request: Request, size: int, etag: str) -> Span | None:
    """Return the range asked for; None for the whole, also where there are several or ``If-Range`` names other bytes.

    Source: RFC 9110 section 14.2.
    """
    match = RANGE.fullmatch(request.headers.get("Range", "").replace(" ", ""))
    if match is None or request.headers.get("If-Range", etag) != etag:
        return None
    first, last = match.groups()
    if first is None and last is None:
        return None
    if first is None:
        span = Span(max(0, size - int(last)), size - 1)
    else:
        span = Span(int(first), min(int(last), size - 1) if last else size - 1)
        if last and int(last) < int(first):
            return None
    if span.first >= size or span.length <= 0:
        raise RangeNotSatisfiable(f"The file has {size} bytes.", headers={"Content-Range": f"bytes */{size}"})
    return span


class _Bytes:
    """The bytes of a span, chunk by chunk; nothing is open before they are read, nor once nobody reads on."""

    def __init__(self, sha256: str, span: Span) -> None:
        self.sha256 = sha256
        self.span = span

    def __iter__(self) -> Iterator[bytes]:
        with object_store().open(self.sha256) as content:
            content.seek(self.span.first)
            left = self.span.length
            while left and (chunk := content.read(min(left, CHUNK))):
                left -= len(chunk)
                yield chunk
