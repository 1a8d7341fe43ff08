"""Journals of the Chaos Toolkit, of every version from 0.1 on.

``completed`` says that the activities were run and nothing of how they went, so the verdict rests on the hypothesis
before and after, on every activity and on ``deviated``. Times without a zone are in UTC: every version that writes them
takes them from ``datetime.utcnow()``; that it was so read is noted.

Source: chaostoolkit.org, reference, experiment journal.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

from drills.formats.reading import (
    LONGEST_OBSERVED,
    LONGEST_TEXT,
    Place,
    cut,
    few,
    in_utc,
    json_object,
    moment_or_local,
    numbered,
)
from drills.members import NAME
from drills.results import Check, Doubt, Malformed, Measure, ParsedResult, Weight

LIMIT = 2 * 1024 * 1024
STATUSES = ("completed", "failed", "aborted", "interrupted")
LONGEST_DURATION = 366 * 86_400


def parse(data: bytes) -> ParsedResult:
    """Read a journal.

    Raises:
        Malformed: not JSON, or no object (400); too large (413); no journal (422).
    """
    journal = Place(json_object(data, limit=LIMIT))
    experiment = journal.at("experiment")
    title = experiment.text_of("title")
    started_at, ended_at = _moment(journal.at("start")), _moment(journal.at("end"))
    checks = chain(_states(journal), _activities(journal, "run"), _activities(journal, "rollbacks"))
    status = journal.text_of("status")
    if status not in {"", *STATUSES}:
        raise Malformed(f"One of these is expected: {', '.join(STATUSES)}.", pointer=journal.place("status"))
    version = journal.text_of("chaoslib-version")
    return ParsedResult(
        started_at=in_utc(started_at),
        ended_at=in_utc(ended_at),
        checks=numbered(checks, journal.place("run")),
        measures=tuple(_measures(journal)),
        # Completed is no claim that it passed.
        claimed_verdict="failed" if _deviated(journal) or status == "failed" else "",
        note=cut(title, 10_000),
        record={name: journal.value[name] for name in ("chaoslib-version", "status", "deviated") if name in journal},
        doubts=few(_doubts(journal, naive=None in {started_at.tzinfo, ended_at.tzinfo})),
        producer=cut(f"chaostoolkit-lib {version}" if version else "chaostoolkit", 100),
        places=("/start", "/end"),
    )


def _moment(place: Place) -> datetime:
    try:
        return moment_or_local(place.text())
    except ValueError as error:
        raise Malformed(str(error), pointer=place.pointer) from None


def _deviated(journal: Place) -> bool:
    return "deviated" in journal and journal.at("deviated").truth()


def _hypotheses(journal: Place) -> Iterator[tuple[str, Place]]:
    """Yield each check of the hypothesis that the journal has: before, after, and all during the method."""
    states = journal.at("steady_states") if "steady_states" in journal else Place({})
    for when in ("before", "after"):
        if when in states:
            yield when, states.at(when)
    for state in states.each("during"):
        yield "during", state


def _states(journal: Place) -> Iterator[Check]:
    for when, state in _hypotheses(journal):
        yield Check(0, f"Steady state {when} the method", _outcome(state, "steady_state_met"))
        for probe in state.each("probes"):
            outcome = _outcome(probe, "tolerance_met")
            yield _check(probe, f"{when}: ", "fail" if _outcome_of_run(probe) == "fail" else outcome)


def _activities(journal: Place, name: str) -> Iterator[Check]:
    for run in journal.each(name):
        missed = "tolerance_met" in run and _outcome(run, "tolerance_met") == "fail"
        yield _check(run, "" if name == "run" else "rollback: ", "fail" if missed else _outcome_of_run(run))


def _outcome(judged: Place, name: str) -> str:
    """Return what a judgement says; a dry run leaves it out, or null."""
    if name not in judged:
        return "not_run"
    return "pass" if judged.at(name).truth() else "fail"


def _outcome_of_run(run: Place) -> str:
    status = run.text_of("status")
    return {"succeeded": "pass", "": "not_run"}.get(status, "fail")


def _check(run: Place, before: str, outcome: str) -> Check:
    activity = run.at("activity")
    tolerance = activity.object().get("tolerance")
    return Check(
        number=0,
        text=cut(before + _name(activity), LONGEST_TEXT),
        outcome=outcome,
        expected="" if tolerance is None else cut(_said(tolerance), LONGEST_OBSERVED),
        observed=cut(_said(run.object().get("output")), LONGEST_OBSERVED),
        reason=cut(_raised(run), LONGEST_OBSERVED),
    )


def _name(activity: Place) -> str:
    # Version 0.1 gave activities titles instead of names.
    name = activity.text_of("name") or activity.text_of("title")
    if not name.strip():
        raise Malformed("The activity has no name.", pointer=activity.place("name"))
    return name


def _said(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else json.dumps(value, ensure_ascii=False)


def _raised(run: Place) -> str:
    """Return the last line of the trace, which says what went wrong."""
    trace = run.object().get("exception")
    lines = trace if isinstance(trace, list) else [trace]
    return next((line.strip() for line in reversed(lines) if isinstance(line, str) and line.strip()), "")


def _measures(journal: Place) -> Iterator[Measure]:
    """Yield how long each activity of the method took, where its name can be a measure's."""
    for run in journal.each("run"):
        name, took = _name(run.at("activity")), run.object().get("duration")
        if not isinstance(took, int | float) or isinstance(took, bool) or not NAME.fullmatch(name):
            continue
        if 0 <= took <= LONGEST_DURATION:
            elapsed = timedelta(seconds=took)
            yield Measure(name, elapsed, f"PT{elapsed.total_seconds():.6f}S", method="duration of the activity")


def _doubts(journal: Place, *, naive: bool) -> Iterator[Doubt]:
    status = journal.text_of("status")
    if _deviated(journal):
        yield Doubt("deviated", "The system deviated from its steady state.", "/deviated", Weight.FAILS)
    if status == "failed":
        yield Doubt("ended_failed", "The experiment ended as failed.", "/status", Weight.FAILS)
    elif status != "completed":
        detail = (
            f"The experiment ended as {status}." if status else "The journal does not say how the experiment ended."
        )
        yield Doubt("not_completed", detail, "/status")
    yield from _unshown(journal)
    if naive:
        yield Doubt("zone_by_rule", "Times without a zone are in UTC in this format.", "/start", Weight.NOTED)


def _unshown(journal: Place) -> Iterator[Doubt]:
    """Yield what the journal does not show of the experiment that it holds."""
    experiment = journal.at("experiment")
    if dry := experiment.object().get("dry"):
        yield Doubt("dry_run", f"Not everything was run for real: dry is {_said(dry)}.", "/experiment/dry")
    when_checked = {when for when, _ in _hypotheses(journal)}
    if not when_checked:
        yield Doubt("no_hypothesis", "No steady state was looked at.", "/steady_states")
    else:
        for when in ("before", "after"):
            if when not in when_checked:
                text = f"The steady state was not looked at {when} the method."
                yield Doubt("hypothesis_unchecked", text, f"/steady_states/{when}")
    planned = sum("type" in step or "ref" in step for step in experiment.objects("method"))
    run = len(journal.objects("run"))
    if run < planned:
        text = f"The method has {planned} activities and {run} were run."
        yield Doubt("counts_differ", text, "/run")
    if experiment.objects("rollbacks") and not journal.objects("rollbacks"):
        yield Doubt("no_rollbacks", "The experiment has rollbacks and none was run.", "/rollbacks", Weight.NOTED)
