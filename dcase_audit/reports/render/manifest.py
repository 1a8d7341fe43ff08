"""manifest.json: every value that the report prints, for machines; it travels inside the PDF."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from hashlib import sha256

from dcase_audit.reports.contents import ReportContents
from dcase_audit.reports.words import exact

SCHEMA = "dcase-report-manifest/1"
FILE_NAME = "manifest.json"


def manifest(contents: ReportContents) -> bytes:
    """Return the contents as JSON: UTF-8, keys sorted, moments in UTC. Equal contents give equal bytes."""
    document = {
        "schema": SCHEMA,
        **_plain(contents),
        "counts": {
            "leaves_by_status": {status.word: count for status, count in contents.leaf_counts.items()},
            "drill_occurrences": dict(contents.outcome_counts),
        },
    }
    return (json.dumps(document, ensure_ascii=False, sort_keys=True, indent=1) + "\n").encode()


def digest(document: bytes) -> str:
    """Return the SHA-256 that the cover prints."""
    return sha256(document).hexdigest()


def _plain(value: object) -> dict[str, object]:
    """Return a dataclass as what JSON can hold."""
    return {field.name: _json(getattr(value, field.name)) for field in fields(value)}  # type: ignore[arg-type]


def _json(value: object) -> object:
    if is_dataclass(value):
        return _plain(value)
    if isinstance(value, tuple):
        return [_json(item) for item in value]
    if isinstance(value, datetime):
        return exact(value)
    if isinstance(value, date):
        return value.isoformat()
    return value
