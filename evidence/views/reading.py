"""One case as a page reads it: at a moment, as far as recorded by another, with words for everything that is shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dcase_audit import clock
from dcase_audit.accounts.models import Party, User
from dcase_audit.cases.dates import language
from dcase_audit.cases.diagram import DiagramLink
from dcase_audit.cases.diagram.argument import Argument
from dcase_audit.cases.models import Case, Edition
from dcase_audit.cases.outline import Line, argument_of, lines_of, links_of
from dcase_audit.cases.presentation import status_word
from dcase_audit.cases.words import NodeKind, Status
from dcase_audit.form_fields import MomentField
from dcase_audit.pages import find, given
from evidence import asof
from evidence.asof import CaseStatus, NodeView
from evidence.reasons import short
from evidence.shown import present_status, titles_of
from evidence.views.saying import Sayer

WORST_FIRST = {status.word: int(status) for status in Status}


class MomentForm(forms.Form):
    """Which moment is asked for, in the case's zone; both empty: now."""

    at = MomentField(label=gettext_lazy("Status at"), required=False)
    known = MomentField(label=gettext_lazy("As known at"), required=False)

    def clean_known(self) -> datetime | None:
        known: datetime | None = self.cleaned_data["known"]
        if known is not None and known > clock.now():
            raise forms.ValidationError(_("Nothing was recorded in the future."))
        return known


@dataclass
class Reading:
    """A case, the moment it is read for, and its nodes in the author's order."""

    case: Case
    user: User
    form: MomentForm
    at: datetime
    known: datetime
    is_present: bool
    lines: list[Line]
    links: list[DiagramLink]
    status: CaseStatus
    language: str
    query: str
    """What the address of another page of this reading ends with."""

    @cached_property
    def line_of(self) -> dict[str, Line]:
        return {line.key: line for line in self.lines}

    @cached_property
    def view_of(self) -> dict[str, NodeView]:
        return {view.key: view for view in self.status.nodes}

    @cached_property
    def argument(self) -> Argument:
        return argument_of(self.lines, self.links)

    @cached_property
    def labels(self) -> dict[str, str]:
        """What the keys of criteria and targets are called."""
        return self.case.label_texts(self.language)

    @cached_property
    def parties(self) -> dict[int, Party]:
        """The parties that hold the nodes, by id; one query."""
        return Party.objects.in_bulk({pk for line in self.lines for pk in (line.accountable, line.custodian) if pk})

    @property
    def top(self) -> NodeView | None:
        """The first goal that nothing lies above; None in a case without an edition."""
        goals = [key for key in self.argument.roots if self.line_of[key].kind == NodeKind.GOAL]
        return self.view_of[goals[0]] if goals else None

    @cached_property
    def nodes(self) -> str:
        """What the address of every node's page begins with."""
        return f"{reverse('case', args=[self.case.slug])}nodes/"

    @property
    def ask(self) -> str:
        """What stands before further parameters of such an address."""
        return f"{self.query}&" if self.query else "?"

    def sayer(self, views: Iterable[NodeView]) -> Sayer:
        """Return what puts the reasons of these nodes into words."""
        keys = {reason["artefact"] for view in views for reason in view.because if reason.get("artefact")}
        return Sayer(titles_of(keys, self.language), self.user, self.case, self.language)

    def holder(self, line: Line) -> str:
        """Name the party that keeps a leaf's evidence, or answers for any other node."""
        party = self.parties.get(line.custodian or line.accountable or 0)
        return party.name(self.language) if party is not None else ""

    def sentence(self) -> str:
        """Say in one sentence why the top goal has its status."""
        top = self.top
        if top is None or top.status is None:
            return _("No edition was in force at that moment.")
        shaky = sorted((r for r in top.because if "node" in r), key=lambda r: WORST_FIRST[r["status"]])
        if not shaky:
            return self._standing(top)
        first, more = shaky[0], len(shaky) - 1
        values = {
            "key": first["node"],
            "claim": short(self.line_of[first["node"]].statement, 100),
            "status": status_word(Status.of(first["status"]), self.language),
            "count": more,
        }
        if top.stands:
            return _("It stands by its alternatives, although %(key)s “%(claim)s” reads %(status)s.") % values
        if more:
            return (
                _("It does not stand: %(key)s “%(claim)s” reads %(status)s, and %(count)d more do not stand.") % values
            )
        return _("It does not stand: %(key)s “%(claim)s” reads %(status)s.") % values

    def _standing(self, top: NodeView) -> str:
        expiring = top.counts.get(Status.EXPIRING.word, 0)
        if top.status is Status.EXPIRING and expiring:
            return _("It stands; %(count)d of the leaves below end soon.") % {"count": expiring}
        if top.stands:
            return _("It stands: everything below it is supported.")
        return _("Nothing supports it yet.")


def read(request: HttpRequest, user: User, slug: str) -> Reading:
    """Read the case called ``slug`` for ``user`` at the moments that the query asks for, or answer 404.

    The present comes from what is stored; any other moment is worked out from the facts.
    """
    case = find(Case.objects.visible_to(user), slug=slug)
    now, in_language = clock.now(), language()
    with timezone.override(case.zone):
        form = MomentForm({name: given(request, name) for name in ("at", "known")})
        asked: Mapping[str, Any] = form.cleaned_data if form.is_valid() else {}
    at, known = asked.get("at") or now, asked.get("known") or now
    is_present = not (asked.get("at") or asked.get("known"))
    edition = asof.edition_at(case, at=min(at, known))
    lines = lines_of(case, edition.number, in_language) if edition is not None else []
    links = links_of(case, edition.number) if edition is not None else []
    status = present_status(case, lines, at=now) if is_present else asof.case_status(case, at=at, known=known)
    query = urlencode({name: given(request, name) for name in ("at", "known") if given(request, name)})
    suffix = f"?{query}" if query and not is_present else ""
    return Reading(case, user, form, at, known, is_present, lines, links, status, in_language, suffix)


def edition_of(reading: Reading) -> Edition | None:
    """Return the edition that was read."""
    number = reading.status.edition
    return Edition.objects.filter(case=reading.case, number=number).defer("document").first() if number else None
