"""Moments of a case as the log has them: ``known`` as a number of entries, and the checkpoint that holds what was used.

Facts of a case and their settling have one order, that of its settlement lock, and the log keeps it: each settling ends
with an event that says up to when the case is settled.
"""

from __future__ import annotations

import json
from datetime import datetime

from dcase_audit.cases.models import Case
from dcase_audit.errors import Invalid
from dcase_audit.trail.statements import rows

SETTLED = "case.settled"
LAST_BELOW = """
SELECT d.texts[array_position(d.names, 'payload.at')] FROM trail.log l JOIN trail.disclosure d USING (seq)
WHERE l.object = %s AND l.kind = 'case.settled' AND l.seq < %s ORDER BY l.version DESC LIMIT 1
"""
LAST_BY = """
SELECT l.seq FROM trail.log l JOIN trail.disclosure d USING (seq) WHERE l.object = %s AND l.kind = 'case.settled'
AND (d.texts[array_position(d.names, 'payload.at')]::jsonb #>> '{}')::timestamptz <= %s ORDER BY l.version DESC LIMIT 1
"""
HOLDING = "SELECT min(size) FROM trail.checkpoint WHERE size > %s"


def known_by(case: Case, size: int) -> datetime:
    """Return up to when the case was settled in the first ``size`` entries of the log.

    Raises:
        Invalid: the log has not as many entries, or none of them settles the case (422).
    """
    ((have,),) = rows("SELECT size FROM trail.head")
    if size > have:
        raise Invalid(f"The log has {have} entries.", pointer="/known")
    found = rows(LAST_BELOW, [f"case:{case.pk}", size])
    if not found:
        raise Invalid("The case was not settled yet by then.", pointer="/known")
    return datetime.fromisoformat(json.loads(found[0][0]))


def checkpoint_of(case: Case, known: datetime) -> int | None:
    """Return the size of the smallest checkpoint that holds all that was recorded of the case by ``known``, if any."""
    found = rows(LAST_BY, [f"case:{case.pk}", known])
    if not found:
        return None
    ((size,),) = rows(HOLDING, [found[0][0]])
    return None if size is None else int(size)
