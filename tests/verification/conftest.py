from __future__ import annotations

from pathlib import Path

import pytest
from pytest_django import Settings

from tests.sealing import Sealing


@pytest.fixture
def sealing(settings: Settings, tmp_path: Path) -> Sealing:
    settings.TRAIL_DIR = tmp_path / "trail"
    settings.TRAIL_MERGE_DELAY = 2
    settings.OBJECT_STORE_URL = (tmp_path / "objects").as_uri()
    return Sealing(tmp_path)
