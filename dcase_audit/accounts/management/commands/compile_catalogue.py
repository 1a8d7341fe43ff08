from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from dcase_audit.accounts import catalogue


class Command(BaseCommand):
    help = "Bring the Japanese catalogue up to the sources and compile it; needs Babel, which installations do without."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="change nothing; exit 1 where the catalogue is behind")

    def handle(self, *args: Any, **options: Any) -> None:
        problems = catalogue.check() if options["check"] else catalogue.update()
        for problem in problems:
            self.stdout.write(problem)
        if problems:
            raise CommandError(f"{len(problems)} texts want a translator.")
