"""Refusals that are meant: each is defined beside the function that raises it and answers as a problem document."""

from __future__ import annotations


class AuditError(Exception):
    """A refusal we meant. Anything else that is raised is a bug and surfaces as one.

    ``status`` is the HTTP status, ``slug`` names the problem type (``/problems/SLUG``), ``title`` says what
    was refused in one line; ``pointer`` names the offending member of the request where there is one.
    """

    status = 409
    slug = "refused"
    title = "The request was refused"

    def __init__(self, detail: str = "", *, pointer: str | None = None) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.pointer = pointer


class NotFound(AuditError):
    """The object does not exist, or the asker may not know that it does."""

    status = 404
    slug = "not-found"
    title = "There is no such object"


class NotAllowed(AuditError):
    """The asker sees the object but may not do this to it."""

    status = 403
    slug = "not-allowed"
    title = "You may not do this"


class Invalid(AuditError):
    """The request is well formed and its meaning is refused."""

    status = 422
    slug = "invalid"
    title = "The values do not hold together"


class Kept(AuditError):
    """A law, a contract, a rule or a legal hold keeps it; the detail says which, and until when."""

    slug = "kept"
    title = "It has to be kept"
