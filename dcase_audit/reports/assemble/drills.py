"""The drills whose results are evidence of the case: plans, occurrences, results, refusals of the period."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import cast

from django.utils import translation

from dcase_audit.reports.assemble.argument import target_of
from dcase_audit.reports.assemble.findings import findings_of
from dcase_audit.reports.assemble.holdings import holding_of
from dcase_audit.reports.assemble.names import Names
from dcase_audit.reports.contents import Achieved, Check, Drill, Occurrence, RefusedUpload, Result, SignOff
from dcase_audit.reports.contents.drills import (
    CheckOutcome,
    Doubt,
    DrillFormat,
    DrillKind,
    DrillSignature,
    DrillVerdict,
    Met,
    Outcome,
    SignRole,
)
from drills import models
from drills.formats import importer
from drills.verdict import compare, targets_of
from drills.wording import recurrence_text
from evidence.storage import object_store

Period = tuple[datetime, datetime]


def drills_of(artefacts: Iterable[str], names: Names, *, period: Period) -> tuple[Drill, ...]:
    """Return the drills that serve the artefacts, with what was planned and held in the period."""
    found = (
        models.Drill.objects.filter(artefact__key__in=list(artefacts))
        .select_related("artefact", "department", "scenario")
        .prefetch_related(
            "occurrences",
            "results__check_items",
            "results__raw",
            "results__revision",
            "results__signer__party",
            "results__sign_offs",
        )
        .order_by("key")
    )
    return tuple(_drill(row, names, period) for row in found)


def _drill(row: models.Drill, names: Names, period: Period) -> Drill:
    start, known = period
    results = [result for result in row.results.all() if result.received_at <= known]
    by_occurrence: dict[int | None, list[models.DrillResult]] = {}
    for result in sorted(results, key=lambda result: (result.received_at, result.pk)):
        by_occurrence.setdefault(result.occurrence_id, []).append(result)
    occurrences = [o for o in row.occurrences.all() if start <= o.planned_at <= known and o.recorded_at <= known]
    return Drill(
        key=row.key,
        title=row.title(names.language),
        kind=cast(DrillKind, row.kind),
        artefact=row.artefact.key,
        department=names.party(row.department.key),
        scenario=names.pick(row.scenario.title_ja, row.scenario.title_en) if row.scenario else "",
        recurrence=_recurrence(row, names),
        covers=tuple(row.covers),
        occurrences=tuple(_occurrence(o, by_occurrence.get(o.pk, []), names, known) for o in occurrences),
        unplanned=tuple(
            _result(result, names, known) for result in by_occurrence.get(None, []) if result.received_at >= start
        ),
        findings=findings_of(row, names, period=period),
    )


def _recurrence(row: models.Drill, names: Names) -> str:
    """Say how often the drill recurs, in the report's language and not in that of whoever ordered it."""
    with translation.override(names.language):
        return recurrence_text(row.recurrence)


def _occurrence(row: models.Occurrence, results: list[models.DrillResult], names: Names, known: datetime) -> Occurrence:
    return Occurrence(
        planned_at=row.planned_at,
        report_by=row.report_by,
        recorded_at=row.recorded_at,
        outcome=cast(Outcome, row.state),
        reason=row.reason,
        cancelled_by=names.person(row.cancelled_by_id),
        results=tuple(_result(result, names, known) for result in results),
    )


def _result(row: models.DrillResult, names: Names, known: datetime) -> Result:
    return Result(
        verdict=cast(DrillVerdict, row.verdict),
        started_at=row.started_at,
        ended_at=row.ended_at,
        received_at=row.received_at,
        received_from=names.person(row.received_from_id),
        revision=row.revision.number,
        raw_sha256=row.raw.sha256,
        kind=cast(DrillKind | None, row.kind or None),
        holding=holding_of(row.record.get("document", {}), names),
        format=cast(DrillFormat, row.format),
        producer=row.producer,
        signature=cast(DrillSignature, row.signature),
        signer=f"{row.signer.holder}, {names.party(row.signer.party.key)}" if row.signer else "",
        doubts=_doubts(row),
        claimed_verdict=row.claimed_verdict if row.claimed_verdict != row.verdict else "",
        sign_offs=tuple(
            SignOff(
                role=cast(SignRole, signed.role),
                by=names.person(signed.signed_by_id),
                at=signed.signed_at,
                statement=signed.statement,
            )
            for signed in row.sign_offs.all()
            if signed.signed_at <= known
        ),
        checks=tuple(
            Check(
                number=item.number,
                text=item.text,
                outcome=cast(CheckOutcome, item.outcome),
                expected=item.expected,
                observed=item.observed,
                reason=item.reason,
            )
            for item in row.check_items.all()
        ),
        achieved=_achieved(row),
    )


def _doubts(row: models.DrillResult) -> tuple[Doubt, ...]:
    """Return each kind of doubt once, in the order in which they were seen."""
    unknown = ["time_unknown"] if row.started_at is None else []
    return tuple(cast(Doubt, code) for code in dict.fromkeys([*unknown, *(one["code"] for one in row.doubts)]))


def _achieved(row: models.DrillResult) -> tuple[Achieved, ...]:
    """Compare again, from the bytes as received, what was measured with the targets that held then."""
    with object_store().open(row.raw.sha256) as raw:
        parsed = importer(row.format).parse(raw.read())
    targets = targets_of(row.record["targets"])
    return tuple(
        Achieved(
            target=target_of(
                {
                    "measure": found.target.measure,
                    "op": found.target.op,
                    "value": found.target.sent,
                    "class": found.target.kind or found.item,
                }
            ),
            value="" if found.measure is None else str(found.measure.sent),
            outcome=cast(Met, found.outcome),
            unit=found.measure.unit if found.measure else "",
            method=found.measure.method if found.measure else "",
            resolution=str(found.measure.resolution_sent) if found.measure else "",
        )
        for found in compare(targets, parsed.measures, row.record["covers"])
    )


def refused_of(drills: Iterable[str], names: Names, *, period: Period) -> tuple[RefusedUpload, ...]:
    """Return the uploads for the drills that were refused in the period."""
    start, known = period
    found = models.RefusedUpload.objects.filter(
        drill__key__in=list(drills), received_at__gte=start, received_at__lte=known
    ).select_related("drill")
    return tuple(
        RefusedUpload(
            at=row.received_at,
            by=names.person(row.received_from_id),
            through=row.received_through,
            drill=row.drill.key,
            problem=row.problem,
            detail=row.detail,
            sha256=row.sha256,
        )
        for row in found.order_by("received_at", "pk")
    )
