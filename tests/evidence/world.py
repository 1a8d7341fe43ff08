"""A small case in force, with artefacts whose facts a test can change through the services."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from dcase_audit.accounts.models import Party
from dcase_audit.cases.interchange import FORMATS
from dcase_audit.cases.models import Case, Node, NodeStatus, StatusChange
from dcase_audit.cases.services import import_case
from dcase_audit.cases.words import Status
from evidence import services
from evidence.asof import case_status
from evidence.models import Artefact, Kind, Revision, StoredFile, Subject
from evidence.services import FileIn
from evidence.storage import store_file

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def case_file(slug: str = "small", **changes: Any) -> dict[str, Any]:
    """Return a case whose top goal rests on two leaves of one strategy, an alternative and a monitor."""

    def node(key: str, kind: str = "goal", **more: Any) -> dict[str, Any]:
        return {
            "id": key,
            "type": kind,
            "statement": {"ja": f"{key}である", "en": f"{key} holds"},
            "accountable": "service",
            **more,
        }

    def leaf(key: str, kind: str = "evidence", **criterion: Any) -> dict[str, Any]:
        return node(key, kind, custodian="service", criterion={"kinds": ["rule"], "minimum": 1, **criterion})

    return {
        "schema": "dcase-reference/1",
        "id": slug,
        "title": {"ja": "小さなケース", "en": "A small case"},
        "timezone": "Asia/Tokyo",
        "departments": [{"id": "service", "name": {"ja": "運用部", "en": "Service"}}],
        "calendars": {"24x7": {"always": True}},
        "nodes": [
            node("G_1"),
            node("C_1", "context"),
            node("S_1", "strategy"),
            node("G_2"),
            node("G_3"),
            leaf("E_1", must_cover=["day", "night"], max_age="P30D", warn_before="P5D", subjects=["manual"]),
            leaf("E_2", max_age="P20D", warn_before="P3D"),
            leaf("M_1", "monitor", kinds=["monitor-log"], silence="PT6H", calendar="24x7"),
        ],
        "links": [
            ["G_1", "in-context-of", "C_1"],
            ["G_1", "supported-by", "S_1"],
            ["S_1", "supported-by", "G_2"],
            ["S_1", "supported-by", "G_3"],
            ["G_2", "supported-by", "E_1"],
            ["G_2", "supported-by", "E_2"],
            ["G_3", "supported-by", "E_2"],
            ["G_3", "supported-by", "M_1"],
        ],
        "reading_notes": [],
        **changes,
    }


class World:
    """The case with four artefacts: ``rule-a`` and ``rule-b`` for E_1, ``rule-c`` for E_2, ``log`` for M_1."""

    def __init__(self, slug: str = "small", at: datetime = START) -> None:
        for key, monitors in (("rule", False), ("drill-record", False), ("monitor-log", True)):
            Kind.objects.get_or_create(key=key, defaults={"name_ja": key, "name_en": key, "for_monitors": monitors})
        parsed = FORMATS["dcase-reference/1"].parse(json.dumps(case_file(slug)).encode())
        self.case: Case = import_case(parsed, slug=slug, actor=None, at=at)
        services.publish_edition(case=self.case, actor=None, at=at)
        self.service = Party.objects.get(key="service")
        self.subject, _ = Subject.objects.get_or_create(key="manual", defaults={"department": self.service})
        self.file: StoredFile = store_file(io.BytesIO(b"the rule"), media_type="text/plain", at=at)
        self.artefacts = {
            name: self._artefact(f"{slug}-{name}", "monitor-log" if name == "log" else "rule", at)
            for name in ("rule-a", "rule-b", "rule-c", "log")
        }

    def _artefact(self, key: str, kind: str, at: datetime) -> Artefact:
        return services.create_artefact(
            kind=Kind.objects.get(key=kind),
            key=key,
            title_en=key,
            custodian=self.service,
            owner=None,
            actor=None,
            at=at,
        )

    def node(self, key: str) -> Node:
        return Node.objects.get(case=self.case, key=key)

    def link(self, name: str, key: str, at: datetime = START) -> None:
        services.link(artefact=self.artefacts[name], node=self.node(key), actor=None, at=at)

    def submit(self, name: str, at: datetime, **values: Any) -> Revision:
        """Add a revision that applies from ``at`` and covers day and night, and hand it in."""
        values.setdefault("valid_from", at)
        values.setdefault("covers", ["day", "night"])
        values.setdefault("subjects", {"manual": {"version": "1", "digest": ""}})
        files = [FileIn(self.file, "rule.txt")]
        revision = services.add_revision(artefact=self.artefacts[name], actor=None, at=at, files=files, **values)
        services.submit(revision=revision, actor=None, at=at)
        return revision

    def accept(self, name: str, at: datetime, **values: Any) -> Revision:
        revision = self.submit(name, at, **values)
        services.accept(revision=revision, actor=None, at=at)
        return revision

    def stored(self) -> dict[str, Status]:
        found = NodeStatus.objects.filter(case=self.case).values_list("node__key", "status")
        return {key: Status(status) for key, status in found}

    def by_rule(self, at: datetime, known: datetime | None = None) -> dict[str, Status]:
        """Return the statuses as the rules say from the facts, without anything that was stored."""
        found = case_status(self.case, at=at, known=known or at)
        return {node.key: node.status for node in found.nodes if node.status is not None}

    def changes(self) -> list[tuple[Any, ...]]:
        """Return the history but for when it was recorded."""
        found = StatusChange.objects.filter(case=self.case).order_by("effective_at", "node__key")
        return list(found.values_list("node__key", "effective_at", "before", "after"))
