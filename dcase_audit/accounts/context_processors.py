"""What every page's frame shows: who is logged in, what waits, whether the data is made up."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest


def who_and_where(request: HttpRequest) -> dict[str, Any]:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"access": None}
    return {"access": user.access}
