"""The parts of the format that rules are read from: criteria, targets, and the attributes of contexts."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from typing import Any

from dcase_audit.cases.graph import CriterionValue
from dcase_audit.cases.interchange.members import KEY_PATTERN, Members, duration, refuse, text
from dcase_audit.cases.interchange.parsed import NotCarried
from dcase_audit.cases.words import NodeKind

OPERATORS = ("<=", ">=", "<", ">", "=")
NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,15})?")
MOST_TARGETS = 100


def criterion(value: object, place: str, left: list[NotCarried], calendars: Container[str]) -> CriterionValue:
    """Return what a leaf asks of its evidence; ``calendars`` holds the keys that it may name."""
    members = Members(value, place, left)
    found = CriterionValue(
        kinds=members.texts("kinds", longest=60, pattern=KEY_PATTERN),
        minimum=members.whole("minimum", least=1, most=1000, default=1),
        must_cover=members.texts("must_cover", longest=100),
        max_age=members.duration("max_age"),
        warn_before=members.duration("warn_before"),
        silence=members.duration("silence"),
        calendar=_calendar(members, calendars),
        subjects=members.texts("subjects", longest=100),
        targets=targets(members, calendars),
        refuted_when=members.text("refuted_when", longest=1000),
    )
    members.close()
    return found


def targets(members: Members, calendars: Container[str]) -> tuple[Mapping[str, Any], ...]:
    """Return the limits for measured things that the member ``targets`` lists; () where it is left out."""
    items = members.items("targets", most=MOST_TARGETS)
    return tuple(_target(Members(value, place, members.left), calendars) for place, value in items)


def attributes(members: Members, kind: NodeKind, calendars: Container[str]) -> dict[str, Any]:
    """Return what a context may carry besides its statement: targets, and classes of availability."""
    for name in ("targets", "availability_classes"):
        if name in members and kind != NodeKind.CONTEXT:
            refuse(f"{name} stand at a context or, as targets, in a criterion", members.at(name))
    found: dict[str, Any] = {}
    if classes := _classes(members):
        found["availability_classes"] = classes
    if limits := targets(members, calendars):
        found["targets"] = list(limits)
    return found


def _target(members: Members, calendars: Container[str]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "measure": members.required("measure", longest=100),
        "op": members.choice("op", OPERATORS),
        "value": _limit(members),
    }
    found |= {name: members.required(name, longest=100) for name in ("per", "class") if name in members}
    if "period" in members:
        found["period"] = members.duration("period")
    if calendar := _calendar(members, calendars):
        found["calendar"] = calendar
    if services := members.texts("services", longest=100):
        found["services"] = list(services)
    members.close()
    return found


def _limit(members: Members) -> int | str:
    """Return a whole number, a decimal written as text (so that no digit is lost), or a duration."""
    value, place = members.take("value"), members.at("value")
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**15:
        return value
    if isinstance(value, str) and value.startswith("P"):
        return duration(value, place)
    if isinstance(value, str) and NUMBER.fullmatch(value):
        return value
    return refuse('a whole number, a decimal as text ("0.99999") or a duration ("PT15M") is expected', place)


def _calendar(members: Members, calendars: Container[str]) -> str:
    key = members.text("calendar", longest=60)
    if key and key not in calendars:
        refuse(f"the file declares no calendar {key!r}", members.at("calendar"))
    return key


def _classes(members: Members) -> dict[str, list[str]]:
    names = [text(name, place, longest=60) for place, name, _ in members.entries("availability_classes")]
    classes = Members(members.take("availability_classes", {}), members.at("availability_classes"), members.left)
    return {name: list(classes.texts(name, longest=100)) for name in names}
