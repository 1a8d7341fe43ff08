"""The exports for tools that read OSCAL."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar

from drf_spectacular.types import OpenApiTypes
from rest_framework.request import Request
from rest_framework.response import Response

from dcase_audit import clock
from dcase_audit.api_refusals import BadParameter
from dcase_audit.api_schema import described, parameter
from dcase_audit.api_views import ApiView, find
from dcase_audit.cases.models import Case
from dcase_audit.reports.oscal.plan import plan_of_action
from dcase_audit.reports.oscal.results import assessment_results
from dcase_audit.reports.oscal.standing import Order
from dcase_audit.reports.services import LANGUAGES
from evidence.reading import present_of

YEAR = timedelta(days=365)
PERIOD = (
    parameter("at", "The moment to judge; default now.", OpenApiTypes.DATETIME),
    parameter("since", "Drill results received from then on; default 365 days before.", OpenApiTypes.DATETIME),
    parameter("language", "Of the texts.", {"type": "string", "enum": list(LANGUAGES), "default": "en"}),
)


class OscalView(ApiView):
    """A case in OSCAL."""

    parameters: ClassVar[frozenset[str]] = frozenset({"at", "since", "language"})

    def order(self, slug: str) -> Order:
        """Return what the query asks for.

        Raises:
            BadParameter: a moment to come, or a period that ends before it begins (400). NotFound: (404).
        """
        now = clock.now()
        case = find(Case.objects.visible_to(self.user), slug=slug)
        at = self.moment("at") or present_of(case, now=now)
        if at > max(now, present_of(case, now=now)):
            raise BadParameter("at", "Results are of what was, not of what may come.")
        since = self.moment("since") or at - YEAR
        if since > at:
            raise BadParameter("since", "The period would end before it begins.")
        language = self.choice("language", LANGUAGES) or "en"
        return Order(case, self.user, since, at, language)


class AssessmentResultsView(OscalView):
    """Assessment results."""

    @described(
        "A case's status and drill results as OSCAL assessment results",
        {200: OpenApiTypes.OBJECT},
        problems=(404,),
        parameters=PERIOD,
        tag="cases",
    )
    def get(self, request: Request, slug: str) -> Response:
        found: dict[str, Any] = assessment_results(self.order(slug))
        return Response(found)


class PlanOfActionView(OscalView):
    """A plan of action and milestones."""

    @described(
        "What is to be done about a case, as an OSCAL plan of action and milestones",
        {200: OpenApiTypes.OBJECT},
        problems=(404,),
        parameters=PERIOD,
        description="404 as well where nothing is to be done: OSCAL has no plan without an item.",
        tag="cases",
    )
    def get(self, request: Request, slug: str) -> Response:
        found: dict[str, Any] = plan_of_action(self.order(slug))
        return Response(found)
