"""Planning drills and adding monitors: by members of the department, through the services."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

import drills.incoming_admin  # noqa: F401 - registers incoming webhooks
from dcase_audit import clock
from dcase_audit.accounts.admin import ConfigurationAdmin
from dcase_audit.accounts.authentication import authenticated
from dcase_audit.accounts.models import Party
from dcase_audit.cases.models import Node
from dcase_audit.cases.words import NodeKind
from dcase_audit.errors import AuditError
from dcase_audit.pages import refusal_text
from drills import recurrence, services, signatures, verdict
from drills.models import Drill, Monitor, Scenario, SignerKey, TargetFeed
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


class OwnAdmin(DepartmentAdmin):
    """What members of a department add for it, on artefacts that it keeps."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        found: QuerySet[Any] = super().get_queryset(request)
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


@admin.register(Drill)
class DrillAdmin(OwnAdmin):
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

    def save_model(self, request: HttpRequest, obj: Drill, form: forms.ModelForm, change: bool) -> None:
        values = dict(form.cleaned_data)
        values["rule"] = values.pop("recurrence")
        made = services.create_drill(**values, actor=authenticated(request), at=clock.now())
        obj.pk = made.pk

    @admin.display(description=_("page"))
    def on_its_page(self, obj: Drill) -> str:
        return format_html('<a href="{}">{}</a>', reverse("drill", args=[obj.key]), _("open its page"))


class SignerKeyForm(forms.ModelForm):
    """A key to register; it is read before anything is written."""

    def clean_pem(self) -> str:
        pem: str = self.cleaned_data["pem"]
        with _as_form_error():
            public = signatures.read_public_key(pem)
        if SignerKey.objects.filter(fingerprint=public.fingerprint).exists():
            raise ValidationError(_("This key is registered already."))
        return pem

    def clean(self) -> dict[str, Any] | None:
        given = super().clean() or {}
        start, end = given.get("valid_from"), given.get("valid_until")
        if start and end and end <= start:
            self.add_error("valid_until", _("It would end before it begins."))
        return given


@admin.register(SignerKey)
class SignerKeyAdmin(ConfigurationAdmin):
    """Keys are registered, and revoked for a reason; nothing else about them changes."""

    form = SignerKeyForm
    list_display = ("key", "holder", "party", "algorithm", "valid_from", "valid_until", "revoked_at")
    list_select_related = ("party",)
    search_fields = ("key", "holder", "keyid", "fingerprint")
    given = ("key", "holder", "party", "keyid", "pem", "valid_from", "valid_until")
    found = ("algorithm", "fingerprint", "registered_at", "registered_by", "revoked_at", "revoked_by")

    def get_fields(self, request: HttpRequest, obj: SignerKey | None = None) -> tuple[str, ...]:
        return self.given if obj is None else (*self.given, *self.found, "revoked_reason")

    def get_readonly_fields(self, request: HttpRequest, obj: SignerKey | None = None) -> tuple[str, ...]:
        if obj is None:
            return ()
        return (*self.given, *self.found) if obj.revoked_at is None else (*self.given, *self.found, "revoked_reason")

    def get_form(self, request: HttpRequest, obj: SignerKey | None = None, change: bool = False, **kwargs: Any) -> Any:
        if obj is not None:
            kwargs["form"] = forms.ModelForm
        return super().get_form(request, obj, change, **kwargs)

    def save_model(self, request: HttpRequest, obj: SignerKey, form: forms.ModelForm, change: bool) -> None:
        actor, at = authenticated(request), clock.now()
        if not change:
            made = services.register_signer_key(**form.cleaned_data, actor=actor, at=at)
            obj.pk = made.pk
        elif reason := form.cleaned_data.get("revoked_reason", "").strip():
            services.revoke_signer_key(key=obj, actor=actor, at=at, reason=reason)


@admin.register(Monitor)
class MonitorAdmin(OwnAdmin):
    """Added through the service. How it is set up may be mended, which the trail tells; whose it is stays."""

    list_display = ("key", "artefact", "department", "source", "resolution_ms")
    list_select_related = ("artefact", "department")
    search_fields = ("key",)
    fields = (
        "key",
        "artefact",
        "department",
        "source",
        "resolution_ms",
        "clock_source",
        "clock_uncertainty_us",
        "services",
        "bands",
        "heartbeat_alerts",
        "component_label",
    )

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return authenticated(request).access.is_member

    def get_readonly_fields(self, request: HttpRequest, obj: Monitor | None = None) -> tuple[str, ...]:
        return ("key", "artefact", "department") if obj is not None else ()

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if db_field.name == "artefact":
            field.queryset = field.queryset.filter(kind__for_monitors=True, monitor=None)
        return field

    def save_model(self, request: HttpRequest, obj: Monitor, form: forms.ModelForm, change: bool) -> None:
        if change:
            obj.save(update_fields=form.changed_data)
            return
        made = services.create_monitor(**form.cleaned_data, actor=authenticated(request), at=clock.now())
        obj.pk = made.pk


class TargetFeedForm(forms.ModelForm):
    """Which monitor measures which target; whether it can is asked before anything is written."""

    def clean(self) -> dict[str, Any] | None:
        given = super().clean() or {}
        if given.get("monitor") and given.get("node"):
            with _as_form_error():
                services.check_feed(monitor=given["monitor"], node=given["node"])
        return given


@admin.register(TargetFeed)
class TargetFeedAdmin(DepartmentAdmin):
    """Members of a monitor's department say which target it measures, and that it does so no more."""

    form = TargetFeedForm
    list_display = ("monitor", "node", "since", "until")
    list_select_related = ("monitor", "node")
    fields = ("monitor", "node")
    actions = ("stop",)  # type: ignore[assignment]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        found: QuerySet[Any] = super().get_queryset(request)
        return found.filter(monitor__department__in=list(authenticated(request).access.departments))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return authenticated(request).access.is_member

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        user = authenticated(request)
        if db_field.name == "monitor":
            kwargs["queryset"] = Monitor.objects.filter(department__in=list(user.access.departments))
        elif db_field.name == "node":
            kwargs["queryset"] = Node.objects.visible_to(user).filter(kind=NodeKind.CONTEXT)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: TargetFeed, form: forms.ModelForm, change: bool) -> None:
        made = services.feed_target(**form.cleaned_data, actor=authenticated(request), at=clock.now())
        obj.pk = made.pk

    @admin.action(description=_("Measure it no more"))
    def stop(self, request: HttpRequest, chosen: QuerySet[Any]) -> None:
        for feed in chosen.select_related("monitor", "node"):
            services.stop_feed(feed=feed, actor=authenticated(request), at=clock.now())
