"""Measure targets: turn what monitors saw into the periods by which a target is judged."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import ROUND_FLOOR, Context, Decimal
from fractions import Fraction
from typing import NamedTuple

from django.db import transaction
from django.db.models import QuerySet

from dcase_audit.calendars.service_time import spans
from dcase_audit.calendars.terms import term_of
from dcase_audit.cases.models import NodeText
from drills import agreed
from drills.availability.figures import Figure
from drills.availability.spans import length, milliseconds
from drills.models import Monitor, TargetFeed
from drills.monitored import availability
from evidence import services as evidence
from evidence.facts import Target
from evidence.models import Hearing, TargetPeriod
from evidence.target_loading import targets_of
from evidence.target_status import MEASURED_WITHIN

CUT = Context(prec=40, rounding=ROUND_FLOOR)
PLACES = Decimal(1).scaleb(-18)


class Term(NamedTuple):
    """One period of a target, and up to when it is measured."""

    start: datetime
    until: datetime
    as_of: datetime


def measure_all(*, at: datetime) -> int:
    """Measure every target that a monitor feeds; return how many periods were recorded. A repeat records none."""
    return sum(measure(feed, at=at) for feed in _feeds())


def measure_monitor(monitor: Monitor, *, since: datetime, at: datetime) -> int:
    """Measure the targets that the monitor feeds, whatever periods lie after ``since``: their outages may be others."""
    return sum(measure(feed, at=at, since=since) for feed in _feeds().filter(monitor=monitor))


def _feeds() -> QuerySet[TargetFeed]:
    return TargetFeed.objects.filter(until=None).order_by("pk")


@transaction.atomic
def measure(feed: TargetFeed, *, at: datetime, since: datetime | None = None) -> int:
    """Record what the feed's monitor says of each target period that is new, over, or comes to something else."""
    # Two at once would record the same twice.
    locked = TargetFeed.objects.select_for_update(of=("self",), no_key=True)
    feed = locked.select_related("monitor__artefact", "node__case").get(pk=feed.pk)
    text = NodeText.objects.in_force().filter(node=feed.node).first()
    found: list[TargetPeriod] = []
    for target in targets_of(text.attributes.get("targets", ()) if text is not None else ()):
        known = _recorded(feed, target)
        for term in _terms(feed, target, known, since, at):
            found += _measured(feed, target, term, known)
    evidence.record_target_periods(node=feed.node, periods=found, at=at)
    return len(found)


def _recorded(feed: TargetFeed, target: Target) -> dict[tuple[str, datetime], TargetPeriod]:
    """Return the last that was recorded of each service and period."""
    rows = TargetPeriod.objects.filter(node=feed.node, source=feed.monitor.key, calendar=target.calendar)
    latest = rows.order_by("service", "start", "until", "-pk").distinct("service", "start", "until")
    zone = feed.node.case.zone
    return {(row.service, row.start): row for row in latest if target.period.after(row.start, zone) == row.until}


def _terms(
    feed: TargetFeed,
    target: Target,
    known: dict[tuple[str, datetime], TargetPeriod],
    since: datetime | None,
    at: datetime,
) -> Iterator[Term]:
    """Yield the periods to look at: from the first not measured to its end, or ``since``, on."""
    zone = feed.node.case.zone
    open_since = [row.start for row in known.values() if row.as_of < row.until]
    last = max((row.start for row in known.values()), default=feed.since)
    first = max(min([*open_since, last, since or at, at]), feed.since)
    heard = Hearing.objects.filter(artefact=feed.monitor.artefact_id).values_list("last_heard_at", flat=True).first()
    try:
        start, until = term_of(target.period, zone, first)
    except ValueError:
        return
    while start <= at:
        yield Term(start, until, _as_of(start, until, heard, at))
        start, until = until, target.period.after(until, zone)


def _as_of(start: datetime, until: datetime, heard: datetime | None, at: datetime) -> datetime:
    """Return up to when the period can be counted: as far as the monitor was heard, to its end once that is late."""
    if at >= until + MEASURED_WITHIN:
        return until
    return min(until, max(start, heard or start), max(start, at))


def _measured(
    feed: TargetFeed, target: Target, term: Term, known: dict[tuple[str, datetime], TargetPeriod]
) -> Iterator[TargetPeriod]:
    calendar = agreed.calendar_of(target.calendar, feed.node.case.zone, term.start, term.until)
    if calendar is None:
        return
    found = availability(feed.monitor, calendar, start=term.start, end=term.until, as_of=term.as_of)
    ahead = length((milliseconds(one), milliseconds(other)) for one, other in spans(calendar, term.as_of, term.until))
    for service in target.services:
        if service in found.services:
            period = _period(feed, target, service, term, found.services[service], ahead)
            if _says_more(period, known.get((service, term.start)), target):
                yield period


def _period(feed: TargetFeed, target: Target, service: str, term: Term, figure: Figure, ahead: int) -> TargetPeriod:
    required = figure.required + ahead
    return TargetPeriod(
        service=service,
        calendar=target.calendar,
        start=term.start,
        until=term.until,
        as_of=term.as_of,
        required_ms=required,
        excused_ms=figure.excused,
        down_ms=figure.down,
        unknown_ms=figure.unknown,
        ahead_ms=ahead,
        outages=figure.outages,
        resolution_ms=feed.monitor.resolution_ms,
        best=_cut(figure.down, required),
        worst=_cut(figure.down + figure.unknown, required),
        source=feed.monitor.key,
    )


def _cut(down: int, required: int) -> Decimal:
    """Return the share of time that was up, cut off after 18 decimals and never rounded up."""
    share = 1 - Fraction(down, required) if required else Fraction(1)
    return CUT.divide(Decimal(share.numerator), Decimal(share.denominator)).quantize(PLACES, rounding=ROUND_FLOOR)


def _says_more(new: TargetPeriod, old: TargetPeriod | None, target: Target) -> bool:
    """Tell whether the period has to be recorded: not each second of an outage that goes on, but what it decides."""
    if old is None:
        return True
    if new.as_of >= new.until:
        return old.as_of < old.until or _counted(new) != _counted(old)
    was_open = old.as_of < old.until
    return was_open and (new.outages, new.excused_ms, _met(new, target)) != (
        old.outages,
        old.excused_ms,
        _met(old, target),
    )


def _counted(period: TargetPeriod) -> tuple[int, ...]:
    return period.required_ms, period.down_ms, period.unknown_ms, period.excused_ms, period.outages


def _met(period: TargetPeriod, target: Target) -> bool:
    return target.met(1 - Fraction(period.down_ms, period.required_ms) if period.required_ms else Fraction(1))
