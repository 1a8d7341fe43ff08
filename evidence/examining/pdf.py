"""PDFs that run something, lead elsewhere or cannot be looked into: taken and flagged, since honest ones do so, too."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import Any, BinaryIO

from pypdf import PdfReader
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject

FLAGS = frozenset(
    {
        "pdf_actions",
        "pdf_attachments",
        "pdf_encrypted",
        "pdf_javascript",
        "pdf_launch",
        "pdf_links",
        "pdf_not_examined",
        "pdf_unreadable",
    }
)
LARGEST = 32 * 1024 * 1024
SECONDS = 1.0
# By the kind of an action (ISO 32000-2 section 12.6.4). Whoever only moves on the page needs no flag.
ACTIONS = {
    "/JavaScript": "pdf_javascript",
    "/Launch": "pdf_launch",
    "/URI": "pdf_links",
    "/GoToR": "pdf_links",
    "/SubmitForm": "pdf_links",
    "/ImportData": "pdf_actions",
}
MEMBERS = {"/JS": "pdf_javascript", "/AA": "pdf_actions", "/EmbeddedFiles": "pdf_attachments", "/EF": "pdf_attachments"}


def flags_of(stream: BinaryIO) -> set[str]:
    """Return what a reviewer should know of a PDF; large ones are examined in part, for a second at most."""
    if stream.seek(0, os.SEEK_END) > LARGEST:
        return {"pdf_not_examined"}
    stream.seek(0)
    found: set[str] = set()
    try:
        reader = PdfReader(stream)
        if reader.is_encrypted:
            return {"pdf_encrypted"}
        _look(reader, found, until=time.monotonic() + SECONDS)
    except Exception:
        # The library has no one error for what is spoilt, and a PDF that it cannot read may still be shown by another.
        found.add("pdf_unreadable")
    return found


def _look(reader: PdfReader, found: set[str], *, until: float) -> None:
    for thing in _objects(reader):
        if time.monotonic() > until:
            found.add("pdf_not_examined")
            return
        found |= set(_said(thing))


def _objects(reader: PdfReader) -> Iterator[Any]:
    """Yield every object of the file, those that nothing leads to included: another reader may find them."""
    for generation, numbers in reader.xref.items():
        for number in list(numbers):
            yield reader.get_object(IndirectObject(number, generation, reader))
    for number in list(reader.xref_objStm):
        yield reader.get_object(IndirectObject(number, 0, reader))


def _said(thing: Any) -> Iterator[str]:
    """Yield the flags of one object and of what lies inside it."""
    waiting = [thing]
    while waiting:
        each = waiting.pop()
        if isinstance(each, DictionaryObject):
            yield from _of_dictionary(each)
            waiting += [each.raw_get(name) for name in each]
        elif isinstance(each, ArrayObject):
            waiting += list.__iter__(each)


def _of_dictionary(each: DictionaryObject) -> Iterator[str]:
    for name in each:
        if name in MEMBERS:
            yield MEMBERS[name]
    kind = each.raw_get("/S") if "/S" in each else None
    if kind is not None and str(kind) in ACTIONS:
        yield ACTIONS[str(kind)]
    if "/OpenAction" in each:
        action = each.get("/OpenAction")
        action = action.get_object() if action is not None else None
        if isinstance(action, DictionaryObject) and action.get("/S") not in {"/GoTo", None}:
            yield "pdf_actions"
