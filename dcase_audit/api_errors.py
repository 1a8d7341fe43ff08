"""Every refusal as a problem document. Source: RFC 9457."""

from __future__ import annotations

import json
import logging
import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.core.exceptions import BadRequest, PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import Error as DatabaseError
from django.db import IntegrityError, InterfaceError, NotSupportedError, OperationalError, connection
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import render
from django.template.loader import get_template
from django.utils.translation import get_language
from django.views import defaults
from rest_framework import exceptions
from rest_framework.response import Response

from dcase_audit import api_refusals as refusals
from dcase_audit import metrics, strict_json
from dcase_audit.errors import AuditError, NotAllowed, NotFound
from dcase_audit.problem_words import JAPANESE

security = logging.getLogger("dcase_audit.security")

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER = "5"
UNIQUE_VIOLATION = "23505"
API = "/api/"
AWAY = "503.html"

Document = dict[str, Any]

OF_FRAMEWORK: Mapping[type[exceptions.APIException], type[refusals.HTTPRefusal]] = {
    exceptions.NotAuthenticated: refusals.Unauthenticated,
    exceptions.AuthenticationFailed: refusals.Unauthenticated,
    exceptions.MethodNotAllowed: refusals.MethodNotAllowed,
    exceptions.NotAcceptable: refusals.NotAcceptable,
    exceptions.UnsupportedMediaType: refusals.UnsupportedType,
    exceptions.Throttled: refusals.TooManyRequests,
    exceptions.ParseError: refusals.Malformed,
}


