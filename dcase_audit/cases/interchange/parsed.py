"""What every importer gives back, and the one way in which it refuses."""

from __future__ import annotations

from dataclasses import dataclass

from dcase_audit.cases.graph import Graph
from dcase_audit.errors import Invalid


class CaseFileRefused(Invalid):
    """A file is not what it has to be (422). ``pointer`` names the place, "" where it is the file as a whole."""

    slug = "case-file-refused"
    title = "The case cannot be imported"

    def __init__(self, detail: str, *, pointer: str = "") -> None:
        super().__init__(detail, pointer=pointer)
        self.place = pointer


@dataclass(frozen=True)
class NotCarried:
    """Something in the file that the product has no room for; ``place`` is its JSON pointer."""

    place: str
    what: str


@dataclass(frozen=True)
class ParsedCase:
    """A case as its file has it, and what of the file stayed behind."""

    case: Graph
    not_carried: tuple[NotCarried, ...] = ()
