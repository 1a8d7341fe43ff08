"""The first page: what waits for the person, by what the person is here."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from dcase_audit import clock
from dcase_audit.accounts.authentication import authenticated
from dcase_audit.accounts.models import User
from dcase_audit.cases.dates import language
from dcase_audit.cases.models import Case, NodeText, StatusChange
from dcase_audit.cases.overview import overview
from dcase_audit.pages import show
from dcase_audit.reports.models import AccountabilityReport
from evidence.due import MANAGEMENT, due_for
from evidence.models import Artefact, Revision
from evidence.views.artefacts import GROUPS, in_group
from evidence.views.due import due_lines

SHOWN = 10


class Count(NamedTuple):
    """How many artefacts are in a group of the evidence list."""

    group: str
    number: int


@login_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Show what the person has to do and to know; every part only where it concerns this person."""
    user, now = authenticated(request), clock.now()
    access = user.access
    context: dict[str, Any] = {"cases": overview(list(Case.objects.visible_to(user)), at=now)}
    due = due_for(user, at=now)
    if access.manages:
        escalated, due = due.filter(step=MANAGEMENT), due.exclude(step=MANAGEMENT)
        context["escalated"], context["escalated_count"] = due_lines(escalated[:SHOWN]), escalated.count()
    context["due"], context["due_count"] = due_lines(due[:SHOWN]), due.count()
    if access.is_member:
        context["counts"] = _counts(user, now)
    if access.approves | access.heads:
        context["waiting"] = _waiting(user)[:SHOWN]
    if access.manages or access.audits:
        reports = AccountabilityReport.objects.visible_to(user).select_related("case")
        context["reports"] = reports.filter(state=AccountabilityReport.State.DONE)[:5]
    if access.audits:
        titles = {one.case.slug: one.case.title(language()) for one in context["cases"]}
        engagements = user.engagements.in_force(at=now).select_related("institution")
        context["engagements"] = [(one, titles.get(one.case_slug, one.case_slug)) for one in engagements]
        changed = StatusChange.objects.visible_to(user).filter(case__slug__in=access.audits, effective_at__lte=now)
        context["changed"] = _with_statements(changed)
    return show(request, "home.html", context)


def _counts(user: User, now: datetime) -> list[Count]:
    """Return four counts of the evidence that the person's departments keep, in one query each."""
    own = Artefact.objects.in_custody_of(user.access.departments)
    return [Count(group, in_group(own, group, at=now).count()) for group in GROUPS]


def _with_statements(changes: QuerySet[StatusChange]) -> list[tuple[StatusChange, str]]:
    """Return the latest changes, each with what its node says now; retired nodes say nothing."""
    latest = list(changes.select_related("case", "node").order_by("-effective_at", "-pk")[:SHOWN])
    texts = NodeText.objects.in_force().filter(node__in={change.node_id for change in latest})
    said = {text.node_id: text.statement(language()) for text in texts}
    return [(change, said.get(change.node_id, "")) for change in latest]


def _waiting(user: User) -> Any:
    """Return the submissions that the person may decide on, the oldest first."""
    departments = user.access.approves | user.access.heads
    rows = Revision.objects.visible_to(user).waiting().filter(artefact__custodian__in=departments, verdict="supports")
    others = rows.exclude(decisions__kind="submitted", decisions__by=user).exclude(created_by=user)
    return others.select_related("artefact__custodian").order_by("submitted_at", "pk")
