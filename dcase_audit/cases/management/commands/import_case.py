"""Import a case from a file as its draft; print what could not be carried."""

from __future__ import annotations

import json
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from dcase_audit import clock
from dcase_audit.cases import grammar, services
from dcase_audit.cases.interchange import FORMATS, ParsedCase
from dcase_audit.errors import AuditError, Invalid
from dcase_audit.trail.context import on_behalf_of


class Command(BaseCommand):
    help = "Import a case as a draft and print what could not be carried. A refused file stores nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--format", choices=sorted(FORMATS), default="dcase-reference/1")
        parser.add_argument("--profile", choices=sorted(grammar.PROFILES), help="refuse a file with errors under it")
        parser.add_argument("--slug", help="the case's name here (default: the one in the file)")
        parser.add_argument("--actor", help="whom the trail names (default: the operating-system user)")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            data = options["file"].read_bytes()
        except OSError as error:
            raise CommandError(f"{options['file']}: {error.strerror}") from None
        try:
            with on_behalf_of(options["actor"]) if options["actor"] else nullcontext():
                report = self._import(data, options)
        except AuditError as refusal:
            if options["json"]:
                self._write_json({"refused": {"pointer": refusal.pointer or "", "detail": refusal.detail}})
            raise CommandError(f"Refused, nothing was stored. {refusal.detail}") from None
        if options["json"]:
            self._write_json(report)
        else:
            self._write(report)

    def _import(self, data: bytes, options: dict[str, Any]) -> dict[str, Any]:
        parsed = FORMATS[options["format"]].parse(data)
        findings = _findings(parsed, options["profile"])
        left = [*parsed.not_carried, *services.kept_parties(parsed)]
        slug = options["slug"] or parsed.case.slug
        case = services.import_case(parsed, slug=slug, actor=None, at=clock.now())
        return {
            "case": case.slug,
            "nodes": len(parsed.case.nodes),
            "links": len(parsed.case.links),
            "criteria": sum(node.criterion is not None for node in parsed.case.nodes),
            "not_carried": [asdict(line) for line in left],
            "findings": [asdict(found) for found in findings],
        }

    def _write_json(self, report: dict[str, Any]) -> None:
        self.stdout.write(json.dumps(report, ensure_ascii=False, indent=1))

    def _write(self, report: dict[str, Any]) -> None:
        self.stdout.write("{case}: {nodes} nodes, {links} links, {criteria} criteria are in the draft".format(**report))
        for line in report["not_carried"]:
            self.stdout.write("not carried: {place}: {what}".format(**line))
        for line in report["findings"]:
            self.stdout.write("{severity} {code} {node}: {message_en}".format(**line))


def _findings(parsed: ParsedCase, profile: str | None) -> list[grammar.Finding]:
    """Return what the grammar says of the file; a profile that was asked for refuses its errors."""
    findings = grammar.check(parsed.case, profile or "lenient")
    if profile and (errors := grammar.errors(findings)):
        listed = "\n".join(f"{found.code} {found.node}: {found.message_en}" for found in errors)
        raise Invalid(f"It has {len(errors)} errors under {profile}:\n{listed}")
    return findings
