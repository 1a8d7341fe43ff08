"""The log for people: a list that can be searched, and the page of an entry with its proof."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any, NamedTuple

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from dcase_audit.accounts.authentication import authenticated
from dcase_audit.accounts.models import User
from dcase_audit.cases.dates import starts_at
from dcase_audit.cases.models import Case, Node
from dcase_audit.form_fields import DayField
from dcase_audit.pages import ORGANISATION_ZONE, find, given, page_after, show
from dcase_audit.verification import belonging, proofs
from dcase_audit.verification.api.proofs import as_download
from dcase_audit.verification.checking import check
from dcase_audit.verification.disclosing import Disclosing
from dcase_audit.verification.history import told
from dcase_audit.verification.models import Checkpoint, Entry
from dcase_audit.verification.naming import name_of
from dcase_audit.verification.querysets import EntryQuerySet
from dcase_audit.verification.scope import ALWAYS, UNDER, UNDER_POINTED_AT
from dcase_audit.verification.words import KINDS, kind_word, table_word
from evidence.models import Artefact, Revision

TABLES = sorted(
    {*ALWAYS, *UNDER, *UNDER_POINTED_AT, "cases_case", "cases_node", "evidence_artefact", "evidence_subject"}
)


def _by_word(words: dict[str, str]) -> list[tuple[str, str]]:
    return [("", str(_("all"))), *sorted(words.items(), key=lambda pair: pair[1])]


class FilterForm(forms.Form):
    """What the list is about; empty: all that the reader sees."""

    who = forms.CharField(label=_("Done by"), required=False, max_length=200)
    table = forms.ChoiceField(label=_("Record"), required=False)
    kind = forms.ChoiceField(label=_("What happened"), required=False)
    case = forms.ChoiceField(label=_("Case"), required=False)
    since = DayField(label=_("First day"), required=False)
    until = DayField(label=_("Last day"), required=False)

    def __init__(self, data: Any, *, user: User) -> None:
        super().__init__(data, label_suffix="")
        self.cases = {case.slug: case for case in Case.objects.visible_to(user)}
        choices = {
            "table": {table: table_word(table) for table in TABLES},
            "kind": {kind: kind_word(kind) for kind in KINDS},
            "case": {slug: str(case) for slug, case in self.cases.items()},
        }
        for name, words in choices.items():
            self.fields[name].choices = _by_word(words)  # type: ignore[attr-defined]


class About(NamedTuple):
    """A thing whose history is asked for: what it is called, how the log names it, and all that hangs on it."""

    name: str
    object: str
    names: list[belonging.Rows]


@login_required
@require_safe
def entries(request: HttpRequest) -> HttpResponse:
    """List what was done, the latest first."""
    user = authenticated(request)
    form = FilterForm(request.GET, user=user)
    about, object = about_of(user, given(request, "about")), given(request, "object")
    rows = _filtered(form, user)
    if about is not None:
        rows = rows.of_objects(about.names)
    if object:
        rows = rows.filter(object=object)
    page = page_after(
        request, rows.select_related("disclosure"), ("seq",), lambda entry: [entry.seq], size=30, descending=True
    )
    lines = told(page.rows, user)
    shown = {about.object} if about is not None else {page.rows[0].object} if object and page.rows else set()
    context = {
        "lines": lines,
        "more": page.more,
        "form": form,
        "about": about,
        "object": object,
        "hidden": {name: given(request, name) for name in ("about", "object") if given(request, name)},
        "is_filtered": any(request.GET.get(name) for name in (*form.fields, "about", "object")),
        "seal": check(shown),
    }
    return show(request, "trail.html", context)


def _filtered(form: FilterForm, user: User) -> EntryQuerySet:
    form.is_valid()
    wanted = form.cleaned_data
    case = form.cases.get(wanted.get("case") or "")
    rows = Entry.objects.visible_to(user) if case is None else Entry.objects.of_case(case, user)
    if who := wanted.get("who"):
        rows = rows.by(who)
    if table := wanted.get("table"):
        rows = rows.filter(object__startswith=f"{table}/")
    if kind := wanted.get("kind"):
        rows = rows.filter(kind=kind)
    if since := starts_at(wanted.get("since"), ORGANISATION_ZONE):
        rows = rows.filter(at__gte=since)
    if wanted.get("until"):
        until = starts_at(wanted["until"] + timedelta(days=1), ORGANISATION_ZONE)
        rows = rows.filter(at__lt=until)
    return rows


def about_of(user: User, text: str) -> About | None:
    """Return what the query's ``about`` names: ``artefact/KEY``, ``revision/ID`` or ``node/SLUG/KEY``.

    Raises:
        Http404: there is no such thing, or the reader does not see it.
    """
    if not text:
        return None
    kind, _slash, key = text.partition("/")
    if kind == "artefact":
        artefact = find(Artefact.objects.visible_to(user), key=key)
        return About(str(artefact), f"evidence_artefact/{artefact.pk}", belonging.of_artefact(artefact.pk))
    if kind == "revision" and key.isascii() and key.isdigit() and len(key) < 19:
        revision = find(Revision.objects.visible_to(user).select_related("artefact"), pk=int(key))
        names = belonging.of_revisions(Revision.objects.filter(pk=revision.pk))
        return About(name_of(revision), f"evidence_revision/{revision.pk}", names)
    if kind == "node":
        slug, _slash, key = key.partition("/")
        node = find(Node.objects.visible_to(user), case__slug=slug, key=key)
        return About(node.key, f"cases_node/{node.pk}", belonging.of_node(node.pk))
    raise Http404


@login_required
@require_safe
def entry(request: HttpRequest, seq: int) -> HttpResponse:
    """Show an entry with every field that the reader may see, its leaf, and what proves it."""
    user = authenticated(request)
    found = find(Entry.objects.visible_to(user).select_related("disclosure"), pk=seq)
    disclosing = Disclosing([found], user)
    context = {
        "one": told([found], user)[0],
        "fields": sorted(disclosing.open(found).items()),
        "closed": disclosing.hidden(found),
        "leaf": bytes(found.leaf).decode(),
        "leaf_hash": base64.b64encode(bytes(found.hash)).decode(),
        "is_sealed": Checkpoint.objects.witnessed().covering(seq).exists(),
        "seal": check([found.object]),
    }
    return show(request, "trail_entry.html", context)


@login_required
@require_safe
def receipt(request: HttpRequest, seq: int) -> HttpResponse:
    """Give the receipt of an entry.

    Raises:
        NotSealed: no witnessed checkpoint has it yet (409).
    """
    user = authenticated(request)
    found = find(Entry.objects.visible_to(user).select_related("disclosure"), pk=seq)
    return as_download(seq, proofs.receipt(found, user))
