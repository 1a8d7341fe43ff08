"""How available the services of a monitor were over a period: from its outages, and from when it was heard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from dcase_audit.calendars.service_time import ServiceCalendar, spans
from dcase_audit.trail.statements import rows
from drills.availability.figures import Figure, Outage, Window, figure, service_down
from drills.availability.spans import Span, milliseconds, united
from drills.models import Monitor
from drills.monitors.groups import Group, groups_of
from evidence.models import Hearing

WHOLE = ""
OUTAGES = """
SELECT component, floor(extract(epoch FROM started_at) * 1000)::bigint,
       floor(extract(epoch FROM ended_at) * 1000)::bigint
FROM drills_outage
WHERE monitor_id = %(monitor)s AND started_at < %(end)s AND (ended_at IS NULL OR ended_at > %(start)s)
ORDER BY started_at
"""


@dataclass(frozen=True)
class Availability:
    """The figure of each service by its name, ``WHOLE`` where the monitor names none; and components that no service

    names, whose outages are in no figure.
    """

    services: dict[str, Figure]
    left_out: list[str]


def availability(
    monitor: Monitor, calendar: ServiceCalendar, *, start: datetime, end: datetime, as_of: datetime
) -> Availability:
    """Count the agreed time of [start, end) up to ``as_of``.

    Unknown is the time before the monitor was first heard, in its gaps, and since it was last heard. An outage without
    a component is one of every service.
    """
    agreed = united((milliseconds(one), milliseconds(other)) for one, other in spans(calendar, start, end))
    by_component = _outages(monitor, start, end)
    unknown = _unknown(monitor, start=start, end=min(end, as_of))
    groups = groups_of(monitor.services)
    figures = {
        service: figure(
            agreed, down, as_of=milliseconds(as_of), windows=_windows(monitor, service, start, end), unknown=unknown
        )
        for service, down in _by_service(groups, by_component, as_of=milliseconds(as_of)).items()
    }
    named = {component for group in groups for component in group.components} | {WHOLE}
    return Availability(figures, sorted(set(by_component) - named) if groups else [])


def _outages(monitor: Monitor, start: datetime, end: datetime) -> dict[str, list[Outage]]:
    """Return the outages that touch [start, end) by component; a year has many, and milliseconds are made in SQL."""
    found: dict[str, list[Outage]] = {}
    for component, began, ended in rows(OUTAGES, {"monitor": monitor.pk, "start": start, "end": end}):
        found.setdefault(component, []).append(Outage(began, ended))
    return found


def _by_service(
    groups: Sequence[Group], by_component: dict[str, list[Outage]], *, as_of: int
) -> dict[str, list[Outage]]:
    """Return when each service was down: when a group of it was, or the whole."""
    whole = by_component.get(WHOLE, [])
    if not groups:
        return {WHOLE: [outage for outages in by_component.values() for outage in outages]}
    found: dict[str, list[Outage]] = {group.service: list(whole) for group in groups}
    for group in groups:
        components = (by_component.get(component, []) for component in group.components)
        found[group.service] += service_down(components, needed=group.needed, as_of=as_of)
    return found


def _windows(monitor: Monitor, service: str, start: datetime, end: datetime) -> list[Window]:
    """Return the windows of the service, and of all; those that nobody approved excuse nothing."""
    touching = monitor.windows.filter(service__in=[service, WHOLE], start__lt=end, until__gt=start)
    return [
        Window(milliseconds(since), milliseconds(until), None if approved is None else milliseconds(approved))
        for since, until, approved in touching.values_list("start", "until", "approved_at")
    ]


def _unknown(monitor: Monitor, *, start: datetime, end: datetime) -> list[Span]:
    """Return the time of [start, end) in which nobody looked."""
    hearing = Hearing.objects.filter(artefact=monitor.artefact_id).first()
    if hearing is None:
        quiet = [(start, end)]
    else:
        gaps = monitor.artefact.gaps.filter(Q(until=None) | Q(until__gt=start), start__lt=end)
        quiet = [(start, hearing.first_heard_at), (hearing.last_heard_at, end)]
        quiet += [(since, until or end) for since, until in gaps.values_list("start", "until")]
    clipped = ((max(one, start), min(other, end)) for one, other in quiet)
    return united((milliseconds(one), milliseconds(other)) for one, other in clipped if one < other)
