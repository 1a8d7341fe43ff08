"""The native format ``dcase-drill/2``, and the older ``/1``: strict JSON in, a plain value out (docs/drills.md)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

from dcase_audit import strict_json
from drills import holding
from drills.members import MOST, NAME, Members
from drills.results import Check, Malformed, Measure, ParsedResult
from drills.verdict import bound_of

FORMAT = "native"
FIRST, SECOND = SCHEMAS = ("dcase-drill/1", "dcase-drill/2")
LIMIT = 1024 * 1024
VERDICTS = ("passed", "failed", "inconclusive")
OUTCOMES = ("pass", "remark", "fail", "not_run", "not_applicable")
KEY = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,78}[a-z0-9])?")
LARGEST_NUMBER = 32767


@cache
def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of the format: a document of either version, each a schema of its own."""
    folder = Path(__file__).parent / "schemas"
    versions = {name: json.loads((folder / f"native-{name}.json").read_text("utf-8")) for name in ("2", "1")}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:dcase-audit:drill-result",
        "title": "Drill result",
        "oneOf": [{"$ref": version["$id"]} for version in versions.values()],
        "$defs": versions,
    }


def parse(data: bytes) -> ParsedResult:
    """Read a native result. What it claims as its verdict is kept beside and never believed.

    Raises:
        Malformed: not JSON, or no object (400); more than ``LIMIT`` bytes (413); a member that is unknown, missing or
            refused (422).
    """
    try:
        document = strict_json.loads_object(data, limit=LIMIT)
    except strict_json.StrictJSONError as error:
        raise Malformed(error.detail, pointer=error.pointer, status=error.status) from None
    members = Members(document, "")
    schema = members.choice("schema", SCHEMAS)
    held = holding.read(members)
    result = ParsedResult(
        started_at=members.moment("started_at"),
        ended_at=members.moment("ended_at"),
        claimed_verdict=members.choice("verdict", VERDICTS, default=""),
        checks=_numbered(members.each("check_items", _check)),
        measures=members.each("measures", _measure_of_1 if schema == FIRST else _measure),
        timeline=held.events,
        moments=held.moments,
        planned=held.planned,
        findings=held.findings,
        kind=held.kind,
        covers=_covers(members),
        subjects=_subjects(members),
        note=members.text("note", 10_000, default=""),
        record=document,
    )
    members.close()
    return result


def _check(members: Members) -> Check:
    number = members.take("number", 0)
    if "number" in members.members and (type(number) is not int or not 1 <= number <= LARGEST_NUMBER):
        raise Malformed(f"A number from 1 to {LARGEST_NUMBER} is expected.", pointer=members.place("number"))
    check = Check(
        number=number,
        text=members.text("text", 2000),
        outcome=members.choice("result", OUTCOMES),
        expected=members.text("expected", 4000, default=""),
        observed=members.text("observed", 4000, default=""),
        reason=members.text("reason", 4000, default=""),
    )
    if check.outcome == "not_applicable" and not check.reason.strip():
        raise Malformed("What is not applicable needs a reason.", pointer=members.place("reason"))
    return check


def _numbered(checks: tuple[Check, ...]) -> tuple[Check, ...]:
    """Give each check item without a number its place in the list."""
    numbered = tuple(check._replace(number=check.number or n) for n, check in enumerate(checks, 1))
    seen: set[int] = set()
    for n, check in enumerate(numbered):
        if check.number in seen:
            raise Malformed(f"Two check items have the number {check.number}.", pointer=f"/check_items/{n}/number")
        seen.add(check.number)
    return numbered


def _measure(members: Members) -> Measure:
    """Read a measure of version 2: with its unit, what it was to be, and how finely it was measured."""
    measure = _measure_of_1(members)
    is_time = isinstance(measure.value, timedelta)
    if is_time and "unit" in members.members:
        raise Malformed("A duration has its units in it.", pointer=members.place("unit"))
    resolution = members.measured("resolution") if "resolution" in members.members else None
    if resolution is not None and (isinstance(resolution, timedelta) != is_time or str(resolution).startswith("-")):
        raise Malformed("The resolution is of the value's kind and not negative.", pointer=members.place("resolution"))
    return measure._replace(
        unit=members.text("unit", 20, default=""),
        resolution=resolution,
        resolution_sent=members.take("resolution", ""),
        bound=members.maybe("target", bound_of),
    )


def _measure_of_1(members: Members) -> Measure:
    return Measure(
        name=members.named("measure", NAME),
        value=members.measured("value"),
        sent=members.take("value"),
        kind=members.text("class", 100, default=""),
        item=members.text("item", 100, default=""),
        method=members.text("method", 1000, default=""),
    )


def _covers(members: Members) -> tuple[str, ...]:
    items = members.entries("covers")
    if "covers" in members.members and not items:
        raise Malformed("Leave the member out where the drill covers what its plan says.", pointer="/covers")
    texts = tuple(members.as_text(item, f"/covers/{n}", 100) for n, item in enumerate(items))
    for n, text in enumerate(texts):
        if text in texts[:n]:
            raise Malformed("The item comes twice.", pointer=f"/covers/{n}")
    return texts


def _subjects(members: Members) -> dict[str, dict[str, str]]:
    subjects = members.take("subjects", {})
    place = members.place("subjects")
    if not isinstance(subjects, dict):
        raise Malformed("An object is expected here.", pointer=place)
    if len(subjects) > MOST:
        raise Malformed(f"There are more than {MOST} subjects.", pointer=place)
    places = {key: place + strict_json.pointer([key]) for key in subjects}
    return {key: Members.one(value, places[key], _subject(key)) for key, value in subjects.items()}


def _subject(key: str) -> Callable[[Members], dict[str, str]]:
    def read(members: Members) -> dict[str, str]:
        if not KEY.fullmatch(key):
            raise Malformed("A subject's key has lower-case letters, digits, - and _ only.", pointer=members.pointer)
        return {"version": members.text("version", 100), "digest": members.text("digest", 200, default="")}

    return read
