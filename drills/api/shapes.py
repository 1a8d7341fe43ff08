"""The shapes of what the API says of drills, and how rows fill them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from rest_framework import serializers

from dcase_audit.api_schema import Shape
from dcase_audit.cases.api import LabelShape
from dcase_audit.moments import say, say_or_none
from dcase_audit.trail.sealing import STATUSES, Sealed, pending, sealed
from drills.formats import Importer, native
from drills.models import AcceptanceRule, CheckItem, Drill, DrillResult, Occurrence, SignerKey
from drills.results import Weight
from evidence.api.showing import ROOT, revision_href
from evidence.models import RevisionFile

JSON = dict[str, Any]


class WordingShape(Shape):
    """A text in both languages; either may be empty."""

    ja = serializers.CharField(allow_blank=True)
    en = serializers.CharField(allow_blank=True)


class OccurrenceShape(Shape):
    """One planned date of a drill, and the results that came for it."""

    id = serializers.IntegerField()
    planned_at = serializers.DateTimeField()
    report_by = serializers.DateTimeField()
    state = serializers.ChoiceField(Occurrence.State.values)
    reason = serializers.CharField(allow_blank=True)
    cancelled_at = serializers.DateTimeField(allow_null=True)
    cancelled_by = serializers.CharField(allow_null=True)


class DrillShape(Shape):
    """The plan of a drill; `next` is its next planned occurrence."""

    key = serializers.CharField()
    href = serializers.CharField()
    title = WordingShape()
    kind = serializers.ChoiceField(Drill.Kind.values)
    department = serializers.CharField()
    artefact = serializers.CharField(help_text="The artefact that results become revisions of.")
    timezone = serializers.CharField()
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField(allow_null=True)
    recurrence = serializers.CharField(allow_blank=True)
    report_within = serializers.CharField()
    covers = serializers.ListField(child=serializers.CharField())
    targets = serializers.ListField(child=serializers.DictField())
    next = OccurrenceShape(allow_null=True)


class DrillDetailShape(DrillShape):
    """The plan of a drill with its last hundred occurrences, the latest first.

    `labels` says in both languages what the cases that it serves call its keys.
    """

    labels = serializers.DictField(child=LabelShape())
    occurrences = OccurrenceShape(many=True)


class EvidenceShape(Shape):
    """The revision that a result became."""

    artefact = serializers.CharField()
    revision = serializers.IntegerField()
    number = serializers.IntegerField()
    href = serializers.CharField()


class WarningShape(Shape):
    """What a reviewer should see first; it does not change the verdict."""

    code = serializers.CharField()
    detail = serializers.CharField()
    named = serializers.ListField(
        child=serializers.CharField(), required=False, help_text="The keys that it names, or the number of a result."
    )


class ReportedShape(Shape):
    """The occurrence that a result reports."""

    id = serializers.IntegerField()
    planned_at = serializers.DateTimeField()


class TrailShape(Shape):
    """How far the record of it has come in the log."""

    event = serializers.CharField()
    status = serializers.ChoiceField(STATUSES)
    href = serializers.CharField()


class AttachmentShape(Shape):
    """A file that came beside a result."""

    name = serializers.CharField()
    sha256 = serializers.CharField()
    size = serializers.IntegerField()
    flags = serializers.ListField(child=serializers.CharField(), help_text="What its reader should know.")
    href = serializers.CharField()


class ReceiptShape(Shape):
    """The receipt for a result. The verdict is ours, derived from what was checked and measured."""

    id = serializers.IntegerField()
    href = serializers.CharField()
    drill = serializers.CharField()
    occurrence = ReportedShape(allow_null=True)
    verdict = serializers.ChoiceField(DrillResult.Verdict.values)
    warnings = WarningShape(many=True)
    evidence = EvidenceShape()
    attachments = AttachmentShape(many=True)
    rule = serializers.CharField(allow_null=True, help_text="The rule by which it was accepted at receipt, if any.")
    sha256 = serializers.CharField()
    received_at = serializers.DateTimeField()
    trail = TrailShape()


class CheckShape(Shape):
    """One checkpoint: what was expected and observed."""

    number = serializers.IntegerField()
    text = serializers.CharField()
    expected = serializers.CharField(allow_blank=True)
    observed = serializers.CharField(allow_blank=True)
    result = serializers.ChoiceField(CheckItem.Result.values)
    reason = serializers.CharField(allow_blank=True)


class DoubtShape(Shape):
    """What the reader of the format saw beside checks and measures, and what that does to the verdict."""

    code = serializers.CharField()
    detail = serializers.CharField()
    place = serializers.CharField(allow_blank=True, help_text="Where in the file: a JSON pointer, or a path of XML.")
    weight = serializers.ChoiceField([str(weight) for weight in Weight])


class SignerShape(Shape):
    """Whose key signed a result; `revoked_at` may lie after its receipt."""

    key = serializers.CharField()
    holder = serializers.CharField()
    party = serializers.CharField()
    fingerprint = serializers.CharField(help_text="SHA-256 of the public key.")
    revoked_at = serializers.DateTimeField(allow_null=True)


class FormatShape(Shape):
    """A format that results may come in; `schema` leads to its JSON Schema, where it is ours."""

    format = serializers.ChoiceField(DrillResult.Format.values)
    most_bytes = serializers.IntegerField()
    schema = serializers.CharField(allow_null=True)


class FormatsShape(Shape):
    """The formats that results may come in."""

    items = FormatShape(many=True)


class ResultShape(ReceiptShape):
    """A result as it was read; `raw` leads to the bytes as received.

    `started_at` and `ended_at` are null where neither the file nor its sender settles when the drill was held.
    """

    kind = serializers.ChoiceField(DrillResult.Kind.values, help_text="How it was held; by the plan, if nobody said.")
    format = serializers.ChoiceField(DrillResult.Format.values)
    producer = serializers.CharField(allow_blank=True, help_text="What made the file, as the file says.")
    doubts = DoubtShape(many=True)
    signature = serializers.ChoiceField(DrillResult.Signed.values, help_text="What came of it at receipt.")
    signer = SignerShape(allow_null=True)
    because = serializers.ListField(child=serializers.DictField(), help_text="All that decides against passing.")
    claimed_verdict = serializers.CharField(allow_blank=True)
    started_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    check_items = CheckShape(many=True)
    measures = serializers.ListField(child=serializers.DictField())
    record = serializers.DictField(help_text="Every member as sent, and the plan's targets at that time.")
    received_from = serializers.CharField()
    received_through = serializers.CharField()
    raw = serializers.CharField()


def shown_occurrence(occurrence: Occurrence) -> JSON:
    return {
        "id": occurrence.pk,
        "planned_at": say(occurrence.planned_at),
        "report_by": say(occurrence.report_by),
        "state": occurrence.state,
        "reason": occurrence.reason,
        "cancelled_at": say_or_none(occurrence.cancelled_at),
        "cancelled_by": occurrence.cancelled_by.username if occurrence.cancelled_by else None,
    }


def shown_drill(drill: Drill, following: Occurrence | None) -> JSON:
    return {
        "key": drill.key,
        "href": f"{ROOT}/drills/{drill.key}",
        "title": {"ja": drill.title_ja, "en": drill.title_en},
        "kind": drill.kind,
        "department": drill.department.key,
        "artefact": drill.artefact.key,
        "timezone": drill.timezone,
        "starts_at": say(drill.starts_at),
        "ends_at": say_or_none(drill.ends_at),
        "recurrence": drill.recurrence,
        "report_within": drill.report_within,
        "covers": drill.covers,
        "targets": drill.targets,
        "next": shown_occurrence(following) if following else None,
    }


def attachments_of(revisions: Iterable[int]) -> dict[int, list[RevisionFile]]:
    """Return what is attached to each of the revisions (by id), in one query."""
    found: dict[int, list[RevisionFile]] = {revision: [] for revision in revisions}
    uses = RevisionFile.objects.filter(revision__in=found, role=RevisionFile.Role.ATTACHMENT)
    for use in uses.select_related("file"):
        found[use.revision_id].append(use)
    return found


def shown_attachment(revision: int, use: RevisionFile) -> JSON:
    return {
        "name": use.name,
        "sha256": use.file.sha256,
        "size": use.file.size,
        "flags": use.flags or [],
        "href": f"{revision_href(revision)}/files/{use.file.sha256}",
    }


def rule_href(rule: AcceptanceRule) -> str:
    return f"{ROOT}/drills/{rule.drill.key}/rules/{rule.pk}"


def receipt(result: DrillResult) -> JSON:
    """Show the receipt for a result with its drill, occurrence, revision and raw file at hand."""
    attached = attachments_of([result.revision_id])[result.revision_id]
    return _receipt(result, attached, sealed(f"drill_result:{result.pk}"))


def new_receipts(results: Sequence[DrillResult], *, has_attachments: bool = False) -> list[JSON]:
    """Show the receipt for each result that this transaction recorded; one query if there are attachments."""
    attached = attachments_of(result.revision_id for result in results) if has_attachments else {}
    return [_receipt(one, attached.get(one.revision_id, ()), pending(f"drill_result:{one.pk}")) for one in results]


def _receipt(result: DrillResult, attached: Sequence[RevisionFile], trail: Sealed) -> JSON:
    revision, occurrence = result.revision, result.occurrence
    return {
        "id": result.pk,
        "href": f"{ROOT}/drill-results/{result.pk}",
        "drill": result.drill.key,
        "occurrence": {"id": occurrence.pk, "planned_at": say(occurrence.planned_at)} if occurrence else None,
        "verdict": result.verdict,
        "warnings": result.warnings,
        "evidence": {
            "artefact": revision.artefact.key,
            "revision": revision.pk,
            "number": revision.number,
            "href": revision_href(revision.pk),
        },
        "attachments": [shown_attachment(revision.pk, use) for use in attached],
        "rule": rule_href(result.rule) if result.rule else None,
        "sha256": result.raw.sha256,
        "received_at": say(result.received_at),
        "trail": trail,
    }


def shown_signer(signer: SignerKey) -> JSON:
    return {
        "key": signer.key,
        "holder": signer.holder,
        "party": signer.party.key,
        "fingerprint": signer.fingerprint,
        "revoked_at": say_or_none(signer.revoked_at),
    }


def shown_format(format: str, reader: Importer) -> JSON:
    schema = f"{ROOT}/drill-formats/{native.FORMAT}" if format == native.FORMAT else None
    return {"format": format, "most_bytes": reader.limit, "schema": schema}


def shown_result(result: DrillResult, checks: Sequence[CheckItem]) -> JSON:
    return {
        **receipt(result),
        "kind": result.kind or result.drill.kind,
        "format": result.format,
        "producer": result.producer,
        "doubts": result.doubts,
        "signature": result.signature,
        "signer": shown_signer(result.signer) if result.signer else None,
        "because": result.because,
        "claimed_verdict": result.claimed_verdict,
        "started_at": say_or_none(result.started_at),
        "ended_at": say_or_none(result.ended_at),
        "check_items": [shown_check(check) for check in checks],
        "measures": result.measures,
        "record": result.record,
        "received_from": result.received_from.username,
        "received_through": result.received_through,
        "raw": f"{ROOT}/drill-results/{result.pk}/raw",
    }


def shown_check(check: CheckItem) -> JSON:
    return {
        "number": check.number,
        "text": check.text,
        "expected": check.expected,
        "observed": check.observed,
        "result": check.outcome,
        "reason": check.reason,
    }
