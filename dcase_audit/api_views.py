"""The frame of every API view: who asks, with which scope, which parameters there are; then parse, one call, reply."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from types import SimpleNamespace
from typing import Any, ClassVar, TypeVar

from django.db import models
from django.utils import translation
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from dcase_audit import moments
from dcase_audit.accounts.access import Access
from dcase_audit.accounts.authentication import authenticated
from dcase_audit.accounts.models import ApiToken, User
from dcase_audit.api_fields import UNSTORABLE, Body
from dcase_audit.api_refusals import BadHeader, BadParameter, LengthRequired, MissingScope
from dcase_audit.errors import NotAllowed, NotFound

LONGEST_PARAMETER = 200
CURSOR = "cursor"

M = TypeVar("M", bound=models.Model)


class ByAccept(DefaultContentNegotiation):
    """By ``Accept`` alone: ``?format=`` is no parameter of ours."""

    settings = SimpleNamespace(URL_FORMAT_OVERRIDE=None)  # type: ignore[assignment]

    def select_parser(self, request: Request, parsers: Any) -> Any:
        """Return the parser of exactly the body's media type; a body of ``*/*`` says nothing about itself."""
        sent = request.content_type.partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == sent), None)


class AsStored(ByAccept):
    """For bytes that are given as they are stored, whatever ``Accept`` says; problems are JSON."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type


class ApiView(APIView):
    """A view under ``/api/``. ``scope`` is what a token needs to write here, ``scope_to_read`` to read.

    ``parameters`` are the names that a query may hold; any other is refused, since an ignored filter shows too much.
    """

    content_negotiation_class: type[ByAccept] = ByAccept
    permission_classes = [IsAuthenticated]
    metadata_class = None
    http_method_names = ["get", "head", "post", "put", "delete"]
    scope: ClassVar[str] = ApiToken.Scope.READ
    scope_to_read: ClassVar[str | None] = ApiToken.Scope.READ
    parameters: ClassVar[frozenset[str]] = frozenset()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        # Answers are for machines: one language, whatever the browser prefers.
        translation.activate("en")
        super().initial(request, *args, **kwargs)
        self._check_scope()
        self._check_query()
        if "Transfer-Encoding" in request.headers and not request.headers.get("Content-Length"):
            raise LengthRequired()

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response.headers.setdefault("Cache-Control", "no-store")
        return super().finalize_response(request, response, *args, **kwargs)

    def _check_scope(self) -> None:
        method = str(self.request.method).lower()
        scope = self.scope_to_read if method in {"get", "head"} else self.scope
        # What the address does not take at all is said to everybody.
        if scope is not None and hasattr(self, method) and not self.access.has_scope(scope):
            raise MissingScope(f"The token lacks the scope {scope}.")

    def _check_query(self) -> None:
        for name, values in self.request.query_params.lists():
            if name not in self.parameters:
                raise BadParameter(name[:80], "There is no such parameter here.")
            if len(values) > 1:
                raise BadParameter(name, "The parameter comes twice.")
            longest = 4000 if name == CURSOR else LONGEST_PARAMETER
            if len(values[0]) > longest or UNSTORABLE.search(values[0]):
                raise BadParameter(name, f"The value is longer than {longest} characters or holds U+0000.")

    @property
    def user(self) -> User:
        return authenticated(self.request)

    @property
    def access(self) -> Access:
        return self.user.access

    @property
    def through(self) -> str:
        """By what the request came: ``token:PREFIX``."""
        token: ApiToken | None = getattr(self.request._request, "api_token", None)
        return f"token:{token.prefix}" if token else "session"

    def moment(self, name: str) -> datetime | None:
        """Return the moment that the query gives as ``name``; None without it."""
        text = self.request.query_params.get(name)
        if text is None:
            return None
        try:
            return moments.parse_parameter(text)
        except ValueError as error:
            raise BadParameter(name, str(error)) from None

    def number(self, name: str, default: int, *, most: int) -> int:
        """Return the whole number from 1 to ``most`` that the query gives as ``name``."""
        text = self.request.query_params.get(name)
        if text is None:
            return default
        if not (text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= most):
            raise BadParameter(name, f"A whole number from 1 to {most} is expected.")
        return int(text)

    def choice(self, name: str, choices: Iterable[str]) -> str | None:
        """Return which of ``choices`` the query gives as ``name``; None without it."""
        text = self.request.query_params.get(name)
        if text is not None and text not in (known := list(choices)):
            raise BadParameter(name, f"One of these is expected: {', '.join(known)}.")
        return text

    def body(self, kind: type[Body], data: object = None) -> dict[str, Any]:
        """Return the members of the request's body (or of ``data``), checked."""
        parsed = kind(data=self.request.data if data is None else data)
        parsed.is_valid(raise_exception=True)
        found: dict[str, Any] = parsed.validated_data
        return found


def find(rows: models.QuerySet[M], **lookup: Any) -> M:
    """Return the row; whoever may not see it learns as much as if there were none.

    Raises:
        NotFound: (404).
    """
    found = rows.filter(**lookup).first()
    if found is None:
        raise NotFound()
    return found


def allow(allowed: bool, why: str) -> None:
    """Refuse what the asker may see and not do.

    Raises:
        NotAllowed: (403).
    """
    if not allowed:
        raise NotAllowed(why)


def created(body: Mapping[str, Any], *, status: int = 201, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with what was made; its ``href`` is its ``Location``."""
    return Response(body, status=status, headers={"Location": body["href"], **(headers or {})})


def header_text(request: Request, name: str, longest: int = 255) -> str | None:
    """Return the header, visible ASCII only; None without it.

    Raises:
        BadHeader: it is empty, too long or holds other characters (400).
    """
    text = request.headers.get(name)
    if text is None:
        return None
    text = text.strip()
    if not 1 <= len(text) <= longest or not all(" " <= character <= "~" for character in text):
        raise BadHeader(name, f"From 1 to {longest} visible ASCII characters are expected.")
    return text
