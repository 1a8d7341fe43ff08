"""What the commands share: reading a moment from the command line."""

from __future__ import annotations

from argparse import ArgumentTypeError
from datetime import datetime

from dcase_audit import moments


def moment(text: str) -> datetime:
    """Read a moment as the API does: RFC 3339 with a zone, within the years that calendars reach."""
    try:
        return moments.parse(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r}: {error}") from None


def moment_or_size(text: str) -> datetime | int:
    """Read a moment, or a number of entries of the log."""
    return int(text) if text.isascii() and text.isdigit() else moment(text)
