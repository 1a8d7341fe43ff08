from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from dcase_audit import clock
from dcase_audit.cases.models import Case
from dcase_audit.errors import AuditError
from dcase_audit.reports.assemble import contents
from dcase_audit.reports.render import render
from dcase_audit.trail.covering import covering_now
from evidence.commands import moment


class Command(BaseCommand):
    help = "Write the accountability report of a case as a PDF (unsigned), once a checkpoint covers what it says."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("--at", type=moment, help="the moment that the report is about (default: now)")
        parser.add_argument("--known", type=moment, help="count only what was recorded by then (default: now)")
        parser.add_argument("--language", choices=["ja", "en"], default="ja")
        parser.add_argument("--output", type=Path, required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        case = Case.objects.filter(slug=options["slug"]).first()
        if case is None:
            raise CommandError(f"there is no case {options['slug']}")
        now = clock.now()
        at, known = options["at"] or now, options["known"] or now
        if max(at, known) > now:
            raise CommandError("a report speaks of the past, not of the future")
        try:
            found = contents(
                case,
                at=at,
                known=known,
                language=options["language"],
                report_id=f"{case.slug}-{at:%Y%m%dT%H%MZ}",
                made_at=now,
                covering=covering_now(),
            )
            document = render(found)
        except AuditError as refusal:
            raise CommandError(refusal.detail or refusal.title) from refusal
        options["output"].write_bytes(document)
        self.stdout.write(f"{options['output']}: {len(document):,} bytes")
