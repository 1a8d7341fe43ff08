"""Have published checkpoints time-stamped by others (RFC 3161), beside the loop that publishes them.

What is slow is done in threads, one for each question; the loop takes their answers when it comes by. An authority that
is away, slow or wrong is an alarm and a later attempt, and keeps nobody waiting.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from queue import SimpleQueue
from threading import Thread
from typing import NamedTuple

from cryptography.x509 import Certificate
from django.apps import apps
from django.db import connection, transaction

from dcase_audit.buckets import StoreUnavailable
from dcase_audit.trail.published import LogFiles
from dcase_audit.trail.timestamping import Authority, StampRefused, StampUnavailable, Token, time_stamp
from dcase_audit.trail.tlog.local import FileDiffers
from dcase_audit.trail.tlog.notes import Note

log = logging.getLogger(__name__)

# Of one checkpoint, as many as there are names for.
MOST_TOKENS = 9
# Seconds between two looks at what was published, and to the next attempt after the first failure and the worst.
LOOK_EVERY = 1.0
AGAIN_AFTER, AGAIN_AT_LEAST_EVERY = 30.0, 1800.0

NEWEST = "SELECT size, note FROM trail.checkpoint WHERE size > 0 ORDER BY id DESC LIMIT 1"
LAST = "SELECT size, number, response, received_at FROM trail.token WHERE authority = %s ORDER BY size DESC LIMIT 1"
DECIDED = "SELECT EXISTS (SELECT FROM trail.log WHERE kind = ANY(%s) AND seq >= %s AND seq < %s)"
KEEP = """
INSERT INTO trail.token (size, authority, number, response, received_at)
SELECT %(size)s, %(authority)s, coalesce(max(number), 0) + 1, %(response)s, clock_timestamp()
FROM trail.token WHERE size = %(size)s
HAVING count(*) < %(most)s
ON CONFLICT DO NOTHING
"""


class Rhythm(NamedTuple):
    """How often: at least every ``interval`` where the log grew, and after a decision, but not before ``pause``."""

    interval: timedelta
    pause: timedelta
    # Seconds for a whole answer.
    timeout: float


class Answered(NamedTuple):
    """What came of a question: a token, or what went wrong."""

    authority: Authority
    size: int
    outcome: Token | StampRefused | StampUnavailable


@dataclass
class Standing:
    """How far an authority has come: the size that it stamped last, and when; what is asked of it now."""

    authority: Authority
    size: int = 0
    at: datetime | None = None
    is_asked: bool = False
    failures: int = 0
    again_at: float = field(default=float("-inf"))

    def is_overdue(self, rhythm: Rhythm) -> bool:
        return self.at is not None and _now() - self.at > 2 * rhythm.interval


class Stamping:
    """Keeps at most one token of each authority for each checkpoint; only the sequencer's leader has one."""

    def __init__(
        self, store: LogFiles, authorities: Sequence[Authority], rhythm: Rhythm, roots: Sequence[Certificate] = ()
    ) -> None:
        self._store = store
        self._rhythm = rhythm
        self._roots = roots
        self._answers: SimpleQueue[Answered] = SimpleQueue()
        self._look_at = float("-inf")
        self._unpublished: list[tuple[int, int, bytes]] = []
        self._standings = {authority.name: Standing(authority) for authority in authorities}

    def resume(self) -> None:
        """Begin where the last process ended; a token that it kept and did not publish is published."""
        for standing in self._standings.values():
            self._recall(standing)

    def _recall(self, standing: Standing) -> None:
        with connection.cursor() as cursor:
            cursor.execute(LAST, [standing.authority.name])
            found = cursor.fetchone()
        if found is not None:
            standing.size, number, response, standing.at = found
            self._publish(standing.size, number, bytes(response))

    def look(self) -> None:
        """Take in what was answered, and ask where it is time to. Waits for nobody."""
        while not self._answers.empty():
            self._take(self._answers.get())
        now = time.monotonic()
        if now < self._look_at:
            return
        self._look_at = now + LOOK_EVERY
        waiting, self._unpublished = self._unpublished, []
        for token in waiting:
            self._publish(*token)
        if self._unpublished:
            return
        free = [found for found in self._standings.values() if not found.is_asked and now >= found.again_at]
        if free and (newest := _newest()):
            for standing in free:
                if self._is_due(standing, newest[0]):
                    self._ask(standing, *newest)

    def _is_due(self, standing: Standing, size: int) -> bool:
        if size <= standing.size:
            return False
        age = self._rhythm.interval if standing.at is None else _now() - standing.at
        # A clock that was set back makes no authority wait.
        if age >= self._rhythm.interval or age < timedelta(0):
            return True
        return age >= self._rhythm.pause and _decided(standing.size, size)

    def _ask(self, standing: Standing, size: int, note: Note) -> None:
        def ask() -> None:
            outcome: Token | StampRefused | StampUnavailable
            try:
                outcome = time_stamp(standing.authority, note.stamped, self._roots, self._rhythm.timeout)
            except (StampRefused, StampUnavailable) as error:
                outcome = error
            except BaseException as error:
                # Even a panic of the library's: an authority without an answer would never be asked again.
                log.exception("asking %s failed", standing.authority.name)
                outcome = StampUnavailable(str(error))
            self._answers.put(Answered(standing.authority, size, outcome))

        standing.is_asked = True
        # Whoever stops the sequencer does not wait for an authority either.
        Thread(target=ask, name=f"time-stamp {standing.authority.name}", daemon=True).start()

    def _take(self, answered: Answered) -> None:
        standing = self._standings[answered.authority.name]
        standing.is_asked = False
        if isinstance(answered.outcome, Token):
            standing.failures = 0
            self._keep(standing, answered.size, answered.outcome)
            return
        wait = min(AGAIN_AFTER * 2**standing.failures, AGAIN_AT_LEAST_EVERY)
        standing.failures = min(standing.failures + 1, 16)
        standing.again_at = time.monotonic() + wait
        refused = isinstance(answered.outcome, StampRefused)
        log.log(
            logging.CRITICAL if refused or standing.is_overdue(self._rhythm) else logging.WARNING,
            "no time-stamp of %d by %s: %s; the next attempt is in %d s",
            answered.size,
            standing.authority.name,
            answered.outcome,
            wait,
        )

    def _keep(self, standing: Standing, size: int, token: Token) -> None:
        """Keep the token, and then publish it; one that is there already stays."""
        told: dict[str, str | int | bytes] = {
            "size": size,
            "authority": standing.authority.name,
            "response": token.response,
            "most": MOST_TOKENS,
        }
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(KEEP, told)
        self._recall(standing)

    def _publish(self, size: int, number: int, response: bytes) -> None:
        try:
            self._store.put_all([(timestamp_path(size, number), response)])
        except FileDiffers as error:
            # A copy of the database was restored that is older than the token; both are good.
            log.warning("another token of %d is published already: %s", size, error)
        except StoreUnavailable as error:
            # It is kept; until it is published too, nobody is asked for another.
            log.warning("the token of %d waits for the log's files: %s", size, error.detail)
            self._unpublished.append((size, number, response))


def timestamp_path(size: int, number: int) -> str:
    """Return under which name the token ``number`` (from 1) of a checkpoint is published, and is in a bundle."""
    return f"timestamps/{size:012}.tsr" if number == 1 else f"timestamps/{size:012}-{number}.tsr"


def ages() -> dict[str, float]:
    """Return for how many seconds each authority has given no token; of those alone that once gave one."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT authority, extract(epoch FROM clock_timestamp() - max(received_at))::float8 FROM trail.token"
            " GROUP BY authority ORDER BY authority"
        )
        return dict(cursor.fetchall())


def deciding() -> list[str]:
    """Return the kinds of events after which nobody should have to wait long: what apps name as ``decisions``."""
    return sorted({kind for app in apps.get_app_configs() for kind in getattr(app, "decisions", ())})


def _newest() -> tuple[int, Note] | None:
    with connection.cursor() as cursor:
        cursor.execute(NEWEST)
        found = cursor.fetchone()
    return (found[0], Note.parse(found[1].encode())) if found else None


def _decided(begin: int, end: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(DECIDED, [deciding(), begin, end])
        return bool(cursor.fetchone()[0])


def _now() -> datetime:
    return datetime.now(UTC)
