"""The one process that turns the outbox into a log that others can check; a second one waits for its turn."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from cryptography.x509 import load_pem_x509_certificates
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import InterfaceError, OperationalError, connection

from dcase_audit.buckets import StoreUnavailable
from dcase_audit.trail import rotation
from dcase_audit.trail.published import log_files
from dcase_audit.trail.publishing import Publisher, WitnessAt
from dcase_audit.trail.sequencing import BATCH, Entry, Superseded, drain, take_over
from dcase_audit.trail.signing import Fork, Signer
from dcase_audit.trail.stamping import Rhythm, Stamping
from dcase_audit.trail.timestamping import authority_of
from dcase_audit.trail.tlog.notes import VerifierKey

log = logging.getLogger(__name__)

# Any number that no other lock of the product has.
LOCK = 0x7472_6169_6C
IDLE = 0.2
BETWEEN_CHECKPOINTS = 1.0
AT_LEAST_EVERY = 24 * 3600.0
ALARM_EVERY = 60.0
AGAIN = 2.0


class Sequencer:
    """Drains and publishes until ``stopped`` is set; ``ready`` is called when it is this one's turn."""

    def __init__(
        self, publisher: Callable[[], Publisher], stamping: Callable[[], Stamping], stopped: threading.Event
    ) -> None:
        self._make_publisher = publisher
        self._make_stamping = stamping
        self._stopped = stopped
        self._alarmed_at = 0.0

    def run(self) -> None:
        """Work until stopped; a database that is away for a while is waited for."""
        while not self._stopped.is_set():
            try:
                if self._is_my_turn():
                    self._lead()
            except Superseded:
                log.warning("another sequencer has taken over")
            except (OperationalError, InterfaceError) as error:
                log.warning("the database is away: %s", error)
            connection.close()
            self._stopped.wait(AGAIN)

    def _is_my_turn(self) -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
            return bool(cursor.fetchone()[0])

    def _lead(self) -> None:
        """Work as long as the lock, which goes with the connection, is ours."""
        epoch = take_over()
        publisher, stamping = self._resumed(), self._make_stamping()
        stamping.resume()
        # The first time at once: the one before may have ended between the log and its checkpoint.
        published_at, size = -AT_LEAST_EVERY, 0
        published: int | None = 0
        while not self._stopped.is_set():
            entries = drain(epoch)
            now = time.monotonic()
            if entries:
                size = entries[-1].leaf.seq + 1
            if publisher is not None:
                publisher, changed = self._keys_changed(publisher, epoch)
                size = changed.leaf.seq + 1 if changed else size
            is_new = size != published or publisher is None
            due = now - published_at >= (BETWEEN_CHECKPOINTS if is_new else AT_LEAST_EVERY)
            if publisher is None:
                publisher = self._resumed() if now - self._alarmed_at >= ALARM_EVERY else None
            if publisher is not None and due:
                publisher, is_out = self._published(publisher)
                published_at, published = now, size if is_out else None
            if publisher is not None:
                stamping.look()
            if len(entries) < BATCH:
                self._stopped.wait(IDLE)

    def _resumed(self) -> Publisher | None:
        try:
            publisher = self._make_publisher()
            publisher.resume()
        except Fork as fork:
            self._alarm(fork)
            return None
        return publisher

    def _keys_changed(self, publisher: Publisher, epoch: int) -> tuple[Publisher | None, Entry | None]:
        """Take a step of a change of keys, if one was asked for."""
        try:
            return publisher, rotation.advance(publisher.signer, epoch)
        except Fork as fork:
            self._alarm(fork)
            return None, None

    def _published(self, publisher: Publisher) -> tuple[Publisher | None, bool]:
        """Publish, and tell whether it is done; what a store does not take now is tried again soon."""
        try:
            publisher.publish()
        except Fork as fork:
            self._alarm(fork)
            return None, True
        except StoreUnavailable as error:
            log.warning("the log's files cannot be written, events are kept: %s", error.detail)
            return publisher, False
        return publisher, True

    def _alarm(self, fork: Fork) -> None:
        """Say so, go on keeping what comes, and sign nothing."""
        self._alarmed_at = time.monotonic()
        log.critical("NOTHING IS SIGNED: %s. Was a backup restored, or the log changed?", fork)


def publisher() -> Publisher:
    """Return the publisher that the settings describe.

    Raises:
        Fork: the signer's key is another log's.
    """
    signer = Signer(settings.TRAIL_SIGNER_DIR, settings.TRAIL_ORIGIN)
    witnesses = [
        WitnessAt(VerifierKey.parse(vkey), url) for vkey, url in (line.split() for line in settings.TRAIL_WITNESSES)
    ]
    return Publisher(log_files(), signer, witnesses)


def stamping() -> Stamping:
    """Return what has checkpoints time-stamped as the settings describe.

    Raises:
        ImproperlyConfigured: an address is none, or is there twice, or the certificates cannot be read.
    """
    try:
        authorities = [authority_of(address) for address in settings.TRAIL_TSA_URLS]
        path = settings.TRAIL_TSA_CERTIFICATES
        roots = load_pem_x509_certificates(Path(path).read_bytes()) if path else []
    except (OSError, ValueError) as error:
        raise ImproperlyConfigured(f"time-stamping authorities: {error}") from error
    if len({authority.name for authority in authorities}) != len(authorities):
        raise ImproperlyConfigured("TRAIL_TSA_URLS names one authority twice")
    rhythm = Rhythm(
        timedelta(seconds=settings.TRAIL_TSA_INTERVAL),
        timedelta(seconds=settings.TRAIL_TSA_PAUSE),
        settings.TRAIL_TSA_TIMEOUT,
    )
    return Stamping(log_files(), authorities, rhythm, roots)
