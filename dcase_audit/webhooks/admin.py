"""Administrators say who is told; a secret is shown once."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dcase_audit import clock
from dcase_audit.accounts.admin import ConfigurationAdmin
from dcase_audit.accounts.authentication import authenticated
from dcase_audit.webhooks import services
from dcase_audit.webhooks.models import Webhook
from dcase_audit.webhooks.sending import AddressRefused, checked


class WebhookForm(forms.ModelForm):
    class Meta:
        model = Webhook
        fields = ("case", "name", "url")

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"]
        try:
            checked(url)
        except AddressRefused as refused:
            raise forms.ValidationError(_(str(refused))) from refused
        return url


@admin.register(Webhook)
class WebhookAdmin(ConfigurationAdmin):
    """Webhooks are added, their secret shown once, and stopped; nothing else about them changes."""

    form = WebhookForm
    list_display = ("name", "case", "url", "created_at", "stopped_at", "answered_at", "problem")
    list_select_related = ("case", "progress")
    search_fields = ("name", "url")
    actions = ("stop",)
    add_form_template = "admin/change_form.html"

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Let the list offer ``stop``; a single one is only looked at."""
        return obj is None and super().has_change_permission(request)

    @admin.display(description=gettext_lazy("last answered"))
    def answered_at(self, webhook: Webhook) -> Any:
        return webhook.progress.answered_at

    @admin.display(description=gettext_lazy("what went wrong last"))
    def problem(self, webhook: Webhook) -> str:
        return webhook.progress.problem

    def save_model(self, request: HttpRequest, obj: Webhook, form: Any, change: bool) -> None:
        made = services.add(**form.cleaned_data, actor=authenticated(request), at=clock.now())
        obj.pk, obj.nonce = made.pk, made.nonce

    def response_add(self, request: HttpRequest, obj: Webhook, post_url_continue: str | None = None) -> HttpResponse:
        """Show the secret in this one answer; no page shows it again."""
        context = {
            **self.admin_site.each_context(request),
            "title": _("Webhook added"),
            "webhook": obj,
            "secret": obj.secrets()[0],
        }
        answer = TemplateResponse(request, "admin/webhook_added.html", context)
        answer.headers["Cache-Control"] = "no-store"
        return answer

    @admin.action(description=gettext_lazy("Stop the webhooks"), permissions=["change"])
    def stop(self, request: HttpRequest, queryset: QuerySet[Webhook]) -> None:
        at = clock.now()
        count = sum(services.stop(webhook, at=at, why="an administrator stopped it") for webhook in queryset)
        messages.success(request, _("Stopped: %(count)d") % {"count": count})
