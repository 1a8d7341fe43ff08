"""The shapes of what the API says of drills, and how rows fill them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rest_framework import serializers

from dcase_audit.api_schema import Shape
from dcase_audit.moments import say, say_or_none
from dcase_audit.trail.sealing import STATUSES, sealed
from drills.models import CheckItem, Drill, DrillResult, Occurrence
from evidence.api.showing import ROOT, revision_href

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
    """The plan of a drill with its last hundred occurrences, the latest first."""

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


class ReportedShape(Shape):
    """The occurrence that a result reports."""

    id = serializers.IntegerField()
    planned_at = serializers.DateTimeField()


class TrailShape(Shape):
    """How far the record of it has come in the log."""

    event = serializers.CharField()
    status = serializers.ChoiceField(STATUSES)
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


class ResultShape(ReceiptShape):
    """A result as it was read; `raw` leads to the bytes as received."""

    format = serializers.CharField()
    because = serializers.ListField(child=serializers.DictField(), help_text="All that decides against passing.")
    claimed_verdict = serializers.CharField(allow_blank=True)
    started_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField()
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


def receipt(result: DrillResult) -> JSON:
    """Show the receipt for a result with its drill, occurrence, revision and raw file at hand."""
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
        "sha256": result.raw.sha256,
        "received_at": say(result.received_at),
        "trail": sealed(f"drill_result:{result.pk}"),
    }


def shown_result(result: DrillResult, checks: Sequence[CheckItem]) -> JSON:
    return {
        **receipt(result),
        "format": result.format,
        "because": result.because,
        "claimed_verdict": result.claimed_verdict,
        "started_at": say(result.started_at),
        "ended_at": say(result.ended_at),
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
