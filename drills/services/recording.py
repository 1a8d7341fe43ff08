"""Results that were read and judged become rows: many in one transaction, in a few statements."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from dcase_audit.accounts.models import User
from dcase_audit.calendars import durations
from dcase_audit.trail.events import Event, record_many
from drills import planning, verdict
from drills.models import AcceptanceRule, CheckItem, Drill, DrillResult, Occurrence
from drills.results import TIMES_STATED, ParsedResult
from drills.services.findings import open_by_rule, open_from_record
from drills.services.rules import fitting, rules_for
from drills.services.seeing_first import before, what_to_see_first
from drills.signatures import Key
from drills.verdict import Judgement
from evidence import services as evidence
from evidence.models import Revision, RevisionFile, StoredFile

REVISION_VERDICTS = {
    verdict.PASSED: Revision.Verdict.SUPPORTS,
    verdict.FAILED: Revision.Verdict.REFUTES,
    verdict.INCONCLUSIVE: Revision.Verdict.INCONCLUSIVE,
}


class Receipt(NamedTuple):
    """By whom results were received, when, and through what: ``session`` or ``token:PREFIX``."""

    actor: User
    at: datetime
    through: str


@dataclass(frozen=True)
class Incoming:
    """A result that was read and judged, on its way into the database."""

    drill: Drill
    format: str
    name: str
    raw: StoredFile
    parsed: ParsedResult
    covers: list[str]
    judgement: Judgement
    occurrence: Occurrence | None
    signers: tuple[Key | None, ...]
    attachments: tuple[evidence.FileIn, ...]


class Seen(NamedTuple):
    """A result with what its reviewer should see first, and the rule that accepts it, if one does."""

    upload: Incoming
    warnings: list[dict[str, str]]
    rule: AcceptanceRule | None


def write(uploads: Sequence[Incoming], receipt: Receipt) -> list[DrillResult]:
    """Write the results, in their order, with all that follows from them: see ``record_results``."""
    seen = list(_seen(uploads, receipt))
    actor, at = receipt.actor, receipt.at
    revisions = evidence.add_revisions([_draft(one.upload, at) for one in seen], actor=actor, at=at)
    planning.hold({upload.occurrence for upload in uploads if upload.occurrence}, at=at)
    results = DrillResult.objects.bulk_create(
        _result(one, revision, receipt) for one, revision in zip(seen, revisions, strict=True)
    )
    both = list(zip(results, uploads, strict=True))
    CheckItem.objects.bulk_create(
        CheckItem(result=result, **check._asdict()) for result, upload in both for check in upload.parsed.checks
    )
    record_many([_recorded(result) for result in results])
    open_by_rule(results, at=at)
    open_from_record([(result, upload.parsed.findings) for result, upload in both], actor=actor, at=at)
    # Last, since the cases are locked from here to the end of the transaction.
    _submit(seen, revisions, receipt)
    return results


def _seen(uploads: Sequence[Incoming], receipt: Receipt) -> Iterator[Seen]:
    there = before(uploads)
    passed = {upload.drill.pk for upload in uploads if _is_plain(upload)}
    rules = rules_for(passed, through=receipt.through, at=receipt.at)
    for upload in uploads:
        warnings = list(what_to_see_first(upload, there, at=receipt.at))
        rule = None
        if not warnings and _is_plain(upload):
            signers = {signer.pk for signer in upload.signers if signer}
            rule = fitting(rules.get(upload.drill.pk, ()), format=upload.format, signers=signers)
        yield Seen(upload, warnings, rule)
        if upload.occurrence is not None:
            there.held.add(upload.occurrence.pk)


def _is_plain(upload: Incoming) -> bool:
    """Tell whether the result passed without any doubt.

    That its sender stated when it was held is no doubt: whoever publishes a rule trusts the sender.
    """
    doubts = {doubt.code for doubt in upload.parsed.doubts} - {TIMES_STATED}
    return upload.judgement.verdict == verdict.PASSED and not doubts


def _submit(seen: Sequence[Seen], revisions: Sequence[Revision], receipt: Receipt) -> None:
    """Submit the revision of each result; those that a rule accepts are accepted at once."""
    both = list(zip(seen, revisions, strict=True))
    submissions = [evidence.Submission(revision, awaits=one.rule is None, is_new=True) for one, revision in both]
    evidence.submit_all(submissions, actor=receipt.actor, at=receipt.at)
    accepted = [evidence.Choice(revision, one.rule.reason, one.rule.name) for one, revision in both if one.rule]
    if accepted:
        evidence.accept_all(accepted, actor=None, at=receipt.at)


def _draft(upload: Incoming, at: datetime) -> evidence.Draft:
    """Return the revision that the result becomes: what it proves, measured and was obtained on."""
    drill, parsed = upload.drill, upload.parsed
    valid_for = durations.parse_or_none(drill.valid_for)
    # Whenever it was held, it was before we received it: until then a failure of unknown time counts, and nothing that
    # was held before heals it.
    ended_at = parsed.ended_at or at
    return evidence.Draft(
        artefact=drill.artefact,
        files=[evidence.FileIn(file=upload.raw, name=upload.name, role=RevisionFile.Role.RAW), *upload.attachments],
        verdict=REVISION_VERDICTS[upload.judgement.verdict],
        covers=upload.covers,
        valid_until=valid_for.after(ended_at, ZoneInfo(drill.timezone)) if valid_for else None,
        proves_from=parsed.started_at,
        proves_until=ended_at,
        measures=_by_name(parsed),
        subjects=parsed.subjects,
        note=parsed.note,
    )


def _by_name(parsed: ParsedResult) -> dict[str, list[dict[str, Any]]]:
    """Return the measures as a revision keeps them: ``{measure: [{value, class?, item?, method?}]}``."""
    named: dict[str, list[dict[str, Any]]] = {}
    for measure in parsed.measures:
        members = measure.as_json()
        named.setdefault(members.pop("measure"), []).append(members)
    return named


def _result(seen: Seen, revision: Revision, receipt: Receipt) -> DrillResult:
    upload, parsed = seen.upload, seen.upload.parsed
    return DrillResult(
        drill=upload.drill,
        occurrence=upload.occurrence,
        revision=revision,
        raw=upload.raw,
        format=upload.format,
        kind=parsed.kind or upload.drill.kind,
        verdict=upload.judgement.verdict,
        because=list(upload.judgement.because),
        claimed_verdict=parsed.claimed_verdict,
        started_at=parsed.started_at,
        ended_at=parsed.ended_at,
        producer=parsed.producer,
        signature=DrillResult.Signed.VERIFIED if upload.signers else DrillResult.Signed.UNSIGNED,
        signer_id=next((signer.pk for signer in upload.signers if signer), None),
        signatures=list(_signatures(upload)),
        rule=seen.rule,
        doubts=[doubt.as_json() for doubt in parsed.doubts],
        measures=[measure.as_json() for measure in parsed.measures],
        # The plan may change later; whoever derives the verdict again needs what it was derived from.
        record={"document": parsed.record, "targets": upload.drill.targets, "covers": upload.covers},
        warnings=seen.warnings,
        received_at=receipt.at,
        received_from=receipt.actor,
        received_through=receipt.through,
    )


def _signatures(upload: Incoming) -> Iterator[dict[str, Any]]:
    """Yield what came of each signature; of keys that are not registered nothing is known, and nothing counts."""
    given = upload.parsed.envelope.signatures if upload.parsed.envelope else ()
    for signature, signer in zip(given, upload.signers, strict=True):
        outcome = "verified" if signer else "unknown_key"
        yield {"keyid": signature.keyid, "outcome": outcome, "signer": signer.pk if signer else None}


def _recorded(result: DrillResult) -> Event:
    said = {
        "drill": result.drill.key,
        "occurrence": result.occurrence_id,
        "revision": result.revision_id,
        "verdict": result.verdict,
        "format": result.format,
        "signature": result.signature,
        "signer": result.signer_id,
        "sha256": result.raw.sha256,
    }
    rule = {"rule": result.rule_id} if result.rule_id else {}
    return Event("drill_result.recorded", f"drill_result:{result.pk}", said | rule)
