from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from dcase_audit.trail.selfcheck import Wrong, check
from dcase_audit.trail.tlog.local import LocalTiles
from dcase_audit.trail.tlog.succession import parse_terms


class Command(BaseCommand):
    help = (
        "Rebuild the log from the database, compare it with the tiles and with what was signed; exit 1 names the first."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        path = settings.TRAIL_DIR / "log.vkey"
        if not path.exists():
            raise CommandError(f"{path} is missing: no sequencer has run here", returncode=2)
        try:
            size = check(LocalTiles(settings.TRAIL_DIR), parse_terms(path.read_text()))
        except Wrong as wrong:
            raise CommandError(str(wrong)) from wrong
        self.stdout.write(f"{size:,} entries are as they were logged, published and signed.")
