"""Lists page by page: by keyset, so that the last page costs what the first does and nothing is shown twice.

A cursor is signed and opaque. It pins ``known``, the moment at which the first page was asked for: what was recorded
later is on none of the pages.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlencode

from django.core import signing
from django.db import models
from django.db.models import F, Value
from django.db.models.expressions import Func
from rest_framework.request import Request
from rest_framework.response import Response

from dcase_audit import moments
from dcase_audit.api_refusals import BadParameter
from dcase_audit.api_views import CURSOR, ApiView

PAGE = 50
LARGEST_PAGE = 100
PARAMETERS = frozenset({CURSOR, "limit"})

Position = list[Any]
M = TypeVar("M", bound=models.Model)

signer = signing.Signer(salt="dcase_audit.api.cursor")


class RowAfter(Func):
    """``(a, b) > (x, y)``, which an index on (a, b) answers; ``descending`` turns it round."""

    output_field = models.BooleanField()

    def __init__(self, fields: Sequence[str], position: Position, *, descending: bool = False, **extra: Any) -> None:
        super().__init__(*(F(field) for field in fields), *(Value(value) for value in position), **extra)
        self.half, self.sign = len(fields), "<" if descending else ">"

    def as_sql(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, tuple[Any, ...]]:  # type: ignore[override]
        parts, params = [], []
        for expression in self.source_expressions:
            sql, given = compiler.compile(expression)
            parts.append(sql)
            params.extend(given)
        left, right = ", ".join(parts[: self.half]), ", ".join(parts[self.half :])
        return f"({left}) {self.sign} ({right})", tuple(params)


class Paging(NamedTuple):
    """Where a page begins: ``after`` the position (None: at the beginning), as known at a moment."""

    known: datetime
    after: Position | None
    limit: int
    request: Request

    def answer(
        self, items: list[Any], position: Callable[[Any], Position], show: Callable[[list[Any]], list[Any]]
    ) -> Response:
        """Answer with the first ``limit`` of ``items``; one more than that says that there is a next page."""
        shown = items[: self.limit]
        following = self._next(position(shown[-1])) if len(items) > self.limit else None
        return Response({"items": show(shown), "next": following, "known": moments.say(self.known)})

    def _next(self, position: Position) -> str:
        query = self.request.query_params.dict()
        query[CURSOR] = signer.sign_object([_list_of(self.request), moments.say(self.known), position], compress=True)
        return f"{self.request.path}?{urlencode(query)}"


def paging(view: ApiView, *, known: datetime) -> Paging:
    """Read where the page begins; ``known`` is pinned by the first page.

    Raises:
        BadParameter: the cursor is not one that this list gave for these filters (400).
    """
    limit = view.number("limit", PAGE, most=LARGEST_PAGE)
    text = view.request.query_params.get(CURSOR)
    if text is None:
        return Paging(known, None, limit, view.request)
    try:
        of, pinned, position = signer.unsign_object(text)
    except (signing.BadSignature, ValueError):
        raise BadParameter(CURSOR, "This is no cursor that a list gave.") from None
    if of != _list_of(view.request):
        raise BadParameter(CURSOR, "The cursor belongs to another list or to other filters.")
    return Paging(moments.parse(pinned), position, limit, view.request)


def page_of(
    rows: models.QuerySet[M], fields: Sequence[str], page: Paging, *, descending: bool = False
) -> models.QuerySet[M]:
    """Order by ``fields``, of which the last is unique, and keep the page's rows and one more."""
    if page.after is not None:
        rows = rows.filter(RowAfter(fields, page.after, descending=descending))
    return rows.order_by(*(f"-{field}" if descending else field for field in fields))[: page.limit + 1]


def _list_of(request: Request) -> str:
    """Return a digest of the path and its filters."""
    filters = sorted((name, value) for name, value in request.query_params.items() if name not in PARAMETERS)
    return hashlib.sha256(repr((request.path, filters)).encode()).hexdigest()[:16]
