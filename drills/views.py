"""Drills: what is planned, what was held, and what came out."""

from __future__ import annotations

from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.contrib.auth.decorators import login_required
from django.db.models.functions import Coalesce
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_safe

from dcase_audit import clock
from dcase_audit.accounts import permissions
from dcase_audit.accounts.authentication import authenticated
from dcase_audit.accounts.models import User
from dcase_audit.accounts.permissions import may_sign_off
from dcase_audit.cases.criteria import target_text
from dcase_audit.cases.dates import language
from dcase_audit.pages import find, page_after, show
from drills.findings import standings
from drills.forms import CancelForm, FindingForm, SignOffForm
from drills.models import Drill, DrillResult, Monitor, Occurrence, SignOff
from drills.querysets import DrillResultQuerySet, FindingQuerySet
from drills.results import Weight
from drills.showing import holding_of, measures_of
from drills.wording import (
    because_text,
    doubt_text,
    measure_labels,
    recurrence_text,
    state_text,
    warning_detail,
    warning_text,
)
from evidence.api.files import Confidential
from evidence.models import Artefact
from evidence.views.deciding import is_withheld
from evidence.views.files import give

MOST_OCCURRENCES = 60
MOST_FINDINGS = 50
MOST_MONITORS = 200


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
    """List the drills that the person sees, and the monitors."""
    rows = Drill.objects.visible_to(authenticated(request)).select_related("department", "artefact")
    page = page_after(request, rows, ("key", "pk"), lambda drill: [drill.key, drill.pk])
    monitors = Monitor.objects.visible_to(authenticated(request)).select_related("artefact__hearing", "department")
    context = {"lines": _lines(list(page.rows)), "more": page.more, "monitors": monitors[:MOST_MONITORS]}
    return show(request, "drills.html", context)


def _lines(drills: list[Drill]) -> list[DrillLine]:
    """Return drills with their next occurrences, last results and missing reports, in three queries."""
    occurrences = Occurrence.objects.filter(drill__in=drills)
    planned = occurrences.filter(state=Occurrence.State.PLANNED, planned_at__gte=clock.now())
    following = {one.drill_id: one for one in planned.order_by("drill_id", "planned_at").distinct("drill_id")}
    # Of those of unknown time it is known that they were held before we received them.
    held = Coalesce("started_at", "received_at")
    results = DrillResult.objects.filter(drill__in=drills).order_by("drill_id", held.desc(), "-pk")
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
    return show_drill(request, authenticated(request), key)


def show_drill(
    request: HttpRequest,
    user: User,
    key: str,
    *,
    finding_form: Form | None = None,
    cancel_form: tuple[int, Form] | None = None,
) -> HttpResponse:
    """Render the page; a form comes back with what was wrong, the one of an occurrence with its number."""
    rows = Drill.objects.visible_to(user).select_related("department", "artefact", "scenario")
    found = find(rows, key=key)
    occurrences = found.occurrences.order_by("-planned_at").select_related("cancelled_by").prefetch_related("results")
    may_act = permissions.may_write_evidence(user.access, custodian_id=found.department_id)
    refused = dict([cancel_form]) if cancel_form else {}
    coming = occurrences.filter(planned_at__gte=clock.now())
    past = occurrences.filter(planned_at__lt=clock.now())
    labels = labels_of(found, user)
    context = {
        "drill": found,
        "recurrence": recurrence_text(found.recurrence),
        "labels": labels,
        "targets": [target_text(target, labels) for target in found.targets],
        "coming": [(one, _cancel_form(one, may_act, refused)) for one in coming.order_by("planned_at")[:6]],
        "occurrences": [(one, _cancel_form(one, may_act, refused)) for one in past[:MOST_OCCURRENCES]],
        "findings": [(one, state_text(one.state)) for one in standings(_findings(found), at=clock.now())],
        "finding_form": finding_form or (FindingForm() if may_act else None),
        "unplanned": found.results.filter(occurrence=None),
        "refused": found.refused_uploads.select_related("received_from").order_by("-received_at")[:20],
        "rules": found.rules.in_force(at=clock.now()).count(),
        "may_open": Artefact.objects.visible_to(user).filter(pk=found.artefact_id).exists(),
    }
    return show(request, "drill.html", context, zone=ZoneInfo(found.timezone))


