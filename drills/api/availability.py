"""How available the services of a monitor were."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from django.conf import settings
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from dcase_audit import clock
from dcase_audit.api_refusals import BadParameter
from dcase_audit.api_schema import Shape, described, parameter
from dcase_audit.api_views import ApiView, find
from dcase_audit.calendars import exchange
from dcase_audit.calendars.service_time import ServiceCalendar
from dcase_audit.moments import say
from dcase_audit.shares import shown
from drills import agreed
from drills.api.shapes import JSON
from drills.availability.figures import Figure, can_prove
from drills.models import Monitor
from drills.monitored import availability

LONGEST = timedelta(days=3660)
TARGET = re.compile(r"0\.[0-9]{1,12}")
FRACTION = "^-?[0-9]+(/[0-9]+)?$"


class ShareShape(Shape):
    """A share: exactly, as a fraction, and in percent with three decimals, cut off and never rounded up."""

    exact = serializers.RegexField(FRACTION)
    percent = serializers.CharField()


class AgainstTargetShape(Shape):
    """What the figure says of a target. Times are exact milliseconds; what is left is negative where it is overspent.

    `met` is null where the unknown time decides. `provable`: the monitor looks at least ten times within the budget.
    """

    target = serializers.CharField()
    budget_ms = serializers.RegexField(FRACTION)
    left_at_best_ms = serializers.RegexField(FRACTION)
    left_at_worst_ms = serializers.RegexField(FRACTION)
    met = serializers.BooleanField(allow_null=True)
    provable = serializers.BooleanField()


class FigureShape(Shape):
    """One service. `unknown_ms`: nobody looked; the best figure takes it as up, the worst as down."""

    service = serializers.CharField(allow_blank=True, help_text="Empty where the monitor names no services.")
    required_ms = serializers.IntegerField()
    down_ms = serializers.IntegerField()
    unknown_ms = serializers.IntegerField()
    excused_ms = serializers.IntegerField(help_text="Planned windows that were approved before they began.")
    outages = serializers.IntegerField()
    longest_ms = serializers.IntegerField()
    best = ShareShape()
    worst = ShareShape()
    without_windows = ShareShape(help_text="The best figure if no window were excused.")
    provisional = serializers.BooleanField(help_text="The period or an outage is not over.")
    against = AgainstTargetShape(allow_null=True)


class AvailabilityShape(Shape):
    """The availability of each service over [`from`, `until`), as far as it is over by `as_of`."""

    monitor = serializers.CharField()
    until = serializers.DateTimeField()
    as_of = serializers.DateTimeField()
    calendar = serializers.CharField()
    resolution_ms = serializers.IntegerField()
    services = FigureShape(many=True)
    left_out = serializers.ListField(
        child=serializers.CharField(), help_text="Components that failed and that no service names."
    )

    def get_fields(self) -> dict[str, serializers.Field]:
        # ``from`` is no name that Python knows.
        return {"from": serializers.DateTimeField(), **super().get_fields()}


class MonitorAvailabilityView(ApiView):
    """How available the services of a monitor were."""

    parameters = frozenset({"from", "until", "calendar", "target"})

    @described(
        "Availability of a monitor's services over a period",
        {200: AvailabilityShape},
        problems=(404,),
        parameters=[
            parameter("from", "Beginning of the period.", {"type": "string", "format": "date-time"}, required=True),
            parameter("until", "Its end, excluded.", {"type": "string", "format": "date-time"}, required=True),
            parameter("calendar", f"Key of the calendar of agreed time, or {exchange.KEY}.", default=agreed.ALWAYS),
            parameter("target", "A share such as 0.99999.", {"type": "string", "pattern": f"^{TARGET.pattern}$"}),
        ],
        tag="monitors",
    )
    def get(self, request: Request, key: str) -> Response:
        monitor = find(Monitor.objects.visible_to(self.user).select_related("artefact"), key=key)
        start, end = self._period()
        target, as_of = self._target(), clock.now()
        name = request.query_params.get("calendar", agreed.ALWAYS)
        found = availability(monitor, calendar_of(name, start, end), start=start, end=end, as_of=as_of)
        return Response(
            {
                "monitor": monitor.key,
                "from": say(start),
                "until": say(end),
                "as_of": say(as_of),
                "calendar": name,
                "resolution_ms": monitor.resolution_ms,
                "services": [
                    shown_figure(service, figure, target, monitor.resolution_ms)
                    for service, figure in sorted(found.services.items())
                ],
                "left_out": found.left_out,
            }
        )

    def _period(self) -> tuple[datetime, datetime]:
        start, end = self.moment("from"), self.moment("until")
        if start is None:
            raise BadParameter("from", "The beginning of the period is needed.")
        if end is None or not start < end <= start + LONGEST:
            raise BadParameter("until", "An end after the beginning is needed, at most ten years later.")
        return start, end

    def _target(self) -> Fraction | None:
        text = self.request.query_params.get("target")
        if text is None:
            return None
        if not TARGET.fullmatch(text):
            raise BadParameter("target", "A share below 1 such as 0.99999 is expected.")
        return Fraction(text)


def calendar_of(key: str, start: datetime, end: datetime) -> ServiceCalendar:
    """Return the calendar with this key.

    Raises:
        BadParameter: there is none (400).
    """
    found = agreed.calendar_of(key, ZoneInfo(settings.TIME_ZONE), start, end)
    if found is None:
        raise BadParameter("calendar", "There is no such calendar.")
    return found


def shown_figure(service: str, figure: Figure, target: Fraction | None, resolution_ms: int) -> JSON:
    return {
        "service": service,
        "required_ms": figure.required,
        "down_ms": figure.down,
        "unknown_ms": figure.unknown,
        "excused_ms": figure.excused,
        "outages": figure.outages,
        "longest_ms": figure.longest,
        "best": shown_share(figure.best),
        "worst": shown_share(figure.worst),
        "without_windows": shown_share(figure.without_windows),
        "provisional": figure.provisional,
        "against": shown_target(figure, target, resolution_ms) if target is not None else None,
    }


def shown_share(share: Fraction) -> JSON:
    return {"exact": str(share), "percent": shown(share)}


def shown_target(figure: Figure, target: Fraction, resolution_ms: int) -> JSON:
    best, worst = figure.left(target)
    return {
        "target": shown(target, 10).rstrip("0").rstrip(".") + " %",
        "budget_ms": str(figure.budget(target)),
        "left_at_best_ms": str(best),
        "left_at_worst_ms": str(worst),
        "met": True if worst >= 0 else False if best < 0 else None,
        "provable": can_prove(target, figure.required, resolution_ms),
    }
