from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from dcase_audit.errors import AuditError
from dcase_audit.trail.redaction import redact


class Command(BaseCommand):
    help = "Forget for good what fields of an entry of the log say; the log still verifies, and an event says why."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("entry", type=int, help="the entry's number in the log")
        parser.add_argument("fields", nargs="+", metavar="FIELD", help="such as row.name_ja or context.reason")
        parser.add_argument("--reason", required=True, help="the legal ground, or whose request it was")
        parser.add_argument(
            "--demanded-by",
            default="",
            metavar="LAW",
            help="the law that demands the erasure of personal data: goes before a retention, not before a legal hold",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            forgotten = redact(
                entry=options["entry"],
                fields=options["fields"],
                reason=options["reason"],
                demanded_by=options["demanded_by"],
            )
        except AuditError as refusal:
            raise CommandError(refusal.detail) from refusal
        self.stdout.write(f"{forgotten} fields of entry {options['entry']} are forgotten.")
