"""Findings, corrective actions, signatures under results, and occurrences that are called off."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from dcase_audit import clock
from dcase_audit.accounts import permissions
from dcase_audit.accounts.models import ApiToken
from dcase_audit.api_fields import Body, Text
from dcase_audit.api_schema import IDEMPOTENCY, Shape, described, header
from dcase_audit.api_views import ApiView, allow, find
from dcase_audit.errors import Invalid
from dcase_audit.moments import say
from drills import planning, services
from drills.api.shapes import JSON, OccurrenceShape, shown_occurrence
from drills.findings import Standing, State, standings
from drills.models import Drill, DrillResult, Finding, SignOff
from evidence import idempotency
from evidence.api.actions import ActionBody, ActionShape, ClosingBody, evidence_named, owner_named, shown_action
from evidence.api.showing import ROOT

MOST = 100
ONCE = [header(**IDEMPOTENCY, description="Makes a repeat safe.")]
REFUSALS = (404, 409, 411, 413, 415, 422)


class FindingBody(Body):
    """What was found; about one of the drill's results, where one is named."""

    text = Text(max_length=4000)
    severity = serializers.ChoiceField(Finding.Severity.values, default=Finding.Severity.MINOR)
    cause = Text(max_length=4000, allow_blank=True, default="")
    result = serializers.IntegerField(min_value=1, max_value=2**63 - 1, required=False)


class SignOffBody(Body):
    """The SHA-256 of the record that was read, and in which role it is signed."""

    role = serializers.ChoiceField(SignOff.Role.values)
    sha256 = Text(max_length=64)
    statement = Text(max_length=1000, allow_blank=True, default="")


class CancellationBody(Body):
    """Why it is not held."""

    reason = Text(max_length=300)


class FindingShape(Shape):
    """A finding; its state follows from its actions and from what was held since. `opened_by` is null: by rule."""

    id = serializers.IntegerField()
    href = serializers.CharField()
    drill = serializers.CharField()
    result = serializers.IntegerField(allow_null=True)
    severity = serializers.ChoiceField(Finding.Severity.values)
    text = serializers.CharField(allow_blank=True)
    cause = serializers.CharField(allow_blank=True)
    state = serializers.ChoiceField([str(state) for state in State])
    retest = serializers.IntegerField(allow_null=True, help_text="The accepted result that answers it.")
    opened_at = serializers.DateTimeField()
    opened_by = serializers.CharField(allow_null=True)
    actions = ActionShape(many=True)


class FindingsShape(Shape):
    """The last hundred findings of a drill, the latest first."""

    items = FindingShape(many=True)


class SignOffShape(Shape):
    """A signature under the record with this SHA-256."""

    id = serializers.IntegerField()
    role = serializers.ChoiceField(SignOff.Role.values)
    record_sha256 = serializers.CharField()
    statement = serializers.CharField(allow_blank=True)
    signed_at = serializers.DateTimeField()
    signed_by = serializers.CharField()


class SignOffsShape(Shape):
    """The signatures under one result."""

    items = SignOffShape(many=True)


class DrillFindingsView(ApiView):
    """The findings of one drill."""

    scope = ApiToken.Scope.EVIDENCE

    @described("Findings, the latest first", {200: FindingsShape}, problems=(404,), tag="drills")
    def get(self, request: Request, key: str) -> Response:
        drill = find(Drill.objects.visible_to(self.user), key=key)
        rows = Finding.objects.whole().filter(drill=drill)[:MOST]
        return Response({"items": [shown_finding(each) for each in standings(rows, at=clock.now())]})

    @described(
        "Open a finding", {201: FindingShape}, problems=REFUSALS, request=FindingBody, parameters=ONCE, tag="drills"
    )
    def post(self, request: Request, key: str) -> Response:
        drill = find(Drill.objects.visible_to(self.user), key=key)
        may_open = permissions.may_write_evidence(self.access, custodian_id=drill.department_id)
        allow(may_open, "This drill is another department's.")
        values = self.body(FindingBody)
        result = _result(drill, values.pop("result", None))

        def open_it() -> idempotency.Done:
            made = services.open_finding(drill=drill, result=result, actor=self.user, at=clock.now(), **values)
            return idempotency.Done(201, shown(made.pk))

        return idempotency.answer(self, open_it, fields=idempotency.members_of(self))


class FindingView(ApiView):
    """One finding."""

    @described("A finding with what is done about it", {200: FindingShape}, problems=(404,), tag="drills")
    def get(self, request: Request, pk: int) -> Response:
        return Response(shown(find(Finding.objects.visible_to(self.user), pk=pk).pk))


