"""Revisions: a new one with its files, decisions about one, and the files themselves."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from dcase_audit import clock
from dcase_audit.accounts import permissions
from dcase_audit.accounts.authentication import authenticated
from dcase_audit.accounts.models import User
from dcase_audit.cases.dates import ends_after, language, starts_at
from dcase_audit.cases.models import Criterion
from dcase_audit.errors import AuditError, NotAllowed
from dcase_audit.pages import ORGANISATION_ZONE, find, refuse, show
from evidence import services
from evidence.api.files import Confidential
from evidence.examining import examine
from evidence.forms import ReviewedForm, RevisionForm
from evidence.models import Artefact, Revision, RevisionFile, Subject, Support
from evidence.services import FileIn
from evidence.storage import TooLarge, store_file
from evidence.views.artefacts import show_artefact
from evidence.views.deciding import ACTIONS, form_of, is_withheld
from evidence.views.files import give

# Beside the files, a form of ours sends little.
FORM_ITSELF = 1024 * 1024


def limited(view: Any) -> Any:
    """Refuse a body that is too large before anything of it is read; the check of the form's token reads it."""
    protected = csrf_protect(view)

    def check(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not length.isdigit() or int(length) > settings.UPLOAD_LIMIT + FORM_ITSELF:
            raise TooLarge()
        answer: HttpResponseBase = protected(request, *args, **kwargs)
        return answer

    return csrf_exempt(check)


@limited
@login_required
@require_http_methods(["GET", "POST"])
def new_revision(request: HttpRequest, key: str) -> HttpResponse:
    """Add a revision as a draft, or submit it at once."""
    user = authenticated(request)
    artefact = _own(user, key)
    items, subjects = asked_of(artefact, at=clock.now())
    data, files = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    labels = artefact.supports.open().label_texts(user, language())
    form = RevisionForm(data, files, artefact=artefact, items=items, subjects=subjects, labels=labels)
    if form.is_valid():
        try:
            revision = _add(artefact, form, user, at=clock.now(), submit="submit" in request.POST)
        except AuditError as refusal:
            refuse(form, refusal)
        else:
            said = _("The revision was submitted.") if revision.is_submitted else _("The draft was saved.")
            messages.success(request, said)
            return redirect(page_of(revision))
    latest = artefact.revisions.submitted().order_by("-number").prefetch_related("files").first()
    context = {"artefact": artefact, "form": form, "latest": latest, "limit": settings.UPLOAD_LIMIT}
    return show(request, "revision_new.html", context)


@transaction.atomic
def _add(artefact: Artefact, form: RevisionForm, user: User, *, at: datetime, submit: bool) -> Revision:
    said = form.cleaned_data
    services.check_quota(artefact.custodian_id, [file.size for file in said["files"]], at=at)
    files = [
        FileIn(
            flags=examine(file, name=file.name, declared=file.content_type or ""),
            file=store_file(file, media_type=file.content_type or "", at=at),
            name=file.name,
            role=RevisionFile.Role.ATTACHMENT if position else RevisionFile.Role.MAIN,
        )
        for position, file in enumerate(said["files"])
    ]
    revision = services.add_revision(
        artefact=artefact,
        actor=user,
        at=at,
        files=files,
        verdict=said["verdict"],
        covers=form.covered(),
        valid_from=starts_at(said["valid_from"], ORGANISATION_ZONE),
        valid_until=ends_after(said["valid_until"], ORGANISATION_ZONE),
        proves_from=starts_at(said["proves_from"], ORGANISATION_ZONE),
        proves_until=proven_until(said["proves_until"], at=at),
        subjects=form.obtained_on(),
        note=said["note"],
        corrects=said["corrects"],
        confidentiality=said["confidentiality"],
        confidential_reason=said["confidential_reason"],
    )
    if submit:
        services.submit(revision=revision, actor=user, at=at)
    return revision


def proven_until(day: date | None, *, at: datetime) -> datetime | None:
    """Return the end of the last day that something is proof of, of the present day no more than has passed."""
    end = ends_after(day, ORGANISATION_ZONE)
    return min(end, at) if end is not None else None


def asked_of(artefact: Artefact, *, at: datetime) -> tuple[list[str], dict[str, tuple[str, str]]]:
    """Return what the leaves of an artefact ask to cover, and the present versions of the subjects that they name."""
    leaves = Support.objects.open().filter(artefact=artefact).values("node")
    criteria = list(Criterion.objects.in_force().filter(node__in=leaves).order_by("pk"))
    items = dict.fromkeys(item for criterion in criteria for item in criterion.must_cover)
    latest = artefact.revisions.submitted().order_by("-number").first()
    items |= dict.fromkeys(latest.covers if latest is not None else ())
    named = sorted({subject for criterion in criteria for subject in criterion.subjects})
    found: dict[str, tuple[str, str]] = dict.fromkeys(named, ("", ""))
    for subject in Subject.objects.filter(key__in=named):
        current = subject.versions.filter(since__lte=at).order_by("-since", "-pk").first()
        if current is not None:
            found[subject.key] = (current.version, current.digest)
    return list(items), found


@login_required
@require_http_methods(["GET", "POST"])
def reviewed(request: HttpRequest, key: str) -> HttpResponse:
    """Hand in that the revision accepted last was read again and holds unchanged: a new revision of the same files."""
    user = authenticated(request)
    artefact, now = _own(user, key), clock.now()
    base = artefact.revisions.accepted(at=now).filter(verdict="supports").order_by("-number").first()
    if base is None:
        return redirect("revision-new", artefact.key)
    today = now.astimezone(ORGANISATION_ZONE).date()
    form = ReviewedForm(request.POST or None, initial={"reviewed_on": today})
    if request.method == "POST" and form.is_valid():
        try:
            revision = _review(base, form, user, at=now)
        except AuditError as refusal:
            refuse(form, refusal)
        else:
            messages.success(request, _("The review was submitted as a new revision."))
            return redirect(page_of(revision))
    _items, subjects = asked_of(artefact, at=now)
    changed = [key for key, current in subjects.items() if _recorded(base, key) not in {current, None}]
    context = {"artefact": artefact, "base": base, "files": base.files.select_related("file"), "form": form}
    return show(request, "reviewed.html", {**context, "changed": changed})


def _recorded(revision: Revision, subject: str) -> tuple[str, str] | None:
    said = revision.subjects.get(subject)
    return (said.get("version", ""), said.get("digest", "")) if said else None


@transaction.atomic
def _review(base: Revision, form: ReviewedForm, user: User, *, at: datetime) -> Revision:
    """Add and submit the same files, proof up to the review, obtained on the subjects as they are now."""
    _items, subjects = asked_of(base.artefact, at=at)
    present = {key: {"version": version, "digest": digest} for key, (version, digest) in subjects.items() if version}
    uses = base.files.select_related("file")
    revision = services.add_revision(
        artefact=base.artefact,
        actor=user,
        at=at,
        files=[
            FileIn(use.file, use.name, use.role, use.language, use.source_url, use.fetched_at, use.flags)
            for use in uses
        ],
        covers=base.covers,
        valid_from=base.valid_from,
        valid_until=base.valid_until,
        proves_from=base.proves_from,
        proves_until=proven_until(form.cleaned_data["reviewed_on"], at=at),
        measures=base.measures,
        subjects={**base.subjects, **present},
        note=form.cleaned_data["note"] or _("Reviewed, unchanged since revision %(number)d.") % {"number": base.number},
        confidentiality=base.confidentiality,
        confidential_reason=base.confidential_reason,
    )
    services.submit(revision=revision, actor=user, at=at)
    return revision


def _own(user: User, key: str) -> Artefact:
    """Return an artefact that the person may add revisions to; 404 and 403 as everywhere."""
    artefact = find(Artefact.objects.visible_to(user).select_related("kind", "custodian"), key=key)
    if not permissions.may_write_evidence(user.access, custodian_id=artefact.custodian_id):
        raise NotAllowed()
    return artefact


@login_required
@require_safe
def revision(request: HttpRequest, pk: int) -> HttpResponse:
    """Lead to the revision's place on the page of its artefact."""
    found = find(Revision.objects.visible_to(authenticated(request)).select_related("artefact"), pk=pk)
    return redirect(page_of(found))


def page_of(revision: Revision) -> str:
    """Return the address of a revision on its artefact's page."""
    return f"{reverse('artefact', args=[revision.artefact.key])}#r{revision.number}"


@login_required
@require_POST
def decide(request: HttpRequest, pk: int, action: str) -> HttpResponse:
    """Take a decision about a revision."""
    user = authenticated(request)
    found = find(Revision.objects.visible_to(user).select_related("artefact"), pk=pk)
    form, chosen = form_of(found, action, request.POST), ACTIONS[action]
    if form.is_valid():
        try:
            chosen.service(revision=found, actor=user, at=clock.now(), **form.cleaned_data)
        except AuditError as refusal:
            refuse(form, refusal)
        else:
            messages.success(request, chosen.done)
            return redirect(page_of(found))
    return show_artefact(request, user, found.artefact.key, refused={(found.pk, action): form})


@login_required
@require_safe
def revision_file(request: HttpRequest, pk: int, sha256: str) -> HttpResponseBase:
    """Give a file of a revision as a download.

    Raises:
        Confidential: another department keeps it (403).
    """
    user = authenticated(request)
    found = find(Revision.objects.visible_to(user).select_related("artefact"), pk=pk)
    use = find(found.files.select_related("file"), file__sha256=sha256)
    if is_withheld(found, found.artefact, user):
        raise Confidential(found.confidential_reason)
    return give(request, use.file, name=use.name)
