"""Acceptance rules of a drill."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from dcase_audit import clock
from dcase_audit.accounts import permissions
from dcase_audit.accounts.models import ApiToken
from dcase_audit.api_fields import Body, Key, Tags, Text
from dcase_audit.api_schema import IDEMPOTENCY, Shape, described, header
from dcase_audit.api_views import ApiView, allow, find
from dcase_audit.errors import Invalid
from dcase_audit.moments import say, say_or_none
from drills import services
from drills.api.shapes import JSON, rule_href
from drills.models import AcceptanceRule, Drill, DrillResult
from drills.services.rules import keys_for_rules, tokens_for
from evidence import idempotency

MOST_RULES = 100
REFUSED = (404, 409, 411, 413, 415, 422)
NAMED = ("drill", "signer", "proposed_by", "published_by", "ended_by")


class RuleBody(Body):
    """A rule to propose: `token` by what it begins with, `signer` by the name under which the key is registered."""

    token = Text(max_length=12)
    signer = Key(max_length=60, allow_null=True, default=None)
    formats = Tags(min_length=1, help_text=f"From: {', '.join(DrillResult.Format.values)}.")
    reason = Text(max_length=300)


class RuleReasonBody(Body):
    """Why."""

    reason = Text(max_length=300)


class RuleShape(Shape):
    """A rule by which passes of a drill are accepted at receipt; it acts from `published_at` until `ended_at`."""

    id = serializers.IntegerField()
    href = serializers.CharField()
    name = serializers.CharField(help_text="What decisions call it.")
    state = serializers.ChoiceField(("proposed", "published", "ended"))
    drill = serializers.CharField()
    through = serializers.CharField(help_text="By what its results come: `token:` and what the token begins with.")
    signer = serializers.CharField(allow_null=True, help_text="The key that has to have signed, if any.")
    formats = serializers.ListField(child=serializers.ChoiceField(DrillResult.Format.values))
    reason = serializers.CharField()
    proposed_by = serializers.CharField()
    proposed_at = serializers.DateTimeField()
    published_by = serializers.CharField(allow_null=True)
    published_at = serializers.DateTimeField(allow_null=True)
    published_reason = serializers.CharField(allow_blank=True)
    ended_by = serializers.CharField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    ended_reason = serializers.CharField(allow_blank=True)


class RulesShape(Shape):
    """The last hundred rules of a drill, the latest first; those that were ended among them."""

    items = RuleShape(many=True)


class DrillRulesView(ApiView):
    """The rules of one drill."""

    scope = ApiToken.Scope.EVIDENCE

    @described(
        "Acceptance rules, the latest first",
        {200: RulesShape},
        problems=(404,),
        tag="drills",
        operation="drills_rules_list",
    )
    def get(self, request: Request, key: str) -> Response:
        drill = find(Drill.objects.visible_to(self.user), key=key)
        return Response({"items": [shown_rule(each) for each in drill.rules.select_related(*NAMED)[:MOST_RULES]]})

    @described(
        "Propose an acceptance rule",
        {201: RuleShape},
        problems=REFUSED,
        request=RuleBody,
        parameters=[header(**IDEMPOTENCY, description="Makes a repeat safe.")],
        description="It does nothing until another person publishes it.",
        tag="drills",
    )
    def post(self, request: Request, key: str) -> Response:
        drill = find(Drill.objects.visible_to(self.user).select_related("department", "artefact__custodian"), key=key)
        may_propose = permissions.may_write_evidence(self.access, custodian_id=drill.department_id)
        allow(may_propose, "This drill is another department's.")
        values = self.body(RuleBody)

        def propose() -> idempotency.Done:
            rule = services.propose_rule(drill=drill, actor=self.user, at=clock.now(), **_found(drill, values))
            return idempotency.Done(201, shown_rule(rule))

        return idempotency.answer(self, propose, fields=idempotency.members_of(self))


def _found(drill: Drill, values: dict[str, Any]) -> dict[str, Any]:
    """Return the values with the token and the key that they name.

    Raises:
        Invalid: there is no such token or key (422).
    """
    token = tokens_for(drill).filter(prefix=values["token"]).first()
    if token is None:
        raise Invalid("A token of a machine of the drill's department is expected.", pointer="/token")
    named = values["signer"]
    signer = keys_for_rules().filter(key=named).first() if named is not None else None
    if named is not None and signer is None:
        raise Invalid("No such key is registered and in force.", pointer="/signer")
    return {**values, "token": token, "signer": signer}


class DrillRuleView(ApiView):
    """One rule."""

    @described("One acceptance rule", {200: RuleShape}, problems=(404,), tag="drills")
    def get(self, request: Request, key: str, pk: int) -> Response:
        return Response(shown_rule(_rule(self, key, pk)))


class RulePublicationView(ApiView):
    """The publication of one rule."""

    scope = ApiToken.Scope.EVIDENCE

    @described(
        "Publish an acceptance rule",
        {200: RuleShape, 201: RuleShape},
        problems=REFUSED,
        request=RuleReasonBody,
        description="By who may accept for the department and did not propose it; 200 where it was.",
        tag="drills",
    )
    def post(self, request: Request, key: str, pk: int) -> Response:
        return _done(self, services.publish_rule, key, pk)


class RuleEndView(ApiView):
    """The end of one rule."""

    scope = ApiToken.Scope.EVIDENCE

    @described(
        "End an acceptance rule, or take its proposal back",
        {200: RuleShape, 201: RuleShape},
        problems=REFUSED,
        request=RuleReasonBody,
        description="By who proposed or published it, or may accept for the department; 200 where it was.",
        tag="drills",
    )
    def post(self, request: Request, key: str, pk: int) -> Response:
        return _done(self, services.end_rule, key, pk)


def _done(view: ApiView, service: Callable[..., bool], key: str, pk: int) -> Response:
    """Do one thing to the rule for the reason given; 201 where it was not done before."""
    rule, reason = _rule(view, key, pk), view.body(RuleReasonBody)["reason"]
    is_new = service(rule=rule, actor=view.user, reason=reason, at=clock.now())
    return Response(shown_rule(_rule(view, key, pk)), status=201 if is_new else 200)


def _rule(view: ApiView, key: str, pk: int) -> AcceptanceRule:
    drill = find(Drill.objects.visible_to(view.user), key=key)
    return find(AcceptanceRule.objects.filter(drill=drill).select_related(*NAMED, "drill__artefact"), pk=pk)


def shown_rule(rule: AcceptanceRule) -> JSON:
    return {
        "id": rule.pk,
        "href": rule_href(rule),
        "name": rule.name,
        "state": rule.state,
        "drill": rule.drill.key,
        "through": rule.through,
        "signer": rule.signer.key if rule.signer else None,
        "formats": rule.formats,
        "reason": rule.reason,
        "proposed_by": rule.proposed_by.username,
        "proposed_at": say(rule.proposed_at),
        "published_by": rule.published_by.username if rule.published_by else None,
        "published_at": say_or_none(rule.published_at),
        "published_reason": rule.published_reason,
        "ended_by": rule.ended_by.username if rule.ended_by else None,
        "ended_at": say_or_none(rule.ended_at),
        "ended_reason": rule.ended_reason,
    }
