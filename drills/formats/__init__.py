"""The formats in which drill results come, each with its reader and the most bytes it takes (docs/drill-formats.md)."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from dcase_audit.errors import AuditError
from drills.formats import chaostoolkit, ctrf, intoto, junit, native
from drills.results import ParsedResult


class Importer(NamedTuple):
    """Reads the bytes of one format; raises ``Malformed`` for whatever it cannot read, and nothing else."""

    parse: Callable[[bytes], ParsedResult]
    limit: int


IMPORTERS = {
    native.FORMAT: Importer(native.parse, native.LIMIT),
    "chaostoolkit": Importer(chaostoolkit.parse, chaostoolkit.LIMIT),
    "junit": Importer(junit.parse, junit.LIMIT),
    "ctrf": Importer(ctrf.parse, ctrf.LIMIT),
    "in-toto": Importer(intoto.parse, intoto.LIMIT),
}


class UnknownFormat(AuditError):
    """No reader is registered for the format."""

    status = 422
    slug = "unknown-format"
    title = "Results of this format cannot be read"


def importer(format: str) -> Importer:
    """Return the importer of ``format``.

    Raises:
        UnknownFormat: there is none (422).
    """
    if format not in IMPORTERS:
        raise UnknownFormat(f"The formats are: {', '.join(sorted(IMPORTERS))}.", pointer="/format")
    return IMPORTERS[format]
