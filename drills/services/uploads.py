"""Results come in, or are refused; both leave a record."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

from django.db import transaction

from dcase_audit.accounts.models import User
from dcase_audit.calendars import durations
from dcase_audit.errors import AuditError, NotFound
from dcase_audit.trail.events import record
from drills import planning, verdict
from drills.importers import importer
from drills.models import CheckItem, Drill, DrillResult, Occurrence, RefusedUpload
from drills.results import Malformed, ParsedResult, check_moments
from drills.verdict import Judgement
from evidence import services as evidence
from evidence.models import Revision, RevisionFile, StoredFile, Subject
from evidence.storage import clean_name, store_file

# A drill planned for the night may be held the evening before.
EARLY = timedelta(days=1)
REVISION_VERDICTS = {
    verdict.PASSED: Revision.Verdict.SUPPORTS,
    verdict.FAILED: Revision.Verdict.REFUTES,
    verdict.INCONCLUSIVE: Revision.Verdict.INCONCLUSIVE,
}

Warnings = Iterator[dict[str, str]]


class DigestDiffers(AuditError):
    """The bytes that came are not those that the sender named; they are not kept."""

    status = 422
    slug = "digest-differs"
    title = "The file is not the one whose SHA-256 was declared"


@dataclass(frozen=True)
class _Upload:
    """A result that was read and judged, on its way into the database."""

    drill: Drill
    actor: User
    at: datetime
    through: str
    format: str
    name: str
    raw: StoredFile
    parsed: ParsedResult
    covers: list[str]
    judgement: Judgement
    occurrence: Occurrence | None


@transaction.atomic
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
) -> DrillResult:
    """Take a result in: keep its bytes, derive the verdict, and submit it as a revision of the drill's artefact.

    A failure counts at once as counter-evidence, a pass once a person accepts it. Without ``occurrence`` the nearest
    one is taken in whose window the drill started. Each call is another result: whoever may be asked twice (the HTTP
    API, by its idempotency keys) calls once. ``through`` says by what it came: ``session`` or ``token:PREFIX``.

    Raises:
        UnknownFormat, UnusableName: (422).
        DigestDiffers: ``sha256`` is not that of the bytes (422).
        Malformed: the format's reader refuses the bytes (400, 413, 422).
        NotFound: the occurrence is another drill's (404).
        NotPlanned: the occurrence was cancelled (409).
        NotYours: ``actor`` is not of the department that keeps the artefact (403).
        StoreUnavailable, StoreFull: the bytes cannot be kept (503, 507).
    """
    name = clean_name(name)
    reader = importer(format)
    body = _read(data, reader.limit)
    _check_digest(body, sha256)
    parsed = reader.parse(body)
    check_moments(parsed, received_at=at)
    covers = list(parsed.covers or drill.covers)
    judgement = verdict.judge(parsed, verdict.targets_of(drill.targets), covers)
    occurrence = _occurrence(drill, parsed, occurrence)
    raw = store_file(io.BytesIO(body), media_type=media_type, at=at, limit=reader.limit)
    return _write(_Upload(drill, actor, at, through, format, name, raw, parsed, covers, judgement, occurrence))


@transaction.atomic(durable=True)
def record_refusal(
    *, drill: Drill, actor: User, at: datetime, through: str, refusal: AuditError, sha256: str = ""
) -> RefusedUpload:
    """Note that an upload for the drill was refused, in a transaction of its own: the upload's was rolled back.

    For drills that ``actor`` sees; of others nothing is said to exist. ``sha256`` is that of the bytes, if they came.
    """
    place = f" ({refusal.pointer})" if refusal.pointer else ""
    refused = RefusedUpload.objects.create(
        drill=drill,
        status=refusal.status,
        problem=refusal.slug,
        detail=refusal.detail + place,
        sha256=sha256,
        received_at=at,
        received_from=actor,
        received_through=through,
    )
    record("drill_result.refused", f"drill:{drill.pk}", refused=refused.pk, status=refusal.status, problem=refusal.slug)
    return refused


def _read(data: bytes | BinaryIO, limit: int) -> bytes:
    body = data if isinstance(data, bytes) else data.read(limit + 1)
    if len(body) > limit:
        raise Malformed(f"The result has more than {limit} bytes.", status=413)
    return body


def _check_digest(body: bytes, declared: str | None) -> None:
    found = hashlib.sha256(body).hexdigest()
    if declared is not None and declared.lower() != found:
        raise DigestDiffers(f"Declared was {declared[:64]}, received {found}.", pointer="/sha256")


def _occurrence(drill: Drill, parsed: ParsedResult, given: Occurrence | None) -> Occurrence | None:
    """Return the occurrence that was given, or the nearest one in whose window the drill started; its row is locked."""
    if given is not None and given.drill_id != drill.pk:
        raise NotFound("This drill has no such occurrence.", pointer="/occurrence")
    wanted = given or _nearest(drill, parsed.started_at)
    if wanted is None:
        return None
    current = Occurrence.objects.select_for_update(no_key=True).get(pk=wanted.pk)
    if current.state == Occurrence.State.CANCELLED:
        raise planning.NotPlanned("This occurrence was cancelled.", pointer="/occurrence")
    return current


def _nearest(drill: Drill, started_at: datetime) -> Occurrence | None:
    around = drill.occurrences.filter(planned_at__lte=started_at + EARLY, report_by__gte=started_at)
    # Those held are among them: a second result of tonight's drill is not tomorrow's.
    uncancelled = around.exclude(state=Occurrence.State.CANCELLED)
    return min(uncancelled, key=lambda one: abs(one.planned_at - started_at), default=None)


def _write(upload: _Upload) -> DrillResult:
    warnings = list(_warnings(upload))
    revision = _submit(upload)
    occurrence, parsed = upload.occurrence, upload.parsed
    if occurrence is not None:
        planning.hold(occurrence, at=upload.at)
    result = DrillResult.objects.create(
        drill=upload.drill,
        occurrence=occurrence,
        revision=revision,
        raw=upload.raw,
        format=upload.format,
        verdict=upload.judgement.verdict,
        because=list(upload.judgement.because),
        claimed_verdict=parsed.claimed_verdict,
        started_at=parsed.started_at,
        ended_at=parsed.ended_at,
        measures=[measure.as_json() for measure in parsed.measures],
        # The plan may change later; whoever derives the verdict again needs what it was derived from.
        record={"document": parsed.record, "targets": upload.drill.targets, "covers": upload.covers},
        warnings=warnings,
        received_at=upload.at,
        received_from=upload.actor,
        received_through=upload.through,
    )
    CheckItem.objects.bulk_create(CheckItem(result=result, **check._asdict()) for check in parsed.checks)
    record(
        "drill_result.recorded",
        f"drill_result:{result.pk}",
        drill=upload.drill.key,
        occurrence=occurrence.pk if occurrence else None,
        revision=revision.pk,
        verdict=result.verdict,
        sha256=upload.raw.sha256,
    )
    return result


def _submit(upload: _Upload) -> Revision:
    """Submit the result as a revision: what it proves, measured and was obtained on."""
    drill, parsed = upload.drill, upload.parsed
    valid_for = durations.parse_or_none(drill.valid_for)
    revision = evidence.add_revision(
        artefact=drill.artefact,
        actor=upload.actor,
        at=upload.at,
        files=[evidence.FileIn(file=upload.raw, name=upload.name, role=RevisionFile.Role.RAW)],
        verdict=REVISION_VERDICTS[upload.judgement.verdict],
        covers=upload.covers,
        valid_until=valid_for.after(parsed.ended_at, ZoneInfo(drill.timezone)) if valid_for else None,
        proves_from=parsed.started_at,
        proves_until=parsed.ended_at,
        measures=_by_name(parsed),
        subjects=parsed.subjects,
        note=parsed.note,
    )
    evidence.submit(revision=revision, actor=upload.actor, at=upload.at)
    return revision


def _by_name(parsed: ParsedResult) -> dict[str, list[dict[str, Any]]]:
    """Return the measures as a revision keeps them: ``{measure: [{value, class?, item?, method?}]}``."""
    named: dict[str, list[dict[str, Any]]] = {}
    for measure in parsed.measures:
        members = measure.as_json()
        named.setdefault(members.pop("measure"), []).append(members)
    return named


def _warnings(upload: _Upload) -> Warnings:
    """Yield what the reviewer should see first; none of it changes the verdict."""
    drill, parsed, derived = upload.drill, upload.parsed, upload.judgement.verdict
    if parsed.claimed_verdict not in {"", derived}:
        text = f"The sender claims {parsed.claimed_verdict}; what was checked and measured says {derived}."
        yield {"code": "claim_differs", "detail": text}
    yield from _occurrence_warnings(upload)
    if extra := sorted(set(parsed.covers) - set(drill.covers)):
        yield {"code": "covers_unplanned", "detail": f"The drill does not plan to cover: {', '.join(extra)}."}
    known = set(Subject.objects.filter(key__in=parsed.subjects).values_list("key", flat=True))
    if unknown := sorted(set(parsed.subjects) - known):
        yield {"code": "unknown_subjects", "detail": f"There are no such subjects: {', '.join(unknown)}."}
    same = drill.results.filter(raw=upload.raw).order_by("pk").values_list("pk", flat=True).first()
    if same is not None:
        yield {"code": "same_bytes", "detail": f"The same bytes were received before, as result {same}."}


def _occurrence_warnings(upload: _Upload) -> Warnings:
    occurrence, started_at = upload.occurrence, upload.parsed.started_at
    if occurrence is None:
        yield {"code": "unplanned", "detail": "No planned occurrence fits the time at which the drill started."}
        return
    if occurrence.state == Occurrence.State.HELD:
        yield {"code": "another_result", "detail": "A result of this occurrence was received before."}
    if upload.at >= occurrence.report_by:
        yield {"code": "late", "detail": f"The result was due by {occurrence.report_by.isoformat()}."}
    if not occurrence.planned_at - EARLY <= started_at <= occurrence.report_by:
        text = f"The drill was planned for {occurrence.planned_at.isoformat()} and started at another time."
        yield {"code": "other_time", "detail": text}
