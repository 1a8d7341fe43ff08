"""A small case to start from, and people who hold a role in a party."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from dcase_audit.accounts.models import Membership, Party, User
from dcase_audit.cases.interchange import ParsedCase, reference
from dcase_audit.cases.models import Case, Node
from dcase_audit.cases.services import import_case

NOW = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)
REFERENCE = Path(__file__).parents[2] / "dcase_audit" / "demo" / "case.json"


def text(name: str) -> dict[str, str]:
    return {"ja": f"{name}である", "en": f"{name} holds"}


def node(key: str, kind: str = "goal", **more: Any) -> dict[str, Any]:
    return {"id": key, "type": kind, "statement": text(key), "accountable": "service", **more}


def leaf(key: str, kind: str = "evidence", **criterion: Any) -> dict[str, Any]:
    asked = {"kinds": ["rule"], "minimum": 1, "max_age": "P1Y", **criterion}
    return node(key, kind, custodian="service", criterion=asked)


def small_case(**more: Any) -> dict[str, Any]:
    """Return the file of a case with one strategy, two goals and a leaf under each."""
    return {
        "schema": "dcase-reference/1",
        "id": "small",
        "title": {"ja": "小さなケース", "en": "A small case"},
        "timezone": "Asia/Tokyo",
        "departments": [
            {"id": "service", "name": {"ja": "運用部", "en": "Service"}},
            {"id": "development", "name": {"ja": "開発部", "en": "Development"}},
        ],
        "calendars": {"24x7": {"always": True}},
        "nodes": [
            node("G_1"),
            node("C_1", "context"),
            node("S_1", "strategy"),
            node("G_2"),
            node("G_3", accountable="development"),
            leaf("E_1", must_cover=["day", "night"], subjects=["manual"]),
            leaf("M_1", "monitor", kinds=["monitor-log"], silence="PT5M", calendar="24x7"),
        ],
        "links": [
            ["G_1", "in-context-of", "C_1"],
            ["G_1", "supported-by", "S_1"],
            ["S_1", "supported-by", "G_2"],
            ["S_1", "supported-by", "G_3"],
            ["G_2", "supported-by", "E_1"],
            ["G_3", "supported-by", "M_1"],
        ],
        **more,
    }


def parse(file: dict[str, Any]) -> ParsedCase:
    return reference.parse(json.dumps(file, ensure_ascii=False).encode())


def imported(file: dict[str, Any] | None = None) -> Case:
    file = file or small_case()
    return import_case(parse(file), slug=file["id"], actor=None, at=NOW)


def node_of(case: Case, key: str) -> Node:
    return case.nodes.get(key=key)


def person(username: str, party: str, role: str) -> User:
    """Return a person who has held ``role`` in the party for a year."""
    user: User = User.objects.create(username=username)
    Membership.objects.create(
        user=user, party=Party.objects.get(key=party), role=role, since=datetime.now(UTC) - timedelta(days=365)
    )
    return user