class FindingActionsView(ApiView):
    """What is done about one finding."""

    scope = ApiToken.Scope.EVIDENCE

    @described(
        "Add a corrective action",
        {201: FindingShape},
        problems=REFUSALS,
        request=ActionBody,
        parameters=ONCE,
        tag="drills",
    )
    def post(self, request: Request, pk: int) -> Response:
        finding = find(Finding.objects.visible_to(self.user).select_related("drill__department"), pk=pk)
        may_add = permissions.may_write_evidence(self.access, custodian_id=finding.drill.department_id)
        allow(may_add, "This drill is another department's.")
        values = self.body(ActionBody)
        owner = owner_named(values.pop("owner"))

        def add() -> idempotency.Done:
            services.add_action(finding=finding, owner=owner, actor=self.user, at=clock.now(), **values)
            return idempotency.Done(201, shown(finding.pk))

        return idempotency.answer(self, add, fields=idempotency.members_of(self))


class ActionClosingView(ApiView):
    """The closing of one corrective action."""

    scope = ApiToken.Scope.EVIDENCE

    @described(
        "Close a corrective action",
        {200: FindingShape, 201: FindingShape},
        problems=REFUSALS,
        request=ClosingBody,
        description="By another person than its owner, on an accepted revision; 200 where the same was said before.",
        tag="drills",
    )
    def post(self, request: Request, pk: int, action: int) -> Response:
        finding = find(Finding.objects.visible_to(self.user).select_related("drill"), pk=pk)
        found = find(finding.actions.all(), pk=action)
        may_close = permissions.may_write_evidence(self.access, custodian_id=finding.drill.department_id)
        allow(may_close, "This drill is another department's.")
        values = self.body(ClosingBody)
        evidence = evidence_named(values.pop("revision"), self.user)
        is_new = services.close_action(action=found, evidence=evidence, actor=self.user, at=clock.now(), **values)
        return Response(shown(finding.pk), status=201 if is_new else 200)


class SignOffsView(ApiView):
    """The signatures under one result."""

    scope = ApiToken.Scope.EVIDENCE

    @described("Signatures under a result", {200: SignOffsShape}, problems=(404,), tag="drills")
    def get(self, request: Request, pk: int) -> Response:
        result = find(DrillResult.objects.visible_to(self.user), pk=pk)
        return Response({"items": [shown_sign_off(each) for each in result.sign_offs.select_related("signed_by")]})

    @described(
        "Sign the record of a result",
        {200: SignOffShape, 201: SignOffShape},
        problems=REFUSALS,
        request=SignOffBody,
        description="It covers the record with the SHA-256 that is named; 200 where the same was signed before.",
        tag="drills",
    )
    def post(self, request: Request, pk: int) -> Response:
        result = find(DrillResult.objects.visible_to(self.user).select_related("drill"), pk=pk)
        values = self.body(SignOffBody)
        signed, is_new = services.sign_off(
            result=result, record_sha256=values.pop("sha256"), actor=self.user, at=clock.now(), **values
        )
        return Response(shown_sign_off(signed), status=201 if is_new else 200)


class OccurrenceCancelView(ApiView):
    """The calling off of one planned date."""

    scope = ApiToken.Scope.EVIDENCE

    @described(
        "Call a planned drill off",
        {200: OccurrenceShape},
        problems=REFUSALS,
        request=CancellationBody,
        description="Before its report is due; reports show who did and why. The same reason again changes nothing.",
        tag="drills",
    )
    def post(self, request: Request, key: str, pk: int) -> Response:
        drill = find(Drill.objects.visible_to(self.user), key=key)
        occurrence = find(drill.occurrences.all(), pk=pk)
        may_cancel = permissions.may_write_evidence(self.access, custodian_id=drill.department_id)
        allow(may_cancel, "This drill is another department's.")
        reason = self.body(CancellationBody)["reason"]
        planning.cancel(occurrence=occurrence, actor=self.user, at=clock.now(), reason=reason)
        return Response(shown_occurrence(drill.occurrences.select_related("cancelled_by").get(pk=pk)))


def _result(drill: Drill, pk: Any) -> DrillResult | None:
    if pk is None:
        return None
    found = drill.results.filter(pk=pk).first()
    if found is None:
        raise Invalid("The drill has no such result.", pointer="/result")
    return found


def shown(pk: int) -> JSON:
    """Show one finding as it stands now."""
    return shown_finding(standings(Finding.objects.whole().filter(pk=pk), at=clock.now())[0])


def shown_finding(standing: Standing) -> JSON:
    finding = standing.finding
    return {
        "id": finding.pk,
        "href": f"{ROOT}/findings/{finding.pk}",
        "drill": finding.drill.key,
        "result": finding.result_id,
        "severity": finding.severity,
        "text": finding.text,
        "cause": finding.cause,
        "state": str(standing.state),
        "retest": standing.retest.pk if standing.retest else None,
        "opened_at": say(finding.opened_at),
        "opened_by": finding.opened_by.username if finding.opened_by else None,
        "actions": [shown_action(each) for each in finding.actions.all()],
    }


def shown_sign_off(signed: SignOff) -> JSON:
    return {
        "id": signed.pk,
        "role": signed.role,
        "record_sha256": signed.record_sha256,
        "statement": signed.statement,
        "signed_at": say(signed.signed_at),
        "signed_by": signed.signed_by.username,
    }
