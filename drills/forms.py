"""What people enter about drills: findings, what is done about them, signatures, why a date is called off."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from dcase_audit.accounts.models import Membership, User
from dcase_audit.form_fields import DayField
from drills.models import Drill, Finding, SignOff
from evidence.forms import NamedChoice
from evidence.models import Decision, Revision, Support


def _lines(label: Any, *, rows: int = 2, most: int = 4000, **more: Any) -> forms.CharField:
    return forms.CharField(label=label, max_length=most, widget=forms.Textarea(attrs={"rows": rows}), **more)


class FindingForm(forms.Form):
    """A finding that somebody opens about a drill."""

    text = _lines(gettext_lazy("What was found"))
    severity = forms.ChoiceField(label=gettext_lazy("Severity"), choices=Finding.Severity.choices)
    cause = _lines(gettext_lazy("Root cause"), required=False)


class ActionForm(forms.Form):
    """What is done about a finding, by whom, until when."""

    text = _lines(gettext_lazy("What is done"))
    owner = NamedChoice(label=gettext_lazy("Owner"), queryset=User.objects.none(), to_field_name="username")
    due_on = DayField(label=gettext_lazy("Due by the end of"))

    def __init__(self, *args: Any, drill: Drill, at: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        members = Membership.objects.in_force(at=at).filter(party=drill.department_id).values("user")
        people = User.objects.filter(pk__in=members, is_active=True, kind=User.Kind.PERSON).order_by("username")
        self.fields["owner"].queryset = people  # type: ignore[attr-defined]


class RevisionChoice(forms.ModelChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.artefact} · {obj.number}"


class ClosingForm(forms.Form):
    """On which accepted revision an action is closed."""

    revision = RevisionChoice(
        label=gettext_lazy("Evidence that it was done"),
        queryset=Revision.objects.none(),
        help_text=gettext_lazy("An accepted revision that supports a case which the drill serves."),
    )
    note = _lines(gettext_lazy("Remark"), required=False)

    def __init__(self, *args: Any, drill: Drill, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cases = Support.objects.filter(artefact=drill.artefact_id).values("case")
        artefacts = Support.objects.filter(case__in=cases).values("artefact")
        accepted = Decision.objects.filter(kind=Decision.Kind.ACCEPTED).values("revision")
        rows = Revision.objects.visible_to(user).filter(artefact__in=artefacts, pk__in=accepted)
        rows = rows.filter(verdict=Revision.Verdict.SUPPORTS).select_related("artefact")
        self.fields["revision"].queryset = rows.order_by("artefact__key", "-number")  # type: ignore[attr-defined]


class SignOffForm(forms.Form):
    """In which role the record is signed; its SHA-256 is the one that the page showed."""

    role = forms.ChoiceField(label=gettext_lazy("Role"))
    sha256 = forms.CharField(max_length=64, widget=forms.HiddenInput)
    statement = _lines(
        gettext_lazy("Statement"),
        most=1000,
        required=False,
        help_text=gettext_lazy("An independent verifier says what makes the verification independent."),
    )

    def __init__(self, *args: Any, roles: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = [(value, text) for value, text in SignOff.Role.choices if value in roles]  # type: ignore[attr-defined]


class CancelForm(forms.Form):
    """Why a planned date is called off."""

    reason = _lines(gettext_lazy("Reason"), most=300)
