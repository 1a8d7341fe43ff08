"""Artefacts: the list, a new one, and the page of one with all its revisions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Q, QuerySet
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from dcase_audit import clock
from dcase_audit.accounts import permissions
from dcase_audit.accounts.authentication import authenticated
from dcase_audit.accounts.models import Party, User
from dcase_audit.cases.dates import language
from dcase_audit.cases.models import Case
from dcase_audit.cases.words import Status
from dcase_audit.errors import AuditError
from dcase_audit.pages import find, given, page_after, refuse, show
from evidence import services
from evidence.forms import ArtefactForm, HoldForm
from evidence.models import Artefact, Decision, Kind, LegalHold, Support
from evidence.querysets import ArtefactQuerySet
from evidence.reading import moment_or_none, status_of
from evidence.services.custody import may_keep
from evidence.views.deciding import revisions_of

ORDER = ("standing__due_at", "standing__artefact_id")
SOON = timedelta(days=7)
GROUPS = ("broken", "soon", "waiting", "good")


class ArtefactLine(NamedTuple):
    """An artefact in a list."""

    artefact: Artefact
    status: Status
    due_at: Any
    nodes: list[Support]


@login_required
@require_safe
def artefact_list(request: HttpRequest) -> HttpResponse:
    """List what the person may see, what ends first coming first."""
    user, now = authenticated(request), clock.now()
    wanted = {name: given(request, name) for name in ("group", "status", "department", "kind", "q")}
    rows = Artefact.objects.visible_to(user).filter(standing__isnull=False)
    rows = in_group(rows, wanted["group"], at=now)
    if wanted["status"] in {status.word for status in Status}:
        rows = rows.in_standing(wanted["status"], at=now)
    if wanted["department"]:
        rows = rows.filter(standing__department__key=wanted["department"])
    if wanted["kind"]:
        rows = rows.filter(kind__key=wanted["kind"])
    if wanted["q"]:
        rows = rows.matching(wanted["q"])
    page = page_after(request, rows.select_related("kind", "custodian", "standing"), ORDER, _position)
    context = {
        "lines": _lines(page.rows, user, at=now),
        "more": page.more,
        "wanted": wanted,
        "groups": GROUPS,
        "statuses": [status for status in Status if status is not Status.UNDEVELOPED],
        "departments": Party.objects.filter(artefacts__in=Artefact.objects.visible_to(user)).distinct(),
        "kinds": Kind.objects.all(),
        "may_add": _own_departments(user).exists(),
    }
    return show(request, "artefacts.html", context)


def in_group(rows: ArtefactQuerySet, group: str, *, at: datetime) -> ArtefactQuerySet:
    """Keep the artefacts of one of the groups that the first page counts; all of them for any other word."""
    in_force = Q(standing__state="supported", standing__due_at__gt=at)
    groups = {
        "broken": Q(standing__state__in=["refuted", "missing", "stale"])
        | Q(standing__state="supported", standing__due_at__lte=at),
        "soon": in_force & Q(standing__due_at__lte=at + SOON),
        "waiting": Q(standing__state="pending"),
        "good": in_force,
    }
    return rows.filter(groups[group]) if group in groups else rows


def _position(artefact: Artefact) -> list[Any]:
    return [artefact.standing.due_at.isoformat(), artefact.pk]


def _lines(artefacts: Any, user: User, *, at: Any) -> list[ArtefactLine]:
    """Return artefacts with what they support of the cases that the reader sees, in one query."""
    found = Support.objects.open().filter(artefact__in=artefacts, case__in=Case.objects.visible_to(user))
    nodes: dict[int, list[Support]] = {}
    for support in found.select_related("node", "case").order_by("pk"):
        nodes.setdefault(support.artefact_id, []).append(support)
    return [
        ArtefactLine(one, status_of(one.standing, at=at), moment_or_none(one.standing.due_at), nodes.get(one.pk, []))
        for one in artefacts
    ]


def _own_departments(user: User) -> QuerySet[Party]:
    access = user.access
    return Party.objects.filter(pk__in=access.owns | access.approves | access.heads)


@login_required
@require_http_methods(["GET", "POST"])
def new_artefact(request: HttpRequest) -> HttpResponse:
    """Add an artefact to the evidence of one of the person's departments."""
    user = authenticated(request)
    departments = _own_departments(user)
    if not departments.exists():
        return redirect("artefacts")
    members = User.objects.members_of(departments.values_list("pk", flat=True), at=clock.now())
    people = members.order_by("username")
    first = departments.first()
    initial = {"custodian": first.key if first else None, "owner": user.username}
    form = ArtefactForm(request.POST or None, departments=departments, people=people, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            artefact = services.create_artefact(**form.cleaned_data, actor=user, at=clock.now())
        except AuditError as refusal:
            refuse(form, refusal)
        else:
            messages.success(request, _("The artefact was added. Add its first revision now."))
            return redirect("revision-new", artefact.key)
    return show(request, "artefact_new.html", {"form": form})


@login_required
@require_safe
def artefact(request: HttpRequest, key: str) -> HttpResponse:
    """Show an artefact with its revisions, their files, and what was decided."""
    return show_artefact(request, authenticated(request), key)


def show_artefact(
    request: HttpRequest, user: User, key: str, *, refused: Mapping[tuple[int, str], Form] | None = None
) -> HttpResponse:
    """Render the page of an artefact; ``refused`` holds the forms that come back, by revision and action."""
    rows = Artefact.objects.visible_to(user).select_related("kind", "custodian", "owner", "standing__revision")
    found, now = find(rows, key=key), clock.now()
    supports = Support.objects.filter(artefact=found, case__in=Case.objects.visible_to(user))
    revisions = revisions_of(found, user, refused or {})
    may_write = permissions.may_write_evidence(user.access, custodian_id=found.custodian_id)
    context = {
        "artefact": found,
        "status": status_of(found.standing, at=now),
        "due_at": moment_or_none(found.standing.due_at),
        "supports": supports.select_related("node", "case").order_by("unlinked_at", "pk"),
        "revisions": revisions,
        "labels": supports.label_texts(user, language()),
        "may_write": may_write,
        "holds": LegalHold.objects.open().filter(artefact=found).select_related("revision", "placed_by"),
        "hold_form": HoldForm.on(found) if may_keep(user, found) else None,
        "may_review": may_write and any(shown.state == Decision.Kind.ACCEPTED for shown in revisions),
    }
    return show(request, "artefact.html", context)
