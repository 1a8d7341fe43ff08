"""Drills: what is planned, what was held, and what came out."""

from __future__ import annotations

from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_safe

from dcase_audit import clock
from dcase_audit.accounts.authentication import authenticated
from dcase_audit.cases.criteria import target_text, value_text
from dcase_audit.pages import find, page_after, show
from drills.models import Drill, DrillResult, Occurrence
from drills.wording import because_text, recurrence_text, warning_text
from evidence.api.files import Confidential
from evidence.models import Artefact
from evidence.views.deciding import is_withheld
from evidence.views.files import give

MOST_OCCURRENCES = 60


class DrillLine(NamedTuple):
    """A drill in a list, with what comes next and what came out last."""

    drill: Drill
    recurrence: str
    following: Occurrence | None
    last: DrillResult | None
    not_reported: int


@login_required
@require_safe
def drill_list(request: HttpRequest) -> HttpResponse:
    """List the drills that the person sees."""
    rows = Drill.objects.visible_to(authenticated(request)).select_related("department", "artefact")
    page = page_after(request, rows, ("key", "pk"), lambda drill: [drill.key, drill.pk])
    return show(request, "drills.html", {"lines": _lines(list(page.rows)), "more": page.more})


def _lines(drills: list[Drill]) -> list[DrillLine]:
    """Return drills with their next occurrences, last results and missing reports, in three queries."""
    occurrences = Occurrence.objects.filter(drill__in=drills)
    planned = occurrences.filter(state=Occurrence.State.PLANNED, planned_at__gte=clock.now())
    following = {one.drill_id: one for one in planned.order_by("drill_id", "planned_at").distinct("drill_id")}
    results = DrillResult.objects.filter(drill__in=drills).order_by("drill_id", "-started_at", "-pk")
    last = {one.drill_id: one for one in results.distinct("drill_id").select_related("revision")}
    missing: dict[int, int] = {}
    for drill_id in occurrences.filter(state=Occurrence.State.NOT_REPORTED).values_list("drill_id", flat=True):
        missing[drill_id] = missing.get(drill_id, 0) + 1
    return [
        DrillLine(
            drill,
            recurrence_text(drill.recurrence),
            following.get(drill.pk),
            last.get(drill.pk),
            missing.get(drill.pk, 0),
        )
        for drill in drills
    ]


@login_required
@require_safe
def drill(request: HttpRequest, key: str) -> HttpResponse:
    """Show a drill's plan, its occurrences and its results."""
    user = authenticated(request)
    rows = Drill.objects.visible_to(user).select_related("department", "artefact", "scenario")
    found = find(rows, key=key)
    occurrences = found.occurrences.order_by("-planned_at").prefetch_related("results")
    coming = occurrences.filter(planned_at__gte=clock.now())
    past = occurrences.filter(planned_at__lt=clock.now())
    context = {
        "drill": found,
        "recurrence": recurrence_text(found.recurrence),
        "targets": [target_text(target) for target in found.targets],
        "coming": coming.order_by("planned_at")[:6],
        "occurrences": past[:MOST_OCCURRENCES],
        "unplanned": found.results.filter(occurrence=None),
        "refused": found.refused_uploads.select_related("received_from").order_by("-received_at")[:20],
        "may_open": Artefact.objects.visible_to(user).filter(pk=found.artefact_id).exists(),
    }
    return show(request, "drill.html", context, zone=ZoneInfo(found.timezone))


@login_required
@require_safe
def result(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what came out of one holding of a drill."""
    user = authenticated(request)
    found = find(_results(request), pk=pk)
    zone = ZoneInfo(found.drill.timezone)
    with timezone.override(zone):
        because = [because_text(one) for one in found.because]
        warnings = [(warning_text(one), one["detail"]) for one in found.warnings]
        measures = [(measure, value_text(measure["value"])) for measure in found.measures]
    context: dict[str, Any] = {
        "result": found,
        "drill": found.drill,
        "because": because,
        "claimed": dict(DrillResult.Verdict.choices).get(found.claimed_verdict, found.claimed_verdict),
        "warnings": warnings,
        "measures": measures,
        "checks": found.check_items.all(),
        "may_open": Artefact.objects.visible_to(user).filter(pk=found.drill.artefact_id).exists(),
        "disposal": found.raw.disposal,
        "withheld": is_withheld(found.revision, found.revision.artefact, user),
    }
    return show(request, "drill_result.html", context, zone=zone)


@login_required
@require_safe
def raw(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Give the bytes of a result as they were received.

    Raises:
        Confidential: another department keeps it (403).
    """
    found = find(_results(request), pk=pk)
    if is_withheld(found.revision, found.revision.artefact, authenticated(request)):
        raise Confidential(found.revision.confidential_reason)
    name = found.revision.files.values_list("name", flat=True).first()
    return give(request, found.raw, name=name or f"{found.drill.key}-{found.pk}")


def _results(request: HttpRequest) -> Any:
    rows = DrillResult.objects.visible_to(authenticated(request))
    return rows.select_related("drill__artefact", "occurrence", "revision__artefact", "raw", "received_from")
