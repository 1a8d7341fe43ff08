"""``manage.py verify_trail`` finds what was changed in database or tiles, and names the first record."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import Settings

from dcase_audit.trail.events import record
from dcase_audit.trail.rotation import STEPS
from tests.sealing import Sealing
from tests.server import Server
from tests.trail.authorities import Stamper, serving, stamp, stamping_with

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sealing(settings: Settings, tmp_path: Path) -> Sealing:
    settings.TRAIL_DIR = tmp_path / "trail"
    found = Sealing(tmp_path)
    for number in range(5):
        record("party.created", f"party:{number}")
    found.seal()
    (tmp_path / "trail" / "log.vkey").write_text(found.signer.key.vkey())
    record("party.created", "party:later")
    found.seal()
    return found


@pytest.fixture
def superuser(server: Server, sealing: Sealing) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(server.superuser_url, dbname=connection.settings_dict["NAME"], autocommit=True) as connected:
        for table in ("log", "disclosure", "checkpoint", "token"):
            connected.execute(f"ALTER TABLE trail.{table} DISABLE TRIGGER ALL".encode())
        yield connected


def verified() -> str:
    out = StringIO()
    call_command("verify_trail", stdout=out)
    return out.getvalue()


def test_a_log_that_nobody_touched_is_as_it_was(sealing: Sealing) -> None:
    assert "are as they were logged" in verified()


OF_3 = "WHERE seq = (SELECT seq FROM trail.log WHERE object = 'party:3')"
TAMPERINGS = {
    f"UPDATE trail.log SET leaf = leaf || ' '::bytea {OF_3}": "party:3",
    f"UPDATE trail.log SET kind = 'party.closed' {OF_3}": "of kind",
    f"UPDATE trail.log SET hash = sha256('x') {OF_3}": "party:3",
    f"UPDATE trail.disclosure SET texts[1] = '\"nobody\"' {OF_3}": "party:3",
    f"DELETE FROM trail.disclosure {OF_3}": "party:3",
    f"DELETE FROM trail.disclosure {OF_3}; DELETE FROM trail.log WHERE object = 'party:3'": "it is missing",
    "UPDATE trail.checkpoint SET root = sha256('x')": "its row says otherwise",
    "UPDATE trail.checkpoint SET note = replace(note, 'localhost', 'elsewhere')": "checkpoint",
    "DELETE FROM trail.checkpoint WHERE size = (SELECT max(size) FROM trail.checkpoint)": "knows of none beyond",
    "UPDATE trail.head SET size = size - 1": "the log has",
}


@pytest.mark.parametrize("tampering", TAMPERINGS)
def test_what_was_changed_is_named(superuser: psycopg.Connection[Any], tampering: str) -> None:
    superuser.execute(tampering.encode())

    with pytest.raises(CommandError, match=TAMPERINGS[tampering]) as refused:
        verified()

    assert refused.value.returncode == 1


def test_a_log_whose_key_was_changed_is_as_it_was(sealing: Sealing) -> None:
    for step in STEPS:
        sealing.change_keys(step)
        record("party.created", f"party:{step}")
        sealing.seal()

    assert "are as they were logged" in verified()


def test_a_key_that_signed_beyond_its_end_is_named(sealing: Sealing) -> None:
    for step in STEPS:
        sealing.change_keys(step)
        sealing.seal()
    keys = sealing.home / "trail" / "log.vkey"
    old, young = keys.read_text().splitlines()
    keys.write_text(f"{old}\n{young.split()[0]} 0-9\n")

    with pytest.raises(CommandError, match="no key that signed is one for checkpoints of size"):
        verified()


def test_a_tile_that_was_changed_is_named(sealing: Sealing) -> None:
    for path in (sealing.home / "trail" / "tile" / "entries").rglob("*"):
        if path.is_file():
            path.chmod(0o600)
            path.write_bytes(path.read_bytes().replace(b"party:3", b"party:9"))

    with pytest.raises(CommandError, match=r"the tiles have another leaf"):
        verified()


@pytest.fixture
def stamped(sealing: Sealing) -> Path:
    """Have the newest checkpoint time-stamped; return the token's file."""
    stamper = Stamper(sealing.home / "tsa")
    with serving(stamping_with(stamper)) as tsa:
        stamp(sealing.home, tsa)
    (path,) = (sealing.home / "trail" / "timestamps").iterdir()
    return path


@pytest.mark.openssl
def test_time_stamps_that_nobody_touched_are_as_they_were(stamped: Path) -> None:
    assert "are as they were logged" in verified()


@pytest.mark.openssl
def test_a_time_stamp_that_is_not_published_or_was_changed_is_named(stamped: Path) -> None:
    stamped.write_bytes(stamped.read_bytes() + b"x")
    with pytest.raises(CommandError, match=r"\.tsr was published with other bytes"):
        verified()

    stamped.unlink()
    with pytest.raises(CommandError, match=r"\.tsr is not published"):
        verified()


@pytest.mark.openssl
def test_a_time_stamp_over_another_checkpoint_is_named(stamped: Path, superuser: psycopg.Connection[Any]) -> None:
    superuser.execute("UPDATE trail.token SET size = (SELECT min(size) FROM trail.checkpoint)")

    with pytest.raises(CommandError, match=r"\.tsr is not over the checkpoint of that size"):
        verified()
