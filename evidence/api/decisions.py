"""Decisions about a revision. Each names, by ``If-Match``, the state that the person saw."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

from django.db import transaction
from drf_spectacular.utils import extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from dcase_audit import clock
from dcase_audit.accounts import permissions
from dcase_audit.accounts.models import ApiToken
from dcase_audit.api_fields import Body, Moment, Text
from dcase_audit.api_refusals import MatchRequired, StaleMatch
from dcase_audit.api_schema import described, header
from dcase_audit.api_views import ApiView, allow, find, header_text
from evidence import services
from evidence.api.revisions import answer, decisions_of, latest_of, shown_with
from evidence.api.shapes import RevisionShape
from evidence.api.showing import etag_of
from evidence.models import Artefact, Decision, Revision

Kind = Decision.Kind
May = Callable[..., bool]


class PlainBody(Body):
    """A decision that takes no more than being made."""


class ReasonedBody(Body):
    """A decision and why."""

    reason = Text(max_length=4000)


class AcceptBody(Body):
    """An acceptance; a reason is welcome."""

    reason = Text(max_length=4000, allow_blank=True, default="")


class WithdrawBody(ReasonedBody):
    """A withdrawal; it acts from `effective_at` on, or from now."""

    effective_at = Moment(required=False, allow_null=True)


class Action(NamedTuple):
    """A decision: who may take it, what it takes, and which service does it."""

    kind: Kind
    service: Callable[..., Decision]
    may: May
    body: type[Body]
    summary: str


ACTIONS = {
    "submit": Action(Kind.SUBMITTED, services.submit, permissions.may_write_evidence, PlainBody, "Submit a draft"),
    "accept": Action(Kind.ACCEPTED, services.accept, permissions.may_approve_for, AcceptBody, "Accept"),
    "return": Action(
        Kind.RETURNED, services.return_revision, permissions.may_approve_for, ReasonedBody, "Return to its author"
    ),
    "withdraw": Action(
        Kind.WITHDRAWN, services.withdraw, permissions.may_write_evidence, WithdrawBody, "Take back from now on"
    ),
    "void": Action(
        Kind.VOIDED, services.void, permissions.may_approve_for, ReasonedBody, "Declare false from the start"
    ),
    "propose-annulment": Action(
        Kind.ANNULMENT_PROPOSED,
        services.propose_annulment,
        permissions.may_approve_for,
        ReasonedBody,
        "Propose to annul counter-evidence",
    ),
    "annul": Action(Kind.ANNULLED, services.annul, permissions.may_approve_for, ReasonedBody, "Annul counter-evidence"),
}


class DecisionView(ApiView):
    """One kind of decision; each action has an address and a class of its own (``view_of``)."""

    scope = ApiToken.Scope.EVIDENCE
    action: ClassVar[Action]

    def post(self, request: Request, pk: int) -> Response:
        revision = self._found(pk)
        may = self.action.may(self.access, custodian_id=revision.artefact.custodian_id)
        allow(may, "Another department keeps this evidence, or decisions on it are not yours.")
        values = self.body(self.action.body)
        taken = [decision for decision in decisions_of(revision) if decision.kind == self.action.kind]
        if taken and taken[0].by_id == self.user.pk:
            return answer(revision, self)
        wanted = self._wanted()
        with transaction.atomic():
            # Whoever adds a revision or decides takes the same lock: what If-Match names holds until the end.
            Artefact.objects.select_for_update(no_key=True).get(pk=revision.artefact_id)
            self._compare(revision, wanted)
            self.action.service(revision=revision, actor=self.user, at=clock.now(), **values)
        return answer(self._found(pk), self, status=201)

    def _found(self, pk: int) -> Revision:
        """Return the revision as it is now: a decision may end what it was kept for."""
        found: Revision = find(shown_with(Revision.objects.visible_to(self.user)), pk=pk)
        return found

    def _wanted(self) -> list[str]:
        text = header_text(self.request, "If-Match", longest=1000)
        if text is None:
            raise MatchRequired("Send If-Match with the ETag of the revision that you decide on.")
        return [etag.strip() for etag in text.split(",")]

    def _compare(self, revision: Revision, wanted: list[str]) -> None:
        if etag_of(revision, decisions_of(revision), latest_of(revision)) not in wanted:
            raise StaleMatch("The revision was decided on, or a later one was added, since you read it.")


def view_of(name: str) -> Any:
    """Return the view of one action."""
    action = ACTIONS[name]
    describe = described(
        action.summary,
        {200: RevisionShape, 201: RevisionShape},
        problems=(404, 409, 411, 412, 413, 415, 422, 428),
        request=action.body,
        parameters=[header("If-Match", "The ETag of the revision as it was read.", required=True)],
        description="A repeat by the same person is answered with 200, whatever `If-Match` says.",
        tag="decisions",
    )
    kind: Any = type(f"{name.title().replace('-', '')}View", (DecisionView,), {"action": action})
    return extend_schema_view(post=describe)(kind).as_view()
