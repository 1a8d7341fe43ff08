"""Versions of what evidence was obtained on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Lower

from dcase_audit.accounts import permissions
from dcase_audit.accounts.models import User
from dcase_audit.cases.models import Criterion
from dcase_audit.trail.events import record
from evidence.models import Artefact, Subject, SubjectVersion, Support
from evidence.refusals import NotYours
from evidence.settling import settling


def subjects_with(digests: Sequence[str], *, artefact: Artefact) -> dict[str, dict[str, str]]:
    """Return the versions whose digest is one of these (``sha256:`` and hex, or the hex alone), as revisions keep them.

    Of the subjects of the artefact's department, and those that a criterion names in a case that it supports. Where a
    subject had several such versions, the last one counts.
    """
    wanted = {spelt for digest in digests for spelt in (digest.lower(), digest.lower().partition(":")[2]) if spelt}
    if not wanted:
        return {}
    cases = Support.objects.filter(artefact=artefact).values("case")
    named = Criterion.objects.in_force().filter(node__case__in=cases, subjects__contains=[OuterRef("key")])
    near = Subject.objects.filter(Q(department=artefact.custodian_id) | Exists(named))
    rows = SubjectVersion.objects.annotate(spelt=Lower("digest")).filter(subject__in=near, spelt__in=wanted)
    return {
        row.subject.key: {"version": row.version, "digest": row.digest}
        for row in rows.select_related("subject").order_by("since", "pk")
    }


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
