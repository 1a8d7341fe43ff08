"""What administrators keep about people: accounts, parties, roles, stand-ins, tokens. Nothing here is ever deleted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.auth import admin as auth_admin
from django.contrib.auth import forms as auth_forms
from django.contrib.auth.models import Group
from django.core.exceptions import BadRequest, PermissionDenied, ValidationError
from django.db import models, transaction
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dcase_audit import clock
from dcase_audit.accounts import password_links, permissions
from dcase_audit.accounts.authentication import authenticated, issue
from dcase_audit.accounts.authentication import revoke as end_token
from dcase_audit.accounts.models import ApiToken, Delegation, Membership, Party, PastName, User
from dcase_audit.errors import AuditError
from dcase_audit.form_fields import JSONField, MomentField
from dcase_audit.trail.events import record

# Rights come from memberships and engagements; groups would be a second way that nobody reads.
admin.site.unregister(Group)
admin.site.site_header = "D-Case Audit"
admin.site.site_title = "D-Case Audit"
admin.site.index_title = gettext_lazy("Administration")
admin.site.enable_nav_sidebar = False


FIELDS: dict[Any, Any] = {
    # One labelled input for a moment: of the admin's two, neither has a name that is read out.
    models.DateTimeField: {"form_class": MomentField, "widget": MomentField().widget},
    models.JSONField: {"form_class": JSONField},
}


class PlainAdmin(admin.ModelAdmin):
    """Lists whose filters hold nothing that the database cannot be asked for."""

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, str] | None = None) -> HttpResponse:
        if any("\x00" in value for _name, values in request.GET.lists() for value in values):
            raise BadRequest
        return super().changelist_view(request, extra_context)


class ConfigurationAdmin(PlainAdmin):
    """Rows that administrators keep, and that end instead of being deleted."""

    formfield_overrides = FIELDS

    def _may(self, request: HttpRequest) -> bool:
        return permissions.may_configure(authenticated(request).access)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.is_authenticated and self._may(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self._may(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self._may(request)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self._may(request)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class UserChangeForm(auth_forms.UserChangeForm):
    class Meta:
        model = User
        fields = "__all__"


class UserCreationForm(forms.ModelForm):
    """Somebody new, without a password: only the person who gets the link sets one."""

    class Meta:
        model = User
        fields = ("username", "kind", "name_ja", "name_en", "email", "language")

    def save(self, commit: bool = True) -> User:
        self.instance.set_unusable_password()
        return cast("User", super().save(commit=commit))


@admin.register(User)
class PersonAdmin(ConfigurationAdmin, auth_admin.UserAdmin):
    form = UserChangeForm
    add_form = UserCreationForm
    list_display = ("username", "name_ja", "name_en", "kind", "language", "is_active", "is_administrator")
    list_filter = ("kind", "is_active", "is_administrator")
    search_fields = ("username", "name_ja", "name_en")
    ordering = ("username",)
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("username", "kind", "password")}),
        (gettext_lazy("Person"), {"fields": ("name_ja", "name_en", "email", "language")}),
        (gettext_lazy("May log in"), {"fields": ("is_active", "is_administrator")}),
    )
    add_fieldsets = (
        (
            None,
            {
                "fields": ("username", "kind", "name_ja", "name_en", "email", "language"),
                "description": gettext_lazy("A person with an e-mail address is sent a link that sets the password."),
            },
        ),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        return ("username", "kind") if obj is not None else ()

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not change and obj.kind == User.Kind.PERSON and obj.email:
            transaction.on_commit(lambda: self._send_link(request, obj))

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        """Have a link sent by which the person sets the password: an administrator who set it could decide as them."""
        person = self.get_object(request, unquote(id))
        if person is None:
            raise Http404
        if not self.has_change_permission(request, person):
            raise PermissionDenied
        if request.method == "POST":
            self._send_link(request, person)
            return redirect("admin:accounts_user_change", person.pk)
        context = {**self.admin_site.each_context(request), "title": _("Send a link for the password")}
        return TemplateResponse(request, "admin/password_link.html", {**context, "person": person})

    def _send_link(self, request: HttpRequest, person: User) -> None:
        try:
            password_links.send(person)
        except (AuditError, OSError) as failure:
            messages.error(request, _("No link was sent: %(why)s") % {"why": failure})
        else:
            messages.success(request, _("A link was sent to %(address)s.") % {"address": person.email})


class PastNameInline(admin.TabularInline):
    model = PastName
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return authenticated(request).is_administrator

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(Party)
class PartyAdmin(ConfigurationAdmin):
    list_display = ("key", "name_ja", "name_en", "kind", "since", "until")
    list_filter = ("kind",)
    search_fields = ("key", "name_ja", "name_en")
    inlines = (PastNameInline,)

    def get_readonly_fields(self, request: HttpRequest, obj: Party | None = None) -> tuple[str, ...]:
        return ("key",) if obj is not None else ()

    def save_model(self, request: HttpRequest, obj: Party, form: Any, change: bool) -> None:
        """Keep the old name of a party that is renamed: records of its time go on showing it."""
        before = Party.objects.filter(pk=obj.pk).first() if change else None
        super().save_model(request, obj, form, change)
        if before is not None and (before.name_ja, before.name_en) != (obj.name_ja, obj.name_en):
            today = clock.now().date()
            names = {"name_ja": before.name_ja, "name_en": before.name_en}
            PastName.objects.get_or_create(party=obj, until=today, defaults=names)


class GrantForm(forms.ModelForm):
    """What gives somebody rights; whoever grants or prolongs it is another person than the one who gets it."""

    granted_by: User
    receiver = "user"

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        # Of a row that exists, the receiver is no field of the form any more.
        user = cleaned.get(self.receiver) or getattr(self.instance, self.receiver, None)
        field = self.receiver if self.receiver in self.fields else None
        if user == self.granted_by:
            self.add_error(field, _("Another administrator grants you roles."))
        elif user is not None and user.kind != User.Kind.PERSON:
            self.add_error(field, _("A machine serves the department of its token and holds no role."))
        return cleaned


class GrantAdmin(ConfigurationAdmin):
    """Rows that give somebody rights."""

    form = GrantForm

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        form.granted_by = authenticated(request)  # type: ignore[attr-defined]
        return form


@admin.register(Membership)
class MembershipAdmin(GrantAdmin):
    list_display = ("user", "party", "role", "since", "until")
    list_filter = ("role", "party")
    list_select_related = ("user", "party")

    def get_readonly_fields(self, request: HttpRequest, obj: Membership | None = None) -> tuple[str, ...]:
        return ("user", "party", "role", "since") if obj is not None else ()


class DelegationForm(GrantForm):
    """Somebody's roles in a party for a stand-in."""

    receiver = "deputy"


