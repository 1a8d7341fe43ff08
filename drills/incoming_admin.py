"""Administrators say who may send signed messages to a monitor; a secret is shown once."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dcase_audit.accounts.admin import ConfigurationAdmin
from dcase_audit.accounts.authentication import authenticated
from dcase_audit.accounts.models import User
from dcase_audit.form_fields import MomentField
from drills import services
from drills.models import IncomingWebhook


class IncomingWebhookForm(forms.ModelForm):
    name = forms.CharField(label=gettext_lazy("name"), max_length=100)
    account = forms.ModelChoiceField(
        label=gettext_lazy("account of a machine"), queryset=User.objects.filter(kind=User.Kind.MACHINE)
    )
    expires_at = MomentField(label=gettext_lazy("expires"))

    class Meta:
        model = IncomingWebhook
        fields = ("monitor", "format")


@admin.register(IncomingWebhook)
class IncomingWebhookAdmin(ConfigurationAdmin):
    """They are added, their secret shown once, and stopped; nothing else about them changes."""

    form = IncomingWebhookForm
    list_display = ("__str__", "monitor", "format", "account", "expires_at", "stopped_at")
    list_select_related = ("monitor", "token__user")
    actions = ("stop",)
    add_form_template = "admin/change_form.html"

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Let the list offer ``stop``; a single one is only looked at."""
        return obj is None and super().has_change_permission(request)

    def get_fields(self, request: HttpRequest, obj: IncomingWebhook | None = None) -> tuple[str, ...]:
        return ("monitor", "format", "name", "account", "expires_at") if obj is None else ("monitor", "format", "token")

    @admin.display(description=gettext_lazy("account of a machine"))
    def account(self, webhook: IncomingWebhook) -> str:
        return str(webhook.token.user)

    @admin.display(description=gettext_lazy("expires"))
    def expires_at(self, webhook: IncomingWebhook) -> Any:
        return webhook.token.expires_at

    @admin.display(description=gettext_lazy("stopped"))
    def stopped_at(self, webhook: IncomingWebhook) -> Any:
        return webhook.token.revoked_at

    def save_model(self, request: HttpRequest, obj: IncomingWebhook, form: Any, change: bool) -> None:
        made = services.add_incoming_webhook(**form.cleaned_data, actor=authenticated(request))
        obj.pk, obj.token = made.pk, made.token

    def response_add(
        self, request: HttpRequest, obj: IncomingWebhook, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Show the secret in this one answer; no page shows it again."""
        path = reverse("api:monitor-webhook", args=[obj.monitor.key, obj.pk])
        context = {
            **self.admin_site.each_context(request),
            "title": _("Incoming webhook added"),
            "webhook": obj,
            "address": request.build_absolute_uri(path),
            "secret": obj.secrets()[0],
        }
        answer = TemplateResponse(request, "admin/incoming_webhook_added.html", context)
        answer.headers["Cache-Control"] = "no-store"
        return answer

    @admin.action(description=gettext_lazy("Stop the webhooks"), permissions=["change"])
    def stop(self, request: HttpRequest, queryset: QuerySet[IncomingWebhook]) -> None:
        count = sum(services.stop_incoming_webhook(webhook) for webhook in queryset)
        messages.success(request, _("Stopped: %(count)d") % {"count": count})
