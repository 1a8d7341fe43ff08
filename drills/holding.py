"""How a drill was held, beside what was checked and measured: plain values, from a native record of any version."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from drills.members import NAME, Members
from drills.results import Event, Found, Malformed

KINDS = ("tabletop", "component", "functional", "full-scale", "unannounced", "live-incident")
SHIFTS = ("day", "night", "holiday")
PLACES = ("production", "recovery", "test")
# What decides the verdict has to have happened.
MEANINGFUL = ("confirmed", "contradicted")
FAULT = "fault_injected"
SEVERITIES = ("minor", "major", "critical")
MOST_FINDINGS = 100


class Scenario(NamedTuple):
    """What was played, what had to hold before it began, and what would have ended it early."""

    title: str
    text: str = ""
    objectives: tuple[str, ...] = ()
    preconditions: tuple[str, ...] = ()
    abort_criteria: tuple[str, ...] = ()


class Runbook(NamedTuple):
    """A plan or manual that was followed."""

    title: str
    version: str = ""


class Inject(NamedTuple):
    """What the players were confronted with, and what they were to do; None: it was not planned, or not given."""

    text: str
    planned_at: datetime | None = None
    at: datetime | None = None
    to: str = ""
    expected: str = ""
    observed: str = ""


class Environment(NamedTuple):
    """Where it was held and how that differs from production; ``place`` is empty in records of version 1."""

    place: str = ""
    text: str = ""
    differs: str = ""


class Participant(NamedTuple):
    """Somebody of a party; ``person`` is a pseudonymous id, ``outside``: of no department of ours."""

    party: str
    role: str = ""
    person: str = ""
    present: bool = True
    shift: str = ""
    outside: bool = False
    stands_in_for: str = ""


class Watcher(NamedTuple):
    """Who observed the drill, or verified it; ``independence`` says why a verifier is nobody's."""

    party: str
    person: str = ""
    independence: str = ""


class Moment(NamedTuple):
    """One line of the time line; ``at`` is None where what was planned did not happen."""

    event: str
    planned_at: datetime | None = None
    at: datetime | None = None
    text: str = ""


@dataclass(frozen=True)
class Holding:
    """How a drill was held, as its record says. ``kind`` is empty where the record leaves it to the plan."""

    kind: str = ""
    scenario: Scenario | None = None
    runbooks: tuple[Runbook, ...] = ()
    injects: tuple[Inject, ...] = ()
    environment: Environment | None = None
    participants: tuple[Participant, ...] = ()
    observer: Watcher | None = None
    verifier: Watcher | None = None
    clock: str = ""
    timeline: tuple[Moment, ...] = ()
    findings: tuple[Found, ...] = ()
    lessons: tuple[str, ...] = ()

    @property
    def events(self) -> tuple[Event, ...]:
        """Return what happened, in the order of the record."""
        return tuple(Event(one.at, one.event, one.text) for one in self.timeline if one.at is not None)

    @property
    def moments(self) -> tuple[tuple[str, datetime], ...]:
        """Return with its place in the record everything that happened."""
        return tuple((place, one.at) for place, one in self._lines if one.at is not None)

    @property
    def planned(self) -> tuple[tuple[str, datetime], ...]:
        """Return with its place in the record everything that was to happen."""
        return tuple(
            (place.removesuffix("at") + "planned_at", one.planned_at)
            for place, one in self._lines
            if one.planned_at is not None
        )

    @property
    def _lines(self) -> Iterator[tuple[str, Moment | Inject]]:
        yield from ((f"/timeline/{n}/at", moment) for n, moment in enumerate(self.timeline))
        yield from ((f"/injects/{n}/at", inject) for n, inject in enumerate(self.injects))

    @property
    def since(self) -> datetime | None:
        """Return the moment from which times are told: the first fault that was injected."""
        return min((one.at for one in self.timeline if one.event == FAULT and one.at), default=None)


def of_record(document: Mapping[str, Any]) -> Holding:
    """Read again what a result's record says of its holding; of another format there is nothing."""
    if not str(document.get("schema", "")).startswith("dcase-drill/"):
        return Holding()
    return read(Members(dict(document), ""))


