"""Planning drills: by members of the department that holds them, through the service; plans are then only looked at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from dcase_audit import clock
from dcase_audit.accounts.admin import ConfigurationAdmin
from dcase_audit.accounts.authentication import authenticated
from dcase_audit.accounts.models import Party
from dcase_audit.errors import AuditError
from dcase_audit.pages import refusal_text
from drills import recurrence, services, verdict
from drills.models import Drill, Scenario
from evidence.admin import DepartmentAdmin
from evidence.models import Artefact


@admin.register(Scenario)
class ScenarioAdmin(ConfigurationAdmin):
    list_display = ("key", "title_ja", "title_en")
    search_fields = ("key", "title_ja", "title_en")


class DrillForm(forms.ModelForm):
    """A plan; its rule and its targets are read before anything is written."""

    def clean_recurrence(self) -> str:
        rule: str = self.cleaned_data["recurrence"]
        starts_at = self.cleaned_data.get("starts_at")
        if rule and starts_at is not None:
            with _as_form_error():
                recurrence.check(rule, starts_at=starts_at, zone=ZoneInfo(settings.TIME_ZONE))
        return rule

    def clean_targets(self) -> list[Any]:
        targets: list[Any] = self.cleaned_data["targets"] or []
        if not isinstance(targets, list):
            raise ValidationError(_("Targets are a list."))
        with _as_form_error():
            verdict.targets_of(targets)
        return targets


@contextmanager
def _as_form_error() -> Iterator[None]:
    """Turn a refusal into an error of the field that is being cleaned."""
    try:
        yield
    except AuditError as refusal:
        raise ValidationError(refusal_text(refusal)) from refusal


@admin.register(Drill)
class DrillAdmin(DepartmentAdmin):
    form = DrillForm
    list_display = ("key", "title_ja", "title_en", "kind", "department", "recurrence", "on_its_page")
    list_select_related = ("department",)
    search_fields = ("key", "title_ja", "title_en")
    fields = (
        "key",
        "title_ja",
        "title_en",
        "kind",
        "scenario",
        "artefact",
        "department",
        "starts_at",
        "recurrence",
        "report_within",
        "covers",
        "targets",
        "valid_for",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Drill]:
        found: QuerySet[Drill] = super().get_queryset(request)
        return found.filter(department__in=list(authenticated(request).access.departments))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return authenticated(request).access.is_member

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        departments = list(authenticated(request).access.departments)
        if db_field.name == "department":
            kwargs["queryset"] = Party.objects.filter(pk__in=departments)
        elif db_field.name == "artefact":
            kwargs["queryset"] = Artefact.objects.filter(custodian__in=departments)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Drill, form: forms.ModelForm, change: bool) -> None:
        values = dict(form.cleaned_data)
        values["rule"] = values.pop("recurrence")
        made = services.create_drill(**values, actor=authenticated(request), at=clock.now())
        obj.pk = made.pk

    @admin.display(description=_("page"))
    def on_its_page(self, obj: Drill) -> str:
        return format_html('<a href="{}">{}</a>', reverse("drill", args=[obj.key]), _("open its page"))
