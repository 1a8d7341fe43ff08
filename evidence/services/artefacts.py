"""Artefacts and their revisions, before anything is decided about them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Max
from psycopg.errors import RestrictViolation, UniqueViolation

from dcase_audit.accounts.models import Party, User
from dcase_audit.errors import Invalid
from dcase_audit.trail.events import record
from evidence.models import Artefact, Kind, Revision, RevisionFile, StoredFile
from evidence.refusals import Disposed
from evidence.services.custody import check_custody
from evidence.standings import first_standing


@dataclass(frozen=True)
class FileIn:
    """A stored file as part of a revision to be: in which role and language, and under which name it came."""

    file: StoredFile
    name: str
    role: str = RevisionFile.Role.MAIN
    language: str = ""
    source_url: str = ""
    fetched_at: datetime | None = None


def create_artefact(
    *,
    kind: Kind,
    key: str,
    title_ja: str = "",
    title_en: str = "",
    custodian: Party,
    owner: User | None,
    review_interval: str = "",
    actor: User | None,
    at: datetime,
) -> Artefact:
    """Add an artefact to a department's evidence; it comes with its standing.

    Raises:
        NotYours: ``actor`` does not belong to the department (403).
        Invalid: the key is taken, a value is no value of its field, or ``owner`` is no member of the department (422).
    """
    check_custody(actor, custodian.pk)
    _check_owner(owner, custodian, actor, at)
    artefact = Artefact(
        kind=kind,
        key=key,
        title_ja=title_ja,
        title_en=title_en,
        custodian=custodian,
        owner=owner,
        review_interval=review_interval,
        created_at=at,
    )
    _check_fields(artefact)
    try:
        with transaction.atomic():
            artefact.save(force_insert=True)
            artefact.standing = first_standing(artefact.pk, custodian.pk, at=at)
            record("artefact.created", f"artefact:{artefact.pk}", key=key)
    except IntegrityError as error:
        if not isinstance(error.__cause__, UniqueViolation):
            raise
        raise Invalid("another artefact has this key", pointer="/key") from error
    return artefact


def _check_owner(owner: User | None, custodian: Party, actor: User | None, at: datetime) -> None:
    """Refuse who would be told of evidence that is another department's; ``actor`` was found to belong to it."""
    if owner is None or actor is None or owner == actor:
        return
    if not User.objects.members_of([custodian.pk], at=at).filter(pk=owner.pk).exists():
        raise Invalid("the person in charge is no member of the department", pointer="/owner")


def _check_fields(artefact: Artefact) -> None:
    """Refuse values that the fields' own validators refuse; what they refer to is there already."""
    try:
        artefact.clean_fields(exclude=["kind", "custodian", "owner"])
    except ValidationError as error:
        field, (message, *_) = next(iter(error.message_dict.items()))
        raise Invalid(message, pointer=f"/{field}") from error


@transaction.atomic
def add_revision(
    *,
    artefact: Artefact,
    actor: User | None,
    at: datetime,
    files: Sequence[FileIn] = (),
    verdict: str = Revision.Verdict.SUPPORTS,
    covers: Iterable[str] = (),
    valid_from: datetime | None = None,
    valid_until: datetime | None = None,
    proves_from: datetime | None = None,
    proves_until: datetime | None = None,
    measures: Mapping[str, Any] | None = None,
    subjects: Mapping[str, Mapping[str, str]] | None = None,
    note: str = "",
    corrects: Revision | None = None,
    confidentiality: str = Revision.Confidentiality.NORMAL,
    confidential_reason: str = "",
) -> Revision:
    """Add the next revision as a draft, with at least one file; its number follows under the artefact's lock.

    Raises:
        NotYours: ``actor`` does not belong to the department (403).
        Invalid: no file, the same bytes twice, nothing that age could count from, or periods that end before they
            begin (422).
        Disposed: a file was disposed of since (410).
    """
    check_custody(actor, artefact.custodian_id, machine_scope="drills:write")
    _check_periods(valid_from, valid_until, proves_from, proves_until)
    if not files:
        raise Invalid("a revision has at least one file", pointer="/files")
    if len({file.file.sha256 for file in files}) < len(files):
        raise Invalid("the same bytes are there twice", pointer="/files")
    Artefact.objects.select_for_update(no_key=True).get(pk=artefact.pk)
    last = Revision.objects.filter(artefact=artefact).aggregate(last=Max("number"))["last"] or 0
    revision = Revision.objects.create(
        artefact=artefact,
        number=last + 1,
        verdict=verdict,
        covers=sorted(set(covers)),
        valid_from=valid_from,
        valid_until=valid_until,
        proves_from=proves_from,
        proves_until=proves_until,
        measures=dict(measures or {}),
        subjects={key: dict(value) for key, value in (subjects or {}).items()},
        note=note,
        corrects=corrects,
        confidentiality=confidentiality,
        confidential_reason=confidential_reason,
        created_at=at,
        created_by=actor,
    )
    _attach(revision, files)
    record("revision.added", f"revision:{revision.pk}", artefact=artefact.key, number=revision.number)
    return revision


def _attach(revision: Revision, files: Sequence[FileIn]) -> None:
    """Make the files part of the revision, in their order, if they are all there."""
    uses = [
        RevisionFile(
            revision=revision,
            file=each.file,
            position=position,
            role=each.role,
            language=each.language,
            name=each.name,
            source_url=each.source_url,
            fetched_at=each.fetched_at,
        )
        for position, each in enumerate(files, 1)
    ]
    try:
        with transaction.atomic():
            RevisionFile.objects.bulk_create(uses)
    except IntegrityError as error:
        cause = error.__cause__
        if isinstance(cause, RestrictViolation) and cause.diag.constraint_name == "disposed":
            raise Disposed("A file was disposed of: upload it anew.", pointer="/files") from error
        raise


def _check_periods(
    valid_from: datetime | None,
    valid_until: datetime | None,
    proves_from: datetime | None,
    proves_until: datetime | None,
) -> None:
    if valid_from is None and proves_until is None:
        raise Invalid(
            "say from when it applies, or what period it proves: age counts from there", pointer="/valid_from"
        )
    if valid_from is not None and valid_until is not None and valid_until <= valid_from:
        raise Invalid("it would end before it begins", pointer="/valid_until")
    if proves_from is not None and proves_until is not None and proves_until < proves_from:
        raise Invalid("the period that it proves would end before it begins", pointer="/proves_until")
