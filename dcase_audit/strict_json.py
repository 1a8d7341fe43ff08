"""JSON as RFC 8259 has it and no more: what two readers could read differently is refused, with the place.

Source: RFC 8259; RFC 7493 (I-JSON) for unique names and surrogates; RFC 6901 for pointers.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from typing import Any, NoReturn

from dcase_audit.errors import AuditError

DEPTH = 40
SMALLEST, LARGEST = -(2**63), 2**64 - 1
# A string, closed or cut off at the end, is one token, so that brackets inside strings are not counted.
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class StrictJSONError(AuditError):
    """The bytes are no JSON that has one reading. ``position`` counts characters from 0 (bytes, where not UTF-8)."""

    status = 400
    slug = "malformed-json"
    title = "The JSON is malformed"

    def __init__(self, detail: str, *, pointer: str | None = None, position: int | None = None) -> None:
        super().__init__(detail, pointer=pointer)
        self.position = position


class JSONTooLarge(StrictJSONError):
    """There are more bytes than the limit allows."""

    status = 413
    slug = "too-large"
    title = "The JSON is too large"


class _Refused:
    """Stands in the parsed tree for something refused, until the walk finds out where that is."""

    def __init__(self, why: str, member: str | None = None) -> None:
        self.why = why
        self.member = member


def loads(data: bytes, *, limit: int, depth: int = DEPTH) -> object:
    """Parse one JSON text of at most ``limit`` bytes and ``depth`` nested arrays and objects.

    Raises:
        JSONTooLarge: ``data`` is longer than ``limit`` (413).
        StrictJSONError: no JSON, or duplicate names, NaN or infinities, integers beyond 64 bits, NUL, lone
            surrogates, a byte order mark, invalid UTF-8, too deep (400).
    """
    if len(data) > limit:
        raise JSONTooLarge(f"The JSON has {len(data)} bytes; the limit is {limit}.")
    text = _decode(data)
    _measure_depth(text, depth)
    values = _Values()
    try:
        tree = json.loads(
            text,
            object_pairs_hook=values.object,
            parse_int=values.integer,
            parse_float=values.float,
            parse_constant=values.constant,
        )
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise StrictJSONError(f"{error.msg} at {where}.", position=error.pos) from None
    # Nothing else than an escape brings a text that cannot be stored: raw ones are no UTF-8, or no JSON.
    if values.are_refused or "\\u" in text:
        _check(tree, ())
    return tree


def loads_object(data: bytes, *, limit: int, depth: int = DEPTH) -> dict[str, object]:
    """Parse as ``loads`` does and refuse anything but an object at the top."""
    tree = loads(data, limit=limit, depth=depth)
    if not isinstance(tree, dict):
        raise StrictJSONError("The top level must be a JSON object.", pointer="")
    return tree


def pointer(path: Iterable[str | int]) -> str:
    """Return the JSON pointer to the member that ``path`` leads to (RFC 6901)."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


def _decode(data: bytes) -> str:
    if data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        raise StrictJSONError("The JSON begins with a byte order mark; send UTF-8 without one.", position=0)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise StrictJSONError(f"Byte {error.start} is not UTF-8.", position=error.start) from None


def _measure_depth(text: str, limit: int) -> None:
    """Count brackets before the parser, which recurses, sees them."""
    depth = 0
    for token in TOKEN.finditer(text):
        if token[0] in "[{":
            depth += 1
            if depth > limit:
                raise StrictJSONError(f"The JSON nests deeper than {limit}.", position=token.start())
        elif token[0] in "]}":
            depth -= 1


class _Values:
    """The hooks of one parse; ``are_refused`` says whether any value was."""

    def __init__(self) -> None:
        self.are_refused = False

    def object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any] | _Refused:
        members = dict(pairs)
        if len(members) == len(pairs):
            return members
        seen: set[str] = set()
        name = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        return self._refuse("The same name comes twice in one object.", name)

    def integer(self, digits: str) -> int | _Refused:
        # The length is looked at first: converting thousands of digits takes quadratic time.
        if len(digits) > 20 or not SMALLEST <= int(digits) <= LARGEST:
            return self._refuse("The integer does not fit 64 bits.")
        return int(digits)

    def float(self, text: str) -> Any:
        number = float(text)
        return self._refuse("The number is too large.") if math.isinf(number) else number

    def constant(self, name: str) -> _Refused:
        return self._refuse(f"{name} is not JSON.")

    def _refuse(self, why: str, member: str | None = None) -> _Refused:
        self.are_refused = True
        return _Refused(why, member)


# A number that was taken needs no place of its own, of which a megabyte may hold half a million.
WALKED = (str, dict, list, _Refused)


def _check(value: object, path: tuple[str | int, ...]) -> None:
    """Raise for the first refused value, with its place."""
    if isinstance(value, dict):
        for name, member in value.items():
            _check_text(name, path)
            _check(member, (*path, name))
    elif isinstance(value, list):
        for index, member in enumerate(value):
            if isinstance(member, WALKED):
                _check(member, (*path, index))
    elif isinstance(value, str):
        _check_text(value, path)
    elif isinstance(value, _Refused):
        _refuse(value.why, path if value.member is None else (*path, value.member))


def _check_text(text: str, path: tuple[str | int, ...]) -> None:
    if UNSTORABLE.search(text):
        _refuse("A text holds U+0000 or half of a surrogate pair.", path)


def _refuse(why: str, path: tuple[str | int, ...]) -> NoReturn:
    # A refused name may itself hold what no answer could carry and no record of the refusal could keep.
    place = UNSTORABLE.sub("?", pointer(path))
    raise StrictJSONError(why, pointer=place)
