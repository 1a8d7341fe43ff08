"""How a drill was held, from the record that came in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from django.utils import translation

from dcase_audit.reports.assemble.names import Names
from dcase_audit.reports.contents import Holding, Moment, Player
from dcase_audit.reports.contents.drills import Place, Shift
from drills.holding import Watcher, of_record
from drills.wording import event_text


def holding_of(document: Mapping[str, Any], names: Names) -> Holding:
    """Return what the record says of the holding, its events called in the report's language."""
    held = of_record(document)
    environment, verifier = held.environment, held.verifier
    return Holding(
        scenario=held.scenario.title if held.scenario else "",
        objectives=held.scenario.objectives if held.scenario else (),
        preconditions=held.scenario.preconditions if held.scenario else (),
        abort_criteria=held.scenario.abort_criteria if held.scenario else (),
        runbooks=tuple(" ".join(filter(None, one)) for one in held.runbooks),
        place=cast(Place | None, (environment and environment.place) or None),
        environment=environment.text if environment else "",
        differs=environment.differs if environment else "",
        observer=_watcher(held.observer, names),
        verifier=_watcher(verifier, names),
        independence=verifier.independence if verifier else "",
        clock=held.clock,
        people=tuple(
            Player(
                party=_party(one.party, names),
                role=one.role,
                person=one.person,
                shift=cast(Shift | None, one.shift or None),
                present=one.present,
                outside=one.outside,
                stands_in_for=one.stands_in_for,
            )
            for one in held.participants
        ),
        timeline=tuple(
            Moment(text=_event(one.event, names), planned_at=one.planned_at, at=one.at, detail=one.text)
            for one in held.timeline
        ),
        injects=tuple(
            Moment(text=one.text, planned_at=one.planned_at, at=one.at, detail=one.observed) for one in held.injects
        ),
        lessons=held.lessons,
    )


def _watcher(watcher: Watcher | None, names: Names) -> str:
    return " ".join(filter(None, (_party(watcher.party, names), watcher.person))) if watcher else ""


def _party(key: str, names: Names) -> str:
    """Return the name of a party that is known here, and what the record calls any other."""
    return names.party(key) if key in names.parties else key


def _event(event: str, names: Names) -> str:
    with translation.override(names.language):
        return event_text(event)
