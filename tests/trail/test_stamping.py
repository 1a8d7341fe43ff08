"""Published checkpoints are time-stamped: when, once each, and without keeping anybody waiting."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.x509 import load_pem_x509_certificates
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import connection
from pytest_django import Settings

from dcase_audit.trail import sequencer, stamping
from dcase_audit.trail.events import record
from dcase_audit.trail.publishing import Publisher
from dcase_audit.trail.stamping import Rhythm, Stamping, deciding
from dcase_audit.trail.timestamping import authority_of
from dcase_audit.trail.tlog.tiles import TileMissing
from evidence.models import Decision
from tests.server import sequencing
from tests.trail.authorities import Server, Stamper, serving, stamping_with
from tests.trail.test_publishing import happen, new, published, sequenced

pytestmark = [pytest.mark.django_db, pytest.mark.openssl]

DAY = Rhythm(timedelta(days=1), timedelta(hours=1), 20)
PATIENCE = 30.0


@pytest.fixture(scope="module")
def stamper(tmp_path_factory: pytest.TempPathFactory) -> Stamper:
    return Stamper(tmp_path_factory.mktemp("tsa"))


@pytest.fixture
def tsa(stamper: Stamper) -> Iterator[Server]:
    with serving(stamping_with(stamper)) as server:
        yield server


@pytest.fixture
def second(stamper: Stamper) -> Iterator[Server]:
    with serving(stamping_with(stamper)) as server:
        yield server


@pytest.fixture
def publisher(tmp_path: Path) -> Publisher:
    return new(tmp_path)


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """Let time pass for whoever asks when the last token came."""
    passed = [timedelta(0)]
    monkeypatch.setattr(stamping, "_now", lambda: datetime.now(UTC) + passed[0])

    def pass_(span: timedelta) -> None:
        passed[0] += span

    return pass_


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at every turn, and try again at once."""
    monkeypatch.setattr(stamping, "LOOK_EVERY", 0.0)
    monkeypatch.setattr(stamping, "AGAIN_AFTER", 0.0)


def stamping_by(
    publisher: Publisher, *servers: Server, rhythm: Rhythm = DAY, stamper: Stamper | None = None
) -> Stamping:
    """Return what a new process stamps with."""
    roots = load_pem_x509_certificates(stamper.root.read_bytes()) if stamper else []
    made = Stamping(publisher.store, [authority_of(server.url) for server in servers], DAY, roots)
    with sequencing():
        made.resume()
    return made


def look(found: Stamping, until: Callable[[], bool], what: str) -> None:
    """Turn as the sequencer's loop does until something has happened."""
    ends = time.monotonic() + PATIENCE
    while not until():
        assert time.monotonic() < ends, f"waited {PATIENCE:.0f} s for {what}"
        with sequencing():
            found.look()
        time.sleep(0.01)


def look_once_more(found: Stamping) -> None:
    """Turn once more, and on until what was asked in that turn, if anything was, is answered."""
    with sequencing():
        found.look()
    look(found, lambda: not any(one.is_asked for one in found._standings.values()), "an answer")


def log_of(publisher: Publisher, *numbers: int) -> int:
    happen(*numbers)
    size = sequenced()
    published(publisher)
    return size


