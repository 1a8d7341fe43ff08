from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from dcase_audit.errors import AuditError
from dcase_audit.trail.published import log_files
from dcase_audit.trail.publishing import KEYS
from dcase_audit.trail.sequencer import Sequencer, publisher, stamping
from dcase_audit.trail.signing import Fork, Signer
from dcase_audit.trail.tlog.succession import format_terms


class Command(BaseCommand):
    help = "Drain the outbox into the log, sign it and have it witnessed, until SIGTERM or SIGINT; a second one waits."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--key", action="store_true", help="make the log's key where there is none; print its public half"
        )

        parser.add_argument("--output", type=Path, metavar="FILE", help="with --key: write it into a file as well")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.DATABASE_ROLE != "sequencer":
            raise CommandError("the sequencer connects as dcase_sequencer: DATABASE_ROLE=sequencer")
        if options["key"]:
            keys = _keys()
            try:
                log_files().replace(KEYS, keys.encode())
            except AuditError as refusal:
                raise CommandError(refusal.detail) from refusal
            if options["output"]:
                options["output"].write_text(keys)
            self.stdout.write(keys.strip())
            return
        # Settings that cannot be used end it here and not later.
        stamping()
        stopped = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopped.set())
        Sequencer(publisher, stamping, stopped).run()


def _keys() -> str:
    try:
        return format_terms(Signer(settings.TRAIL_SIGNER_DIR, settings.TRAIL_ORIGIN).keyring.terms)
    except Fork as fork:
        raise CommandError(str(fork)) from fork
