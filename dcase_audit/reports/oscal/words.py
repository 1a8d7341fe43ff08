"""What every document is made of: identifiers that stay the same, times, properties, parties, references to files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from django.conf import settings

from dcase_audit.moments import say

JSON = dict[str, Any]

VERSION = "1.1.3"
NAMESPACE = "https://dcase-audit.example/ns/oscal"
# Names of OSCAL begin with a letter; keys may begin with a digit.
TOKEN, UNNAMEABLE = re.compile(r"[^\W\d][\w.-]*"), re.compile(r"[^\w.-]")


def address(path: str) -> str:
    """Return the address of something of this installation, from its path."""
    root: str = settings.PUBLIC_URL.rstrip("/")
    return root + path


def identity(path: str) -> str:
    """Return the UUID (version 5) of what has this path here: the same in every export."""
    return str(uuid5(NAMESPACE_URL, address(path)))


def token(key: str) -> str:
    """Return a key as a name of OSCAL: ``target:C_2`` is ``target-C_2``."""
    name = UNNAMEABLE.sub("-", key)
    return name if TOKEN.fullmatch(name) else f"_{name}"


def prop(name: str, value: str) -> JSON:
    return {"name": name, "ns": NAMESPACE, "value": value}


def line(text: str, otherwise: str) -> str:
    """Return the text on one line without margins, as a title has to be; ``otherwise`` where nothing is left."""
    return " ".join(text.split()) or otherwise


def metadata(title: str, *, at: datetime, version: str, parties: Iterable[tuple[str, str]], language: str) -> JSON:
    """Return the head of a document; ``parties``: key and name of each."""
    listed = [
        {"uuid": identity(f"/parties/{key}"), "type": "organization", "name": line(name, key)} for key, name in parties
    ]
    return {
        "title": line(title, "D-Case"),
        "last-modified": say(at),
        "version": version,
        "oscal-version": VERSION,
        "props": [prop("language", language)],
        **({"parties": listed} if listed else {}),
    }


def resource(path: str, *, title: str, sha256: str, media_type: str, description: str = "") -> JSON:
    """Return a file as the back matter lists it: where it is to be had, and the digest that it has to have."""
    return {
        "uuid": identity(path),
        "title": line(title, "file"),
        **({"description": description} if description else {}),
        "rlinks": [
            {
                "href": address(path),
                "media-type": media_type.partition(";")[0] or "application/octet-stream",
                "hashes": [{"algorithm": "SHA-256", "value": sha256}],
            }
        ],
    }


def listed(name: str, items: Sequence[JSON]) -> JSON:
    """Return the member, which OSCAL leaves out where nothing would be in it."""
    return {name: list(items)} if items else {}
