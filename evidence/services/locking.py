"""Having the store itself keep what we have to keep, where it can: a bucket with Object Lock, asked to (``lock=``).

What is asked follows from the rows alone, and is only ever more: a job may come late, twice, or in any order.
"""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import connection

from dcase_audit.jobs.services import enqueue
from evidence.storage import object_store

LOCK = "evidence.lock_files"
# 9999: while it is valid, which nothing ended yet; what was promised counts until then.
WANTED = """
SELECT s.sha256, max(greatest(r.retain_until, CASE WHEN k.kept < '9999-12-31 00:00:00+00' THEN k.kept END)),
    bool_or(evidence_held(r.artefact_id, r.id))
FROM evidence_storedfile s JOIN evidence_revisionfile f ON f.file_id = s.id
    JOIN evidence_revision r ON r.id = f.revision_id, evidence_kept_until(r.id) k (kept)
WHERE r.submitted_at IS NOT NULL
    AND s.id IN (SELECT x.file_id FROM evidence_revisionfile x JOIN evidence_revision y ON y.id = x.revision_id
        WHERE y.artefact_id = %s AND y.submitted_at IS NOT NULL)
    AND NOT EXISTS (SELECT FROM evidence_disposal d
        WHERE d.file_id = s.id AND d.stopped_at IS NULL AND d.restored_at IS NULL)
GROUP BY s.sha256 ORDER BY s.sha256
"""


def have_locked(artefact_id: int, *, is_released: bool = False) -> None:
    """Have the files of an artefact locked once this transaction commits; nothing where the store locks none.

    ``is_released``: a hold of ours ended. Holds that others put on the bucket's objects are left alone otherwise.
    """
    if object_store().locks:
        enqueue(LOCK, artefact_id=artefact_id, is_released=is_released)


def lock_files(artefact_id: int, *, is_released: bool = False) -> int:
    """Lock each file of the artefact's submitted revisions as long as any revision needs it; return how many.

    Raises:
        ObjectMissing: one is gone. StoreUnavailable: the store does not do it now (503).
    """
    with connection.cursor() as cursor:
        cursor.execute(WANTED, [artefact_id])
        wanted = cursor.fetchall()
    # The store judges by its own clock, which no demo sets.
    now = datetime.now(UTC)
    for sha256, until, is_held in wanted:
        ends = until if until is not None and until > now else None
        object_store().lock(sha256, until=ends, held=True if is_held else (False if is_released else None))
    return len(wanted)
