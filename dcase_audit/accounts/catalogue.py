"""The Japanese catalogue and the sources: which texts there are, which are translated, and the compiled form.

English is the language of the sources. Read are Python files, templates, and those sentences of refusals that pages
show (``problem_words`` has their titles). Gettext is not needed: Babel reads and writes the files.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation.template import templatize

ROOT = Path(settings.BASE_DIR)
PO = ROOT / "dcase_audit" / "locale" / "ja" / "LC_MESSAGES" / "django.po"
MO = PO.with_suffix(".mo")
PACKAGES = ("dcase_audit", "evidence", "drills")
# Sentences of refusals are shown by pages where a form of a page leads to them.
SHOWN_BY_PAGES = (
    "drills/planning.py",
    "drills/services/findings.py",
    "drills/services/signing_off.py",
    "evidence/services",
    "evidence/storage/names.py",
    "drills/services/rules.py",
    "dcase_audit/notices/services.py",
    "dcase_audit/reports/services.py",
)
SOME_DAY = datetime(2026, 1, 1, tzinfo=UTC)
CALLS = {"_": 1, "gettext": 1, "gettext_lazy": 1, "ngettext": 2, "ngettext_lazy": 2}
IN_TEMPLATE = re.compile(
    r"""\b(?P<call>n?gettext|_)\(\s*u?(?P<one>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
    r"""(?:\s*,\s*u?(?P<many>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'))?"""
)
UNREAD_FIELDS = re.compile(rb'"(?:POT-|PO-R|Generated-|Last-T|Language-T|Report-M)[^\n]*\n')
PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[ds]")

Id = str | tuple[str, ...] | list[str]
Said = str | tuple[str, str]


def update() -> list[str]:
    """Add what the sources say to the catalogue, drop what they no longer say, compile it; return what is wrong."""
    catalogue, wanted = read(), texts()
    for known in [message.id for message in catalogue if message.id and _key(message.id) not in wanted]:
        catalogue.delete(_single(known))
    for text, places in wanted.items():
        found = catalogue.get(_single(text))
        catalogue.add(text, found.string if found is not None else "", locations=[(place, 0) for place in places])
    for message in catalogue:
        message.locations = [(place, 0) for place in wanted.get(_key(message.id), ())] if message.id else []
        message.flags.discard("fuzzy")
    catalogue.header_comment = "# Japanese texts; manage.py compile_catalogue brings them up to the sources."
    PO.write_bytes(as_po(catalogue))
    MO.write_bytes(as_mo(catalogue))
    return list(_untranslated(catalogue))


def check() -> list[str]:
    """Return what is wrong: texts without a translation or with other placeholders, and files that are behind."""
    catalogue, wanted = read(), set(texts())
    known = {_key(message.id) for message in catalogue if message.id}
    problems = [f"not in the catalogue: {text}" for text in sorted(map(str, wanted - known))]
    problems += [f"no source says: {text}" for text in sorted(map(str, known - wanted))]
    problems += _untranslated(catalogue)
    if not MO.exists() or MO.read_bytes() != as_mo(catalogue):
        problems.append(f"{MO.name} is not what {PO.name} compiles to")
    return problems


def read() -> Catalog:
    """Read the catalogue; an empty one where there is none."""
    if not PO.exists():
        return Catalog(locale="ja", domain="django", project="D-Case Audit", version="1", fuzzy=False)
    with PO.open("rb") as file:
        return read_po(file, locale="ja", domain="django")


def as_po(catalogue: Catalog) -> bytes:
    written = BytesIO()
    write_po(written, catalogue, width=120, sort_output=True, omit_header=False, ignore_obsolete=True)
    # Dates of the file's making would make every run differ; of the other fields nobody reads any.
    return UNREAD_FIELDS.sub(b"", written.getvalue())


def as_mo(catalogue: Catalog) -> bytes:
    written, compiled = BytesIO(), read_po(BytesIO(as_po(catalogue)), locale="ja", domain="django")
    # Babel puts dates into the header, whatever the text has.
    compiled.creation_date = compiled.revision_date = SOME_DAY
    write_mo(written, compiled)
    return written.getvalue()


def _untranslated(catalogue: Catalog) -> Iterator[str]:
    for message in catalogue:
        if message.id and not all(_strings(message)):
            yield f"not translated: {_single(message.id)}"
        elif message.id and _placeholders(message.id) != _placeholders(message.string):
            yield f"other placeholders: {_single(message.id)}"


def _strings(message: Message) -> tuple[str, ...]:
    return message.string if isinstance(message.string, tuple) else (str(message.string or ""),)


def _placeholders(text: Id | None) -> set[str]:
    parts = [text] if isinstance(text, str) else text or ()
    return {found for part in parts for found in PLACEHOLDER.findall(part)}


def _single(text: Id) -> str:
    return text if isinstance(text, str) else text[0]


def _key(text: Id) -> Said:
    return text if isinstance(text, str) else (text[0], text[1])


# The sources


def texts() -> dict[Said, list[str]]:
    """Return every text of the sources with the files that hold it."""
    found: dict[Said, list[str]] = {}
    for place, text in [*_in_python(), *_in_templates()]:
        places = found.setdefault(text, [])
        if place not in places:
            places.append(place)
    return _plurals_once(found)


def _plurals_once(found: dict[Said, list[str]]) -> dict[Said, list[str]]:
    """Drop single texts that are also said in the plural: the catalogue knows them by the singular."""
    plural = {text[0] for text in found if isinstance(text, tuple)}
    return {text: places for text, places in found.items() if isinstance(text, tuple) or text not in plural}


def _files(pattern: str) -> Iterator[tuple[str, Path]]:
    for package in (*PACKAGES, "templates"):
        for path in sorted((ROOT / package).rglob(pattern)):
            if "migrations" not in path.parts:
                yield path.relative_to(ROOT).as_posix(), path


def _in_python() -> Iterator[tuple[str, Said]]:
    for place, path in _files("*.py"):
        shown = place.startswith(SHOWN_BY_PAGES)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                yield from ((place, text) for text in _said(node))
            elif shown and isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
                yield from ((place, text) for text in _constants(node.exc, 1))


def _said(call: ast.Call) -> Iterator[Said]:
    name = call.func.id if isinstance(call.func, ast.Name) else ""
    if name in CALLS:
        words = _constants(call, CALLS[name])
        if len(words) == 2:
            yield words[0], words[1]
        elif words and CALLS[name] == 1:
            yield words[0]


def _constants(call: ast.Call, most: int) -> list[str]:
    found = []
    for argument in call.args[:most]:
        if not (isinstance(argument, ast.Constant) and isinstance(argument.value, str)):
            break
        found.append(argument.value)
    return found


def _in_templates() -> Iterator[tuple[str, Said]]:
    for place, path in _files("*.html"):
        for match in IN_TEMPLATE.finditer(templatize(path.read_text(encoding="utf-8"), origin=place)):
            one, many = (ast.literal_eval(text) if text else "" for text in (match["one"], match["many"]))
            yield place, ((one, many) if match["call"] == "ngettext" else one)
