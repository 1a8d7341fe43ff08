from __future__ import annotations

from tests.api.conftest import as_ as as_token
from tests.api.conftest import static_files
from tests.cast import cast, the_clock
from tests.pages.conftest import as_

__all__ = ["as_", "as_token", "cast", "static_files", "the_clock"]
