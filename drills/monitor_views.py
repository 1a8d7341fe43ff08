"""Monitors on pages: how they are read, when they were heard, what was down, and how available services were."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from dcase_audit import clock
from dcase_audit.accounts.authentication import authenticated
from dcase_audit.calendars.service_time import ServiceCalendar
from dcase_audit.cases.dates import language
from dcase_audit.pages import ORGANISATION_ZONE, find, show
from dcase_audit.shares import shown
from drills.availability.figures import Figure
from drills.models import Monitor
from drills.monitored import availability
from drills.monitors.switch_overs import Observation, switch_overs
from evidence.models import Artefact

MOST_LINES = 60
MOST_OBSERVATIONS = 300


class Line(NamedTuple):
    """A service in one month: percents are cut off, seconds rounded up against the service."""

    service: str
    month: datetime
    best: str
    worst: str
    outages: int
    down: int
    unknown: int
    excused: int
    provisional: bool


@login_required
@require_safe
def monitor(request: HttpRequest, key: str) -> HttpResponse:
    """Show a monitor, this month and the last of its services, and its latest outages and switch-overs."""
    user = authenticated(request)
    found = find(Monitor.objects.visible_to(user).select_related("artefact__hearing", "department"), key=key)
    seen = found.events.of_switch_overs().order_by("-started_at", "-id")[:MOST_OBSERVATIONS]
    observed = (Observation(e.fingerprint, e.started_at, e.band, e.observer, e.kind) for e in seen)
    context = {
        "monitor": found,
        "labels": found.artefact.supports.label_texts(user, language()),
        "hearing": getattr(found.artefact, "hearing", None),
        "lines": months(found, at=clock.now()),
        "outages": found.outages.order_by("-started_at", "-id")[:MOST_LINES],
        "unread_alerts": found.unread_alerts.all()[:MOST_LINES],
        "switch_overs": switch_overs(observed)[:MOST_LINES],
        "windows": found.windows.select_related("proposed_by", "approved_by").order_by("-start", "-id")[:MOST_LINES],
        "may_open": Artefact.objects.visible_to(user).filter(pk=found.artefact_id).exists(),
    }
    return show(request, "monitor.html", context)


def months(monitor: Monitor, *, at: datetime) -> list[Line]:
    """Return the lines of this month, as far as it is over, and of the last one, round the clock."""
    zone = ORGANISATION_ZONE
    this = at.astimezone(zone).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    found = []
    for start, end in ((this, _shifted(this, 1)), (_shifted(this, -1), this)):
        figures = availability(monitor, ServiceCalendar(zone), start=start, end=end, as_of=at).services
        found += [line(service, start, figure) for service, figure in sorted(figures.items())]
    return found


def _shifted(month: datetime, by: int) -> datetime:
    years, number = divmod(month.month - 1 + by, 12)
    return month.replace(year=month.year + years, month=number + 1)


def line(service: str, month: datetime, figure: Figure) -> Line:
    return Line(
        service,
        month,
        shown(figure.best, 5),
        shown(figure.worst, 5),
        figure.outages,
        -(-figure.down // 1000),
        -(-figure.unknown // 1000),
        figure.excused // 1000,
        figure.provisional,
    )
