from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from dcase_audit import clock
from dcase_audit.cases.models import Case
from dcase_audit.errors import AuditError
from evidence import as_logged
from evidence.asof import CaseStatus, NodeView, case_status
from evidence.commands import moment, moment_or_size

NOT_STANDING = 3


class Command(BaseCommand):
    help = "Print every node of a case with status, stands, because, until; exit 3 if the top goal does not stand."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("--at", type=moment, help="the moment asked for (RFC 3339 with a zone; default: now)")
        parser.add_argument(
            "--known",
            type=moment_or_size,
            help="count only what was recorded by then: a moment, or a number of entries of the log (default: now)",
        )
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        case = Case.objects.filter(slug=options["slug"]).first()
        if case is None:
            raise CommandError(f"there is no case {options['slug']}")
        now = clock.now()
        known = options["known"] or now
        if isinstance(known, int):
            try:
                known = as_logged.known_by(case, known)
            except AuditError as refusal:
                raise CommandError(refusal.detail) from refusal
        found = case_status(case, at=options["at"] or now, known=known)
        if not found.nodes:
            raise CommandError(f"no edition of {case.slug} was in force then")
        self.stdout.write(
            json.dumps(as_json(found), ensure_ascii=False, indent=1) if options["json"] else as_text(found)
        )
        if not found.nodes[0].stands:
            raise SystemExit(NOT_STANDING)


def as_json(found: CaseStatus) -> dict[str, Any]:
    """Return the statuses as plain JSON values; times in UTC."""
    return {
        "case": found.case.slug,
        "at": found.at.isoformat(),
        "known": found.known.isoformat(),
        "checkpoint": as_logged.checkpoint_of(found.case, found.known),
        "edition": found.edition,
        "edition_sha256": found.edition_sha256,
        "rules_version": found.rules_version,
        "nodes": [node_json(node) for node in found.nodes],
    }


def node_json(node: NodeView) -> dict[str, Any]:
    return {
        "id": node.key,
        "kind": node.kind,
        "status": node.status.word if node.status is not None else None,
        "stands": node.stands,
        "since": node.since.isoformat() if node.since else None,
        "until": node.until.isoformat() if node.until else None,
        "because": list(node.because),
        "counts": node.counts,
        "counter_evidence": list(node.counter_evidence),
    }


def as_text(found: CaseStatus) -> str:
    """Return one line a node: key, status, until when, and why it does not stand."""
    zone = found.case.zone
    lines = [f"{found.case.slug} edition {found.edition} at {found.at.astimezone(zone):%Y-%m-%d %H:%M %Z}"]
    for node in found.nodes:
        if node.status is None:
            continue
        until = f"until {node.until.astimezone(zone):%Y-%m-%d %H:%M}" if node.until else ""
        why = "" if node.stands else " ".join(str(r.get("node") or r.get("reason")) for r in node.because)
        lines.append(f"{node.key:10} {node.status.word:12} {until:24} {why}".rstrip())
    return "\n".join(lines)
