"""Results come in, or are refused; both leave a record."""

from __future__ import annotations

import hashlib
import io
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import BinaryIO

from django.db import transaction

from dcase_audit.accounts.models import User
from dcase_audit.errors import AuditError, NotFound
from dcase_audit.trail.events import Event, record_many
from drills import planning, signatures, verdict
from drills.formats import importer
from drills.models import Drill, DrillResult, Occurrence, RefusedUpload
from drills.results import Malformed, ParsedResult, check_moments, with_stated_times
from drills.services.occurrences import Held, occurrences_of
from drills.services.recording import Incoming, Receipt, write
from drills.services.signers import registered_keys
from drills.signatures import Key
from drills.verdict import Judgement
from evidence import services as evidence
from evidence.examining import examine
from evidence.models import RevisionFile
from evidence.storage import ToStore, clean_name, store_files


class DigestDiffers(AuditError):
    """The bytes that came are not those that the sender named; they are not kept."""

    status = 422
    slug = "digest-differs"
    title = "The file is not the one whose SHA-256 was declared"


@dataclass(frozen=True)
class Attachment:
    """A file that comes beside a result, such as a log: its bytes (seekable), and what its sender said."""

    content: BinaryIO
    size: int
    name: str
    media_type: str


@dataclass(frozen=True)
class Upload:
    """A result as it was sent: see ``record_result``."""

    drill: Drill
    data: bytes | BinaryIO
    name: str
    media_type: str = "application/json"
    format: str = "native"
    occurrence: Occurrence | None = None
    sha256: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    attachments: Sequence[Attachment] = ()


@dataclass(frozen=True)
class Read:
    """An upload whose file was read and judged; nothing of it is stored yet."""

    upload: Upload
    name: str
    body: bytes
    limit: int
    parsed: ParsedResult
    covers: list[str]
    judgement: Judgement
    signers: tuple[Key | None, ...]


@dataclass(frozen=True)
class Refused:
    """An upload for the drill that was refused; ``sha256`` is that of the bytes, if they came."""

    drill: Drill
    refusal: AuditError
    sha256: str = ""


def record_result(
    *,
    drill: Drill,
    actor: User,
    at: datetime,
    data: bytes | BinaryIO,
    name: str,
    media_type: str = "application/json",
    format: str = "native",
    through: str,
    occurrence: Occurrence | None = None,
    sha256: str | None = None,
    started_at: datetime | None = None,
    ended_at: datetime | None = None,
    attachments: Sequence[Attachment] = (),
) -> DrillResult:
    """Take a result in: keep its bytes, derive the verdict, and submit it as a revision of the drill's artefact.

    A failure counts at once as counter-evidence, a pass once a person accepts it, or at once by an acceptance rule that
    was published before: without any doubt or warning. Without ``occurrence`` the nearest one is taken in whose window
    the drill started. ``started_at`` and ``ended_at`` are what the sender states where the file does not settle it;
    where nobody says, the result passes nothing. Each call is another result: whoever may be asked twice (the HTTP API,
    by its idempotency keys) calls once. ``through`` says by what it came: ``session`` or ``token:PREFIX``.
    ``attachments`` are kept beside the result; nothing is read from them.

    Raises:
        UnknownFormat, UnusableName, Invalid: of these, the same bytes twice (422).
        DigestDiffers: ``sha256`` is not that of the bytes (422).
        Malformed: the format's reader refuses the bytes (400, 413, 422).
        SignatureRefused: it comes in an envelope that is not signed as it has to be (422).
        NotFound: the occurrence is another drill's (404).
        NotPlanned: the occurrence was cancelled (409).
        NotYours: ``actor`` is not of the department that keeps the artefact (403).
        QuotaExceeded: the department has handed in as much as it may in a day (429).
        StoreUnavailable, StoreFull: the bytes cannot be kept (503, 507).
        what ``examine`` raises of an attachment (413, 415, 422).
    """
    upload = Upload(drill, data, name, media_type, format, occurrence, sha256, started_at, ended_at, tuple(attachments))
    [found] = record_results([upload], actor=actor, at=at, through=through)
    if isinstance(found, AuditError):
        raise found
    return found


@transaction.atomic
def record_results(
    uploads: Sequence[Upload], *, actor: User, at: datetime, through: str
) -> list[DrillResult | AuditError]:
    """Take results in as ``record_result`` does, in their order and in a few statements; settle what they change once.

    Of a result that is refused for itself the refusal comes back, and nothing of it is stored. What is raised is raised
    of all together, and nothing of any is stored: each by itself may fare better. No bytes come twice for one drill:
    the second would be judged without knowing the first.
    """
    keys = cache(registered_keys)
    found: list[Read | AuditError] = []
    for upload in uploads:
        try:
            found.append(_read(upload, keys, at))
        except AuditError as refusal:
            found.append(refusal)
    occurrences = iter(occurrences_of([_held(one) for one in found if isinstance(one, Read)]))
    kept: dict[int, tuple[Read, Occurrence | None]] = {}
    for place, one in enumerate(found):
        if isinstance(one, Read):
            occurrence = next(occurrences)
            if occurrence is not None and occurrence.state == Occurrence.State.CANCELLED:
                found[place] = planning.NotPlanned("This occurrence was cancelled.", pointer="/occurrence")
            else:
                kept[place] = (one, occurrence)
    results = write(_stored(list(kept.values()), at), Receipt(actor, at, through)) if kept else []
    made = dict(zip(kept, results, strict=True))
    return [made[place] if isinstance(one, Read) else one for place, one in enumerate(found)]


