"""Versions of what evidence was obtained on."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from dcase_audit.accounts import permissions
from dcase_audit.accounts.models import User
from dcase_audit.trail.events import record
from evidence.models import Subject, SubjectVersion
from evidence.refusals import NotYours
from evidence.settling import settling


@transaction.atomic
def record_subject_version(
    *, subject: Subject, version: str, digest: str = "", since: datetime | None = None, actor: User | None, at: datetime
) -> SubjectVersion | None:
    """Record that the subject is in another version since a moment (default: now); evidence obtained on the old one
    goes stale. Equal to the version that holds then: nothing is written and None is returned.

    Raises:
        NotYours: ``actor`` does not belong to the subject's department (403).
    """
    if actor is not None and not permissions.may_write_subject(actor.access, department_id=subject.department_id):
        raise NotYours("this subject is kept by another department")
    with settling(at=at, cause=f"subject.changed:{subject.key}", subjects=[subject.pk]) as work:
        since = since or work.moment
        current = subject.versions.filter(since__lte=since).order_by("-since", "-id").first()
        if current is not None and (current.version, current.digest) == (version, digest):
            return None
        made = SubjectVersion.objects.create(
            subject=subject, version=version, digest=digest, since=since, recorded_at=work.moment, recorded_by=actor
        )
        record("subject.changed", f"subject:{subject.pk}", key=subject.key, version=version, digest=digest)
    return made
