"""What the readers of other tools' files share: strict JSON, places, texts cut to size, times without a zone."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from dcase_audit import moments, strict_json
from drills.members import MOST
from drills.results import Check, Doubt, Malformed

LONGEST_TEXT, LONGEST_OBSERVED = 2000, 4000
MOST_OF_A_KIND = 5
BASIC_OFFSET = re.compile(r"([+-]\d{2})(\d{2})$", re.ASCII)
LOCAL = re.compile(r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2})?)(\.\d{1,9})?", re.ASCII)


def json_object(data: bytes, *, limit: int) -> dict[str, Any]:
    """Read one strict JSON object.

    Raises:
        Malformed: it is none (400), or too large (413).
    """
    try:
        return strict_json.loads_object(data, limit=limit)
    except strict_json.StrictJSONError as error:
        raise Malformed(error.detail, pointer=error.pointer, status=error.status) from None


class Place:
    """A value of a JSON document and where it stands; members that a format does not name are left alone."""

    def __init__(self, value: Any, pointer: str = "") -> None:
        self.value = value
        self.pointer = pointer

    def __contains__(self, name: str) -> bool:
        return name in self.object() and self.value[name] is not None

    def at(self, name: str) -> Place:
        """Return the member ``name``, which has to be there and not null."""
        if name not in self:
            raise Malformed(f"The member {name} is missing.", pointer=self.place(name))
        return Place(self.value[name], self.place(name))

    def place(self, name: str) -> str:
        return self.pointer + strict_json.pointer([name])

    def object(self) -> dict[str, Any]:
        if not isinstance(self.value, dict):
            raise Malformed("An object is expected here.", pointer=self.pointer)
        return self.value

    def list(self) -> Sequence[Place]:
        return [Place(each, f"{self.pointer}/{n}") for n, each in enumerate(self.entries())]

    def entries(self) -> Sequence[Any]:
        if not isinstance(self.value, list):
            raise Malformed("A list is expected here.", pointer=self.pointer)
        return self.value

    def each(self, name: str) -> Sequence[Place]:
        """Return the entries of the list ``name``, none where it is left out or null."""
        return self.at(name).list() if name in self else []

    def objects(self, name: str) -> Sequence[dict[str, Any]]:
        """Return the entries of ``each``, all of which have to be objects, without their places: for counting."""
        entries = self.at(name).entries() if name in self else []
        if not all(isinstance(entry, dict) for entry in entries):
            return [entry.object() for entry in self.each(name)]
        return entries

    def text(self) -> str:
        if not isinstance(self.value, str):
            raise Malformed("A text is expected here.", pointer=self.pointer)
        return self.value

    def text_of(self, name: str) -> str:
        """Return the text ``name``, empty where it is left out or null."""
        return self.at(name).text() if name in self else ""

    def truth(self) -> bool:
        if not isinstance(self.value, bool):
            raise Malformed("True or false is expected here.", pointer=self.pointer)
        return self.value

    def count(self) -> int:
        if type(self.value) is not int or self.value < 0:
            raise Malformed("A number from 0 on is expected here.", pointer=self.pointer)
        return self.value


def cut(text: str, longest: int) -> str:
    """Return the text, its end cut off where it is longer than we keep; the whole stays in the file as received."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def numbered(checks: Iterable[Check], place: str) -> tuple[Check, ...]:
    """Number the checks as they come.

    Raises:
        Malformed: there are more than a result can hold (422).
    """
    found: list[Check] = []
    for check in checks:
        if len(found) == MOST:
            raise Malformed(f"There are more than {MOST} cases; send several results.", pointer=place)
        found.append(check._replace(number=len(found) + 1))
    return tuple(found)


def few(doubts: Iterable[Doubt]) -> tuple[Doubt, ...]:
    """Return the doubts without those of a kind that was seen often: one decides as much as a thousand."""
    seen: Counter[str] = Counter()
    kept = []
    for doubt in doubts:
        seen[doubt.code] += 1
        if seen[doubt.code] <= MOST_OF_A_KIND:
            kept.append(doubt)
    return tuple(kept)


def moment_or_local(text: str) -> datetime:
    """Return an ISO 8601 time: in UTC where it has a zone, naive where it has none.

    Raises ValueError, with a sentence for the sender, for what is neither.
    """
    match = LOCAL.fullmatch(text.strip())
    if match is None:
        return moments.parse(BASIC_OFFSET.sub(r"\1:\2", text.strip().replace(" ", "T", 1)))
    day, clock, fraction = match.groups()
    seconds = clock if clock.count(":") == 2 else f"{clock}:00"
    # Read as if it were in UTC for the sake of one check of days and hours; the zone is then taken off again.
    return moments.parse(f"{day}T{seconds}{fraction or ''}Z").replace(tzinfo=None)


def in_utc(moment: datetime) -> datetime:
    """Return a naive time of a format whose rule is that such times are in UTC."""
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
