"""What keeps evidence: the list of legal holds, placing and releasing one, and keeping a revision longer."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from dcase_audit import clock
from dcase_audit.accounts.authentication import authenticated
from dcase_audit.accounts.models import User
from dcase_audit.cases.dates import ends_after
from dcase_audit.errors import AuditError, Invalid, NotAllowed
from dcase_audit.pages import ORGANISATION_ZONE, find, given, page_after, refuse, show
from evidence import services
from evidence.forms import ExtensionForm, HoldForm, ReasonForm
from evidence.models import Artefact, HoldRelease, LegalHold, Revision
from evidence.services.custody import may_keep
from evidence.views.artefacts import show_artefact
from evidence.views.deciding import EXTEND
from evidence.views.revisions import page_of

ORDER = ("placed_at", "pk")
OPEN, RELEASED = "open", "released"


class HoldLine(NamedTuple):
    """A hold in the list; ``form`` releases it, where the reader may."""

    hold: LegalHold
    release: HoldRelease | None
    may_open: bool
    form: Form | None
    is_own: bool


@login_required
@require_safe
def hold_list(request: HttpRequest) -> HttpResponse:
    """List the holds that the person sees, the latest first, and offer to place one to whom it is given."""
    return show_holds(request, authenticated(request))


def show_holds(
    request: HttpRequest, user: User, *, form: HoldForm | None = None, refused: tuple[int, Form] | None = None
) -> HttpResponse:
    """Render the list; ``form`` and ``refused`` (the form of a hold's release) come back with what was wrong."""
    state = RELEASED if given(request, "state") == RELEASED else OPEN
    rows = LegalHold.objects.visible_to(user).filter(release__isnull=state == OPEN)
    rows = rows.select_related("artefact", "revision", "placed_by", "release__released_by")
    page = page_after(request, rows, ORDER, _position, descending=True)
    answers = user.access.heads or user.access.manages
    context = {
        "lines": _lines(list(page.rows), user, refused),
        "more": page.more,
        "state": state,
        "form": form or (HoldForm() if answers else None),
    }
    return show(request, "holds.html", context)


def _position(hold: LegalHold) -> list[Any]:
    return [hold.placed_at.isoformat(), hold.pk]


def _lines(holds: list[LegalHold], user: User, refused: tuple[int, Form] | None) -> list[HoldLine]:
    artefacts = Artefact.objects.filter(pk__in={hold.artefact_id for hold in holds})
    seen = set(artefacts.visible_to(user).values_list("pk", flat=True))
    mine = set(artefacts.answered_for_by(user).values_list("pk", flat=True))
    lines = []
    for hold in holds:
        release: HoldRelease | None = getattr(hold, "release", None)
        is_own = hold.placed_by_id == user.pk
        form: Form | None = _release_form(hold) if release is None and hold.artefact_id in mine and not is_own else None
        if refused is not None and refused[0] == hold.pk:
            form = refused[1]
        lines.append(HoldLine(hold, release, hold.artefact_id in seen, form, is_own and release is None))
    return lines


def _release_form(hold: LegalHold, data: Any = None) -> ReasonForm:
    return ReasonForm(data, prefix=f"h{hold.pk}")


@login_required
@require_POST
def place(request: HttpRequest) -> HttpResponse:
    """Place a hold on an artefact, or on one of its revisions."""
    user = authenticated(request)
    form = HoldForm(request.POST)
    if form.is_valid():
        try:
            hold = _place(form, user)
        except AuditError as refusal:
            refuse(form, refusal)
        else:
            messages.success(request, _("The hold was placed. Another person has to release it."))
            seen = Artefact.objects.visible_to(user).filter(pk=hold.artefact_id).exists()
            return redirect("artefact", hold.artefact.key) if seen else redirect("holds")
    return show_holds(request, user, form=form)


def _place(form: HoldForm, user: User) -> LegalHold:
    said = form.cleaned_data
    artefact = Artefact.objects.known_to(user).filter(key=said["artefact"]).first()
    if artefact is None:
        raise Invalid("There is none with this key.", pointer="/artefact")
    revision = artefact.revisions.submitted().filter(number=said["revision"]).first() if said["revision"] else None
    if said["revision"] and revision is None:
        raise Invalid("The artefact has no such revision.", pointer="/revision")
    return services.place_hold(artefact=artefact, revision=revision, actor=user, at=clock.now(), reason=said["reason"])


@login_required
@require_POST
def release(request: HttpRequest, pk: int) -> HttpResponse:
    """Release a hold that another person placed."""
    user = authenticated(request)
    hold = find(LegalHold.objects.visible_to(user).select_related("artefact"), pk=pk)
    form = _release_form(hold, request.POST)
    if form.is_valid():
        try:
            services.release_hold(hold=hold, actor=user, at=clock.now(), reason=form.cleaned_data["reason"])
        except AuditError as refusal:
            refuse(form, refusal)
        else:
            messages.success(request, _("The hold was released."))
            return redirect("holds")
    return show_holds(request, user, refused=(hold.pk, form))


@login_required
@require_POST
def extend(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep a revision longer than its kind asks for."""
    user = authenticated(request)
    found = find(Revision.objects.visible_to(user).select_related("artefact"), pk=pk)
    if not may_keep(user, found.artefact):
        raise NotAllowed()
    form = ExtensionForm(request.POST, prefix=f"r{pk}-{EXTEND}")
    if form.is_valid():
        said = form.cleaned_data
        until = ends_after(said.pop("until"), ORGANISATION_ZONE)
        assert until is not None
        try:
            services.extend_retention(revision=found, until=until, actor=user, at=clock.now(), **said)
        except AuditError as refusal:
            refuse(form, refusal)
        else:
            messages.success(request, _("The revision is kept longer."))
            return redirect(page_of(found))
    return show_artefact(request, user, found.artefact.key, refused={(found.pk, EXTEND): form})
