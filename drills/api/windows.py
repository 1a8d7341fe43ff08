"""Planned windows of a monitor's services."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from dcase_audit import clock
from dcase_audit.accounts import permissions
from dcase_audit.accounts.models import ApiToken
from dcase_audit.api_fields import Body, Moment, Text
from dcase_audit.api_schema import IDEMPOTENCY, Shape, described, header
from dcase_audit.api_views import ApiView, allow, find
from dcase_audit.moments import say, say_or_none
from drills import services
from drills.api.monitor_shapes import monitor_href
from drills.api.shapes import JSON
from drills.models import Monitor, PlannedWindow
from evidence import idempotency

MOST_WINDOWS = 100


class _FromMember(serializers.Serializer[Any]):
    """Has a member that is called ``from``, which is no name that Python takes."""

    def get_fields(self) -> dict[str, Any]:
        return {"from": Moment(), **super().get_fields()}


class WindowBody(_FromMember, Body):
    """A planned interruption over [`from`, `until`); of every service of the monitor where none is named."""

    until = Moment()
    service = Text(max_length=100, allow_blank=True, default="")
    reason = Text(max_length=300)


class WindowShape(_FromMember, Shape):
    """A planned interruption; it excuses only where it was approved before it began."""

    id = serializers.IntegerField()
    href = serializers.CharField()
    until = serializers.DateTimeField()
    service = serializers.CharField(allow_blank=True)
    reason = serializers.CharField()
    proposed_at = serializers.DateTimeField()
    proposed_by = serializers.CharField()
    approved_at = serializers.DateTimeField(allow_null=True)
    approved_by = serializers.CharField(allow_null=True)


class WindowsShape(Shape):
    """The last hundred windows of a monitor, the latest first."""

    items = WindowShape(many=True)


class MonitorWindowsView(ApiView):
    """The windows of one monitor."""

    scope = ApiToken.Scope.EVIDENCE

    @described(
        "Planned windows, the latest first",
        {200: WindowsShape},
        problems=(404,),
        tag="monitors",
        operation="monitors_windows_list",
    )
    def get(self, request: Request, key: str) -> Response:
        monitor = find(Monitor.objects.visible_to(self.user), key=key)
        rows = monitor.windows.select_related("monitor", "proposed_by", "approved_by").order_by("-start", "-id")
        return Response({"items": [shown_window(each) for each in rows[:MOST_WINDOWS]]})

    @described(
        "Propose a planned window",
        {201: WindowShape},
        problems=(404, 409, 411, 413, 415, 422),
        request=WindowBody,
        parameters=[header(**IDEMPOTENCY, description="Makes a repeat safe.")],
        tag="monitors",
    )
    def post(self, request: Request, key: str) -> Response:
        monitor = find(Monitor.objects.visible_to(self.user), key=key)
        may_plan = permissions.may_write_evidence(self.access, custodian_id=monitor.department_id)
        allow(may_plan, "This monitor is another department's.")
        values = self.body(WindowBody)
        start = values.pop("from")

        def plan() -> idempotency.Done:
            window = services.plan_window(monitor=monitor, start=start, actor=self.user, at=clock.now(), **values)
            return idempotency.Done(201, shown_window(window))

        return idempotency.answer(self, plan, fields=idempotency.members_of(self))


class MonitorWindowView(ApiView):
    """One window."""

    @described("One planned window", {200: WindowShape}, problems=(404,), tag="monitors")
    def get(self, request: Request, key: str, pk: int) -> Response:
        return Response(shown_window(_window(self, key, pk)))


class WindowApprovalView(ApiView):
    """The approval of one window."""

    scope = ApiToken.Scope.EVIDENCE

    @described(
        "Approve a planned window",
        {200: WindowShape, 201: WindowShape},
        problems=(404, 409, 411, 413, 415, 422),
        request=Body,
        description="By an approver of the department who did not propose it, before it begins; 200 where it was.",
        tag="monitors",
    )
    def post(self, request: Request, key: str, pk: int) -> Response:
        self.body(Body)
        is_new = services.approve_window(window=_window(self, key, pk), actor=self.user, at=clock.now())
        return Response(shown_window(_window(self, key, pk)), status=201 if is_new else 200)


def _window(view: ApiView, key: str, pk: int) -> PlannedWindow:
    monitor = find(Monitor.objects.visible_to(view.user), key=key)
    return find(monitor.windows.select_related("monitor", "proposed_by", "approved_by"), pk=pk)


def shown_window(window: PlannedWindow) -> JSON:
    return {
        "id": window.pk,
        "href": f"{monitor_href(window.monitor.key)}/windows/{window.pk}",
        "from": say(window.start),
        "until": say(window.until),
        "service": window.service,
        "reason": window.reason,
        "proposed_at": say(window.proposed_at),
        "proposed_by": window.proposed_by.username,
        "approved_at": say_or_none(window.approved_at),
        "approved_by": window.approved_by.username if window.approved_by else None,
    }
