"""Once the person is known: pages in the person's language, kept by no cache."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import translation


class PersonMiddleware:
    """Use the logged-in person's language instead of the browser's, and let nobody keep the answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.user.is_authenticated or request.path.startswith("/api/"):
            return self.get_response(request)
        # Who logs out is nobody when the answer is made.
        language = request.user.language
        request.LANGUAGE_CODE = language
        with translation.override(language):
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        # What one person sees is kept by no cache, and is gone from the browser after the logout.
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response
