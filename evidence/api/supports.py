"""Links between an artefact and the leaves that it supports."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, QuerySet
from drf_spectacular.types import OpenApiTypes
from rest_framework.request import Request
from rest_framework.response import Response

from dcase_audit import clock
from dcase_audit.accounts import permissions
from dcase_audit.accounts.models import ApiToken, User
from dcase_audit.api_fields import Body, Key, NodeKey, Text
from dcase_audit.api_refusals import BadParameter
from dcase_audit.api_schema import IDEMPOTENCY, described, header, parameter
from dcase_audit.api_views import ApiView, allow, find
from dcase_audit.cases.models import Node, NodeText
from dcase_audit.errors import NotFound
from evidence import idempotency, services
from evidence.api.shapes import LinkShape
from evidence.api.showing import shown_link
from evidence.models import Artefact, Support


class LinkBody(Body):
    """Which leaf the artefact supports, and why it does."""

    case = Key(max_length=60)
    node = NodeKey()
    rationale = Text(max_length=4000, allow_blank=True, default="")


class SupportsView(ApiView):
    """Link an artefact to a leaf, or take the link back."""

    scope = ApiToken.Scope.EVIDENCE

    @property
    def parameters(self) -> frozenset[str]:  # type: ignore[override]
        return frozenset({"case", "node", "reason"}) if self.request.method == "DELETE" else frozenset()

    @described(
        "Link the artefact to a leaf",
        {200: LinkShape, 201: LinkShape},
        problems=(404, 409, 411, 413, 415, 422),
        request=LinkBody,
        parameters=[header(**IDEMPOTENCY, description="Makes a repeat safe.")],
        tag="evidence",
    )
    def post(self, request: Request, key: str) -> Response:
        artefact = self._artefact(key)
        values = self.body(LinkBody)
        fields = idempotency.members_of(self)
        return idempotency.answer(self, lambda: self._link(artefact, values), fields=fields)

    def _link(self, artefact: Artefact, values: dict[str, str]) -> idempotency.Done:
        node = leaf(self.user, values["case"], values["node"])
        linked = Support.objects.open().filter(artefact=artefact, node=node).exists()
        support = services.link(
            artefact=artefact, node=node, actor=self.user, at=clock.now(), rationale=values["rationale"]
        )
        return idempotency.Done(200 if linked else 201, shown_link(support, artefact))

    @described(
        "Take a link back",
        {200: LinkShape},
        problems=(404, 409, 422),
        parameters=[
            parameter("case", "Slug of the case.", required=True),
            parameter("node", "Key of the leaf.", required=True),
            parameter("reason", "Why the link is taken back.", OpenApiTypes.STR, required=True),
        ],
        description="What the artefact refuted while it was linked stays with the leaf.",
        tag="evidence",
    )
    def delete(self, request: Request, key: str) -> Response:
        artefact = self._artefact(key)
        case, node, reason = (self._required(name) for name in ("case", "node", "reason"))
        support = services.unlink(
            artefact=artefact, node=leaf(self.user, case, node), actor=self.user, at=clock.now(), reason=reason
        )
        return Response(shown_link(support, artefact))

    def _artefact(self, key: str) -> Artefact:
        artefact = find(Artefact.objects.visible_to(self.user).select_related("kind"), key=key)
        may_write = permissions.may_write_evidence(self.access, custodian_id=artefact.custodian_id)
        allow(may_write, "This evidence is kept by another department.")
        return artefact

    def _required(self, name: str) -> str:
        text = self.request.query_params.get(name, "")
        if not text.strip():
            raise BadParameter(name, "The parameter is missing.")
        return text


def leaf(user: User, slug: str, key: str) -> Node:
    """Return the node of an edition in force; one that is retired, or hidden from ``user``, is none.

    Raises:
        NotFound: (404).
    """
    in_force = NodeText.objects.in_force().filter(node=OuterRef("pk"))
    nodes: QuerySet[Node] = Node.objects.visible_to(user).select_related("case").filter(Exists(in_force))
    node = nodes.filter(case__slug=slug, key=key).first()
    if node is None:
        raise NotFound("The edition in force has no such node.", pointer="/node")
    return node
