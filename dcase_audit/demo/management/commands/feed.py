from __future__ import annotations

import logging
import signal
import threading
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import InterfaceError, OperationalError, connection

from dcase_audit import clock
from dcase_audit.demo.feeding import feed

log = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Keep the demo's monitors heard until SIGTERM or SIGINT; only wait where the present is fixed or no demo is."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--every", type=float, default=60.0, metavar="SECONDS")

    def handle(self, *args: Any, **options: Any) -> None:
        stopped = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopped.set())
        while not stopped.is_set():
            if not settings.DEMO_NOW:
                _feed()
            stopped.wait(options["every"])


def _feed() -> None:
    """Feed once. A database that is away for a while is no reason to end what runs beside us."""
    try:
        feed(at=clock.now())
    except (OperationalError, InterfaceError) as error:
        log.warning("the demo's monitors were not fed: %s", error)
        connection.close()
