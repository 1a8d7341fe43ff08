from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings

from tests.api.client import Api
from tests.cast import Cast, cast, the_clock

__all__ = ["As", "as_", "cast", "the_clock"]

As = Callable[[str], Api]


@pytest.fixture(scope="session", autouse=True)
def static_files() -> None:
    """Make the directory that `make run` collects static files into; the middleware warns where there is none."""
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)


@pytest.fixture
def as_(cast: Cast) -> As:
    """Give the client of one of the cast; of nobody for the empty name."""
    return lambda name: Api(cast.secrets[name] if name else None)
