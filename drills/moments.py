"""Moments as machines send them: RFC 3339 with a zone, and nothing that would have to be guessed."""

from __future__ import annotations

import re
from datetime import UTC, datetime

RFC3339 = re.compile(
    r"(?P<date>\d{4}-\d{2}-\d{2})[Tt](?P<time>\d{2}:\d{2}:(?P<second>\d{2}))(?P<fraction>\.\d{1,9})?"
    r"(?P<zone>[Zz]|[+-]\d{2}:\d{2})?",
    re.ASCII,
)


def parse(text: str) -> datetime:
    """Return the moment that ``text`` names, in UTC; what is finer than a microsecond is cut off.

    Raises ValueError, with a sentence for the sender, for what is no such moment: without a zone, a leap second (which
    would have to be moved), a day that does not exist.

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
        return datetime.fromisoformat(f"{match['date']}T{match['time']}{fraction:0<7}{zone}").astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("There is no such day, hour or offset.") from None
