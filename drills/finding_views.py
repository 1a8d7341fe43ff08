"""Pages of findings, of what is done about them, of signatures, and calling a planned date off."""

from __future__ import annotations

from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from dcase_audit import clock
from dcase_audit.accounts import permissions
from dcase_audit.accounts.authentication import authenticated
from dcase_audit.accounts.models import User
from dcase_audit.errors import AuditError, NotAllowed
from dcase_audit.pages import find, refuse, show
from drills import planning, services
from drills.findings import standings
from drills.forms import CancelForm, FindingForm
from drills.models import CorrectiveAction, Drill, Finding, Occurrence
from drills.views import labels_of, show_drill, show_result, sign_off_form, visible_results
from drills.wording import because_text, state_text
from evidence.action_forms import ActionForm, ClosingForm
from evidence.models import Support
from evidence.querysets import shown_evidence


class ActionLine(NamedTuple):
    """An action on the page of its finding; ``form`` closes it, where the reader may."""

    action: CorrectiveAction
    is_overdue: bool
    form: Form | None
    is_own: bool
    shows_evidence: bool


@login_required
@require_safe
def finding(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a finding, what is done about it and what answered it."""
    return _show(request, authenticated(request), pk)


def _show(
    request: HttpRequest,
    user: User,
    pk: int,
    *,
    form: ActionForm | None = None,
    closing: tuple[int, Form] | None = None,
) -> HttpResponse:
    """Render the page; ``form`` and ``closing`` (the form of an action) come back with what was wrong."""
    found = find(Finding.objects.visible_to(user).whole(), pk=pk)
    (standing,) = standings([found], at=clock.now())
    drill = found.drill
    may_act = permissions.may_write_evidence(user.access, custodian_id=drill.department_id)
    today = clock.now().astimezone(ZoneInfo(drill.timezone)).date()
    seen, lines = shown_evidence(found.actions.all(), user), []
    for action in found.actions.all():
        is_open, is_own = action.closed_at is None, action.owner_id == user.pk
        own_form: Form | None = _closing_form(action, drill, user) if may_act and is_open and not is_own else None
        if closing is not None and closing[0] == action.pk:
            own_form = closing[1]
        shows_evidence = action.evidence_id in seen
        lines.append(ActionLine(action, action.is_overdue(today=today), own_form, is_own and is_open, shows_evidence))
    context = {
        "finding": found,
        "drill": drill,
        "because": [because_text(one, labels_of(drill, user)) for one in found.result.because] if found.result else [],
        "state": standing.state,
        "state_text": state_text(standing.state),
        "retest": standing.retest,
        "lines": lines,
        "form": form or (ActionForm(department=drill.department_id, at=clock.now()) if may_act else None),
    }
    return show(request, "finding.html", context, zone=ZoneInfo(drill.timezone))


def _closing_form(action: CorrectiveAction, drill: Drill, user: User, data: Any = None) -> ClosingForm:
    cases = Support.objects.filter(artefact=drill.artefact_id).values_list("case", flat=True)
    return ClosingForm(data, cases=cases, user=user, prefix=f"a{action.pk}")


def _allow(user: User, drill: Drill) -> None:
    if not permissions.may_write_evidence(user.access, custodian_id=drill.department_id):
        raise NotAllowed


@login_required
@require_POST
def open_finding(request: HttpRequest, key: str) -> HttpResponse:
    """Open a finding about a drill."""
    user = authenticated(request)
    drill = find(Drill.objects.visible_to(user), key=key)
    _allow(user, drill)
    form = FindingForm(request.POST)
    if form.is_valid():
        try:
            made = services.open_finding(drill=drill, actor=user, at=clock.now(), **form.cleaned_data)
        except AuditError as refusal:
            refuse(form, refusal)
        else:
            messages.success(request, _("The finding was opened."))
            return redirect("finding", made.pk)
    return show_drill(request, user, key, finding_form=form)


@login_required
@require_POST
def add_action(request: HttpRequest, pk: int) -> HttpResponse:
    """Add what is done about a finding."""
    user = authenticated(request)
    found = find(Finding.objects.visible_to(user).select_related("drill__department"), pk=pk)
    _allow(user, found.drill)
    form = ActionForm(request.POST, department=found.drill.department_id, at=clock.now())
    if form.is_valid():
        try:
            services.add_action(finding=found, actor=user, at=clock.now(), **form.cleaned_data)
        except AuditError as refusal:
            refuse(form, refusal)
        else:
            messages.success(request, _("The corrective action was added; its owner is told."))
            return redirect("finding", pk)
    return _show(request, user, pk, form=form)


@login_required
@require_POST
def close_action(request: HttpRequest, pk: int, action: int) -> HttpResponse:
    """Close an action that another person carried out."""
    user = authenticated(request)
    found = find(Finding.objects.visible_to(user).select_related("drill"), pk=pk)
    wanted = find(found.actions.all(), pk=action)
    _allow(user, found.drill)
    form = _closing_form(wanted, found.drill, user, request.POST)
    if form.is_valid():
        said = form.cleaned_data
        try:
            services.close_action(
                action=wanted, evidence=said["revision"], note=said["note"], actor=user, at=clock.now()
            )
        except AuditError as refusal:
            refuse(form, refusal)
        else:
            messages.success(request, _("The corrective action was closed."))
            return redirect("finding", pk)
    return _show(request, user, pk, closing=(wanted.pk, form))


@login_required
@require_POST
def sign_off(request: HttpRequest, pk: int) -> HttpResponse:
    """Sign the record of a result."""
    user = authenticated(request)
    result = find(visible_results(user), pk=pk)
    form = sign_off_form(result, user, request.POST)
    if form is None:
        raise NotAllowed
    if form.is_valid():
        said = form.cleaned_data
        try:
            services.sign_off(result=result, record_sha256=said.pop("sha256"), actor=user, at=clock.now(), **said)
        except AuditError as refusal:
            refuse(form, refusal)
        else:
            messages.success(request, _("You signed the record."))
            return redirect("drill-result", pk)
    return show_result(request, user, result, sign_form=form)


@login_required
@require_POST
def cancel(request: HttpRequest, key: str, pk: int) -> HttpResponse:
    """Call a planned date off."""
    user = authenticated(request)
    drill = find(Drill.objects.visible_to(user), key=key)
    occurrence: Occurrence = find(drill.occurrences.all(), pk=pk)
    _allow(user, drill)
    form = CancelForm(request.POST, prefix=f"o{pk}")
    if form.is_valid():
        try:
            planning.cancel(occurrence=occurrence, actor=user, at=clock.now(), reason=form.cleaned_data["reason"])
        except AuditError as refusal:
            refuse(form, refusal)
        else:
            messages.success(request, _("The date was called off."))
            return redirect("drill", key)
    return show_drill(request, user, key, cancel_form=(pk, form))
