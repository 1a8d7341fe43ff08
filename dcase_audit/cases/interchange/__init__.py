"""Formats in which cases come and go, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from dcase_audit.cases.graph import Graph
from dcase_audit.cases.interchange import reference
from dcase_audit.cases.interchange.parsed import CaseFileRefused, NotCarried, ParsedCase

__all__ = ["FORMATS", "CaseFileRefused", "Format", "NotCarried", "ParsedCase"]


@dataclass(frozen=True)
class Format:
    """How one format is read and, where it can be, written. ``parse`` raises ``CaseFileRefused`` and nothing else."""

    name: str
    parse: Callable[[bytes], ParsedCase]
    export: Callable[[Graph], dict[str, Any]] | None = None


FORMATS: Mapping[str, Format] = {
    known.name: known for known in (Format(reference.NAME, reference.parse, reference.export),)
}
