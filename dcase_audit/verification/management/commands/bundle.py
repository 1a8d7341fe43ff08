from __future__ import annotations

from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from dcase_audit.cases.models import Case
from dcase_audit.errors import AuditError
from dcase_audit.trail.events import record
from dcase_audit.verification import bundles, sampling
from evidence.commands import moment


class Command(BaseCommand):
    help = "Write everything that a verifier needs of a case's history: a ZIP for verify.py."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug")
        parser.add_argument(
            "--at", type=moment, help="the moment that the verifier is asked about, noted in the bundle"
        )
        parser.add_argument("--output", type=Path, required=True)
        parser.add_argument(
            "--sample",
            type=count,
            metavar="N",
            help="leave out files but those of N acceptances, which the next witnessed checkpoint draws",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        case = Case.objects.filter(slug=options["slug"]).first()
        if case is None:
            raise CommandError(f"there is no case {options['slug']}")
        sample = None if options["sample"] is None else ordered(case, options["sample"])
        record("bundle.exported", f"case:{case.pk}", at=options["at"])
        try:
            with options["output"].open("wb") as file:
                snapshot = bundles.write([case], file, at=options["at"], sample=sample)
        except AuditError as refusal:
            options["output"].unlink(missing_ok=True)
            raise CommandError(refusal.detail) from refusal
        self.stdout.write(f"{options['output']}: {options['output'].stat().st_size:,} bytes, {snapshot.size:,} events")
        for line in snapshot.sample.lines() if snapshot.sample else ():
            self.stdout.write(line)


def ordered(case: Case, count: int) -> sampling.Order:
    try:
        return sampling.order(case=case, count=count)
    except AuditError as refusal:
        raise CommandError(refusal.detail) from refusal


def count(text: str) -> int:
    """Read how many acceptances are drawn."""
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise ArgumentTypeError(f"{text!r} is no such number. {sampling.SIZE_REFUSED}")
    return int(text)
