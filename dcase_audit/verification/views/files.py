"""The log's files under ``/trail/``, byte for byte as they were published (docs/verification.md section 1).

They are for whoever sees a case, by session or by token: leaves hold commitments and numbers of objects alone.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from hashlib import sha256
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from dcase_audit.accounts import permissions
from dcase_audit.accounts.authentication import TokenAuthentication
from dcase_audit.accounts.models import User
from dcase_audit.api_refusals import MissingScope, Unauthenticated
from dcase_audit.cases.models import Case
from dcase_audit.trail.published import log_files
from dcase_audit.trail.publishing import CHECKPOINT
from dcase_audit.trail.tlog.succession import format_terms
from dcase_audit.trail.tlog.tiles import TileMalformed, TileMissing, parse_path
from dcase_audit.verification.keys import log_keys

TEXT, BYTES = "text/plain; charset=utf-8", "application/octet-stream"
TIMESTAMP = "application/timestamp-reply"
# A private cache alone may keep them: who may read today may not tomorrow.
FOR_EVER, ASK_AGAIN = "private, max-age=31536000, immutable", "private, no-cache"

View = Callable[..., HttpResponseBase]


def for_readers(view: View) -> View:
    """Let in who may read the log, by token or by session; a browser is sent to log in.

    Raises:
        Unauthenticated: (401). MissingScope: (403). Http404: the asker sees no case.
    """

    @wraps(view)
    def check(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        user = _reader(request)
        if user is None:
            if "text/html" in request.headers.get("Accept", ""):
                return redirect_to_login(request.get_full_path())
            raise Unauthenticated(headers=_challenge(request))
        if not permissions.may_read(user.access):
            raise MissingScope("The token lacks the scope read.")
        if not permissions.may_read_log(user.access, sees_a_case=Case.objects.visible_to(user).exists()):
            raise Http404
        return view(request, *args, **kwargs)

    return check


def _reader(request: HttpRequest) -> User | None:
    """Return whose token the request shows, or else whose session it is.

    Raises:
        Unauthenticated: the token is none that is valid (401).
    """
    try:
        found = TokenAuthentication().authenticate(Request(request))
    except AuthenticationFailed as error:
        raise Unauthenticated(str(error.detail), headers=_challenge(request)) from None
    if found is not None:
        return found[0]
    return request.user if isinstance(request.user, User) else None


def _challenge(request: HttpRequest) -> dict[str, str]:
    return {"WWW-Authenticate": TokenAuthentication().authenticate_header(Request(request))}


@require_safe
@for_readers
def checkpoint(request: HttpRequest) -> HttpResponseBase:
    """Give the checkpoint that was published last."""
    return _file(request, CHECKPOINT, TEXT, ASK_AGAIN)


@require_safe
@for_readers
def past_checkpoint(request: HttpRequest, size: str) -> HttpResponseBase:
    """Give a checkpoint by its size; one size may be published again, with other cosignatures."""
    return _file(request, f"checkpoints/{size}", TEXT, ASK_AGAIN)


@require_safe
@for_readers
def timestamp(request: HttpRequest, name: str) -> HttpResponseBase:
    """Give a time-stamping authority's response over a checkpoint, as it was received."""
    return _file(request, f"timestamps/{name}", TIMESTAMP, FOR_EVER)


@require_safe
@for_readers
def tile(request: HttpRequest, path: str) -> HttpResponseBase:
    """Give a tile, or a bundle of entries."""
    try:
        parse_path(f"tile/{path}")
    except TileMalformed:
        raise Http404 from None
    return _file(request, f"tile/{path}", BYTES, FOR_EVER)


@require_safe
@for_readers
def vkey(request: HttpRequest) -> HttpResponseBase:
    """Give the log's public keys, which a verifier compares with those that it was handed otherwise."""
    found = log_keys()
    if not found:
        raise Http404
    return _answer(request, format_terms(found).encode(), TEXT, ASK_AGAIN)


def _file(request: HttpRequest, path: str, media_type: str, caching: str) -> HttpResponseBase:
    try:
        data = log_files().get(path)
    except TileMissing:
        raise Http404 from None
    return _answer(request, data, media_type, caching)


def _answer(request: HttpRequest, data: bytes, media_type: str, caching: str) -> HttpResponseBase:
    etag = f'"{sha256(data).hexdigest()}"'
    headers = {"Cache-Control": caching, "ETag": etag, "X-Content-Type-Options": "nosniff"}
    response = HttpResponse(data, content_type=media_type, headers=headers)
    return get_conditional_response(request, etag=etag, response=response) or response
