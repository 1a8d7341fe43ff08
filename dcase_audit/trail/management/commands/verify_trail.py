from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from dcase_audit.errors import AuditError
from dcase_audit.trail.published import log_files
from dcase_audit.trail.publishing import KEYS
from dcase_audit.trail.selfcheck import Wrong, check
from dcase_audit.trail.tlog.succession import parse_terms
from dcase_audit.trail.tlog.tiles import TileMissing


class Command(BaseCommand):
    help = (
        "Rebuild the log from the database, compare it with the tiles and with what was signed; exit 1 names the first."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        files = log_files()
        try:
            size = check(files, parse_terms(files.get(KEYS).decode()))
        except TileMissing as missing:
            raise CommandError(f"{missing} is missing: no sequencer has run here", returncode=2) from missing
        except Wrong as wrong:
            raise CommandError(str(wrong)) from wrong
        except AuditError as refusal:
            raise CommandError(refusal.detail, returncode=2) from refusal
        self.stdout.write(f"{size:,} entries are as they were logged, published and signed.")
