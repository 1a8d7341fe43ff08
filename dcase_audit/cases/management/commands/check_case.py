"""Print what the grammar says of a case."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from dcase_audit.cases import grammar
from dcase_audit.cases.graph import Graph, load
from dcase_audit.cases.models import Case

LEVELS = ["error", "warning", "note"]


class Command(BaseCommand):
    help = "Check a case against a grammar profile: the edition in force, or the draft where there is no edition yet."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", metavar="SLUG")
        parser.add_argument("--profile", choices=sorted(grammar.PROFILES), default="lenient")
        parser.add_argument("--draft", action="store_true", help="check the draft")
        parser.add_argument("--fail-level", choices=LEVELS, help="exit 1 on findings of this severity or worse")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        case = Case.objects.filter(slug=options["slug"]).first()
        if case is None:
            raise CommandError(f"There is no case {options['slug']}.")
        graph, state = _state(case, draft=options["draft"])
        findings = grammar.check(graph, options["profile"])
        if options["json"]:
            self._write_json(case, state, options["profile"], findings)
        else:
            self._write(case, state, options["profile"], findings)
        level = options["fail_level"]
        if level and any(LEVELS.index(found.severity) <= LEVELS.index(level) for found in findings):
            raise CommandError(f"{case.slug} has findings of the severity {level} or worse.")

    def _write_json(self, case: Case, state: str, profile: str, findings: list[grammar.Finding]) -> None:
        report = {
            "case": case.slug,
            "state": state,
            "profile": profile,
            "count": len(findings),
            "findings": [asdict(found) for found in findings],
        }
        self.stdout.write(json.dumps(report, ensure_ascii=False, indent=1))

    def _write(self, case: Case, state: str, profile: str, findings: list[grammar.Finding]) -> None:
        for found in findings:
            self.stdout.write(f"{found.severity} {found.code} {found.node}: {found.message_en}")
        counts = Counter(found.severity for found in findings)
        told = ", ".join(f"{counts[severity]} {severity}s" for severity in grammar.Severity)
        self.stdout.write(f"{case.slug} ({state}) under {profile}: {len(findings)} findings ({told})")


def _state(case: Case, *, draft: bool) -> tuple[Graph, str]:
    graph = load(case)
    if draft or graph.edition == 0:
        return load(case, "draft"), "draft"
    return graph, f"edition {graph.edition}"
