"""How to get in: the demo's password and token, kept for whoever runs it, and the results that are ready to be sent."""

from __future__ import annotations

import json
import os
import secrets
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.conf import settings

from dcase_audit.accounts.authentication import SECRET
from dcase_audit.demo import drill_plans, drill_records
from dcase_audit.demo.reference import parsed
from dcase_audit.demo.year import SATURDAY, Year
from dcase_audit.errors import Invalid

FAILED, PASSED = "failed-market-drill.json", "passed-market-drill.json"


class Logins(NamedTuple):
    """Every person's password and the machine's token; they open a made-up exchange and nothing else."""

    password: str
    token: str


def choose() -> Logins:
    """Return the logins of a new demo: ``DEMO_PASSWORD`` and ``DEMO_TOKEN``, random ones where these are unset.

    Raises:
        Invalid: ``DEMO_TOKEN`` does not look like a token (422).
    """
    token = os.environ.get("DEMO_TOKEN") or f"dca_{secrets.token_urlsafe(32)}"
    if not SECRET.fullmatch(token.encode()):
        raise Invalid("DEMO_TOKEN has to be dca_ and 43 letters, digits, - or _")
    return Logins(os.environ.get("DEMO_PASSWORD") or secrets.token_urlsafe(12), token)


def home() -> Path:
    """Return where the demo's own files are."""
    return Path(settings.DATA_DIR) / "demo"


def keep(logins: Logins) -> None:
    """Keep the logins for this machine's user alone, so that a later start can print them again."""
    home().mkdir(mode=0o700, parents=True, exist_ok=True)
    path = home() / "logins.json"
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(logins._asdict(), file)


def kept() -> Logins | None:
    """Return the logins that were kept; None where the demo was made with another data directory."""
    path = home() / "logins.json"
    return Logins(**json.loads(path.read_text())) if path.exists() else None


def write_results(now: datetime) -> None:
    """Write two results of the drill with the participants: last week's, which failed, and a retest that passed."""
    zone = ZoneInfo(parsed().case.timezone)
    held_at = Year(now, zone).weekday(-1, SATURDAY, "09:00")
    gone_wrong = "照合の途中で板情報の不一致が見つかり、再開を中断した。再送した注文の一部が二重に受け付けられた"
    failed = drill_records.market(held_at, zone, {}, told=24, restored=151, derivatives=gone_wrong)
    passed = drill_records.market(now.replace(microsecond=0) - timedelta(hours=5), zone, {}, told=11, restored=92)
    home().mkdir(mode=0o700, parents=True, exist_ok=True)
    (home() / FAILED).write_bytes(drill_records.as_bytes(failed))
    (home() / PASSED).write_bytes(drill_records.as_bytes(passed))


def upload(file: str, token: str) -> str:
    """Return the command that sends a result of the drill with the participants, ready to be pasted into a shell."""
    address = f"{settings.PUBLIC_URL}/api/v1/drills/{drill_plans.MARKET}/results"
    return " \\\n    ".join(
        (
            f"curl -X POST {address}",
            f"-H 'Authorization: Bearer {token}'",
            f"-H 'Idempotency-Key: {Path(file).stem}'",
            "-H 'Content-Type: application/json'",
            f"--data-binary '@{home() / file}'",
        )
    )
