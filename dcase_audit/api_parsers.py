"""Request bodies: one JSON object that has one reading, or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework.parsers import BaseParser

from dcase_audit import strict_json


class StrictJSONParser(BaseParser):
    """Read a JSON object as ``strict_json`` does; more than the limit is never read into memory.

    Raises:
        StrictJSONError, JSONTooLarge: (400, 413).
    """

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, object]:
        limit: int = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        return strict_json.loads_object(stream.read(limit + 1), limit=limit)
