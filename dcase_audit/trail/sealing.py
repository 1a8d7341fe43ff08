"""How far an event has come: still on its way to the log, in the log, or in what witnesses have seen."""

from __future__ import annotations

from typing import TypedDict
from urllib.parse import quote

from dcase_audit.trail.statements import rows

PENDING, LOGGED, WITNESSED = "pending", "logged", "witnessed"
STATUSES = (PENDING, LOGGED, WITNESSED)

FIRST = """
SELECT l.seq, (SELECT max(size) FROM trail.checkpoint WHERE witnessed_at IS NOT NULL)
FROM trail.log l WHERE l.object = %s AND l.version = 1
"""


class Sealed(TypedDict):
    """What is told of it: the object that the event is about, how far it has come, and where its entries are."""

    event: str
    status: str
    href: str


def sealed(subject: str) -> Sealed:
    """Tell of the first event about ``subject`` (``drill_result:17``), in one query."""
    status = PENDING
    for seq, witnessed in rows(FIRST, [subject]):
        status = WITNESSED if witnessed is not None and witnessed > seq else LOGGED
    return _told(subject, status)


def pending(subject: str) -> Sealed:
    """Tell of the first event about a subject that this transaction recorded: the log has it once that is over."""
    return _told(subject, PENDING)


def _told(subject: str, status: str) -> Sealed:
    return {"event": subject, "status": status, "href": f"/api/v1/trail/entries?object={quote(subject, safe='')}"}
