"""What administrators keep around cases: whom auditors were engaged for, and the organisation's own days and hours."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db import transaction
from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from dcase_audit import clock
from dcase_audit.accounts.admin import ConfigurationAdmin, GrantAdmin, GrantForm
from dcase_audit.accounts.models import Engagement
from dcase_audit.calendars.models import Calendar, Holiday
from dcase_audit.cases.dates import language
from dcase_audit.cases.models import Case, Criterion, SettlementRequest


class EngagementForm(GrantForm):
    """An engagement for a case that is there."""

    case_slug = forms.ChoiceField(label=gettext_lazy("case"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "case_slug" in self.fields:
            cases = [(case.slug, case.title(language())) for case in Case.objects.all()]
            self.fields["case_slug"].choices = cases  # type: ignore[attr-defined]


@admin.register(Engagement)
class EngagementAdmin(GrantAdmin):
    form = EngagementForm
    list_display = ("user", "institution", "case_slug", "since", "until", "purpose")
    list_select_related = ("user", "institution")

    def get_readonly_fields(self, request: HttpRequest, obj: Engagement | None = None) -> tuple[str, ...]:
        return ("user", "institution", "case_slug", "since") if obj is not None else ()


class SettlingAdmin(ConfigurationAdmin):
    """Rows that the rules of status read: whoever changes one asks for the cases to be settled again."""

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        with transaction.atomic():
            super().save_model(request, obj, form, change)
            ask_to_settle(obj)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        with transaction.atomic():
            super().delete_model(request, obj)
            ask_to_settle(obj)


def ask_to_settle(changed: Calendar | Holiday) -> None:
    """Ask for every case in which a criterion counts in the calendar, or in any of business days; the sweep does it."""
    calendars = [changed.key] if isinstance(changed, Calendar) else _of_business_days()
    criteria = Criterion.objects.in_force().filter(calendar__in=calendars)
    now = clock.now()
    cases = criteria.values_list("node__case", flat=True).distinct()
    SettlementRequest.objects.bulk_create(SettlementRequest(case_id=case, at=now) for case in cases)


def _of_business_days() -> list[str]:
    return list(Calendar.objects.filter(days=Calendar.Days.BUSINESS).values_list("key", flat=True))


@admin.register(Calendar)
class CalendarAdmin(SettlingAdmin):
    list_display = ("key", "always", "opens", "closes", "days")

    def get_readonly_fields(self, request: HttpRequest, obj: Calendar | None = None) -> tuple[str, ...]:
        return ("key",) if obj is not None else ()


@admin.register(Holiday)
class HolidayAdmin(SettlingAdmin):
    list_display = ("day", "name_ja", "name_en", "is_business_day")
    actions = None

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.has_change_permission(request, obj)
