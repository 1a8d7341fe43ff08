"""Named domain events: what the rows alone do not say."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection


class Event(NamedTuple):
    """Something of ``kind`` (``noun.past_tense``) about ``subject`` (``revision:17``)."""

    kind: str
    subject: str
    payload: Mapping[str, Any]


def record(kind: str, subject: str, **payload: Any) -> None:
    """Write the event ``kind`` (``noun.past_tense``) about ``subject`` (``revision:17``) with its transaction.

    The database adds time, transaction, session user and the context; without an actor it refuses
    (SQLSTATE 42501).
    """
    record_many([Event(kind, subject, payload)])


def record_many(events: Sequence[Event]) -> None:
    """Write each event as ``record`` does, in their order and in one statement."""
    if not events:
        return
    kinds, subjects = [event.kind for event in events], [event.subject for event in events]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT trail.record(e.kind, e.subject, e.payload)"
            " FROM unnest(%s::text[], %s::text[], %s::jsonb[]) AS e(kind, subject, payload)",
            [kinds, subjects, [_text(event.payload) for event in events]],
        )


def _text(payload: Mapping[str, Any]) -> str:
    return json.dumps(dict(payload), cls=DjangoJSONEncoder, sort_keys=True, ensure_ascii=False)
