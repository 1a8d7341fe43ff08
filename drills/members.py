"""Reading JSON objects member by member: every refusal names its place, and what nobody asked for is refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from dcase_audit import moments, strict_json
from dcase_audit.calendars import durations
from drills.results import Malformed, Measured

MOST = 1000
NAME = re.compile(r"[a-z0-9](?:[a-z0-9_.-]{0,58}[a-z0-9])?")

T = TypeVar("T")


class Members:
    """The members of one object, taken one by one; what nobody took is refused in the end."""

    def __init__(self, members: dict[str, Any], pointer: str) -> None:
        self.members = members
        self.pointer = pointer
        self.left = set(members)

    def place(self, name: str) -> str:
        return self.pointer + strict_json.pointer([name])

    def take(self, name: str, default: object = None) -> Any:
        """Return the member, or ``default`` where it is left out; None as default makes it required."""
        self.left.discard(name)
        if name in self.members:
            return self.members[name]
        if default is None:
            raise Malformed(f"The member {name} is missing.", pointer=self.place(name))
        return default

    def text(self, name: str, longest: int, default: str | None = None) -> str:
        return self.as_text(self.take(name, default), self.place(name), longest, may_be_empty=default is not None)

    @staticmethod
    def as_text(value: object, place: str, longest: int, *, may_be_empty: bool = False) -> str:
        if not isinstance(value, str):
            raise Malformed("A text is expected here.", pointer=place)
        if len(value) > longest:
            raise Malformed(f"The text has more than {longest} characters.", pointer=place)
        if not may_be_empty and not value.strip():
            raise Malformed("The text is empty.", pointer=place)
        return value

    def named(self, name: str, pattern: re.Pattern[str], default: str | None = None) -> str:
        value = self.text(name, 80, default)
        if name in self.members and not pattern.fullmatch(value):
            raise Malformed("Lower-case letters, digits, - _ and . only.", pointer=self.place(name))
        return value

    def choice(self, name: str, choices: Sequence[str], default: str | None = None) -> str:
        value = self.take(name, default)
        if name in self.members and value not in choices:
            raise Malformed(f"One of these is expected: {', '.join(choices)}.", pointer=self.place(name))
        return str(value)

    def moment(self, name: str) -> datetime:
        try:
            return moments.parse(self.text(name, 40))
        except ValueError as error:
            raise Malformed(str(error), pointer=self.place(name)) from None

    def maybe_moment(self, name: str) -> datetime | None:
        return self.moment(name) if name in self.members else None

    def flag(self, name: str, *, default: bool) -> bool:
        value = self.take(name, default)
        if not isinstance(value, bool):
            raise Malformed("True or false is expected.", pointer=self.place(name))
        return value

    def measured(self, name: str) -> Measured:
        """Return a number, or an elapsed time: its days have 24 hours, and months have no length."""
        value, place = self.take(name), self.place(name)
        if isinstance(value, str):
            try:
                duration = durations.parse(value.encode("ascii").decode())
            except UnicodeEncodeError:
                raise Malformed("A duration has ASCII characters only.", pointer=place) from None
            except ValueError as error:
                raise Malformed(str(error), pointer=place) from None
            if duration.months:
                raise Malformed("Months and years have no fixed length; send days or less.", pointer=place)
            return duration.exact + timedelta(days=duration.days)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise Malformed("A number or a duration such as PT15M is expected.", pointer=place)
        return value

    def entries(self, name: str) -> list[Any]:
        value = self.take(name, [])
        if not isinstance(value, list):
            raise Malformed("A list is expected here.", pointer=self.place(name))
        if len(value) > MOST:
            raise Malformed(f"The list has more than {MOST} entries.", pointer=self.place(name))
        return value

    def each(self, name: str, read: Callable[[Members], T]) -> tuple[T, ...]:
        """Read every object of the list ``name``."""
        return tuple(self.one(value, f"{self.place(name)}/{n}", read) for n, value in enumerate(self.entries(name)))

    def texts(self, name: str, longest: int) -> tuple[str, ...]:
        """Read every text of the list ``name``; none is empty."""
        entries = enumerate(self.entries(name))
        return tuple(self.as_text(text, f"{self.place(name)}/{n}", longest) for n, text in entries)

    def maybe(self, name: str, read: Callable[[Members], T]) -> T | None:
        """Read the object ``name``, if it is there."""
        return self.one(self.take(name), self.place(name), read) if name in self.members else None

    @staticmethod
    def one(value: object, place: str, read: Callable[[Members], T]) -> T:
        if not isinstance(value, dict):
            raise Malformed("An object is expected here.", pointer=place)
        members = Members(value, place)
        result = read(members)
        members.close()
        return result

    def close(self) -> None:
        """Refuse members that the format does not know."""
        if self.left:
            raise Malformed("The format knows no such member.", pointer=self.place(min(self.left)))
