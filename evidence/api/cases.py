"""How a case stands: at any moment, in the days to come, and what changed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from drf_spectacular.types import OpenApiTypes
from rest_framework.request import Request
from rest_framework.response import Response

from dcase_audit import api_pagination, clock
from dcase_audit.api_pagination import page_of, paging
from dcase_audit.api_refusals import BadParameter
from dcase_audit.api_schema import PAGING, described, page_shape, parameter
from dcase_audit.api_views import ApiView, find
from dcase_audit.cases.models import Case, StatusChange
from dcase_audit.cases.words import Status
from dcase_audit.errors import Invalid
from dcase_audit.moments import say
from evidence import as_logged, asof
from evidence.api.shapes import CaseStatusShape, ChangeShape, ForecastShape
from evidence.api.showing import JSON, shown_case_status, shown_forecast
from evidence.reading import present_of
from evidence.reason_names import ReasonNames

LONGEST_FORECAST = 3660


class CaseStatusView(ApiView):
    """The status of every node."""

    parameters = frozenset({"at", "known"})

    @described(
        "Status of every node at a moment",
        {200: CaseStatusShape},
        problems=(404,),
        parameters=[
            parameter("at", "The moment to judge; default now.", OpenApiTypes.DATETIME),
            parameter(
                "known", "What was recorded by then counts: a moment, or a number of entries of the log; default now."
            ),
        ],
        tag="cases",
    )
    def get(self, request: Request, slug: str) -> Response:
        now = clock.now()
        at, size = self.moment("at"), self._size()
        known = self.moment("known") if size is None else None
        if known is not None and known > now:
            raise BadParameter("known", "Nothing was recorded in the future.")
        case = find(Case.objects.visible_to(self.user), slug=slug)
        present = present_of(case, now=now)
        if size is not None:
            known = self._settled(case, size)
        found = asof.case_status(case, at=at or present, known=known or present)
        return Response({**shown_case_status(found), "checkpoint": as_logged.checkpoint_of(case, found.known)})

    def _settled(self, case: Case, size: int) -> datetime:
        try:
            return as_logged.known_by(case, size)
        except Invalid as refusal:
            raise BadParameter("known", refusal.detail) from None

    def _size(self) -> int | None:
        """Return ``known`` where it is a number of entries."""
        text = self.request.query_params.get("known", "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


class CaseForecastView(ApiView):
    """The changes that come if nobody does anything."""

    parameters = frozenset({"days"})

    @described(
        "Changes of status to come",
        {200: ForecastShape},
        problems=(404,),
        parameters=[
            parameter(
                "days",
                "How far to look ahead.",
                {"type": "integer", "minimum": 1, "maximum": LONGEST_FORECAST, "default": 90},
            )
        ],
        tag="cases",
    )
    def get(self, request: Request, slug: str) -> Response:
        days = self.number("days", 90, most=LONGEST_FORECAST)
        case = find(Case.objects.visible_to(self.user), slug=slug)
        at = present_of(case, now=clock.now())
        changes = asof.case_forecast(case, at=at, days=days, user=self.user)
        items = [shown_forecast(change) for change in changes]
        return Response({"case": case.slug, "at": say(at), "days": days, "items": items})


class CaseChangesView(ApiView):
    """The feed of what changed, the latest first."""

    parameters = api_pagination.PARAMETERS | {"node"}

    @described(
        "Changes of status, the latest first",
        {200: page_shape(ChangeShape)},
        problems=(404,),
        parameters=[*PAGING, parameter("node", "Only changes of the node with this key.")],
        tag="cases",
    )
    def get(self, request: Request, slug: str) -> Response:
        case = find(Case.objects.visible_to(self.user), slug=slug)
        page = paging(self, known=present_of(case, now=clock.now()))
        rows = StatusChange.objects.visible_to(self.user).filter(case=case, recorded_at__lte=page.known)
        if node := request.query_params.get("node"):
            rows = rows.of_node(node)
        found = list(page_of(rows.select_related("node"), ("effective_at", "pk"), page, descending=True))
        return page.answer(found, lambda change: [say(change.effective_at), change.pk], self.shown)

    def shown(self, changes: list[StatusChange]) -> list[JSON]:
        names = ReasonNames((reason for change in changes for reason in change.because), self.user)
        return [shown_change(change, names) for change in changes]


def shown_change(change: StatusChange, names: ReasonNames) -> dict[str, Any]:
    return {
        "id": change.pk,
        "node": change.node.judged_key,
        "before": Status(change.before).word if change.before is not None else None,
        "after": Status(change.after).word,
        "effective_at": say(change.effective_at),
        "recorded_at": say(change.recorded_at),
        "because": [names.named(reason) for reason in change.because],
        "caused_by": change.caused_by,
        "rules_version": change.rules_version,
    }
