"""Acceptance rules on pages: the rules of a drill, past ones included, and proposing, publishing and ending one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from dcase_audit import clock
from dcase_audit.accounts import permissions
from dcase_audit.accounts.authentication import authenticated
from dcase_audit.accounts.models import ApiToken, User
from dcase_audit.errors import AuditError
from dcase_audit.pages import find, refuse, show
from drills import services
from drills.models import AcceptanceRule, Drill, DrillResult, SignerKey
from drills.services.rules import keys_for_rules, may_end, tokens_for

MOST_RULES = 50
PUBLISH, END = "publish", "end"


class RuleForm(forms.Form):
    """Which passes of the drill are to be accepted at receipt, and why nobody has to decide on each."""

    token = forms.ModelChoiceField(
        label=gettext_lazy("Token by which they come"),
        queryset=ApiToken.objects.none(),
        to_field_name="prefix",
        empty_label="–",
    )
    formats = forms.MultipleChoiceField(
        label=gettext_lazy("Formats"), choices=DrillResult.Format.choices, widget=forms.CheckboxSelectMultiple
    )
    signer = forms.ModelChoiceField(
        label=gettext_lazy("Key that has to have signed"),
        queryset=SignerKey.objects.none(),
        to_field_name="key",
        required=False,
        empty_label=gettext_lazy("none: they need no signature"),
        help_text=gettext_lazy("Only in-toto test results are signed."),
    )
    reason = forms.CharField(
        label=gettext_lazy("Why nobody has to decide on each of them"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, drill: Drill, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["token"].queryset = tokens_for(drill)  # type: ignore[attr-defined]
        self.fields["signer"].queryset = keys_for_rules()  # type: ignore[attr-defined]


class RuleReasonForm(forms.Form):
    """Why a rule is published, or ended."""

    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=300, widget=forms.Textarea(attrs={"rows": 2}))


class RuleLine(NamedTuple):
    """A rule in the list, with the forms that the reader gets; ``is_own``: another person has to publish it."""

    rule: AcceptanceRule
    formats: list[Any]
    accepted: int
    publish: forms.Form | None
    end: forms.Form | None
    is_own: bool


@login_required
@require_safe
def rule_list(request: HttpRequest, key: str) -> HttpResponse:
    """List the rules of a drill, the latest first."""
    user = authenticated(request)
    return _show(request, user, _drill(user, key))


def _drill(user: User, key: str) -> Drill:
    return find(Drill.objects.visible_to(user).select_related("department", "artefact__custodian"), key=key)


def _show(
    request: HttpRequest,
    user: User,
    drill: Drill,
    *,
    form: RuleForm | None = None,
    refused: tuple[int, str, forms.Form] | None = None,
) -> HttpResponse:
    """Render the page; ``form`` and ``refused`` (rule, action, form) come back with what was wrong."""
    rows = drill.rules.select_related("token", "signer", "proposed_by", "published_by", "ended_by")
    rules = list(rows.with_accepted()[:MOST_RULES])
    for rule in rules:
        rule.drill = drill
    proposes = permissions.may_write_evidence(user.access, custodian_id=drill.department_id)
    context = {
        "drill": drill,
        "lines": [_line(rule, user, refused) for rule in rules],
        "form": form or (RuleForm(drill=drill) if proposes else None),
    }
    return show(request, "drill_rules.html", context, zone=ZoneInfo(drill.timezone))


def _line(rule: AcceptanceRule, user: User, refused: tuple[int, str, forms.Form] | None) -> RuleLine:
    is_own = rule.proposed_by_id == user.pk
    approves = permissions.may_approve_for(user.access, custodian_id=rule.drill.artefact.custodian_id)
    offered: dict[str, forms.Form | None] = {
        PUBLISH: _reason_form(rule, PUBLISH) if rule.state == "proposed" and approves and not is_own else None,
        END: _reason_form(rule, END) if rule.state != "ended" and may_end(rule, user) else None,
    }
    if refused is not None and refused[0] == rule.pk:
        offered[refused[1]] = refused[2]
    names = dict(DrillResult.Format.choices)
    return RuleLine(
        rule=rule,
        formats=[names[format] for format in rule.formats],
        accepted=rule.accepted,  # type: ignore[attr-defined]
        publish=offered[PUBLISH],
        end=offered[END],
        is_own=is_own and rule.state == "proposed",
    )


def _reason_form(rule: AcceptanceRule, action: str, data: Any = None) -> RuleReasonForm:
    return RuleReasonForm(data, prefix=f"rule{rule.pk}-{action}")


@login_required
@require_POST
def propose(request: HttpRequest, key: str) -> HttpResponse:
    """Propose a rule."""
    user = authenticated(request)
    drill = _drill(user, key)
    form = RuleForm(request.POST, drill=drill)
    if form.is_valid():
        try:
            services.propose_rule(drill=drill, actor=user, at=clock.now(), **form.cleaned_data)
        except AuditError as refusal:
            refuse(form, refusal)
        else:
            messages.success(request, _("The rule was proposed. It does nothing until another person publishes it."))
            return redirect("drill-rules", drill.key)
    return _show(request, user, drill, form=form)


@login_required
@require_POST
def publish(request: HttpRequest, key: str, pk: int) -> HttpResponse:
    """Publish a rule that another person proposed."""
    return _change(request, key, pk, PUBLISH, services.publish_rule, _("The rule was published."))


@login_required
@require_POST
def end(request: HttpRequest, key: str, pk: int) -> HttpResponse:
    """End a rule, or take its proposal back."""
    return _change(request, key, pk, END, services.end_rule, _("The rule was ended. People decide again."))


def _change(
    request: HttpRequest, key: str, pk: int, action: str, service: Callable[..., bool], done: str
) -> HttpResponse:
    user = authenticated(request)
    drill = _drill(user, key)
    rule = find(drill.rules.all(), pk=pk)
    form = _reason_form(rule, action, request.POST)
    if form.is_valid():
        try:
            service(rule=rule, actor=user, reason=form.cleaned_data["reason"], at=clock.now())
        except AuditError as refusal:
            refuse(form, refusal)
        else:
            messages.success(request, done)
            return redirect("drill-rules", drill.key)
    return _show(request, user, drill, refused=(pk, action, form))
