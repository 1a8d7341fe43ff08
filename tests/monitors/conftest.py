from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings

from drills.models import Monitor
from tests.api.conftest import as_
from tests.cast import Cast, cast, the_clock
from tests.monitors.world import make_monitor

__all__ = ["as_", "cast", "the_clock"]


@pytest.fixture(scope="session", autouse=True)
def static_files() -> None:
    """Make the directory that the middleware warns of where there is none."""
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)


@pytest.fixture
def monitor(cast: Cast) -> Monitor:
    return make_monitor(cast)