def _findings(drill: Drill) -> FindingQuerySet:
    return drill.findings.whole()[:MOST_FINDINGS]


def _cancel_form(occurrence: Occurrence, may_act: bool, refused: dict[int, Form]) -> Form | None:
    if occurrence.pk in refused:
        return refused[occurrence.pk]
    may_cancel = may_act and occurrence.state == Occurrence.State.PLANNED
    return CancelForm(prefix=f"o{occurrence.pk}") if may_cancel else None


@login_required
@require_safe
def result(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what came out of one holding of a drill."""
    user = authenticated(request)
    found = find(visible_results(user), pk=pk)
    return show_result(request, user, found, sign_form=sign_off_form(found, user))


def sign_off_form(result: DrillResult, user: User, data: Any = None) -> SignOffForm | None:
    """Return the form in which the reader signs, with the roles that are the reader's; None without any."""
    department = result.drill.department_id
    roles = [role for role in SignOff.Role.values if may_sign_off(user.access, role=role, department_id=department)]
    if not roles:
        return None
    return SignOffForm(data, roles=roles, initial={"sha256": result.raw.sha256})


def show_result(request: HttpRequest, user: User, found: DrillResult, *, sign_form: Form | None) -> HttpResponse:
    """Render the page; ``sign_form`` comes back with what was wrong."""
    zone = ZoneInfo(found.drill.timezone)
    labels = labels_of(found.drill, user)
    with timezone.override(zone):
        because = [(because_text(one, labels), _beside(one)) for one in found.because]
        warnings = [(warning_text(one), warning_detail(one, found.occurrence, labels)) for one in found.warnings]
        noted = [
            (doubt_text(one["code"]), f"{one['detail']} {one['place']}")
            for one in found.doubts
            if one["weight"] == Weight.NOTED
        ]
        measures = measures_of(found, labels)
        holding = holding_of(found)
    context: dict[str, Any] = {
        "result": found,
        "drill": found.drill,
        "because": because,
        "claimed": dict(DrillResult.Verdict.choices).get(found.claimed_verdict, found.claimed_verdict),
        "warnings": warnings,
        "noted": noted,
        "measures": measures,
        "holding": holding,
        "findings": [(one, state_text(one.state)) for one in standings(found.findings.whole(), at=clock.now())],
        "sign_offs": found.sign_offs.select_related("signed_by"),
        "sign_form": sign_form,
        "checks": found.check_items.all(),
        "may_open": Artefact.objects.visible_to(user).filter(pk=found.drill.artefact_id).exists(),
        "disposal": found.raw.disposal,
        "withheld": is_withheld(found.revision, found.revision.artefact, user),
    }
    return show(request, "drill_result.html", context, zone=zone)


def _beside(because: dict[str, Any]) -> str:
    """Return the detail in English of what the reader of a format saw, with its place."""
    return f"{because.get('text', '')} {because['place']}" if "place" in because else ""


@login_required
@require_safe
def raw(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Give the bytes of a result as they were received.

    Raises:
        Confidential: another department keeps it (403).
    """
    found = find(visible_results(authenticated(request)), pk=pk)
    if is_withheld(found.revision, found.revision.artefact, authenticated(request)):
        raise Confidential(found.revision.confidential_reason)
    name = found.revision.files.values_list("name", flat=True).first()
    return give(request, found.raw, name=name or f"{found.drill.key}-{found.pk}")


def labels_of(drill: Drill, user: User) -> dict[str, str]:
    """Return what the keys of the drill are called, in the cases that it serves first of all."""
    return measure_labels() | drill.artefact.supports.label_texts(user, language())


def visible_results(user: User) -> DrillResultQuerySet:
    """Return the results that the person sees, with what their pages say of them."""
    return DrillResult.objects.visible_to(user).select_related(
        "drill__artefact",
        "occurrence",
        "revision__artefact",
        "raw",
        "received_from",
        "signer__party",
        "rule__published_by",
    )