def _read(upload: Upload, keys: Callable[[], Sequence[Key]], at: datetime) -> Read:
    """Read and judge a result; nothing is written."""
    drill, name = upload.drill, clean_name(upload.name)
    reader = importer(upload.format)
    body = _body(upload.data, reader.limit, upload.format)
    _check_digest(body, upload.sha256)
    parsed = with_stated_times(reader.parse(body), upload.started_at, upload.ended_at)
    check_moments(parsed, received_at=at)
    signers = signatures.check(parsed.envelope, keys(), at=at) if parsed.envelope else ()
    if parsed.tested:
        parsed = replace(parsed, subjects=evidence.subjects_with(parsed.tested, artefact=drill.artefact))
    covers = list(parsed.covers or drill.covers)
    judgement = verdict.judge(parsed, verdict.targets_of(drill.targets), covers)
    if upload.occurrence is not None and upload.occurrence.drill_id != drill.pk:
        raise NotFound("This drill has no such occurrence.", pointer="/occurrence")
    return Read(upload, name, body, reader.limit, parsed, covers, judgement, signers)


def _body(data: bytes | BinaryIO, limit: int, format: str) -> bytes:
    body = data if isinstance(data, bytes) else data.read(limit + 1)
    if len(body) > limit:
        text = f"A result in the format {format} has at most {limit} bytes; send what is larger as an attachment."
        raise Malformed(text, status=413)
    return body


def _check_digest(body: bytes, declared: str | None) -> None:
    found = hashlib.sha256(body).hexdigest()
    if declared is not None and declared.lower() != found:
        raise DigestDiffers(f"Declared was {declared[:64]}, received {found}.", pointer="/sha256")


def _held(read: Read) -> Held:
    # What happened by itself holds a planned drill only where somebody says so.
    by_plan = read.parsed.kind != DrillResult.Kind.LIVE_INCIDENT
    started_at = read.parsed.started_at if by_plan else None
    return Held(read.upload.drill.pk, started_at, read.upload.occurrence)


def _stored(kept: Sequence[tuple[Read, Occurrence | None]], at: datetime) -> list[Incoming]:
    """Store the files of the results, if the departments may hand them in."""
    _check_quotas([read for read, _ in kept], at)
    files = [ToStore(io.BytesIO(read.body), read.upload.media_type, read.limit) for read, _ in kept]
    raws = store_files(files, at=at)
    return [
        Incoming(
            drill=read.upload.drill,
            format=read.upload.format,
            name=read.name,
            raw=raw,
            parsed=read.parsed,
            covers=read.covers,
            judgement=read.judgement,
            occurrence=occurrence,
            signers=read.signers,
            attachments=_attached(read.upload.attachments, at),
        )
        for (read, occurrence), raw in zip(kept, raws, strict=True)
    ]


def _check_quotas(reads: Sequence[Read], at: datetime) -> None:
    sizes: dict[int, list[int]] = defaultdict(list)
    for read in reads:
        attached = [attachment.size for attachment in read.upload.attachments]
        sizes[read.upload.drill.artefact.custodian_id] += [len(read.body), *attached]
    for custodian, some in sorted(sizes.items()):
        evidence.check_quota(custodian, some, at=at)


def _attached(attachments: Sequence[Attachment], at: datetime) -> tuple[evidence.FileIn, ...]:
    """Examine and store what comes beside a result."""
    if not attachments:
        return ()
    flags = [examine(one.content, name=one.name, declared=one.media_type) for one in attachments]
    stored = store_files([ToStore(one.content, one.media_type) for one in attachments], at=at)
    return tuple(
        evidence.FileIn(file=file, name=clean_name(one.name), role=RevisionFile.Role.ATTACHMENT, flags=seen)
        for one, file, seen in zip(attachments, stored, flags, strict=True)
    )


def record_refusal(
    *, drill: Drill, actor: User, at: datetime, through: str, refusal: AuditError, sha256: str = ""
) -> RefusedUpload:
    """Note that an upload for the drill was refused, in a transaction of its own: the upload's was rolled back.

    For drills that ``actor`` sees; of others nothing is said to exist. ``sha256`` is that of the bytes, if they came.
    """
    return record_refusals([Refused(drill, refusal, sha256)], actor=actor, at=at, through=through)[0]


@transaction.atomic(durable=True)
def record_refusals(refused: Sequence[Refused], *, actor: User, at: datetime, through: str) -> list[RefusedUpload]:
    """Note each as ``record_refusal`` does, in one transaction."""
    made = RefusedUpload.objects.bulk_create(_refused(one, Receipt(actor, at, through)) for one in refused)
    record_many(
        [
            Event(
                "drill_result.refused",
                f"drill:{one.drill_id}",
                {"refused": one.pk, "status": one.status, "problem": one.problem},
            )
            for one in made
        ]
    )
    return made


def _refused(one: Refused, receipt: Receipt) -> RefusedUpload:
    place = f" ({one.refusal.pointer})" if one.refusal.pointer else ""
    return RefusedUpload(
        drill=one.drill,
        status=one.refusal.status,
        problem=one.refusal.slug,
        detail=one.refusal.detail + place,
        sha256=one.sha256,
        received_at=receipt.at,
        received_from=receipt.actor,
        received_through=receipt.through,
    )