def problem(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """Answer an exception of an API view; None for a bug, which surfaces as one (DRF's exception handler)."""
    refusal = refusal_of(error)
    if refusal is None:
        return None
    if isinstance(refusal, refusals.MethodNotAllowed):
        refusal.headers["Allow"] = ", ".join(context["view"].allowed_methods)
    request: HttpRequest = context["request"]._request
    log(refusal, request, error)
    return Response(
        document(refusal, request), status=refusal.status, headers=headers(refusal), content_type=MEDIA_TYPE
    )


def refusal_of(error: BaseException) -> AuditError | None:
    """Return what ``error`` refuses, or None where it refuses nothing and is a bug."""
    if isinstance(error, AuditError):
        return error
    if isinstance(error, exceptions.ValidationError):
        return refusals.InvalidMembers(list(places_of(error.detail)))
    if isinstance(error, exceptions.APIException):
        return _of_framework(error)
    if isinstance(error, Http404):
        return NotFound()
    if isinstance(error, PermissionDenied):
        return NotAllowed()
    if isinstance(error, RequestDataTooBig):
        return refusals.BodyTooLarge()
    if isinstance(error, SuspiciousOperation | BadRequest | MultiPartParserError | UnreadablePostError):
        return refusals.Malformed()
    return _of_database(error) if isinstance(error, DatabaseError) else None


def _of_framework(error: exceptions.APIException) -> AuditError:
    detail = str(error.detail)
    for kind, refusal in OF_FRAMEWORK.items():
        if isinstance(error, kind):
            return refusal(detail, headers=_headers_of(error))
    if isinstance(error, exceptions.PermissionDenied):
        return NotAllowed(detail)
    return NotFound() if isinstance(error, exceptions.NotFound) else refusals.Unexpected()


def _headers_of(error: exceptions.APIException) -> dict[str, str]:
    challenge, wait = getattr(error, "auth_header", None), getattr(error, "wait", None)
    found = {"WWW-Authenticate": challenge} if challenge else {}
    return found | ({"Retry-After": str(math.ceil(wait))} if wait is not None else {})


def _of_database(error: DatabaseError) -> AuditError | None:
    if isinstance(error, IntegrityError) and getattr(error.__cause__, "sqlstate", None) == UNIQUE_VIOLATION:
        return refusals.Conflict()
    if isinstance(error, OperationalError | InterfaceError):
        return refusals.Unavailable(headers={"Retry-After": RETRY_AFTER})
    if isinstance(error, NotSupportedError) and "cached plan" in str(error):
        # A migration changed a column under a statement that was prepared: this connection would go on failing.
        connection.close()
        return refusals.Unavailable(headers={"Retry-After": RETRY_AFTER})
    return None


def places_of(detail: Any, path: tuple[str | int, ...] = ()) -> Iterator[refusals.Place]:
    """Yield a pointer and a sentence for everything that serializers found."""
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            yield from places_of(inner, path if name == "non_field_errors" else (*path, name))
    elif isinstance(detail, Sequence) and not isinstance(detail, str):
        for index, inner in enumerate(detail):
            yield from places_of(inner, path if isinstance(inner, str) else (*path, index))
    else:
        yield refusals.Place(strict_json.pointer(path), str(detail))


def document(refusal: AuditError, request: HttpRequest) -> Document:
    """Return the problem document; ``request`` is the id under which the log knows the request."""
    body: Document = {
        "type": f"/problems/{refusal.slug}",
        "title": refusal.title,
        "status": refusal.status,
        "detail": refusal.detail,
        "request": getattr(request, "request_id", ""),
    }
    if errors := list(_errors(refusal)):
        body["errors"] = errors
    return body


def _errors(refusal: AuditError) -> Iterator[dict[str, str]]:
    if isinstance(refusal, refusals.InvalidMembers):
        yield from (place._asdict() for place in refusal.places)
    elif isinstance(refusal, refusals.BadParameter):
        yield {"parameter": refusal.parameter, "detail": refusal.detail}
    elif isinstance(refusal, refusals.BadHeader):
        yield {"header": refusal.header, "detail": refusal.detail}
    elif refusal.pointer is not None:
        yield {"pointer": refusal.pointer, "detail": refusal.detail}


def headers(refusal: AuditError) -> dict[str, str]:
    """Return the headers that go with the answer."""
    found = dict(getattr(refusal, "headers", {}))
    if refusal.status in {503, 507}:
        found.setdefault("Retry-After", RETRY_AFTER)
    return found


def log(refusal: AuditError, request: HttpRequest, error: Exception) -> None:
    """Write one line for the security log: who was refused what, and why; with the trace where it is our fault."""
    who = getattr(request, "api_token", None)
    line = {
        "problem": refusal.slug,
        "status": refusal.status,
        "detail": refusal.detail[:300],
        "method": request.method,
        "path": request.path[:300],
        "account": _account(request),
        "token": getattr(who, "prefix", None),
        "address": request.META.get("REMOTE_ADDR", ""),
        "request": getattr(request, "request_id", ""),
    }
    is_ours = refusal.status >= 500
    level = logging.ERROR if is_ours else logging.WARNING
    security.log(level, "refused %s", json.dumps(line, ensure_ascii=True), exc_info=error if is_ours else None)


def _account(request: HttpRequest) -> int | None:
    """Return the number of the account, if one is known; it may be that the database was to be asked for it."""
    with suppress(DatabaseError):
        number: int | None = getattr(getattr(request, "user", None), "pk", None)
        return number
    return None


def answer(refusal: AuditError, request: HttpRequest) -> HttpResponse:
    """Answer outside of an API view: a problem document under ``/api/``, a page elsewhere.

    Without a database the page is one that asks for nothing, as the frame of the others does.
    """
    if request.path.startswith(API):
        return JsonResponse(
            document(refusal, request), status=refusal.status, headers=headers(refusal), content_type=MEDIA_TYPE
        )
    if isinstance(refusal, refusals.Unavailable):
        page = get_template(AWAY).render()
        return HttpResponse(page, status=refusal.status, headers=headers(refusal))
    japanese = JAPANESE.get(refusal.slug) if (get_language() or "").startswith("ja") else None
    shown = {"refusal": refusal, "title": japanese or refusal.title}
    response = render(request, "refused.html", shown, status=refusal.status)
    for name, value in headers(refusal).items():
        response.headers[name] = value
    return response


class BodyLimitMiddleware:
    """Refuses a form that is too large before the check of its token reads it; files would fill the disk meanwhile.

    Views that take files, and those of the API, are exempt from that check and limit their bodies themselves.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: object, kwargs: object
    ) -> HttpResponse | None:
        length = request.META.get("CONTENT_LENGTH") or "0"
        is_small = length.isdigit() and int(length) <= settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        if is_small or getattr(view, "csrf_exempt", False):
            return None
        refusal = refusals.BodyTooLarge()
        log(refusal, request, refusal)
        return answer(refusal, request)


class RefusalMiddleware:
    """Innermost of all: turns what pages refuse into an answer, and counts the answers."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        metrics.count(request, response.status_code)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer what we meant to refuse and a database that is away; Django answers everything else."""
        if not isinstance(exception, AuditError | DatabaseError):
            return None
        refusal = refusal_of(exception)
        if refusal is None:
            return None
        log(refusal, request, exception)
        return answer(refusal, request)


# The four handlers of ``urls``: what Django itself refuses.


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if not request.path.startswith(API):
        return defaults.bad_request(request, exception)
    return answer(refusal_of(exception) or refusals.Malformed(), request)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    if not request.path.startswith(API):
        return defaults.permission_denied(request, exception)
    return answer(NotAllowed(), request)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if not request.path.startswith(API):
        return defaults.page_not_found(request, exception)
    return answer(NotFound("There is nothing at this address."), request)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer what nobody handled; it is being handled still. A database that is away is met by middleware, too."""
    error = sys.exception()
    if isinstance(error, DatabaseError) and (refusal := _of_database(error)):
        log(refusal, request, error)
        return answer(refusal, request)
    if not request.path.startswith(API):
        return defaults.server_error(request)
    return answer(refusals.Unexpected(), request)
