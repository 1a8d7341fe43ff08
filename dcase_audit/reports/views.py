"""Accountability reports: ordered, watched while they are made, fetched."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from dcase_audit import clock
from dcase_audit.accounts import permissions
from dcase_audit.accounts.authentication import authenticated
from dcase_audit.accounts.models import User
from dcase_audit.cases.models import Case
from dcase_audit.errors import AuditError
from dcase_audit.form_fields import MomentField
from dcase_audit.pages import find, given, page_after, refusal_text, refuse, show
from dcase_audit.reports import services
from dcase_audit.reports.models import AccountabilityReport
from evidence.forms import NamedChoice
from evidence.views.files import give

State = AccountabilityReport.State
WAITING = {State.QUEUED, State.RUNNING}


class OrderForm(forms.Form):
    """Which case, in which language, at which moment; empty: now."""

    case = NamedChoice(label=gettext_lazy("Case"), queryset=Case.objects.none(), to_field_name="slug", empty_label=None)
    language = forms.ChoiceField(label=gettext_lazy("Language"), choices=[("ja", "日本語"), ("en", "English")])
    at = MomentField(label=gettext_lazy("Status at"), required=False, help_text=gettext_lazy("Empty: now."))

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["case"].queryset = Case.objects.visible_to(user)  # type: ignore[attr-defined]


@login_required
@require_http_methods(["GET", "POST"])
def reports(request: HttpRequest) -> HttpResponse:
    """List the reports of the cases that the person sees, and take orders for new ones."""
    user, now = authenticated(request), clock.now()
    initial = {"language": user.language, "case": given(request, "case")}
    form = OrderForm(request.POST or None, user=user, initial=initial)
    if request.method == "POST" and form.is_valid():
        case = form.cleaned_data["case"]
        try:
            report = services.order(
                case=case,
                at=form.cleaned_data["at"] or now,
                known=now,
                language=form.cleaned_data["language"],
                actor=user,
                ordered_at=now,
            )
        except AuditError as refusal:
            refuse(form, refusal)
        else:
            messages.success(request, _("The report was ordered. It appears below when it is made."))
            return redirect("report", report.pk)
    rows = _visible(user)
    page = page_after(request, rows, ("ordered_at", "pk"), _position, size=20, descending=True)
    may_order = permissions.may_order_reports(user.access)
    return show(request, "reports.html", {"form": form if may_order else None, "reports": page.rows, "more": page.more})


def _position(report: AccountabilityReport) -> list[Any]:
    return [report.ordered_at.isoformat(), report.pk]


def _visible(user: User) -> Any:
    return AccountabilityReport.objects.visible_to(user).select_related("case", "ordered_by", "file")


@login_required
@require_safe
def report(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one report; asked by htmx, the part that changes while it is made."""
    user = authenticated(request)
    found = find(_visible(user), pk=pk)
    context = {"report": found, "is_waiting": found.state in WAITING, "is_mine": found.ordered_by_id == user.pk}
    template = "report_progress.html" if getattr(request, "htmx", False) else "report.html"
    return show(request, template, context, zone=found.case.zone)


@login_required
@require_POST
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Call off a report that the person ordered."""
    user = authenticated(request)
    found = find(_visible(user), pk=pk)
    try:
        services.cancel(report=found, actor=user, at=clock.now())
    except AuditError as refusal:
        messages.error(request, refusal_text(refusal))
    else:
        messages.success(request, _("The report was called off."))
    return redirect("report", pk)


@login_required
@require_safe
def report_file(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Give the PDF.

    Raises:
        NotReady: it is not made (409).
        PdfUnavailable: the machine that should have made it lacks what that takes (503).
    """
    found = find(_visible(authenticated(request)), pk=pk)
    file = services.file_of(found)
    day = timezone.localtime(found.at, found.case.zone).date()
    return give(request, file, name=f"{found.case.slug}-{day.isoformat()}-{found.language}.pdf")
