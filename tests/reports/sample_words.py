"""Moments and texts that the sample's parts share."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from zoneinfo import ZoneInfo

from dcase_audit.reports.contents import Language

TOKYO = ZoneInfo("Asia/Tokyo")
AT = datetime(2026, 11, 20, 15, tzinfo=TOKYO)

Pair = tuple[str, str]


def day(year: int, month: int, date: int, hour: int = 0, minute: int = 0) -> datetime:
    """Return a moment in Tokyo."""
    return datetime(year, month, date, hour, minute, tzinfo=TOKYO)


def pick(language: Language, pair: Pair) -> str:
    """Return the Japanese or the English of a pair."""
    return pair[0] if language == "ja" else pair[1]


def digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()
