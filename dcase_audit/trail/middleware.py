"""The web's door into the trail: every request acts as whoever it turns out to be."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from dcase_audit.trail.context import acting

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


def actor_of(request: HttpRequest) -> str:
    """Name who acts in ``request`` at this moment: a token's account, a session's user, or ``anonymous``."""
    token = getattr(request, "api_token", None)
    if token is not None:
        return f"token:{token.prefix}"
    user = getattr(request, "user", None)
    return f"user:{user.pk}" if user is not None and user.is_authenticated else "anonymous"


class ActorMiddleware:
    """Outermost of all, so that nothing is written by nobody; gives each request an id of its own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        claimed = request.headers.get("X-Request-Id", "")
        request_id = claimed if REQUEST_ID.fullmatch(claimed) else uuid.uuid4().hex
        request.request_id = request_id  # type: ignore[attr-defined]
        address = request.META.get("REMOTE_ADDR", "")
        with acting(lambda: actor_of(request), request=request_id, address=address):
            response = self.get_response(request)
        response.headers["X-Request-Id"] = request_id
        return response
