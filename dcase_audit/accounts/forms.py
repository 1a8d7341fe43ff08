"""Logging in, and what people change about themselves."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from dcase_audit.accounts import lockout
from dcase_audit.accounts.models import User


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
