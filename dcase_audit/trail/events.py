"""Named domain events: what the rows alone do not say."""

from __future__ import annotations

import json
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection


def record(kind: str, subject: str, **payload: Any) -> None:
    """Write the event ``kind`` (``noun.past_tense``) about ``subject`` (``revision:17``) with its transaction.

    The database adds time, transaction, session user and the context; without an actor it refuses
    (SQLSTATE 42501).
    """
    body = json.dumps(payload, cls=DjangoJSONEncoder, sort_keys=True, ensure_ascii=False)
    with connection.cursor() as cursor:
        cursor.execute("SELECT trail.record(%s, %s, %s::jsonb)", [kind, subject, body])
