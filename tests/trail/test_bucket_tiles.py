"""The log's files in a bucket: written once but for two, in an order that tells nobody too early, through outages."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from pytest_django import Settings

from dcase_audit.buckets import Address, Bucket, StoreUnavailable
from dcase_audit.trail import stamping
from dcase_audit.trail.bucket_tiles import CHANGING, BucketTiles
from dcase_audit.trail.events import record
from dcase_audit.trail.published import log_files
from dcase_audit.trail.publishing import Publisher
from dcase_audit.trail.signing import Fork, Signer
from dcase_audit.trail.stamping import Stamping, timestamp_path
from dcase_audit.trail.tlog.local import FileDiffers
from dcase_audit.trail.tlog.tiles import TileMissing
from tests.buckets import S3, Asked, Place
from tests.server import sequencing
from tests.trail.authorities import Stamper, serving, stamping_with
from tests.trail.processes import ORIGIN, Sequencers, log_size, pending, wait_for
from tests.trail.test_publishing import happen, published, resume, sequenced, shown
from tests.trail.test_stamping import look, stamping_by


@pytest.fixture
def place(s3: S3) -> Place:
    return s3.place()


@pytest.fixture
def store(place: Place) -> BucketTiles:
    return at(place.below("trail"))


def at(url: str) -> BucketTiles:
    return BucketTiles(Bucket(Address.parse(url)))


def names(place: Place) -> list[str]:
    return [key.removeprefix("trail/") for key in place.shown()]


def written(place: Place) -> dict[str, int]:
    """Return how often each name was written."""
    found: dict[str, int] = {}
    for key, _ in place.versions():
        name = key.removeprefix("trail/")
        found[name] = found.get(name, 0) + 1
    return found


def test_a_file_comes_back_and_is_written_once(store: BucketTiles, place: Place) -> None:
    store.put_all([("tile/0/000", b"leaves")])
    store.put_all([("tile/0/000", b"leaves"), ("tile/entries/000", b"entries")])

    assert store.get("tile/0/000") == b"leaves"
    assert written(place) == {"tile/0/000": 1, "tile/entries/000": 1}


def test_other_bytes_under_the_same_name_are_refused_and_the_first_stay(store: BucketTiles, place: Place) -> None:
    store.put_all([("tile/0/000", b"leaves")])

    with pytest.raises(FileDiffers, match="tile/0/000"):
        store.put_all([("tile/0/001", b"more"), ("tile/0/000", b"others")])

    assert store.get("tile/0/000") == b"leaves"
    assert written(place)["tile/0/000"] == 1


def test_two_processes_at_once_write_each_file_once(place: Place) -> None:
    files = [(f"tile/0/{number:03}", str(number).encode()) for number in range(40)]
    threads = [
        threading.Thread(target=lambda: at(place.below("trail")).put_all(files)),
        threading.Thread(target=lambda: at(place.below("trail")).put_all(reversed(files))),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert written(place) == {name: 1 for name, _ in files}


def test_what_changes_is_replaced_and_nothing_else_is(store: BucketTiles, place: Place) -> None:
    for data in (b"1", b"2"):
        for name in (*CHANGING, "checkpoints/000000000001"):
            store.replace(name, data)

    assert {name: store.get(name) for name in CHANGING} == dict.fromkeys(CHANGING, b"2")
    assert store.get("checkpoints/000000000001") == b"1"
    assert written(place) == {**dict.fromkeys(CHANGING, 2), "checkpoints/000000000001": 1}


def test_what_is_not_there_is_missing_and_other_names_are_none(store: BucketTiles) -> None:
    with pytest.raises(TileMissing, match="tile/0/000"):
        store.get("tile/0/000")
    for name in ("", ".conditional", "../objects/x", "/tile/0/000", "tile//000", "tile/0/000/"):
        with pytest.raises(ValueError, match="not the name"):
            store.get(name)
        with pytest.raises(ValueError, match="not the name"):
            store.put_all([(name, b"")])


def test_partial_tiles_go_once_the_full_one_is_there(store: BucketTiles, place: Place) -> None:
    store.put_all([("tile/0/000.p/7", b"7"), ("tile/0/000.p/8", b"8"), ("tile/0/001.p/1", b"1")])
    store.drop_partials("tile/0/000")
    assert len(names(place)) == 3

    store.put_all([("tile/0/000", b"full")])
    store.drop_partials("tile/0/000")

    assert sorted(names(place)) == ["tile/0/000", "tile/0/001.p/1"]


def test_a_reader_of_the_bucket_is_told_what_may_change(store: BucketTiles, place: Place) -> None:
    store.put_all([("tile/0/000", b"full")])
    store.replace("checkpoint", b"note")

    tile, checkpoint = (
        place.client.head_object(Bucket=place.name, Key=f"trail/{name}") for name in ("tile/0/000", "checkpoint")
    )
    assert (tile["ContentType"], "immutable" in tile["CacheControl"]) == ("application/octet-stream", True)
    assert (checkpoint["ContentType"], checkpoint["CacheControl"]) == ("text/plain; charset=utf-8", "private, no-cache")


def test_a_store_that_hangs_is_a_503(place: Place, s3: S3) -> None:
    store = at(place.impatient.replace("/objects", "/trail"))
    calls: list[Callable[[], Any]] = [
        lambda: store.get("checkpoint"),
        lambda: store.put_all([("tile/0/000", b"full")]),
        lambda: store.replace("checkpoint", b"note"),
        lambda: store.drop_partials("tile/0/000"),
    ]

    with s3.hanging():
        for call in calls:
            with pytest.raises(StoreUnavailable):
                call()


@pytest.mark.parametrize("url", ["file:///var/lib/dcase/trail", "s3://bucket/trail?lock=compliance"])
def test_an_address_that_is_no_place_for_a_log_is_refused(settings: Settings, url: str) -> None:
    settings.TRAIL_STORE_URL = url

    with pytest.raises(ImproperlyConfigured, match="TRAIL_STORE_URL"):
        log_files()


# Publishing


@pytest.fixture
def publisher(store: BucketTiles, tmp_path: Path) -> Publisher:
    return Publisher(store, Signer(tmp_path / "signer", ORIGIN), [])


@pytest.mark.django_db
def test_the_checkpoint_is_written_last_and_only_it_is_written_again(
    publisher: Publisher, place: Place, s3: S3
) -> None:
    for first in (0, 260, 600):
        happen(*range(first, first + 260))
        sequenced()
        with s3.failing(lambda asked: None):
            published(publisher)
        puts = [asked.path.split("/", 3)[3] for asked in s3.asked if asked.method == "PUT"]
        assert puts[-1] == "checkpoint"
        assert puts[-2].startswith("checkpoints/")
        assert not any("tile" in name for name in puts[-2:])
    published(publisher)

    again = {name for name, times in written(place).items() if times > 1 and ".p/" not in name}
    assert again == {"checkpoint"}


@pytest.mark.django_db
@pytest.mark.parametrize("about", ["tile/entries/", "tile/0/", "log.vkey", "checkpoints/", "checkpoint"])
def test_an_outage_at_any_file_tells_nobody_and_a_repeat_goes_on(
    about: str, publisher: Publisher, store: BucketTiles, s3: S3
) -> None:
    happen(*range(300))
    sequenced()

    def away(asked: Asked) -> tuple[int, str] | None:
        name = asked.path.partition("/trail/")[2]
        is_meant = name.startswith(about) if about.endswith("/") else name == about
        return (503, "SlowDown") if asked.method == "PUT" and is_meant else None

    with s3.failing(away), pytest.raises(StoreUnavailable):
        published(publisher)
    with pytest.raises(TileMissing):
        store.get("checkpoint")
    happen(301)
    size = sequenced()
    published(publisher)

    assert shown(publisher).size == size
    another = Publisher(store, publisher.signer, [])
    resume(another)
    published(another)
    assert shown(another).size == size


@pytest.mark.django_db
def test_tiles_of_another_log_are_never_written_over(publisher: Publisher, place: Place, tmp_path: Path) -> None:
    happen(1)
    size = sequenced()
    place.client.put_object(Bucket=place.name, Key=f"trail/tile/entries/000.p/{size}", Body=b"others")

    with pytest.raises(Fork, match="other entries"):
        published(publisher)


# The processes


@pytest.fixture
def sequencers(tmp_path: Path, database_url: Callable[[str], str], place: Place) -> Iterator[Sequencers]:
    started = Sequencers(tmp_path, database_url, place)
    yield started
    started.end()


@pytest.mark.django_db(transaction=True)
def test_events_are_kept_while_the_bucket_is_away_and_published_when_it_is_back(sequencers: Sequencers, s3: S3) -> None:
    record("party.created", "party:1")
    process = sequencers.start()
    wait_for(lambda: pending() == 0 and sequencers.shown == log_size(), "a checkpoint")
    before = sequencers.shown

    with s3.failing(lambda asked: (503, "SlowDown") if asked.method == "PUT" else None):
        record("party.created", "party:2")
        wait_for(lambda: pending() == 0 and any(asked.method == "PUT" for asked in s3.asked), "the log, and an attempt")
        record("party.created", "party:3")
        wait_for(lambda: pending() == 0, "the next event")
        assert sequencers.shown == before
    wait_for(lambda: sequencers.shown == log_size(), "a checkpoint of all")

    assert process.poll() is None
    assert "the log's files cannot be written, events are kept" in (sequencers.home / "sequencer.log").read_text()


@pytest.mark.django_db(transaction=True)
def test_the_key_is_made_known_in_the_bucket_and_in_a_file(sequencers: Sequencers, tmp_path: Path) -> None:
    made = sequencers.start("manage.py", "sequence", "--key", "--output", str(tmp_path / "known"))

    assert made.wait(60) == 0
    assert sequencers.store.get("log.vkey") == (tmp_path / "known").read_bytes()
    assert not (tmp_path / "trail").exists()


@pytest.mark.django_db
def test_a_bucket_that_is_away_is_no_damage_of_the_log(settings: Settings, place: Place, s3: S3) -> None:
    settings.TRAIL_STORE_URL = place.below("trail")
    with s3.failing(lambda asked: (403, "AccessDenied")), pytest.raises(CommandError, match="AccessDenied") as error:
        call_command("verify_trail")

    assert error.value.returncode == 2


@pytest.mark.django_db
@pytest.mark.openssl
def test_a_token_that_cannot_be_published_waits_and_no_other_is_asked_for(
    publisher: Publisher, store: BucketTiles, s3: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stamping, "LOOK_EVERY", 0.0)
    happen(1)
    size = sequenced()
    published(publisher)
    with serving(stamping_with(Stamper(tmp_path / "tsa"))) as tsa:
        stamper: Stamping = stamping_by(publisher, tsa)
        with s3.failing(lambda asked: (503, "SlowDown") if "timestamps" in asked.path else None):
            look(stamper, lambda: bool(stamper._unpublished), "a token that waits")
            with sequencing():
                stamper.look()
        with pytest.raises(TileMissing):
            store.get(timestamp_path(size, 1))

        look(stamper, lambda: not stamper._unpublished, "it to be published")

        assert store.get(timestamp_path(size, 1))
        assert len(tsa.queries) == 1
