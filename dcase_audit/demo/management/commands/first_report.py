from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from dcase_audit.demo import services


class Command(BaseCommand):
    help = "Wait for the report that the demo ordered, write it beside the demo's logins, and print where."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--patience", type=float, default=180.0, metavar="SECONDS")

    def handle(self, *args: Any, **options: Any) -> None:
        report = services.first_report(patience=options["patience"])
        if report is None:
            raise CommandError("the demo ordered no report here")
        page = f"{settings.PUBLIC_URL}/reports/{report.pk}/"
        path = services.write_first_report(report)
        if path is None:
            self.stdout.write(f"The first report is not made: {report.problem or 'it is still in work'} ({page})")
            return
        self.stdout.write(f"The first report: {path}")
        self.stdout.write(f"  {page} gives the same SHA-256 as: sha256sum {path}")
