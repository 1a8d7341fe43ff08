from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from dcase_audit import clock
from dcase_audit.cases.models import Case
from dcase_audit.errors import AuditError
from evidence.services import publish_edition


class Command(BaseCommand):
    help = "Put the draft of a case in force as its next edition."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug")

    def handle(self, *args: Any, **options: Any) -> None:
        case = Case.objects.filter(slug=options["slug"]).first()
        if case is None:
            raise CommandError(f"there is no case {options['slug']}")
        try:
            edition = publish_edition(case=case, actor=None, at=clock.now())
        except AuditError as refusal:
            raise CommandError(refusal.detail) from refusal
        self.stdout.write(f"{case.slug}: edition {edition.number} in force, sha256 {edition.sha256}")
