"""What the page of a result shows of its holding and of what was measured, in the active language."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dcase_audit.accounts.models import Party
from dcase_audit.cases.criteria import limit_text, measure_text, value_text
from dcase_audit.cases.dates import language
from drills import verdict
from drills.holding import Holding, Inject, Participant, Watcher, of_record
from drills.models import DrillResult
from drills.results import Measure
from drills.wording import event_text, place_text, shift_text


class ShownMeasure(NamedTuple):
    """What was measured beside what it was to be; ``outcome`` is empty where nothing was asked."""

    measure: str
    target: str
    value: str
    outcome: str
    how: str


class ShownMoment(NamedTuple):
    """One line of the time line; ``elapsed`` is told from the first fault that was injected."""

    event: str
    text: str
    planned_at: datetime | None
    at: datetime | None
    elapsed: str


class ShownHolding(NamedTuple):
    """How a drill was held; ``people`` come with the words for their shift."""

    kind: str
    held: Holding
    place: str
    observer: Watcher | None
    verifier: Watcher | None
    people: list[tuple[Participant, str]]
    absent: int
    injects: tuple[Inject, ...]
    timeline: list[ShownMoment]


def holding_of(result: DrillResult) -> ShownHolding:
    """Return what the record of a result says of its holding."""
    held = of_record(result.record.get("document", {}))
    watchers = [one.party for one in (held.observer, held.verifier) if one is not None]
    names = _names([*watchers, *(one.party for one in held.participants)])
    return ShownHolding(
        kind=str(result.get_kind_display() or result.drill.get_kind_display()),
        held=held,
        place=place_text(held.environment.place) if held.environment else "",
        people=[
            (one._replace(party=names.get(one.party, one.party)), shift_text(one.shift)) for one in held.participants
        ],
        observer=_named(held.observer, names),
        verifier=_named(held.verifier, names),
        absent=sum(not one.present for one in held.participants),
        injects=held.injects,
        timeline=[
            ShownMoment(event_text(one.event), one.text, one.planned_at, one.at, _elapsed(held.since, one.at))
            for one in held.timeline
        ],
    )


def _names(keys: Iterable[str]) -> dict[str, str]:
    """Return what those of the parties are called that are known here by their keys."""
    return {party.key: party.name(language()) for party in Party.objects.filter(key__in=set(keys))}


def _named(watcher: Watcher | None, names: Mapping[str, str]) -> Watcher | None:
    return watcher and watcher._replace(party=names.get(watcher.party, watcher.party))


def _elapsed(since: datetime | None, at: datetime | None) -> str:
    """Say how long after the fault it was, in whole minutes and seconds; nothing for what came before."""
    if since is None or at is None or at < since:
        return ""
    minutes, seconds = divmod((at - since) // timedelta(seconds=1), 60)
    text = ngettext("%d minute", "%d minutes", minutes) % minutes
    return text if not seconds else _("%(minutes)s %(seconds)d s") % {"minutes": text, "seconds": seconds}


def measures_of(result: DrillResult, labels: Mapping[str, str]) -> list[ShownMeasure]:
    """Return every target of the plan and of the record with what was measured, then what nobody had a target for."""
    measures = verdict.measures_of(result.measures)
    targets = verdict.targets_of(result.record.get("targets", []))
    compared = list(verdict.compare(targets, measures, result.record.get("covers", [])))
    seen = [one.measure for one in compared if one.measure is not None]
    shown = [_beside_target(one, labels) for one in compared]
    return shown + [_alone(one, labels) for one in measures if one not in seen]


def _beside_target(one: verdict.Comparison, labels: Mapping[str, str]) -> ShownMeasure:
    named = {"measure": one.target.measure, "class": one.target.kind, "item": one.item}
    unit = f" {one.measure.unit}" if one.measure and one.measure.unit else ""
    return ShownMeasure(
        measure=measure_text(named, labels),
        target=limit_text(one.target.op, one.target.sent) + unit,
        value=value_text(one.measure.sent) + unit if one.measure else "",
        outcome=one.outcome,
        how=_how(one.measure) if one.measure else "",
    )


def _alone(measure: Measure, labels: Mapping[str, str]) -> ShownMeasure:
    named = {"measure": measure.name, "class": measure.kind, "item": measure.item}
    unit = f" {measure.unit}" if measure.unit else ""
    return ShownMeasure(measure_text(named, labels), "", value_text(measure.sent) + unit, "", _how(measure))


def _how(measure: Measure) -> str:
    return " · ".join(_ways(measure))


def _ways(measure: Measure) -> Iterator[str]:
    if measure.method:
        yield measure.method
    if measure.resolution is not None:
        unit = f" {measure.unit}" if measure.unit else ""
        yield _("to within %s") % (value_text(measure.resolution_sent) + unit)
