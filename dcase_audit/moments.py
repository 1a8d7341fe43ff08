"""Moments as the API takes and gives them: RFC 3339 with a zone, and nothing that would have to be guessed."""

from __future__ import annotations

import re
from datetime import UTC, datetime

RFC3339 = re.compile(
    r"(?P<date>\d{4}-\d{2}-\d{2})[Tt](?P<time>\d{2}:\d{2}:(?P<second>\d{2}))(?P<fraction>\.\d{1,9})?"
    r"(?P<zone>[Zz]|[+-]\d{2}:\d{2})?",
    re.ASCII,
)
# Beyond these no evidence has its place, and calendar arithmetic would leave what Python and PostgreSQL know.
YEARS = range(1900, 3000)
PLUS_LOST = re.compile(r"\d{2}:\d{2}:\d{2}(\.\d+)? \d{2}:\d{2}", re.ASCII)


def parse(text: str) -> datetime:
    """Return the moment that ``text`` names, in UTC; what is finer than a microsecond is cut off.

    Raises ValueError, with a sentence for the sender, for what is no such moment: without a zone, a leap second (which
    would have to be moved), a day that does not exist, a year outside of ``YEARS``.

    Source: RFC 3339 section 5.6.
    """
    match = RFC3339.fullmatch(text)
    if match is None:
        raise ValueError("This is no RFC 3339 time such as 2026-11-20T22:00:00+09:00.")
    if match["zone"] is None:
        raise ValueError("The time has no zone, and none is guessed: end it with Z or an offset such as +09:00.")
    if match["second"] == "60":
        raise ValueError("Leap seconds are not taken: send the second before or after.")
    zone = "+00:00" if match["zone"] in "Zz" else match["zone"]
    fraction = (match["fraction"] or ".0")[:7]
    try:
        moment = datetime.fromisoformat(f"{match['date']}T{match['time']}{fraction:0<7}{zone}").astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("There is no such day, hour or offset.") from None
    if moment.year not in YEARS:
        raise ValueError(f"The time lies outside of the years {YEARS[0]} to {YEARS[-1]}.")
    return moment


def parse_parameter(text: str) -> datetime:
    """Parse a moment from a query, where a ``+`` that was not encoded arrives as a space."""
    if PLUS_LOST.search(text):
        raise ValueError("The + of the offset arrived as a space: write it as %2B in a query, or send UTC with Z.")
    return parse(text)


def say(moment: datetime) -> str:
    """Return the moment in UTC, as every answer spells it: ``2026-11-20T13:00:00+00:00``."""
    return moment.astimezone(UTC).isoformat()


def say_or_none(moment: datetime | None) -> str | None:
    return None if moment is None else say(moment)
