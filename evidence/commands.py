"""What the commands share: reading a moment from the command line."""

from __future__ import annotations

from argparse import ArgumentTypeError
from datetime import datetime


def moment(text: str) -> datetime:
    """Read an RFC 3339 moment; one without a zone is refused, since nobody could say which is meant."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is not a moment such as 2026-11-20T15:00:00+09:00") from error
    if found.tzinfo is None:
        raise ArgumentTypeError(f"{text!r} names no time zone: add Z or an offset such as +09:00")
    return found