def read(members: Members) -> Holding:
    """Take the members about the holding out of a native record.

    Raises:
        Malformed: with the place (422).
    """
    if members.members.get("schema") == "dcase-drill/1":
        return Holding(
            environment=_as_text(members.text("environment", 300, default="")),
            participants=members.each("participants", _participant_of_1),
            timeline=members.each("timeline", _moment_of_1),
        )
    return Holding(
        kind=members.choice("kind", KINDS, default=""),
        scenario=members.maybe("scenario", _scenario),
        runbooks=members.each("runbooks", _runbook),
        injects=members.each("injects", _inject),
        environment=members.maybe("environment", _environment),
        participants=members.each("participants", _participant),
        observer=members.maybe("observer", _observer),
        verifier=members.maybe("verifier", _verifier),
        clock=members.text("clock", 300, default=""),
        timeline=members.each("timeline", _moment),
        findings=_findings(members),
        lessons=members.texts("lessons", 4000),
    )


def _as_text(text: str) -> Environment | None:
    return Environment(text=text) if text else None


def _scenario(members: Members) -> Scenario:
    return Scenario(
        title=members.text("title", 300),
        text=members.text("text", 4000, default=""),
        objectives=members.texts("objectives", 1000),
        preconditions=members.texts("preconditions", 1000),
        abort_criteria=members.texts("abort_criteria", 1000),
    )


def _runbook(members: Members) -> Runbook:
    return Runbook(members.text("title", 300), members.text("version", 100, default=""))


def _findings(members: Members) -> tuple[Found, ...]:
    if len(members.entries("findings")) > MOST_FINDINGS:
        raise Malformed(f"There are more than {MOST_FINDINGS} findings.", pointer=members.place("findings"))
    return members.each("findings", _found)


def _found(members: Members) -> Found:
    return Found(
        text=members.text("text", 4000),
        severity=members.choice("severity", SEVERITIES, default="minor"),
        cause=members.text("cause", 4000, default=""),
    )


def _inject(members: Members) -> Inject:
    return Inject(
        text=members.text("text", 2000),
        planned_at=members.maybe_moment("planned_at"),
        at=members.maybe_moment("at"),
        to=members.text("to", 100, default=""),
        expected=members.text("expected", 4000, default=""),
        observed=members.text("observed", 4000, default=""),
    )


def _environment(members: Members) -> Environment:
    place = members.choice("place", PLACES)
    if place != "production" and "differs" not in members.members:
        raise Malformed("Say how it differs from production.", pointer=members.place("differs"))
    differs = members.text("differs", 1000) if "differs" in members.members else ""
    return Environment(place, members.text("text", 300, default=""), differs)


def _participant(members: Members) -> Participant:
    return Participant(
        party=members.text("party", 100),
        role=members.text("role", 100, default=""),
        person=members.text("person", 100, default=""),
        present=members.flag("present", default=True),
        shift=members.choice("shift", SHIFTS, default=""),
        outside=members.flag("outside", default=False),
        stands_in_for=members.text("stands_in_for", 100, default=""),
    )


def _participant_of_1(members: Members) -> Participant:
    return Participant(
        party=members.text("party", 100),
        role=members.text("role", 100, default=""),
        person=members.text("person", 100, default=""),
        present=members.flag("present", default=True),
    )


def _observer(members: Members) -> Watcher:
    return Watcher(members.text("party", 100), members.text("person", 100, default=""))


def _verifier(members: Members) -> Watcher:
    return Watcher(
        members.text("party", 100), members.text("person", 100, default=""), members.text("independence", 1000)
    )


def _moment(members: Members) -> Moment:
    """Read a line of the time line: what was planned, what happened, or both."""
    event = members.named("event", NAME)
    planned_at, at = members.maybe_moment("planned_at"), members.maybe_moment("at")
    if at is None and (planned_at is None or event in MEANINGFUL):
        raise Malformed("The member at is missing.", pointer=members.place("at"))
    return Moment(event, planned_at, at, members.text("text", 4000, default=""))


def _moment_of_1(members: Members) -> Moment:
    at = members.moment("at")
    return Moment(members.named("event", NAME), None, at, members.text("text", 4000, default=""))
