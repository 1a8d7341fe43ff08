"""The named events that a test's transaction recorded, before anybody sealed them."""

from __future__ import annotations

import json
from typing import Any

from django.db import connection

from tests.server import sequencing


def payloads(kind: str) -> list[dict[str, Any]]:
    """Return what each event of the kind says, in order."""
    return [json.loads(payload) for _, payload in _recorded(kind)]


def subjects(kind: str) -> list[str]:
    """Return what each event of the kind is about, in order."""
    return [subject for subject, _ in _recorded(kind)]


def _recorded(kind: str) -> list[tuple[str, str]]:
    with sequencing(), connection.cursor() as cursor:
        cursor.execute("SELECT subject, payload::text FROM trail.outbox WHERE kind = %s ORDER BY id", [kind])
        found: list[tuple[str, str]] = cursor.fetchall()
    return found
