"""Artefacts and their revisions, before anything is decided about them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from psycopg.errors import RestrictViolation, UniqueViolation

from dcase_audit.accounts.models import Party, User
from dcase_audit.errors import Invalid
from dcase_audit.trail.events import Event, record, record_many
from dcase_audit.trail.statements import rows
from evidence.models import Artefact, Kind, Revision, RevisionFile, StoredFile
from evidence.refusals import Disposed
from evidence.services.custody import check_custody
from evidence.services.quota import hand_in
from evidence.settling import lock_artefacts
from evidence.standings import first_standing

LAST_NUMBERS = """
SELECT a, coalesce((SELECT number FROM evidence_revision WHERE artefact_id = a ORDER BY number DESC LIMIT 1), 0)
FROM unnest(%s::bigint[]) a
"""


@dataclass(frozen=True)
class FileIn:
    """A stored file as part of a revision to be: in which role and language, and under which name it came."""

    file: StoredFile
    name: str
    role: str = RevisionFile.Role.MAIN
    language: str = ""
    source_url: str = ""
    fetched_at: datetime | None = None
    flags: Sequence[str] | None = None


@dataclass(frozen=True)
class Draft:
    """A revision to be: see ``Revision``."""

    artefact: Artefact
    files: Sequence[FileIn] = ()
    verdict: str = Revision.Verdict.SUPPORTS
    covers: Iterable[str] = ()
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    proves_from: datetime | None = None
    proves_until: datetime | None = None
    measures: Mapping[str, Any] = field(default_factory=dict)
    subjects: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    note: str = ""
    corrects: Revision | None = None
    confidentiality: str = Revision.Confidentiality.NORMAL
    confidential_reason: str = ""


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
    draft = Draft(
        artefact=artefact,
        files=files,
        verdict=verdict,
        covers=covers,
        valid_from=valid_from,
        valid_until=valid_until,
        proves_from=proves_from,
        proves_until=proves_until,
        measures=measures or {},
        subjects=subjects or {},
        note=note,
        corrects=corrects,
        confidentiality=confidentiality,
        confidential_reason=confidential_reason,
    )
    return add_revisions([draft], actor=actor, at=at)[0]


@transaction.atomic(savepoint=False)
def add_revisions(drafts: Sequence[Draft], *, actor: User | None, at: datetime) -> list[Revision]:
    """Add each as ``add_revision`` does, in their order and in a few statements. Refusing one, it adds none."""
    for draft in drafts:
        _check_draft(draft, actor)
    numbers = _last_numbers({draft.artefact.pk for draft in drafts})
    revisions = []
    for draft in drafts:
        numbers[draft.artefact.pk] += 1
        revisions.append(_revision(draft, numbers[draft.artefact.pk], actor, at))
    Revision.objects.bulk_create(revisions)
    _attach([use for revision, draft in zip(revisions, drafts, strict=True) for use in _uses(revision, draft.files)])
    hand_in([(draft.artefact.custodian_id, each.file) for draft in drafts for each in draft.files], at=at)
    record_many(
        [
            Event("revision.added", f"revision:{one.pk}", {"artefact": one.artefact.key, "number": one.number})
            for one in revisions
        ]
    )
    return revisions


def _check_draft(draft: Draft, actor: User | None) -> None:
    check_custody(actor, draft.artefact.custodian_id, machine_scope="drills:write")
    _check_periods(draft.valid_from, draft.valid_until, draft.proves_from, draft.proves_until)
    if not draft.files:
        raise Invalid("a revision has at least one file", pointer="/files")
    if len({file.file.sha256 for file in draft.files}) < len(draft.files):
        raise Invalid("the same bytes are there twice", pointer="/files")


def _last_numbers(artefacts: Iterable[int]) -> dict[int, int]:
    """Lock the artefacts and return the number of the last revision of each, 0 where there is none."""
    wanted = list(artefacts)
    lock_artefacts(wanted)
    return dict(rows(LAST_NUMBERS, [wanted]))


def _revision(draft: Draft, number: int, actor: User | None, at: datetime) -> Revision:
    return Revision(
        artefact=draft.artefact,
        number=number,
        verdict=draft.verdict,
        covers=sorted(set(draft.covers)),
        valid_from=draft.valid_from,
        valid_until=draft.valid_until,
        proves_from=draft.proves_from,
        proves_until=draft.proves_until,
        measures=dict(draft.measures),
        subjects={key: dict(value) for key, value in draft.subjects.items()},
        note=draft.note,
        corrects=draft.corrects,
        confidentiality=draft.confidentiality,
        confidential_reason=draft.confidential_reason,
        created_at=at,
        created_by=actor,
    )


def _uses(revision: Revision, files: Sequence[FileIn]) -> list[RevisionFile]:
    """Return what makes the files part of the revision, in their order."""
    return [
        RevisionFile(
            revision=revision,
            file=each.file,
            position=position,
            role=each.role,
            language=each.language,
            name=each.name,
            source_url=each.source_url,
            fetched_at=each.fetched_at,
            flags=None if each.flags is None else list(each.flags),
        )
        for position, each in enumerate(files, 1)
    ]


def _attach(uses: Sequence[RevisionFile]) -> None:
    """Make the files part of their revisions, if they are all there."""
    try:
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
