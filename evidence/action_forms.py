"""What people enter about corrective actions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from dcase_audit.accounts.models import Membership, User
from dcase_audit.form_fields import DayField
from evidence.forms import NamedChoice
from evidence.models import Decision, Revision, Support


def lines(label: Any, *, rows: int = 2, most: int = 4000, **more: Any) -> forms.CharField:
    """Return a field of some lines of text."""
    return forms.CharField(label=label, max_length=most, widget=forms.Textarea(attrs={"rows": rows}), **more)


class ActionForm(forms.Form):
    """What is done, by whom of the department, until when."""

    text = lines(gettext_lazy("What is done"))
    owner = NamedChoice(label=gettext_lazy("Owner"), queryset=User.objects.none(), to_field_name="username")
    due_on = DayField(label=gettext_lazy("Due by the end of"))

    def __init__(self, *args: Any, department: int | None, at: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        members = Membership.objects.in_force(at=at).filter(party=department).values("user")
        people = User.objects.filter(pk__in=members, is_active=True, kind=User.Kind.PERSON).order_by("username")
        self.fields["owner"].queryset = people  # type: ignore[attr-defined]


class RevisionChoice(forms.ModelChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.artefact} · {obj.number}"


class ClosingForm(forms.Form):
    """On which accepted revision, of one of ``cases``, an action is closed."""

    revision = RevisionChoice(
        label=gettext_lazy("Evidence that it was done"),
        queryset=Revision.objects.none(),
        help_text=gettext_lazy("An accepted revision that supports a case which is concerned."),
    )
    note = lines(gettext_lazy("Remark"), required=False)

    def __init__(self, *args: Any, cases: Iterable[int], user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        artefacts = Support.objects.filter(case__in=cases).values("artefact")
        accepted = Decision.objects.filter(kind=Decision.Kind.ACCEPTED).values("revision")
        rows = Revision.objects.visible_to(user).filter(artefact__in=artefacts, pk__in=accepted)
        rows = rows.filter(verdict=Revision.Verdict.SUPPORTS).select_related("artefact")
        self.fields["revision"].queryset = rows.order_by("artefact__key", "-number")  # type: ignore[attr-defined]