@admin.register(Delegation)
class DelegationAdmin(GrantAdmin):
    form = DelegationForm
    list_display = ("principal", "deputy", "party", "since", "until", "reason")
    list_select_related = ("principal", "deputy", "party")

    def get_readonly_fields(self, request: HttpRequest, obj: Delegation | None = None) -> tuple[str, ...]:
        return ("principal", "deputy", "party", "since", "reason") if obj is not None else ()


class TokenForm(forms.ModelForm):
    """A token to be issued to a machine; it ends within two years. People issue theirs themselves."""

    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("scopes"), choices=ApiToken.Scope.choices, widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = ApiToken
        fields = ("user", "name", "scopes", "department", "expires_at")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # None where the token is only looked at.
        if account := self.fields.get("user"):
            machines = User.objects.filter(kind=User.Kind.MACHINE, is_active=True)
            account.queryset = machines  # type: ignore[attr-defined]
            account.help_text = _("A machine's account. People issue tokens themselves, on the page of their account.")

    def clean_expires_at(self) -> datetime:
        expires_at: datetime = self.cleaned_data["expires_at"]
        now = datetime.now(UTC)
        if not now < expires_at <= now + timedelta(days=731):
            raise ValidationError(_("A token ends within two years from now."))
        return expires_at


@admin.register(ApiToken)
class TokenAdmin(ConfigurationAdmin):
    """Tokens are issued, shown once, and revoked; nothing else about them changes."""

    form = TokenForm
    list_display = ("name", "prefix", "user", "department", "scopes", "expires_at", "revoked_at")
    list_select_related = ("user", "department")
    search_fields = ("name", "prefix", "user__username")
    actions = ("revoke",)
    add_form_template = "admin/change_form.html"

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Let the list offer ``revoke``; a single token is only looked at."""
        return obj is None and super().has_change_permission(request)

    def save_model(self, request: HttpRequest, obj: ApiToken, form: Any, change: bool) -> None:
        made, secret = issue(**form.cleaned_data, created_by=authenticated(request))
        record("token.issued", f"token:{made.prefix}", account=made.user_id, scopes=made.scopes)
        obj.pk, obj.prefix = made.pk, made.prefix
        request.issued_secret = secret  # type: ignore[attr-defined]

    def response_add(self, request: HttpRequest, obj: ApiToken, post_url_continue: str | None = None) -> HttpResponse:
        """Show the secret in this one answer, which nothing keeps."""
        context = {**self.admin_site.each_context(request), "title": _("Token issued"), "token": obj}
        context["secret"] = request.issued_secret  # type: ignore[attr-defined]
        answer = TemplateResponse(request, "admin/token_issued.html", context)
        answer.headers["Cache-Control"] = "no-store"
        return answer

    @admin.action(description=gettext_lazy("Revoke the tokens"), permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        with transaction.atomic():
            # The list joins what it shows, which cannot be locked.
            valid = list(ApiToken.objects.filter(pk__in=queryset.values("pk"), revoked_at=None).select_for_update())
            for token in valid:
                end_token(token)
        messages.success(request, _("Revoked: %(count)d") % {"count": len(valid)})
