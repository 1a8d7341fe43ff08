"""What a reviewer should see of a result first; none of it changes the verdict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from dcase_audit.trail.statements import rows
from drills.models import DrillResult, Occurrence
from evidence.models import Subject

if TYPE_CHECKING:
    from drills.services.recording import Incoming

# A drill planned for the night may be held the evening before.
EARLY = timedelta(days=1)
SAME = """
SELECT drill_id, raw_id, min(id) FROM drills_drillresult WHERE drill_id = ANY(%s) AND raw_id = ANY(%s) GROUP BY 1, 2
"""

Warnings = Iterator[dict[str, Any]]


class Before(NamedTuple):
    """What is there already: keys of subjects, the first result with the bytes of each (drill, file), and the

    occurrences (ids) that have a result.
    """

    subjects: set[str]
    same: dict[tuple[int, int], int]
    held: set[int]


def before(uploads: Sequence[Incoming]) -> Before:
    """Look up what the results are to be compared with, in at most two queries."""
    named = {key for upload in uploads for key in upload.parsed.subjects}
    known = set(Subject.objects.filter(key__in=named).values_list("key", flat=True)) if named else set()
    drills, files = {upload.drill.pk for upload in uploads}, {upload.raw.pk for upload in uploads}
    same = {(drill, raw): result for drill, raw, result in rows(SAME, [sorted(drills), sorted(files)])}
    occurrences = {upload.occurrence for upload in uploads if upload.occurrence}
    held = {one.pk for one in occurrences if one.state == Occurrence.State.HELD}
    return Before(known, same, held)


def what_to_see_first(upload: Incoming, there: Before, *, at: datetime) -> Warnings:
    """Yield what the reviewer should see first; none of it changes the verdict."""
    drill, parsed, derived = upload.drill, upload.parsed, upload.judgement.verdict
    if parsed.claimed_verdict not in {"", derived}:
        text = f"The sender claims {parsed.claimed_verdict}; what was checked and measured says {derived}."
        yield {"code": "claim_differs", "detail": text}
    if upload.signers and None in upload.signers:
        yield {"code": "unknown_signature", "detail": "Keys that are not registered here have signed it, too."}
    yield from _occurrence_warnings(upload, there, at)
    if extra := sorted(set(parsed.covers) - set(drill.covers)):
        text = f"The drill does not plan to cover: {', '.join(extra)}."
        yield {"code": "covers_unplanned", "detail": text, "named": extra}
    if unknown := sorted(set(parsed.subjects) - there.subjects):
        text = f"There are no such subjects: {', '.join(unknown)}."
        yield {"code": "unknown_subjects", "detail": text, "named": unknown}
    same = there.same.get((drill.pk, upload.raw.pk))
    if same is not None:
        text = f"The same bytes were received before, as result {same}."
        yield {"code": "same_bytes", "detail": text, "named": [str(same)]}


def _occurrence_warnings(upload: Incoming, there: Before, at: datetime) -> Warnings:
    occurrence, started_at = upload.occurrence, upload.parsed.started_at
    happened = upload.parsed.kind == DrillResult.Kind.LIVE_INCIDENT
    if happened:
        detail = "Nobody planned it: it happened, and is to count as a drill of this plan."
        yield {"code": "live_incident", "detail": detail}
    if occurrence is None and happened:
        return
    if occurrence is None:
        detail = "No planned occurrence fits the time at which the drill started."
        if started_at is None:
            detail = "Nobody said when the drill was held, so no planned occurrence fits it."
        yield {"code": "unplanned", "detail": detail}
        return
    if occurrence.pk in there.held:
        yield {"code": "another_result", "detail": "A result of this occurrence was received before."}
    if at >= occurrence.report_by:
        yield {"code": "late", "detail": f"The result was due by {occurrence.report_by.isoformat()}."}
    if started_at is not None and not occurrence.planned_at - EARLY <= started_at <= occurrence.report_by:
        text = f"The drill was planned for {occurrence.planned_at.isoformat()} and started at another time."
        yield {"code": "other_time", "detail": text}
