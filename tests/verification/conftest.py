from __future__ import annotations

from pathlib import Path

import pytest
from pytest_django import Settings

from tests.api.conftest import as_ as as_token
from tests.api.conftest import static_files
from tests.cast import cast, the_clock
from tests.pages.conftest import as_
from tests.sealing import Sealing

__all__ = ["as_", "as_token", "cast", "static_files", "the_clock"]


@pytest.fixture
def sealing(settings: Settings, tmp_path: Path) -> Sealing:
    settings.TRAIL_DIR = tmp_path / "trail"
    settings.TRAIL_MERGE_DELAY = 2
    settings.OBJECT_STORE_URL = (tmp_path / "objects").as_uri()
    return Sealing(tmp_path)


@pytest.fixture
def known(sealing: Sealing, settings: Settings) -> Sealing:
    """A log whose key and witness the application knows, and no alarm of a busy machine or of the rows that every
    test's database was made with, at the start of the run."""
    settings.TRAIL_MERGE_DELAY = 24 * 60 * 60
    sealing.make_known()
    return sealing
