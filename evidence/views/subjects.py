"""What evidence was obtained on: its versions, and what another one would do before it is made."""

from __future__ import annotations

from typing import Any, NamedTuple

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from dcase_audit import clock
from dcase_audit.accounts.authentication import authenticated
from dcase_audit.form_fields import MomentField
from dcase_audit.pages import find, page_after, show
from evidence.models import Subject, SubjectVersion
from evidence.staleness import effects_of, is_present, leaves_on, version_at

MOST_VERSIONS = 60


class SubjectLine(NamedTuple):
    """A subject in a list, with the version that holds now."""

    subject: Subject
    version: SubjectVersion | None


class VersionForm(forms.Form):
    """A version that is thought of; nothing is recorded."""

    version = forms.CharField(label=gettext_lazy("Version"), max_length=100)
    digest = forms.CharField(label=gettext_lazy("Digest, if it has one"), max_length=200, required=False)
    since = MomentField(label=gettext_lazy("From when on (empty: now)"), required=False)


@login_required
@require_safe
def subject_list(request: HttpRequest) -> HttpResponse:
    """List the subjects that the person sees."""
    rows = Subject.objects.visible_to(authenticated(request)).select_related("department")
    page = page_after(request, rows, ("key", "pk"), lambda subject: [subject.key, subject.pk])
    held = SubjectVersion.objects.filter(subject__in=list(page.rows), since__lte=clock.now())
    latest = {one.subject_id: one for one in held.order_by("subject_id", "-since", "-pk").distinct("subject_id")}
    lines = [SubjectLine(subject, latest.get(subject.pk)) for subject in page.rows]
    return show(request, "subjects.html", {"lines": lines, "more": page.more})


@login_required
@require_safe
def subject(request: HttpRequest, key: str) -> HttpResponse:
    """Show a subject's versions, where it is asked for, and what the version in the query would do."""
    user = authenticated(request)
    found = find(Subject.objects.visible_to(user).select_related("department"), key=key)
    now = clock.now()
    context: dict[str, Any] = {
        "subject": found,
        "present": version_at(found, now),
        "versions": found.versions.select_related("recorded_by").order_by("-since", "-pk")[:MOST_VERSIONS],
        "now": now,
        "asking": leaves_on(found, user),
        "form": VersionForm(),
    }
    if request.GET:
        form = context["form"] = VersionForm(request.GET)
        if form.is_valid():
            since = form.cleaned_data["since"] or now
            given = {"version": form.cleaned_data["version"], "digest": form.cleaned_data["digest"]}
            context["tried"] = {**given, "since": since}
            context["is_present"] = is_present(found, since=since, **given)
            context["effects"] = effects_of(found, since=since, user=user, at=now, **given)
    return show(request, "subject.html", context)
