"""Characters that turn the direction of writing: what people read must be what is stored (Unicode UAX #9, UTS #39).

They are kept in texts, where some are at home, and written out wherever a page or a letter shows one, as reports do.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
IN_UTF8 = re.compile(rb"\xe2\x80[\xaa-\xae]|\xe2\x81[\xa6-\xa9]")
SHOWN = ("text/html", "image/svg+xml")


def written_out(text: str) -> str:
    """Return the text with each such character as ``[U+202E]``."""
    return TURNING.sub(lambda found: f"[U+{ord(found.group()):04X}]", text)


class DirectionMiddleware:
    """Writes them out on every page, in whatever place of it; between the views and what counts the bytes."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        is_page = not response.streaming and response.headers.get("Content-Type", "").startswith(SHOWN)
        if is_page and IN_UTF8.search(response.content):
            response.content = written_out(response.content.decode()).encode()
        return response
