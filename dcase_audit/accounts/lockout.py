"""After too many failed logins for one name from one address, that pair waits; whether the name exists plays no part.

Runs on the machine's clock: a set clock of the domain opens no door.
"""

from __future__ import annotations

import hashlib
import logging
from datetime import UTC, datetime, timedelta

from django.db import connection, transaction

from dcase_audit.accounts.models import LoginFailures
from dcase_audit.trail.events import record

log = logging.getLogger("dcase_audit.security")

MOST_FAILURES = 10
WINDOW = timedelta(minutes=15)
COUNT = """
INSERT INTO accounts_loginfailures AS f (account_sha256, address, count, since, last_at)
VALUES (%(account)s, %(address)s, 1, %(now)s, %(now)s)
ON CONFLICT (account_sha256, address) DO UPDATE SET
    count = CASE WHEN f.last_at < %(expired)s THEN 1 ELSE f.count + 1 END,
    since = CASE WHEN f.last_at < %(expired)s THEN excluded.since ELSE f.since END,
    last_at = excluded.last_at
RETURNING f.count
"""


def is_locked(username: str, address: str) -> bool:
    """Tell whether this name may not be tried from this address now; trying on does not prolong the wait."""
    since = datetime.now(UTC) - WINDOW
    kept = LoginFailures.objects.filter(account_sha256=_digest(username), address=address)
    return kept.filter(count__gte=MOST_FAILURES, last_at__gte=since).exists()


@transaction.atomic
def count_failure(username: str, address: str) -> int:
    """Count a failed login and return how many there were in a row; old counts of others are dropped on the way."""
    now = datetime.now(UTC)
    LoginFailures.objects.filter(last_at__lt=now - WINDOW).exclude(account_sha256=_digest(username)).delete()
    with connection.cursor() as cursor:
        cursor.execute(COUNT, {"account": _digest(username), "address": address, "now": now, "expired": now - WINDOW})
        count: int = cursor.fetchone()[0]
    log.warning("login failed (%d in a row) from %s", count, address)
    if count == MOST_FAILURES:
        record("login.locked_out", f"address:{address}", failures=count)
    return count


def forget(username: str, address: str) -> None:
    """Start counting anew: somebody knew the password."""
    LoginFailures.objects.filter(account_sha256=_digest(username), address=address).delete()


def _digest(username: str) -> str:
    return hashlib.sha256(username.strip().lower().encode("utf-8", "surrogatepass")).hexdigest()
