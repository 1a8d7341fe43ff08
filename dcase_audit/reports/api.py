"""Reports: ordered, followed, called off, fetched."""

from __future__ import annotations

from typing import Any

from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from dcase_audit import clock
from dcase_audit.accounts import permissions
from dcase_audit.accounts.models import ApiToken
from dcase_audit.api_fields import Body, Key, Moment
from dcase_audit.api_schema import IDEMPOTENCY, Shape, described, header
from dcase_audit.api_views import ApiView, AsStored, allow, find
from dcase_audit.cases.models import Case
from dcase_audit.errors import NotFound
from dcase_audit.moments import say, say_or_none
from dcase_audit.reports import services
from dcase_audit.reports.models import AccountabilityReport
from evidence import idempotency
from evidence.api.files import BYTES, RANGES, download
from evidence.api.showing import ROOT, username

State = AccountabilityReport.State


class ReportBody(Body):
    """An order for a report: of one case, at one moment, as known at another, in one language."""

    case = Key(max_length=60)
    at = Moment(required=False, allow_null=True, help_text="Default now.")
    known = Moment(required=False, allow_null=True, help_text="Default now.")
    language = serializers.ChoiceField(services.LANGUAGES, default="ja")


class ReportShape(Shape):
    """A report and how far it is; `file` is its address once it is done."""

    id = serializers.IntegerField()
    href = serializers.CharField()
    case = serializers.CharField()
    at = serializers.DateTimeField()
    known = serializers.DateTimeField()
    language = serializers.ChoiceField(services.LANGUAGES)
    state = serializers.ChoiceField(State.values)
    progress = serializers.IntegerField(min_value=0, max_value=100)
    problem = serializers.CharField(allow_blank=True)
    checkpoint = serializers.IntegerField(
        allow_null=True, help_text="The size of the log's checkpoint that covers all that the report rests on."
    )
    rules_version = serializers.IntegerField()
    ordered_by = serializers.CharField(allow_null=True)
    ordered_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    file = serializers.CharField(allow_null=True)
    sha256 = serializers.CharField(allow_null=True)
    size = serializers.IntegerField(allow_null=True)


class ReportsView(ApiView):
    """Accountability reports."""

    scope = ApiToken.Scope.REPORTS

    @described(
        "Order a report",
        {202: ReportShape},
        problems=(404, 409, 411, 413, 415, 422),
        request=ReportBody,
        parameters=[header(**IDEMPOTENCY, description="Makes a repeat safe.")],
        examples=[OpenApiExample("In Japanese", {"case": "recurrence", "language": "ja"}, request_only=True)],
        description="A worker makes it: follow `Location` until its state is `done`.",
        tag="reports",
    )
    def post(self, request: Request) -> Response:
        allow(permissions.may_order_reports(self.access), "Reports are ordered by those who see cases.")
        values = self.body(ReportBody)
        fields = idempotency.members_of(self)
        return idempotency.answer(self, lambda: self._order(values), fields=fields)

    def _order(self, values: dict[str, Any]) -> idempotency.Done:
        case = Case.objects.visible_to(self.user).filter(slug=values["case"]).first()
        if case is None:
            raise NotFound("There is no such case.", pointer="/case")
        now = clock.now()
        report = services.order(
            case=case,
            at=values.get("at") or now,
            known=values.get("known") or now,
            language=values["language"],
            actor=self.user,
            ordered_at=now,
        )
        return idempotency.Done(202, shown(report))


class ReportView(ApiView):
    """One report."""

    @described("A report and how far it is", {200: ReportShape}, problems=(404,), tag="reports")
    def get(self, request: Request, pk: int) -> Response:
        report = find(with_what_is_shown(self), pk=pk)
        waiting = report.state in {State.QUEUED, State.RUNNING}
        return Response(shown(report), headers={"Retry-After": idempotency.LOOK_AGAIN} if waiting else {})


class ReportCancelView(ApiView):
    """Calling a report off."""

    scope = ApiToken.Scope.REPORTS

    @described("Call a report off", {200: ReportShape}, problems=(404, 409, 411, 413, 415), request=None, tag="reports")
    def post(self, request: Request, pk: int) -> Response:
        report = find(with_what_is_shown(self), pk=pk)
        self.body(Body)
        return Response(shown(services.cancel(report=report, actor=self.user, at=clock.now())))


class ReportFileView(ApiView):
    """The PDF."""

    content_negotiation_class = AsStored

    @described(
        "The report's PDF",
        {(200, "application/pdf"): OpenApiTypes.BINARY, (206, "application/pdf"): OpenApiTypes.BINARY, 304: BYTES[304]},
        problems=(404, 409, 416, 503),
        parameters=RANGES,
        tag="reports",
    )
    def get(self, request: Request, pk: int) -> HttpResponseBase:
        report = find(with_what_is_shown(self), pk=pk)
        file = services.file_of(report)
        return download(request, file, name=f"{report.case.slug}-{report.at:%Y-%m-%d}-{report.language}.pdf")


def with_what_is_shown(view: ApiView) -> Any:
    return AccountabilityReport.objects.visible_to(view.user).select_related("case", "ordered_by", "file")


def shown(report: AccountabilityReport) -> dict[str, Any]:
    href = f"{ROOT}/reports/{report.pk}"
    return {
        "id": report.pk,
        "href": href,
        "case": report.case.slug,
        "at": say(report.at),
        "known": say(report.known),
        "language": report.language,
        "state": report.state,
        "progress": report.progress,
        "problem": report.problem,
        "checkpoint": report.checkpoint,
        "rules_version": report.rules_version,
        "ordered_by": username(report.ordered_by),
        "ordered_at": say(report.ordered_at),
        "finished_at": say_or_none(report.finished_at),
        "file": f"{href}/file" if report.file else None,
        "sha256": report.file.sha256 if report.file else None,
        "size": report.file.size if report.file else None,
    }
