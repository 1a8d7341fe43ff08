"""Disposing of files that nothing keeps any more: decided with the row, done by a job, once.

The decision commits before any byte goes: a process that dies in between leaves a job, which is safe to repeat. Until
the bytes are gone a hold, a longer retention, or the same bytes received anew still stop it.
"""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, OperationalError, connection, transaction
from psycopg.errors import LockNotAvailable, UniqueViolation

from dcase_audit.accounts.models import User
from dcase_audit.errors import Invalid
from dcase_audit.jobs.services import enqueue
from dcase_audit.trail.events import record
from dcase_audit.trail.redaction import refusing_what_is_kept
from evidence.models import Artefact, Disposal, StoredFile
from evidence.querysets import RevisionQuerySet
from evidence.refusals import InUse
from evidence.services.custody import check_keeper
from evidence.storage import object_store

REMOVE = "evidence.remove_file"


def dispose(*, file: StoredFile, actor: User, at: datetime, reason: str) -> Disposal:
    """Decide that a file goes, whichever revisions have it; its bytes are removed by a job. A repeat returns the first.

    Whether its retention is over is judged by the clocks of database and witnesses, never by ``at``.

    Raises:
        NotYours: ``actor`` may not decide for an artefact that has the file, or none has it (403).
        Kept: a revision that has the file is kept, or on hold, or a draft (409).
        InUse: it is being received at this moment (409).
        ObjectLocked: the store itself keeps it (409). StoreUnavailable: it does not say (503).
        Invalid: no reason (422).
    """
    if not reason.strip():
        raise Invalid("A disposal wants a reason.", pointer="/reason")
    artefacts = list(Artefact.objects.filter(revisions__files__file=file).distinct())
    if not artefacts:
        raise Invalid("No revision has this file.", pointer="/sha256")
    for artefact in artefacts:
        check_keeper(actor, artefact)
    object_store().check_removable(file.sha256)
    try:
        with refusing_what_is_kept():
            disposal = Disposal.objects.create(file=file, reason=reason.strip(), disposed_by=actor, disposed_at=at)
            disposal.refresh_from_db()
            record(
                "file.disposed",
                f"file:{file.pk}",
                sha256=file.sha256,
                size=file.size,
                reason=disposal.reason,
                kept_until=disposal.kept_until,
                basis=disposal.basis,
                text_ja=disposal.text_ja,
                text_en=disposal.text_en,
            )
            enqueue(REMOVE, key=f"{REMOVE}:{disposal.pk}", disposal_id=disposal.pk)
    except OperationalError as error:
        if isinstance(error.__cause__, LockNotAvailable):
            raise InUse() from error
        raise
    except IntegrityError as error:
        if isinstance(error.__cause__, UniqueViolation):
            return Disposal.objects.standing().get(file=file)
        raise
    return disposal


@transaction.atomic
def remove(disposal: Disposal, *, at: datetime) -> None:
    """Remove the bytes of a file that was disposed of, unless something keeps it by now. A repeat changes nothing.

    Raises:
        InUse: the same bytes are being received; the job tries again (409).
        ObjectLocked: the store locks them since the decision; so does it (409).
        StoreUnavailable: the store cannot be written (503).
    """
    file = disposal.file
    if not _take(file):
        raise InUse()
    disposal.refresh_from_db()
    if disposal.removed_at is not None or not disposal.stands:
        return
    store = object_store()
    if _is_kept(file) and store.exists(file.sha256):
        _stop(disposal, at=at)
        return
    store.remove(file.sha256)
    disposal.removed_at = at
    disposal.save(update_fields=["removed_at"])
    record("file.removed", f"file:{file.pk}", sha256=file.sha256, disposal=disposal.pk)


def stop_disposals(revisions: RevisionQuerySet, *, at: datetime) -> None:
    """Stop disposals of files whose bytes are still there; what keeps the revisions now has their artefact's lock."""
    pending = Disposal.objects.standing().filter(removed_at=None, file__uses__revision__in=revisions)
    for disposal in pending.select_related("file").distinct():
        if object_store().exists(disposal.file.sha256):
            _stop(disposal, at=at)


def _stop(disposal: Disposal, *, at: datetime) -> None:
    disposal.stopped_at = at
    disposal.save(update_fields=["stopped_at"])
    record("file.disposal_stopped", f"file:{disposal.file_id}", disposal=disposal.pk)


def _take(file: StoredFile) -> bool:
    """Take the file for this transaction, behind whoever works on the artefacts that have it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT evidence_take_file(%s)", [file.pk])
        return bool(cursor.fetchone()[0])


def _is_kept(file: StoredFile) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM evidence_revisionfile f JOIN evidence_revision r ON r.id = f.revision_id"
            " WHERE f.file_id = %s AND (evidence_held(r.artefact_id, r.id)"
            " OR evidence_kept_until(r.id) > evidence_surely_past()))",
            [file.pk],
        )
        return bool(cursor.fetchone()[0])
