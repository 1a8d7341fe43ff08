"""The list of cases; the page of one needs evidence and lives with it (``evidence.views``)."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from dcase_audit import clock
from dcase_audit.accounts.authentication import authenticated
from dcase_audit.cases.models import Case
from dcase_audit.cases.overview import overview
from dcase_audit.pages import show


@login_required
@require_safe
def case_list(request: HttpRequest) -> HttpResponse:
    """List the cases with the status of their top goals."""
    cases = Case.objects.visible_to(authenticated(request))
    return show(request, "cases.html", {"cases": overview(list(cases), at=clock.now())})
