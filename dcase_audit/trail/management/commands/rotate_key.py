from __future__ import annotations

import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from dcase_audit.errors import AuditError
from dcase_audit.trail import rotation
from dcase_audit.trail.context import current
from dcase_audit.trail.signing import Fork, Signer
from dcase_audit.trail.tlog.policy import SIZES
from dcase_audit.trail.tlog.succession import ALL, ANNOUNCED, RETIRED, Term

LOOK_AGAIN = 0.1
NEXT = {
    1: "One key signs. `rotate_key --announce` lets another follow it.",
    2: "Both keys sign. Once every witness and every verifier has the new one, `rotate_key --retire` ends the old one.",
}


class Command(BaseCommand):
    help = (
        "Change the log's key, in two steps, which the sequencer takes: --announce a new one, beside which the old one"
        " goes on signing, and --retire the old one once everybody has the new one. Without a step: say how it stands."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        steps = parser.add_mutually_exclusive_group()
        steps.add_argument("--announce", dest="step", action="store_const", const=ANNOUNCED)
        steps.add_argument("--retire", dest="step", action="store_const", const=RETIRED)
        parser.add_argument("--reason", default="", help="why; it is part of the log")
        parser.add_argument("--wait", type=float, default=60, help="seconds to wait for the sequencer (60)")

    def handle(self, *args: Any, **options: Any) -> None:
        step = options["step"]
        if step is not None:
            try:
                rotation.ask(_signer(), step, os_user=current("os_user") or "", reason=options["reason"])
            except AuditError as refusal:
                raise CommandError(refusal.detail) from refusal
            ends = time.monotonic() + options["wait"]
            while rotation.request_of(_signer()) is not None and time.monotonic() < ends:
                time.sleep(LOOK_AGAIN)
        signer = _signer()
        if (request := rotation.request_of(signer)) is not None:
            self.stdout.write(f"The sequencer has not taken the step yet ({request.step}); it will when it runs.")
        self.stdout.write("What a policy says of this log:")
        for term in signer.keyring.terms:
            self.stdout.write(f"  {_policy_line(term)}")
        self.stdout.write(NEXT[len(signer.keyring.living)])


def _signer() -> Signer:
    if not (settings.TRAIL_SIGNER_DIR / "log.key").exists():
        raise CommandError(f"{settings.TRAIL_SIGNER_DIR} holds no key: this runs where the sequencer does")
    try:
        return Signer(settings.TRAIL_SIGNER_DIR, settings.TRAIL_ORIGIN)
    except Fork as fork:
        raise CommandError(str(fork)) from fork


def _policy_line(term: Term) -> str:
    sizes = "" if term.sizes == ALL else f" {SIZES}{term.sizes.format()}"
    return f"log {term.key.vkey()}{sizes}"
