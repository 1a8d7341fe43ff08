from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from dcase_audit import clock
from evidence.commands import moment
from evidence.sweeping import LaterThanNow, sweep


class Command(BaseCommand):
    help = "Settle what is due up to now; running it twice changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--at", type=moment, help="settle up to this moment only (not later than now)")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        now = clock.now()
        try:
            swept = sweep(now=options["at"] or now, clock_now=now)
        except LaterThanNow as refusal:
            raise CommandError(refusal.detail) from refusal
        if options["json"]:
            self.stdout.write(json.dumps(swept._asdict()))
            return
        self.stdout.write(
            f"{swept.cases} cases, {swept.changes} status changes, {swept.standings} artefacts,"
            f" {swept.resettled} settled anew"
        )
