"""What people enter about drills: findings, signatures, why a date is called off."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from drills.models import Finding, SignOff
from evidence.action_forms import lines


class FindingForm(forms.Form):
    """A finding that somebody opens about a drill."""

    text = lines(gettext_lazy("What was found"))
    severity = forms.ChoiceField(label=gettext_lazy("Severity"), choices=Finding.Severity.choices)
    cause = lines(gettext_lazy("Root cause"), required=False)


class SignOffForm(forms.Form):
    """In which role the record is signed; its SHA-256 is the one that the page showed."""

    role = forms.ChoiceField(label=gettext_lazy("Role"))
    sha256 = forms.CharField(max_length=64, widget=forms.HiddenInput)
    statement = lines(
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

    reason = lines(gettext_lazy("Reason"), most=300)
