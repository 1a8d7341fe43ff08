"""What the HTTP edge refuses before any service is asked; each is a problem type of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from dcase_audit.errors import AuditError, Invalid


class Place(NamedTuple):
    """One thing that is wrong with a body: a JSON pointer (RFC 6901) and a sentence."""

    pointer: str
    detail: str


class HTTPRefusal(AuditError):
    """A refusal whose answer carries headers of its own."""

    def __init__(
        self, detail: str = "", *, pointer: str | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail, pointer=pointer)
        self.headers = dict(headers or {})


class Malformed(HTTPRefusal):
    """The request cannot be read."""

    status = 400
    slug = "malformed"
    title = "The request is malformed"


class BadParameter(Malformed):
    """A parameter of the query is unknown, missing, or has no value that it may have."""

    slug = "bad-parameter"
    title = "A query parameter is refused"

    def __init__(self, parameter: str, detail: str) -> None:
        super().__init__(detail)
        self.parameter = parameter


class BadHeader(Malformed):
    """A header has no value that it may have."""

    slug = "bad-header"
    title = "A request header is refused"

    def __init__(self, header: str, detail: str) -> None:
        super().__init__(detail)
        self.header = header


class Unauthenticated(HTTPRefusal):
    """There is no token, or it is unknown, expired or revoked."""

    status = 401
    slug = "unauthenticated"
    title = "A valid token is needed"


class MissingScope(HTTPRefusal):
    """The token was not issued for this."""

    status = 403
    slug = "missing-scope"
    title = "The token lacks the scope"


class MethodNotAllowed(HTTPRefusal):
    """The address does not take this method; ``Allow`` names those that it takes."""

    status = 405
    slug = "method-not-allowed"
    title = "The method is not allowed here"


class NotAcceptable(HTTPRefusal):
    """Answers are JSON, and ``Accept`` excludes it."""

    status = 406
    slug = "not-acceptable"
    title = "No answer in an accepted media type"


class Conflict(HTTPRefusal):
    """Another request did the same at the same moment; nothing of this one was kept."""

    status = 409
    slug = "conflict"
    title = "Somebody was faster"


class LengthRequired(HTTPRefusal):
    """The body comes in chunks; its ``Content-Length`` is needed."""

    status = 411
    slug = "length-required"
    title = "The length of the body is needed"


class StaleMatch(HTTPRefusal):
    """The object changed since it was read: ``If-Match`` names another state."""

    status = 412
    slug = "stale"
    title = "It has changed since you read it"


class BodyTooLarge(HTTPRefusal):
    """The body has more bytes, fields or files than are taken."""

    status = 413
    slug = "too-large"
    title = "The request is too large"


class UnsupportedType(HTTPRefusal):
    """The body is of a media type that this address does not take."""

    status = 415
    slug = "unsupported-type"
    title = "The media type is not taken here"


class RangeNotSatisfiable(HTTPRefusal):
    """The file has no byte in the range asked for."""

    status = 416
    slug = "range-not-satisfiable"
    title = "The file has no such range"


class InvalidMembers(Invalid):
    """Members of the body have values that they may not have; all of them are named."""

    def __init__(self, places: Sequence[Place]) -> None:
        first = places[0]
        more = f" ({len(places) - 1} more)" if len(places) > 1 else ""
        super().__init__(f"{first.pointer or '/'}: {first.detail}{more}")
        self.places = list(places)


class MatchRequired(HTTPRefusal):
    """A decision names the state that it is about: ``If-Match`` with the object's ``ETag``."""

    status = 428
    slug = "match-required"
    title = "If-Match is needed"


class TooManyRequests(HTTPRefusal):
    """There were too many requests in a short time."""

    status = 429
    slug = "too-many-requests"
    title = "Too many requests"


class Unexpected(HTTPRefusal):
    """Something went wrong on our side; the request's id leads to it in the log."""

    status = 500
    slug = "unexpected"
    title = "Something went wrong on our side"


class Unavailable(HTTPRefusal):
    """The database cannot be reached at the moment; the same request may be sent again."""

    status = 503
    slug = "unavailable"
    title = "The service is not available at the moment"