def tokens() -> list[tuple[int, str, int, bytes]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT size, authority, number, response FROM trail.token ORDER BY size, number")
        return [(size, authority, number, bytes(response)) for size, authority, number, response in cursor.fetchall()]


def sizes() -> list[int]:
    return [size for size, *_ in tokens()]


def test_the_newest_checkpoint_is_stamped_and_the_token_published(
    publisher: Publisher, tsa: Server, stamper: Stamper
) -> None:
    log_of(publisher, 1)
    size = log_of(publisher, 2)
    found = stamping_by(publisher, tsa, stamper=stamper)

    look(found, lambda: bool(tokens()), "a token")

    ((stamped, authority, number, response),) = tokens()
    assert (stamped, authority, number) == (size, tsa.url.removeprefix("http://"), 1)
    assert publisher.store.get(f"timestamps/{size:012}.tsr") == response
    assert stamper.verifies(response, published(publisher).stamped)


def test_a_size_is_stamped_once_however_often_it_is_published(
    publisher: Publisher, tsa: Server, later: Callable[[timedelta], None]
) -> None:
    size = log_of(publisher, 1)
    found = stamping_by(publisher, tsa)
    look(found, lambda: sizes() == [size], "a token")

    later(timedelta(days=3))
    published(publisher)
    look_once_more(found)
    look_once_more(stamping_by(publisher, tsa))

    assert sizes() == [size]
    assert len(tsa.queries) == 1


def test_what_decides_nothing_waits_for_the_interval(
    publisher: Publisher, tsa: Server, later: Callable[[timedelta], None]
) -> None:
    first = log_of(publisher, 1)
    found = stamping_by(publisher, tsa)
    look(found, lambda: sizes() == [first], "a token")

    second = log_of(publisher, 2)
    look_once_more(found)
    later(timedelta(hours=23))
    look_once_more(found)
    assert sizes() == [first]
    later(timedelta(hours=1, seconds=1))
    look(found, lambda: sizes() == [first, second], "the day's token")


def test_a_decision_waits_for_the_pause_alone(
    publisher: Publisher, tsa: Server, later: Callable[[timedelta], None]
) -> None:
    first = log_of(publisher, 1)
    found = stamping_by(publisher, tsa)
    look(found, lambda: sizes() == [first], "a token")

    record("revision.accepted", "revision:1")
    second = log_of(publisher, 2)
    look_once_more(found)
    assert sizes() == [first]
    later(timedelta(hours=1, seconds=1))
    look(found, lambda: sizes() == [first, second], "the decision's token")

    later(timedelta(hours=2))
    log_of(publisher, 3)
    look_once_more(found)
    assert sizes() == [first, second]


def test_what_decides_is_every_decision_but_the_submission_and_every_edition() -> None:
    kinds = {f"revision.{kind}" for kind in Decision.Kind.values} - {"revision.submitted"}

    assert set(deciding()) == kinds | {"edition.published"}


def test_a_clock_that_was_set_back_keeps_nobody_waiting(
    publisher: Publisher, tsa: Server, later: Callable[[timedelta], None]
) -> None:
    first = log_of(publisher, 1)
    found = stamping_by(publisher, tsa)
    look(found, lambda: sizes() == [first], "a token")

    later(timedelta(days=-400))
    second = log_of(publisher, 2)

    look(found, lambda: sizes() == [first, second], "another token")


def test_two_authorities_stamp_one_checkpoint(publisher: Publisher, tsa: Server, second: Server) -> None:
    size = log_of(publisher, 1)
    found = stamping_by(publisher, tsa, second)

    look(found, lambda: len(tokens()) == 2, "two tokens")

    names = {tsa.url.removeprefix("http://"), second.url.removeprefix("http://")}
    assert {authority for _, authority, _, _ in tokens()} == names
    kept = {number: response for _, _, number, response in tokens()}
    assert publisher.store.get(f"timestamps/{size:012}.tsr") == kept[1]
    assert publisher.store.get(f"timestamps/{size:012}-2.tsr") == kept[2]


def test_an_empty_log_is_not_stamped(publisher: Publisher, tsa: Server) -> None:
    with sequencing(), connection.cursor() as cursor:
        cursor.execute("INSERT INTO trail.checkpoint (size, root, note, published_at) VALUES (0, '', 'no note', now())")

    look_once_more(stamping_by(publisher, tsa))

    assert tsa.queries == []


# What an authority may do


def test_an_authority_that_hangs_keeps_neither_checkpoints_nor_others_waiting(
    publisher: Publisher, tsa: Server, second: Server, stamper: Stamper
) -> None:
    released = threading.Event()

    def hang(query: bytes) -> tuple[int, bytes]:
        released.wait(PATIENCE)
        return 200, stamper.answer(query)

    tsa.reply = hang
    size = log_of(publisher, 1)
    found = stamping_by(publisher, tsa, second)
    look(found, lambda: bool(tsa.queries) and sizes() == [size], "the other's token")

    began = time.monotonic()
    larger = log_of(publisher, 2)
    with sequencing():
        found.look()
    assert time.monotonic() - began < PATIENCE / 3

    released.set()
    look(found, lambda: len(tokens()) == 2, "the late token")
    assert sizes() == [size, size]
    assert larger > size and len(tsa.queries) == 1


FAILING: dict[str, Callable[[Stamper], Callable[[bytes], tuple[int, bytes]]]] = {
    "an error": lambda stamper: lambda query: (500, b"out of order"),
    "a refusal": lambda stamper: lambda query: (200, stamper.answer(b"nonsense")),
    "another status": lambda stamper: lambda query: (404, b"nothing here"),
    "garbage": lambda stamper: lambda query: (200, b"\x30\x80garbage"),
    "nothing": lambda stamper: lambda query: (200, b""),
    "a token over something else": lambda stamper: lambda query: (200, stamper.over(b"something else")),
    "a token of somebody else": lambda stamper: lambda query: (200, Stamper(stamper.home / "other").answer(query)),
}


@pytest.mark.parametrize("what", FAILING)
def test_what_is_no_good_is_said_and_asked_again(
    what: str, publisher: Publisher, tsa: Server, stamper: Stamper, caplog: pytest.LogCaptureFixture
) -> None:
    tsa.reply = FAILING[what](stamper)
    size = log_of(publisher, 1)
    found = stamping_by(publisher, tsa, stamper=stamper)

    with caplog.at_level(logging.WARNING, stamping.__name__):
        look(found, lambda: len(tsa.queries) >= 2 and bool(caplog.records), "a second attempt")
    tsa.reply = stamping_with(stamper)
    look(found, lambda: sizes() == [size], "a token after all")

    told = caplog.records[0]
    assert told.levelno == (logging.WARNING if what == "an error" else logging.CRITICAL)
    assert f"no time-stamp of {size} by {tsa.url.removeprefix('http://')}" in told.getMessage()


def test_attempts_become_rarer(
    publisher: Publisher, tsa: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tsa.reply = lambda query: (500, b"")
    log_of(publisher, 1)
    found = stamping_by(publisher, tsa)
    (standing,) = found._standings.values()
    waits = []

    monkeypatch.setattr(stamping, "AGAIN_AFTER", 30.0)
    for attempt in range(1, 9):
        look(found, lambda count=attempt: standing.failures == count, "an answer")  # type: ignore[misc]
        waits.append(standing.again_at - time.monotonic())
        look_once_more(found)
        standing.again_at = float("-inf")

    assert [round(wait, -1) for wait in waits] == [30, 60, 120, 240, 480, 960, 1800, 1800]
    assert len(tsa.queries) == 8


def test_an_authority_that_is_away_for_long_is_an_alarm(
    publisher: Publisher,
    tsa: Server,
    later: Callable[[timedelta], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    size = log_of(publisher, 1)
    found = stamping_by(publisher, tsa)
    look(found, lambda: sizes() == [size], "a token")
    tsa.reply = lambda query: (503, b"")
    log_of(publisher, 2)

    later(timedelta(days=1, hours=1))
    look(found, lambda: bool(caplog.records), "a warning")
    later(timedelta(days=1))
    look(found, lambda: caplog.records[-1].levelno == logging.CRITICAL, "an alarm")

    assert caplog.records[0].levelno == logging.WARNING


# Crashes


class Crash(Exception):
    """The process ends here."""


def crash(*args: Any, **kwargs: Any) -> Any:
    raise Crash


def test_a_token_that_was_kept_and_not_published_is_published_by_the_next_process(
    publisher: Publisher, tsa: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = log_of(publisher, 1)
    found = stamping_by(publisher, tsa)
    with monkeypatch.context() as patch:
        patch.setattr(publisher.store.__class__, "put_all", crash)
        with pytest.raises(Crash):
            look(found, lambda: False, "the crash")
    with pytest.raises(TileMissing):
        publisher.store.get(f"timestamps/{size:012}.tsr")

    look_once_more(stamping_by(publisher, tsa))

    ((_, _, _, response),) = tokens()
    assert publisher.store.get(f"timestamps/{size:012}.tsr") == response
    assert len(tsa.queries) == 1


def test_an_answer_that_no_process_took_is_asked_for_again(publisher: Publisher, tsa: Server) -> None:
    size = log_of(publisher, 1)
    ended = stamping_by(publisher, tsa)
    with sequencing():
        ended.look()

    found = stamping_by(publisher, tsa)
    look(found, lambda: bool(tokens()), "a token")
    look(ended, lambda: ended._standings[tsa.url.removeprefix("http://")].size == size, "the other's late answer")

    assert sizes() == [size]
    assert len(tsa.queries) == 2
    assert publisher.store.get(f"timestamps/{size:012}.tsr") == tokens()[0][3]


def test_a_restored_copy_without_a_token_that_was_published_goes_on(
    publisher: Publisher, tsa: Server, caplog: pytest.LogCaptureFixture
) -> None:
    size = log_of(publisher, 1)
    publisher.store.put_all([(f"timestamps/{size:012}.tsr", b"the token that was lost")])

    look_once_more(stamping_by(publisher, tsa))

    assert sizes() == [size]
    assert "another token" in caplog.text


# Settings


def test_no_authority_is_asked_unless_one_is_named(publisher: Publisher) -> None:
    log_of(publisher, 1)
    found = sequencer.stamping()

    look_once_more(found)

    assert tokens() == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TRAIL_TSA_URLS", ["ftp://tsa.example/"]),
        ("TRAIL_TSA_URLS", ["https://tsa.example/a", "https://me@tsa.example/a/"]),
        ("TRAIL_TSA_CERTIFICATES", "/nowhere.pem"),
        ("TRAIL_TSA_CERTIFICATES", __file__),
    ],
)
def test_settings_that_cannot_be_used_end_the_command(name: str, value: Any, settings: Settings) -> None:
    settings.DATABASE_ROLE = "sequencer"
    setattr(settings, name, value)

    with pytest.raises(ImproperlyConfigured):
        call_command("sequence")
