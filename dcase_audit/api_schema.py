"""The description of the API (OpenAPI 3.1), made from the views themselves."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from drf_spectacular.extensions import (
    OpenApiAuthenticationExtension,
    OpenApiSerializerExtension,
    OpenApiSerializerFieldExtension,
)
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.settings import patched_settings
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import Direction, OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers

from dcase_audit.api_errors import MEDIA_TYPE

ALWAYS = (400, 401, 403, 405, 406, 429, 503)
PROBLEMS = {
    400: "The request is malformed.",
    401: "There is no valid token.",
    403: "The token lacks the scope, or the account may not do this.",
    404: "There is no such object, or the asker may not know of it.",
    405: "The method is not allowed here.",
    406: "Answers are JSON.",
    409: "The state of the object, or another request, does not allow it.",
    410: "The bytes were disposed of; the detail says when and why.",
    411: "The length of the body is needed.",
    412: "It has changed since it was read.",
    413: "The body is too large.",
    415: "The media type is not taken here.",
    416: "The file has no such range.",
    422: "The values are refused; `errors` names each place.",
    428: "`If-Match` is needed.",
    429: "Too many requests of this token, or files of this department; `Retry-After` says when to ask again.",
    503: "The database or the file store cannot be reached.",
    507: "There is no room for more files.",
}

F = TypeVar("F", bound=Callable[..., Any])


class Shape(serializers.Serializer[Any]):
    """An object of an answer: it has these members and no others."""


class PlaceShape(Shape):
    """One thing that is wrong: where, as a JSON pointer, a query parameter or a header, and what."""

    pointer = serializers.CharField(required=False, help_text="JSON pointer (RFC 6901) into the body.")
    parameter = serializers.CharField(required=False)
    header = serializers.CharField(required=False)
    detail = serializers.CharField()


class ProblemShape(Shape):
    """A refusal (RFC 9457)."""

    type = serializers.CharField(help_text="Path of the page that explains the problem.")
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    request = serializers.CharField(help_text="The id under which our log knows the request.")
    errors = PlaceShape(many=True, required=False)  # type: ignore[assignment]


def described(
    summary: str,
    answers: Mapping[Any, Any],
    *,
    problems: Sequence[int] = (),
    request: Any = None,
    parameters: Sequence[OpenApiParameter] = (),
    examples: Sequence[OpenApiExample] = (),
    description: str = "",
    tag: str | None = None,
    operation: str | None = None,
) -> Callable[[F], F]:
    """Describe an operation: what it answers, and which problems beside those that every operation has."""
    refused = {
        (status, MEDIA_TYPE): OpenApiResponse(ProblemShape, PROBLEMS[status]) for status in sorted({*ALWAYS, *problems})
    }
    return extend_schema(
        operation_id=operation,
        summary=summary,
        description=description,
        request=request,
        responses={**answers, **refused},
        parameters=list(parameters),
        examples=list(examples),
        tags=[tag] if tag else None,
    )


def parameter(name: str, description: str, kind: Any = OpenApiTypes.STR, **more: Any) -> OpenApiParameter:
    """Describe a query parameter."""
    return OpenApiParameter(name, kind, OpenApiParameter.QUERY, description=description, **more)


def header(name: str, description: str, **more: Any) -> OpenApiParameter:
    """Describe a request header."""
    return OpenApiParameter(name, str, OpenApiParameter.HEADER, description=description, **more)


PAGING = (
    parameter("cursor", "Where the page begins, from `next` of the page before."),
    parameter(
        "limit", "Items on a page, from 1 to 100.", {"type": "integer", "minimum": 1, "maximum": 100, "default": 50}
    ),
)
IDEMPOTENCY = {"name": "Idempotency-Key", "pattern": "^[!-~]{1,255}$"}


def page_shape(item: type[serializers.Serializer[Any]]) -> type[serializers.Serializer[Any]]:
    """Return the shape of a page of ``item``."""
    name = item.__name__.removesuffix("Shape") + "PageShape"
    members = {
        "items": item(many=True),
        "next": serializers.CharField(allow_null=True, help_text="Address of the next page; null on the last."),
        "known": serializers.DateTimeField(help_text="What was recorded by then is on the pages."),
    }
    return type(name, (Shape,), members)


class _ClosedShapes(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """Answers have the members that are described and no others."""

    target_class = "dcase_audit.api_schema.Shape"
    match_subclasses = True

    def map_serializer(self, auto_schema: AutoSchema, direction: Direction) -> dict[str, Any]:
        schema: dict[str, Any] = auto_schema._map_serializer(  # type: ignore[no-untyped-call]
            self.target, direction, bypass_extensions=True
        )
        return {**schema, "additionalProperties": False} if schema.get("type") == "object" else schema


class _ClosedBodies(_ClosedShapes):  # type: ignore[no-untyped-call]
    """So have bodies."""

    target_class = "dcase_audit.api_fields.Body"


class _Moments(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """Times have a zone, which OpenAPI's date-time says."""

    target_class = "dcase_audit.api_fields.Moment"

    def map_serializer_field(self, auto_schema: AutoSchema, direction: Direction) -> dict[str, Any]:
        return {"type": "string", "format": "date-time"}


class _Tokens(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Bearer tokens."""

    target_class = "dcase_audit.accounts.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer", "description": "A token of this service: dca_..."}


@cache
def schema_text() -> bytes:
    """Return the description as JSON; it is the same for everybody and as long as the process lives."""
    # Choices stay where they are used: one set of words in several places is no type of its own.
    with patched_settings({"POSTPROCESSING_HOOKS": []}):
        schema = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return json.dumps(schema, ensure_ascii=False).encode()


@require_safe
def schema_view(request: HttpRequest) -> HttpResponse:
    """Give the description to whoever asks: it holds no data."""
    return HttpResponse(schema_text(), content_type="application/vnd.oai.openapi+json;version=3.1")
