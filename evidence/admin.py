"""The admin's view of evidence: kinds and subjects for administrators, the own department's evidence for its members.

What is decided about evidence, and every revision, is looked at here and done on the pages, which go through services.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from dcase_audit import clock
from dcase_audit.accounts import permissions
from dcase_audit.accounts.admin import FIELDS, ConfigurationAdmin, PlainAdmin
from dcase_audit.accounts.authentication import authenticated
from dcase_audit.accounts.models import Party, User
from evidence import services
from evidence.models import Artefact, Decision, Kind, Revision, RevisionFile, Subject


@admin.register(Kind)
class KindAdmin(ConfigurationAdmin):
    list_display = ("key", "name_ja", "name_en", "for_monitors", "retention", "retention_from", "retention_basis")
    fieldsets = (
        (None, {"fields": ("key", "name_ja", "name_en", "for_monitors")}),
        (
            _("How long evidence of this kind is kept"),
            {
                "description": _("Promised to each revision when it is submitted: a change counts for later ones."),
                "fields": (
                    "retention",
                    "retention_from",
                    "retention_zone",
                    "retention_basis",
                    "retention_text_ja",
                    "retention_text_en",
                ),
            },
        ),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Kind | None = None) -> tuple[str, ...]:
        # Which leaves a kind fits is a rule of status; cases rely on what it was.
        return ("key", "for_monitors") if obj is not None else ()


@admin.register(Subject)
class SubjectAdmin(ConfigurationAdmin):
    list_display = ("key", "title_ja", "title_en", "department")
    list_select_related = ("department",)
    search_fields = ("key", "title_ja", "title_en")

    def get_readonly_fields(self, request: HttpRequest, obj: Subject | None = None) -> tuple[str, ...]:
        return ("key",) if obj is not None else ()


class DepartmentAdmin(PlainAdmin):
    """Rows of the person's own departments; of all others nothing is said to exist."""

    actions = None
    formfield_overrides = FIELDS

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.is_authenticated and authenticated(request).access.is_member

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return authenticated(request).access.is_member

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ReadOnlyInline(admin.TabularInline):
    extra = 0
    can_delete = False
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return authenticated(request).access.is_member


class RevisionInline(ReadOnlyInline):
    model = Revision
    fk_name = "artefact"
    fields = ("number", "verdict", "covers", "valid_from", "valid_until", "proves_from", "proves_until", "submitted_at")


@admin.register(Artefact)
class ArtefactAdmin(DepartmentAdmin):
    """Added through the service; afterwards only what no status depends on can be changed."""

    list_display = ("key", "title_ja", "title_en", "kind", "custodian", "owner", "on_its_page")
    list_filter = ("kind",)
    list_select_related = ("kind", "custodian", "owner")
    search_fields = ("key", "title_ja", "title_en")
    fields = ("key", "kind", "title_ja", "title_en", "custodian", "owner", "review_interval", "on_its_page")
    inlines = (RevisionInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Artefact]:
        found: QuerySet[Artefact] = super().get_queryset(request)
        return found.filter(custodian__in=list(authenticated(request).access.departments))

    def has_add_permission(self, request: HttpRequest) -> bool:
        access = authenticated(request).access
        return any(permissions.may_write_evidence(access, custodian_id=party) for party in access.departments)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        access = authenticated(request).access
        if isinstance(obj, Artefact):
            return permissions.may_write_evidence(access, custodian_id=obj.custodian_id)
        return access.is_member

    def get_readonly_fields(self, request: HttpRequest, obj: Artefact | None = None) -> tuple[str, ...]:
        return ("key", "kind", "custodian", "review_interval", "on_its_page") if obj is not None else ("on_its_page",)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        departments = list(authenticated(request).access.departments)
        if db_field.name == "custodian":
            kwargs["queryset"] = Party.objects.filter(pk__in=departments)
        elif db_field.name == "owner":
            kwargs["queryset"] = User.objects.members_of(departments, at=clock.now())
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_inlines(self, request: HttpRequest, obj: Artefact | None) -> tuple[type[RevisionInline], ...]:
        return (RevisionInline,) if obj is not None else ()

    def save_model(self, request: HttpRequest, obj: Artefact, form: ModelForm, change: bool) -> None:
        if change:
            obj.save(update_fields=["title_ja", "title_en", "owner"])
            return
        values = {name: form.cleaned_data[name] for name in self.fields if name in form.cleaned_data}
        made = services.create_artefact(**values, actor=authenticated(request), at=clock.now())
        obj.pk = made.pk

    @admin.display(description=_("page"))
    def on_its_page(self, obj: Artefact) -> str:
        if obj.pk is None:
            return "–"
        return format_html('<a href="{}">{}</a>', reverse("artefact", args=[obj.key]), _("open its page"))


class FileInline(ReadOnlyInline):
    model = RevisionFile
    fields = ("position", "name", "role", "language", "sha256")
    readonly_fields = ("sha256",)

    @admin.display(description="SHA-256")
    def sha256(self, obj: RevisionFile) -> str:
        return obj.file.sha256


class DecisionInline(ReadOnlyInline):
    model = Decision
    fields = ("kind", "by", "by_rule", "at", "effective_at", "reason")


@admin.register(Revision)
class RevisionAdmin(DepartmentAdmin):
    """Read only, drafts included: what a revision says is entered where its files are."""

    list_display = ("artefact", "number", "verdict", "proves_until", "valid_until", "submitted_at")
    list_filter = ("verdict",)
    list_select_related = ("artefact",)
    search_fields = ("artefact__key", "artefact__title_ja", "artefact__title_en")
    inlines = (FileInline, DecisionInline)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Revision]:
        found: QuerySet[Revision] = super().get_queryset(request)
        return found.filter(artefact__custodian__in=list(authenticated(request).access.departments))
