"""When a recurring drill is due: RFC 5545 rules counted on the wall clock of the drill's zone.

A drill is planned on the day that its rule says, business day or not: BYDAY says which days those are, and whoever
wants another day cancels the one and holds the other, in sight.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from dateutil.rrule import rrule, rrulestr

from dcase_audit.errors import AuditError

DAY = r"(?:MO|TU|WE|TH|FR|SA|SU)"


def _list_of(value: str) -> str:
    return f"{value}(?:,{value})*"


# Narrower than the RFC: no drill is held every second, and an interval of 0 would never end.
PARTS = {
    "FREQ": r"DAILY|WEEKLY|MONTHLY|YEARLY",
    "INTERVAL": r"[1-9]\d{0,2}",
    "COUNT": r"[1-9]\d{0,3}",
    "UNTIL": r"\d{8}T\d{6}Z",
    "BYDAY": _list_of(rf"(?:[+-]?[1-5])?{DAY}"),
    "BYMONTHDAY": _list_of(r"-?(?:[1-9]|[12]\d|3[01])"),
    "BYMONTH": _list_of(r"(?:[1-9]|1[0-2])"),
    "BYSETPOS": _list_of(r"-?[1-9]\d?"),
    "WKST": DAY,
}


class InvalidRecurrence(AuditError):
    """The rule is no recurrence that a drill can have."""

    status = 422
    slug = "invalid-recurrence"
    title = "The recurrence rule cannot be used"


def moments(rule: str, *, starts_at: datetime, zone: ZoneInfo, since: datetime, until: datetime) -> list[datetime]:
    """Return the moments of the rule from ``since`` until ``until`` (both included), in UTC; all moments are aware.

    An empty rule means ``starts_at`` alone. A wall-clock time that summer time skips has the offset from before it.

    Raises:
        InvalidRecurrence: ``rule`` is none (422).
    """
    if not rule:
        return [starts_at.astimezone(UTC)] if since <= starts_at <= until else []
    found = parse(rule, starts_at=starts_at, zone=zone).between(since, until, inc=True)
    return [moment.astimezone(UTC) for moment in found]


def check(rule: str, *, starts_at: datetime, zone: ZoneInfo) -> None:
    """Refuse a rule that cannot be read or that never comes true, such as the 30th of February.

    Raises:
        InvalidRecurrence: with the reason (422).
    """
    if rule and next(iter(parse(rule, starts_at=starts_at, zone=zone)), None) is None:
        raise InvalidRecurrence("The rule never comes true.", pointer="/recurrence")


def parse(rule: str, *, starts_at: datetime, zone: ZoneInfo) -> rrule:
    """Read an RRULE value such as ``FREQ=MONTHLY;BYDAY=3FR``.

    Raises:
        InvalidRecurrence: with the reason (422).
    """
    parts = [part.partition("=") for part in rule.split(";")]
    names = [name for name, _, _ in parts]
    if "FREQ" not in names or len(set(names)) < len(names):
        raise InvalidRecurrence("Write the rule as FREQ=MONTHLY;BYDAY=3FR, each part once.", pointer="/recurrence")
    for name, _, value in parts:
        if not re.fullmatch(PARTS.get(name, "(?!)"), value, re.ASCII):
            raise InvalidRecurrence(f"The part {name}={value} is not taken.", pointer="/recurrence")
    try:
        parsed = rrulestr(rule, dtstart=starts_at.astimezone(zone))
    except (ValueError, TypeError, OverflowError) as error:
        raise InvalidRecurrence(f"The rule cannot be read: {error}.", pointer="/recurrence") from None
    if not isinstance(parsed, rrule):
        raise InvalidRecurrence("One rule is expected.", pointer="/recurrence")
    return parsed
