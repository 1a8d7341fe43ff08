"""What keeps evidence, and what was disposed of, as known at the report's moment."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from dcase_audit.reports.assemble.names import Names
from dcase_audit.reports.contents import Disposal, Retention
from dcase_audit.reports.contents.evidence import Basis
from evidence import models


def retention_of(row: models.Revision, names: Names, known: datetime) -> Retention | None:
    """Return until when a submitted revision is kept at least, and what asks for that; None without any class."""
    if not row.retention or row.retain_until is None:
        return None
    extensions = sorted(row.extensions.all(), key=lambda extension: extension.until)
    # Each extension says what it put off: the first that came later says what was known before it.
    later = next((extension for extension in extensions if extension.extended_at > known), None)
    until = later.before if later is not None else row.retain_until
    asked = next((e for e in reversed(extensions) if e.extended_at <= known and e.until == until), None)
    if asked is not None:
        return Retention(at_least=until, basis=cast(Basis, asked.basis), text=names.pick(asked.text_ja, asked.text_en))
    said = row.retention
    return Retention(at_least=until, basis=cast(Basis, said["basis"]), text=names.pick(said["ja"], said["en"]))


def held_since(row: models.Revision, holds: list[models.LegalHold], known: datetime) -> datetime | None:
    """Return since when a hold that was open then has kept the revision; None without one."""
    open_ = [hold for hold in holds if hold.revision_id in (None, row.pk) and _was_open(hold, known)]
    return min((hold.placed_at for hold in open_), default=None)


def _was_open(hold: models.LegalHold, known: datetime) -> bool:
    release: models.HoldRelease | None = getattr(hold, "release", None)
    return hold.placed_at <= known and (release is None or release.released_at > known)


def disposal_of(file: models.StoredFile, names: Names, known: datetime) -> Disposal | None:
    """Return the disposal by which the file was gone then; None while it was there."""
    for row in file.disposals.all():
        undone = any(moment is not None and moment <= known for moment in (row.stopped_at, row.restored_at))
        if row.disposed_at <= known and not undone:
            return Disposal(
                at=row.disposed_at,
                by=names.person(row.disposed_by_id),
                reason=row.reason,
                basis=cast(Basis, row.basis),
                text=names.pick(row.text_ja, row.text_en),
            )
    return None
