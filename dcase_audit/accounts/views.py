"""Logging in and out, and a person's own page."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth import views as auth_views
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse, reverse_lazy
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from dcase_audit.accounts.authentication import authenticated, issue, revoke
from dcase_audit.accounts.forms import LanguageForm, LoginForm, OwnTokenForm
from dcase_audit.accounts.models import ApiToken, Membership, User
from dcase_audit.trail.events import record

TOO_MANY_REQUESTS = 429


class LoginView(auth_views.LoginView):
    """Admits people by their passwords; failures are counted, successes are recorded."""

    authentication_form = LoginForm
    template_name = "pages/login.html"
    redirect_authenticated_user = True

    def form_valid(self, form: Any) -> HttpResponse:
        with transaction.atomic():
            response = super().form_valid(form)
            record("login.succeeded", f"user:{self.request.user.pk}")
        return response

    def form_invalid(self, form: Any) -> HttpResponse:
        response = super().form_invalid(form)
        if form.locked:
            response.status_code = TOO_MANY_REQUESTS
        return response


@require_safe
def admin_login(request: HttpRequest) -> HttpResponse:
    """Send whoever comes to the admin from outside to the login; who is logged in has no business there (403)."""
    if request.user.is_authenticated:
        raise PermissionDenied
    return redirect_to_login(request.GET.get("next") or reverse("admin:index"))


class PasswordView(auth_views.PasswordChangeView):
    """Changes the own password; sessions elsewhere end."""

    template_name = "pages/password.html"
    success_url = reverse_lazy("me")

    def form_valid(self, form: Any) -> HttpResponse:
        with transaction.atomic():
            response = super().form_valid(form)
            record("password.changed", f"user:{self.request.user.pk}")
        messages.success(self.request, _("The password was changed."))
        return response


class PasswordSetView(auth_views.PasswordResetConfirmView):
    """Sets the password of whoever holds the link that was mailed; the administrator who had it sent does not."""

    template_name = "pages/password_set.html"
    success_url = reverse_lazy("login")

    def get_user(self, uidb64: str) -> User | None:
        user = super().get_user(uidb64)
        return user if isinstance(user, User) and user.is_active and user.kind == User.Kind.PERSON else None

    def form_valid(self, form: Any) -> HttpResponse:
        with transaction.atomic():
            response = super().form_valid(form)
            record("password.set", f"user:{form.user.pk}")
        messages.success(self.request, _("The password was set. Log in with it."))
        return response


@login_required
@require_http_methods(["GET", "POST"])
@never_cache
@sensitive_post_parameters("password")
def new_token(request: HttpRequest) -> HttpResponse:
    """Issue a token for the person's own scripts; it is shown in this one answer, which nothing keeps."""
    user = authenticated(request)
    form = OwnTokenForm(request.POST or None, user=user, address=request.META.get("REMOTE_ADDR", ""))
    secret = ""
    if request.method == "POST" and form.is_valid():
        chosen = {name: form.cleaned_data[name] for name in ("name", "scopes", "department")}
        with transaction.atomic():
            made, secret = issue(user=user, expires_at=form.expires_at, created_by=user, **chosen)
            record("token.issued", f"token:{made.prefix}", account=made.user_id, scopes=made.scopes)
    return render(request, "pages/token_new.html", {"form": form, "secret": secret})


@login_required
@require_POST
def revoke_token(request: HttpRequest, pk: int) -> HttpResponse:
    """Revoke one of the person's own tokens; a second time changes nothing."""
    with transaction.atomic():
        tokens = ApiToken.objects.filter(user=authenticated(request))
        revoke(get_object_or_404(tokens.select_for_update(), pk=pk))
    messages.success(request, _("The token was revoked."))
    return redirect("me")


@login_required
@require_http_methods(["GET", "POST"])
def me(request: HttpRequest) -> HttpResponse:
    """Show what the person is here, and let them choose the language."""
    user = authenticated(request)
    form = LanguageForm(request.POST or None, instance=user)
    if request.method == "POST" and form.is_valid():
        form.save()
        with translation.override(user.language):
            messages.success(request, _("The language was changed."))
        return redirect("me")
    now = datetime.now(UTC)
    tokens = ApiToken.objects.filter(user=user).select_related("department", "use").order_by("-created_at")
    context = {
        "form": form,
        "memberships": Membership.objects.in_force(at=now).filter(user=user).select_related("party"),
        "engagements": user.engagements.in_force(at=now).select_related("institution"),
        "tokens": [(token, token.is_valid(at=now)) for token in tokens],
    }
    return render(request, "pages/me.html", context)
