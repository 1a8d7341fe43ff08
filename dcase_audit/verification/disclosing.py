"""What a reader is shown of an entry: which of its fields are open, and that they are what the leaf commits to."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from dcase_audit.accounts.models import User
from dcase_audit.trail.capture import SECRETS
from dcase_audit.trail.encoding import SALT, commitment, root_of, root_of_commitments
from dcase_audit.verification.models import Entry
from dcase_audit.verification.scope import CLOSED
from evidence.models import Revision

# Of a confidential revision other departments see the reason and the hashes of its files.
CONFIDENTIAL = {
    "evidence_revision": frozenset({"row.note", "row.measures"}),
    "evidence_revisionfile": frozenset({"row.name", "row.source_url"}),
}
REVISION = {"evidence_revision": "row.id", "evidence_revisionfile": "row.revision_id"}


class Disclosing:
    """Tells for some entries, in at most one query, which fields of them the reader is shown."""

    def __init__(self, entries: Iterable[Entry], user: User) -> None:
        named = {text for entry in entries if (text := _revision(entry)) is not None}
        hidden = Revision.objects.filter(pk__in=named).exclude(confidentiality=Revision.Confidentiality.NORMAL)
        hidden = hidden.exclude(artefact__custodian__in=list(user.access.departments))
        self._withheld = {str(pk) for pk in hidden.values_list("pk", flat=True)} if named else set()

    def closed(self, entry: Entry) -> frozenset[str]:
        """Return the names of the fields that are not shown, whatever they hold."""
        table = table_of(entry)
        found = CLOSED | {f"row.{column}" for column in SECRETS.get(table, ())}
        return found | CONFIDENTIAL[table] if _revision(entry) in self._withheld else found

    def open(self, entry: Entry) -> dict[str, Any]:
        """Return the fields that are shown, as values."""
        closed = self.closed(entry)
        return {name: json.loads(text) for name, text in texts_of(entry).items() if name not in closed}

    def hidden(self, entry: Entry) -> list[str]:
        """Return the names of those that are not."""
        shown = texts_of(entry).keys() - self.closed(entry)
        return [name for name in entry.disclosure.names if name not in shown]


def texts_of(entry: Entry) -> dict[str, str]:
    """Return the texts of the fields; what was redacted is not among them."""
    said = entry.disclosure
    return {name: text for name, text in zip(said.names, said.texts, strict=True) if text is not None}


def table_of(entry: Entry) -> str:
    """Return the table of the entry's row; empty where the application speaks."""
    return entry.object.partition("/")[0] if entry.source == "row" else ""


def is_sound(entry: Entry) -> bool:
    """Tell whether the fields are those that the leaf commits to."""
    said, salts = entry.disclosure, bytes(entry.disclosure.salts)
    try:
        leaf = json.loads(bytes(entry.leaf))
        texts = [text for text in said.texts if text is not None]
        if len(texts) == len(said.names):
            return bool(leaf["fields"] == root_of(said.names, texts, salts))
        commitments = [
            bytes.fromhex(said.closed[name]) if text is None else commitment(name, text, _salt(salts, index))
            for index, (name, text) in enumerate(zip(said.names, said.texts, strict=True))
        ]
    except (KeyError, ValueError):
        return False
    return bool(leaf["fields"] == root_of_commitments(commitments))


def _salt(salts: bytes, index: int) -> bytes:
    return salts[SALT * index : SALT * (index + 1)]


def _revision(entry: Entry) -> str | None:
    """Return the key of the revision that the entry tells of, if its fields may be confidential."""
    name = REVISION.get(table_of(entry))
    return texts_of(entry).get(name) if name else None
