"""Wait for a checkpoint that covers what was committed: after it nobody, we included, can tell it otherwise unseen."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple, TypeVar

from django.conf import settings
from django.db import connection

from dcase_audit.errors import AuditError
from dcase_audit.trail.tlog.checkpoints import Checkpoint
from dcase_audit.trail.tlog.notes import Note, VerifierKey, verify
from dcase_audit.trail.tlog.policy import SAME_HOST

Found = TypeVar("Found")

LOOK_AGAIN = 0.2

LOGGED = "SELECT size FROM trail.head WHERE coalesce(trail.waiting_since() > %s, true)"
COVERING = """
SELECT size, note FROM trail.checkpoint WHERE size >= %s AND (witnessed_at IS NOT NULL OR NOT %s)
ORDER BY size, id LIMIT 1
"""


class NotWitnessed(AuditError):
    """The log does not reach up to what is asked for, within the time that it promises (503)."""

    status = 503
    slug = "not-witnessed"
    title = "The log is behind: no checkpoint covers this moment yet"


class Cosigner(NamedTuple):
    """A witness of the settings that cosigned, and when."""

    name: str
    is_independent: bool
    at: datetime


class Covering(NamedTuple):
    """A published checkpoint: how many entries it covers, and its signed note."""

    size: int
    note: bytes

    @property
    def root(self) -> bytes:
        return Checkpoint.parse(Note.parse(self.note).text).root

    def cosigners(self) -> list[Cosigner]:
        """Return the witnesses that the settings know whose cosignature is good.

        Raises:
            SignatureInvalid: one of theirs is not.
        """
        keys = {key.name: key for key in (VerifierKey.parse(line.split()[0]) for line in settings.TRAIL_WITNESSES)}
        note = Note.parse(self.note)
        if not {signature.name for signature in note.signatures} & keys.keys():
            return []
        found = verify(note, keys.values())
        return [
            Cosigner(name, not name.startswith(SAME_HOST), datetime.fromtimestamp(one.at, UTC))
            for one in found
            if one.at is not None and (name := one.signature.name)
        ]


def covering(size: int) -> Covering:
    """Return the smallest witnessed checkpoint that covers ``size`` entries, once there is one.

    Raises:
        NotWitnessed: there is none within the time that the log promises.
    """
    found = awaited(lambda: _one(COVERING, [size, bool(settings.TRAIL_WITNESSES)]))
    return Covering(found[0], found[1].encode())


def covering_now(*, meanwhile: Callable[[], object] = lambda: None) -> Covering:
    """Return the smallest witnessed checkpoint that covers all that was committed before the call.

    ``meanwhile`` is called at each look.

    Raises:
        NotWitnessed: there is none within the time that the log promises.
    """
    now: datetime = _one("SELECT clock_timestamp()", [])[0]

    def logged() -> Any:
        meanwhile()
        return _one(LOGGED, [now])

    return covering(awaited(logged)[0])


def awaited(look: Callable[[], Found | None]) -> Found:
    """Look again and again until there is something.

    Raises:
        NotWitnessed: there is nothing within the time that the log promises.
    """
    ends = time.monotonic() + settings.TRAIL_MERGE_DELAY
    while (found := look()) is None:
        if time.monotonic() > ends:
            raise NotWitnessed
        time.sleep(LOOK_AGAIN)
    return found


def _one(query: str, values: list[Any]) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return cursor.fetchone()
