"""Logging in, and what people change about themselves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from dcase_audit.accounts import lockout
from dcase_audit.accounts.models import ApiToken, Membership, Party, User


class LoginForm(AuthenticationForm):
    """Says the same of an unknown name, a wrong password, a machine's account and a person who has left."""

    error_messages = {
        "invalid_login": _("The user name and the password do not match an account that may log in."),
        "inactive": _("The user name and the password do not match an account that may log in."),
        "locked": _("There were too many failed attempts. Try again in 15 minutes, or ask the administrator."),
    }

    locked = False

    def clean(self) -> dict[str, Any]:
        username = self.cleaned_data.get("username") or ""
        address = self.request.META.get("REMOTE_ADDR", "") if self.request else ""
        if lockout.is_locked(username, address):
            self.locked = True
            raise ValidationError(self.error_messages["locked"], code="locked")
        try:
            cleaned = super().clean()
        except ValidationError:
            lockout.count_failure(username, address)
            raise
        lockout.forget(username, address)
        return cleaned

    def confirm_login_allowed(self, user: Any) -> None:
        super().confirm_login_allowed(user)
        if user.kind != User.Kind.PERSON:
            raise self.get_invalid_login_error()


class LanguageForm(forms.ModelForm):
    class Meta:
        model = User
        fields = ["language"]
        labels = {"language": _("Language of pages, mails and notices")}


class OwnTokenForm(forms.ModelForm):
    """A token that a person issues to their own scripts, which then act as that person: nobody else issues it."""

    scopes = forms.MultipleChoiceField(
        label=_("Scopes"), choices=ApiToken.Scope.choices, widget=forms.CheckboxSelectMultiple, initial=["read"]
    )
    days = forms.TypedChoiceField(
        label=_("Valid for"),
        choices=[(30, _("30 days")), (90, _("90 days")), (365, _("365 days"))],
        coerce=int,
        initial=90,
    )
    password = forms.CharField(
        label=_("Your password"), strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )

    class Meta:
        model = ApiToken
        fields = ["name", "scopes", "department"]
        labels = {"name": _("Name"), "department": _("Narrowed to the department")}

    def __init__(self, *args: Any, user: User, address: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user, self.address = user, address
        held = Membership.objects.in_force(at=datetime.now(UTC)).filter(user=user)
        department = self.fields["department"]
        department.queryset = Party.objects.filter(pk__in=held.values("party"))  # type: ignore[attr-defined]
        department.empty_label = _("all of mine")  # type: ignore[attr-defined]

    def clean_password(self) -> str:
        """A session left open issues no token: guesses are counted as those at the login are."""
        password: str = self.cleaned_data["password"]
        if lockout.is_locked(self.user.username, self.address):
            raise ValidationError(LoginForm.error_messages["locked"], code="locked")
        if not self.user.check_password(password):
            lockout.count_failure(self.user.username, self.address)
            raise ValidationError(_("This is not your password."))
        return password

    @property
    def expires_at(self) -> datetime:
        return datetime.now(UTC) + timedelta(days=self.cleaned_data["days"])
