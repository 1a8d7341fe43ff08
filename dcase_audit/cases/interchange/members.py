"""Take the members of a JSON object one by one, each checked; what nobody took is reported, never dropped silently."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, NoReturn

from dcase_audit.accounts.models import KEY
from dcase_audit.calendars import durations
from dcase_audit.cases.interchange.parsed import CaseFileRefused, NotCarried
from dcase_audit.cases.models import NODE_KEY

LONGEST_LIST = 1000
KEY_PATTERN = re.compile(KEY.regex)
NODE_KEY_PATTERN = re.compile(NODE_KEY.regex)
# Neither XML nor PDF can carry these, and PostgreSQL no U+0000.
UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


class Members:
    """One object of a file at ``place`` (a JSON pointer); it lists in ``left`` what ``close`` finds untaken."""

    def __init__(self, value: object, place: str, left: list[NotCarried]) -> None:
        self.place = place
        self.left = left
        if not isinstance(value, dict):
            refuse("an object is expected", place)
        self._values: dict[str, Any] = value
        self._taken: set[str] = set()

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def at(self, name: str | int) -> str:
        """Return the pointer to a member."""
        return below(self.place, name)

    def take(self, name: str, default: object = None) -> Any:
        """Return a member unchecked."""
        self._taken.add(name)
        return self._values.get(name, default)

    def text(self, name: str, *, longest: int, pattern: re.Pattern[str] | None = None) -> str:
        """Return a text of the file; "" where it is left out."""
        value = self.take(name, "")
        return text(value, self.at(name), longest=longest, pattern=pattern) if name in self else ""

    def required(self, name: str, *, longest: int, pattern: re.Pattern[str] | None = None) -> str:
        """Return a text that must be there and must not be blank."""
        value = self.text(name, longest=longest, pattern=pattern)
        return value if value.strip() else refuse("a text is missing", self.at(name))

    def choice(self, name: str, choices: Collection[str], *, default: str | None = None) -> str:
        """Return one of the words in ``choices``; ``default`` where it is left out, if there is one."""
        value = self.take(name, default)
        if not isinstance(value, str) or value not in choices:
            refuse(f"one of {', '.join(sorted(choices))} is expected", self.at(name))
        return value

    def flag(self, name: str, *, default: bool = False) -> bool:
        value = self.take(name, default)
        return value if isinstance(value, bool) else refuse("true or false is expected", self.at(name))

    def whole(self, name: str, *, least: int, most: int, default: int) -> int:
        """Return a whole number between two others."""
        value = self.take(name, default)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            refuse(f"a whole number from {least} to {most} is expected", self.at(name))
        return value

    def duration(self, name: str) -> str:
        """Return an ISO 8601 duration as the file has it; "" where it is left out."""
        value = self.text(name, longest=40)
        if name in self:
            duration(value, self.at(name))
        return value

    def texts(self, name: str, *, longest: int, pattern: re.Pattern[str] | None = None) -> tuple[str, ...]:
        """Return a list of texts, none blank and none twice; () where it is left out."""
        found: dict[str, None] = {}
        for place, value in self.items(name):
            item = text(value, place, longest=longest, pattern=pattern)
            if not item.strip() or item in found:
                refuse("the text comes twice" if item.strip() else "a text is missing", place)
            found[item] = None
        return tuple(found)

    def items(self, name: str, *, most: int = LONGEST_LIST) -> Iterator[tuple[str, object]]:
        """Yield the pointer and the value of each item of a list; nothing where it is left out."""
        value = self.take(name, [])
        if not isinstance(value, list):
            refuse("a list is expected", self.at(name))
        if len(value) > most:
            refuse(f"the list has {len(value)} items and may have {most}", self.at(name))
        return ((below(self.at(name), index), item) for index, item in enumerate(value))

    def entries(self, name: str, *, most: int = LONGEST_LIST) -> Iterator[tuple[str, str, object]]:
        """Yield pointer, name and value of each member of an object used as a table; nothing where it is left out."""
        value = self.take(name, {})
        if not isinstance(value, dict):
            refuse("an object is expected", self.at(name))
        if len(value) > most:
            refuse(f"the object has {len(value)} members and may have {most}", self.at(name))
        return ((below(self.at(name), key), key, item) for key, item in value.items())

    def both(self, name: str, *, longest: int, required: bool = True) -> tuple[str, str]:
        """Return a text in Japanese and in English; one of the two may be left out, both only if not ``required``."""
        if name not in self and not required:
            return "", ""
        languages = Members(self.take(name, {}), self.at(name), self.left)
        found = languages.text("ja", longest=longest), languages.text("en", longest=longest)
        languages.close()
        if required and not (found[0].strip() or found[1].strip()):
            refuse("a text in Japanese (ja) or English (en) is missing", self.at(name))
        return found

    def close(self) -> None:
        """Report the members that nobody took."""
        untaken = (name for name in self._values if name not in self._taken)
        self.left.extend(NotCarried(self.at(name), "unknown field") for name in untaken)


def refuse(detail: str, place: str) -> NoReturn:
    """Refuse the file for what is at ``place``."""
    raise CaseFileRefused(f"{place or 'the file'}: {detail}", pointer=place)


def below(place: str, step: str | int) -> str:
    """Return the pointer to a member or item of what is at ``place`` (RFC 6901)."""
    return f"{place}/{str(step).replace('~', '~0').replace('/', '~1')}"


def text(value: object, place: str, *, longest: int, pattern: re.Pattern[str] | None = None) -> str:
    """Return ``value`` if it is a text that can be stored, shown and printed."""
    if not isinstance(value, str):
        refuse("a text is expected", place)
    if len(value) > longest:
        refuse(f"the text has {len(value)} characters and may have {longest}", place)
    if UNPRINTABLE.search(value):
        refuse("the text holds a control character or half of a surrogate pair", place)
    if pattern is not None and not pattern.fullmatch(value):
        refuse(f"{value[:60]!r} does not match {pattern.pattern}", place)
    return value


def duration(value: str, place: str) -> str:
    """Return ``value`` if it is an ISO 8601 duration."""
    try:
        durations.parse(value)
    except ValueError as error:
        refuse(str(error), place)
    return value


def known(value: str, names: Mapping[str, object], what: str, place: str) -> str:
    """Return ``value`` if it is empty or one of the ``names`` that the file declares."""
    return value if not value or value in names else refuse(f"the file declares no {what} {value!r}", place)
