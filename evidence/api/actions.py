"""Corrective actions: what every one says, and those for the missed periods of targets."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from dcase_audit import clock
from dcase_audit.accounts import permissions
from dcase_audit.accounts.models import ApiToken, User
from dcase_audit.api_fields import Body, Moment, Text
from dcase_audit.api_schema import IDEMPOTENCY, Shape, described, header
from dcase_audit.api_views import ApiView, allow, find
from dcase_audit.cases.models import Node, NodeText
from dcase_audit.cases.words import TARGET_PREFIX, NodeKind
from dcase_audit.errors import Invalid
from dcase_audit.moments import say, say_or_none
from evidence import idempotency, services
from evidence.api.showing import ROOT, revision_href
from evidence.models import Action, Revision, TargetRemedy

JSON = dict[str, Any]
MOST = 100
REFUSALS = (404, 409, 411, 413, 415, 422)


class ActionBody(Body):
    """What is done about it, by whom (a user name) and until the end of which day."""

    text = Text(max_length=4000)
    owner = Text(max_length=150)
    due_on = serializers.DateField()


class ClosingBody(Body):
    """The revision that shows that it was done."""

    revision = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    note = Text(max_length=4000, allow_blank=True, default="")


class ActionShape(Shape):
    """A corrective action; `closed_at` is null while it is open."""

    id = serializers.IntegerField()
    text = serializers.CharField()
    owner = serializers.CharField()
    due_on = serializers.DateField()
    added_at = serializers.DateTimeField()
    added_by = serializers.CharField()
    closed_at = serializers.DateTimeField(allow_null=True)
    closed_by = serializers.CharField(allow_null=True)
    evidence = serializers.CharField(allow_null=True, help_text="The revision that shows that it was done.")
    note = serializers.CharField(allow_blank=True)


class TargetActionBody(ActionBody):
    """What is done about the period from `from` to `until` in which a target was missed, by whom and until when."""

    until = Moment()

    def get_fields(self) -> dict[str, Any]:
        return {"from": Moment(), **super().get_fields()}


class TargetActionShape(ActionShape):
    """The corrective action for a missed period of a target."""

    href = serializers.CharField()
    until = serializers.DateTimeField()

    def get_fields(self) -> dict[str, Any]:
        return {"from": serializers.DateTimeField(), **super().get_fields()}


class TargetActionsShape(Shape):
    """The corrective actions for the last hundred missed periods, the latest first."""

    items = TargetActionShape(many=True)


class TargetActionsView(ApiView):
    """What is done about the missed periods of one target, by the key of its context."""

    scope = ApiToken.Scope.EVIDENCE

    @described(
        "Corrective actions of a target",
        {200: TargetActionsShape},
        problems=(404,),
        tag="cases",
        operation="cases_targets_actions_list",
    )
    def get(self, request: Request, slug: str, key: str) -> Response:
        rows = _remedies(_context(self.user, slug, key)).order_by("-start", "-pk")[:MOST]
        return Response({"items": [shown_remedy(each) for each in rows]})

    @described(
        "Add the corrective action for a missed period",
        {201: TargetActionShape},
        problems=REFUSALS,
        request=TargetActionBody,
        parameters=[header(**IDEMPOTENCY, description="Makes a repeat safe.")],
        tag="cases",
    )
    def post(self, request: Request, slug: str, key: str) -> Response:
        node = _context(self.user, slug, key)
        may_add = permissions.may_write_evidence(self.access, custodian_id=_department(node))
        allow(may_add, "This target is another department's.")
        values = self.body(TargetActionBody)
        start, owner = values.pop("from"), owner_named(values.pop("owner"))

        def add() -> idempotency.Done:
            made = services.propose_remedy(
                node=node, start=start, owner=owner, actor=self.user, at=clock.now(), **values
            )
            return idempotency.Done(201, shown_remedy(made))

        return idempotency.answer(self, add, fields=idempotency.members_of(self))


class TargetActionView(ApiView):
    """One corrective action of a target."""

    @described("A corrective action of a target", {200: TargetActionShape}, problems=(404,), tag="cases")
    def get(self, request: Request, slug: str, key: str, action: int) -> Response:
        return Response(shown_remedy(find(_remedies(_context(self.user, slug, key)), pk=action)))


class TargetActionClosingView(ApiView):
    """The closing of one corrective action."""

    scope = ApiToken.Scope.EVIDENCE

    @described(
        "Close the corrective action for a missed period",
        {200: TargetActionShape, 201: TargetActionShape},
        problems=REFUSALS,
        request=ClosingBody,
        description="By an approver who does not own it, on an accepted revision; 200 where the same was said before.",
        tag="cases",
    )
    def post(self, request: Request, slug: str, key: str, action: int) -> Response:
        node = _context(self.user, slug, key)
        remedy = find(_remedies(node), pk=action)
        may_close = permissions.may_approve_for(self.access, custodian_id=_department(node))
        allow(may_close, "An approver of the department that answers for the target closes this.")
        values = self.body(ClosingBody)
        evidence = evidence_named(values.pop("revision"), self.user)
        is_new = services.close_remedy(remedy=remedy, evidence=evidence, actor=self.user, at=clock.now(), **values)
        return Response(shown_remedy(_remedies(node).get(pk=action)), status=201 if is_new else 200)


def owner_named(name: str) -> User:
    """Return who has this user name.

    Raises:
        Invalid: nobody has (422).
    """
    owner: User | None = User.objects.filter(username=name).first()
    if owner is None:
        raise Invalid("The owner is a person of the department that answers for it.", pointer="/owner")
    return owner


def evidence_named(pk: int, user: User) -> Revision:
    """Return the revision of this number that the user sees.

    Raises:
        Invalid: there is none (422).
    """
    evidence = Revision.objects.visible_to(user).filter(pk=pk).first()
    if evidence is None:
        raise Invalid("There is no such revision.", pointer="/revision")
    return evidence


def shown_action(action: Action) -> JSON:
    return {
        "id": action.pk,
        "text": action.text,
        "owner": action.owner.username,
        "due_on": action.due_on.isoformat(),
        "added_at": say(action.added_at),
        "added_by": action.added_by.username,
        "closed_at": say_or_none(action.closed_at),
        "closed_by": action.closed_by.username if action.closed_by else None,
        "evidence": revision_href(action.evidence_id) if action.evidence_id else None,
        "note": action.closing_note,
    }


def shown_remedy(remedy: TargetRemedy) -> JSON:
    node = remedy.node
    return {
        **shown_action(remedy),
        "href": f"{ROOT}/cases/{node.case.slug}/targets/{node.key}/actions/{remedy.pk}",
        "from": say(remedy.start),
        "until": say(remedy.until),
    }


def _remedies(node: Node) -> QuerySet[TargetRemedy]:
    return TargetRemedy.objects.filter(node=node).select_related("node__case", "owner", "added_by", "closed_by")


def _context(user: User, slug: str, key: str) -> Node:
    nodes = Node.objects.visible_to(user).select_related("case").filter(case__slug=slug, kind=NodeKind.CONTEXT)
    return find(nodes, key=key.removeprefix(TARGET_PREFIX))


def _department(node: Node) -> int | None:
    """Return the party that answers for the context in the edition in force."""
    texts = NodeText.objects.in_force().filter(node=node)
    found: int | None = texts.values_list("accountable_id", flat=True).first()
    return found
