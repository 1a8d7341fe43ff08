from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from dcase_audit.accounts.models import User
from tests.cast import Cast, cast, the_clock

__all__ = ["As", "as_", "cast", "the_clock"]

As = Callable[..., Client]


@pytest.fixture(scope="session", autouse=True)
def static_files() -> None:
    """Make the directory that `make run` collects static files into; the middleware warns where there is none."""
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)


def logged_in(user: User, language: str = "en") -> Client:
    """Return the browser of a person who reads ``language``."""
    User.objects.filter(pk=user.pk).update(language=language)
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def as_(cast: Cast) -> As:
    """Give the browser of one of the cast; of nobody for the empty name."""
    return lambda name, language="en": logged_in(cast.people[name], language) if name else Client()


def text_of(response: Any) -> str:
    """Return a page as text."""
    found: str = response.content.decode()
    return found


def queries(client: Client, path: str) -> int:
    """Return how many queries a page takes once the session is warm."""
    client.get(path)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path).status_code == 200
    return len(captured)
