"""A log whose key was stolen ends, and another begins where it ended: by hand, as the manual says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connection
from pytest_django import Settings

from dcase_audit.accounts.models import Party
from dcase_audit.embedded import binaries
from dcase_audit.verification.models import Entry
from tests.cast import Cast
from tests.pages.conftest import logged_in
from tests.sealing import Sealing
from tests.server import ROOT

pytestmark = pytest.mark.django_db(transaction=True)


def psql(url: str, checkpoint: str, *more: str) -> subprocess.CompletedProcess[str]:
    """Run the script as the manual has it."""
    command = [str(binaries.postgres() / "psql"), "--quiet", url, "-v", f"checkpoint={checkpoint.strip()}"]
    command += [*more, "-v", "reason=the log's key was stolen", "-f", str(ROOT / "deploy" / "new_log.sql")]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def migrate(url: str) -> None:
    environ = {**os.environ, "DATABASE_ROLE": "owner", "DATABASE_OWNER_URL": url, "DATABASE_URL": url}
    environ |= {"DJANGO_SETTINGS_MODULE": "dcase_audit.settings"}
    command = [sys.executable, "manage.py", "migrate", "--no-input"]
    subprocess.run(command, cwd=ROOT, env=environ, check=True, capture_output=True)


def test_a_new_log_begins_with_the_final_checkpoint_of_the_old_one(
    cast: Cast, known: Sealing, settings: Settings, tmp_path: Path, database_url: Callable[[str], str]
) -> None:
    final = known.seal()
    size = Entry.objects.count()
    connection.close()

    done = psql(database_url("owner"), final.format().decode())
    assert (done.returncode, done.stderr) == (0, "")
    migrate(database_url("owner"))
    settings.TRAIL_ORIGIN, settings.TRAIL_DIR = "audit.example/second", tmp_path / "second" / "trail"
    second = Sealing(tmp_path / "second")
    second.make_known()
    Party.objects.filter(key="it-service").update(symbol="2")
    second.seal()

    begun = Entry.objects.select_related("disclosure").get(pk=0)
    assert (begun.kind, begun.object) == ("log.begun", f"log:{known.signer.origin}")
    texts = dict(zip(begun.disclosure.names, begun.disclosure.texts, strict=True))
    assert json.loads(texts["payload.checkpoint"] or "") == final.format().decode()
    assert Entry.objects.filter(kind="baseline").count() > 0
    verdict = second.verify(second.bundle())
    assert verdict.status == 0, verdict.report["checks"]
    receipt = tmp_path / "receipt"
    receipt.write_bytes(logged_in(cast.rin).get("/trail/entries/0/receipt/").content)
    shown = second.verify(receipt).report["receipt"]["fields"]["payload.checkpoint"]
    assert json.loads(shown).startswith(f"{known.signer.origin}\n{size}\n")


def test_a_checkpoint_that_does_not_end_the_log_is_refused(
    cast: Cast, known: Sealing, database_url: Callable[[str], str]
) -> None:
    final = known.seal().format().decode()
    Party.objects.filter(key="it-service").update(symbol="2")
    connection.close()
    assert "the outbox is not empty" in psql(database_url("owner"), final).stderr

    known.seal()
    size = Entry.objects.count()
    connection.close()

    assert f"the checkpoint is not of all {size} entries" in psql(database_url("owner"), final).stderr
    assert Entry.objects.count() == size


def test_entries_that_no_checkpoint_holds_are_said(
    cast: Cast, known: Sealing, database_url: Callable[[str], str]
) -> None:
    """The key is lost: what was logged after the last checkpoint was never signed."""
    final = known.seal().format().decode()
    Party.objects.filter(key="it-service").update(symbol="2")
    known.drain()
    connection.close()

    assert "see -v unsigned" in psql(database_url("owner"), final, "-v", "unsigned=2").stderr
    assert psql(database_url("owner"), final, "-v", "unsigned=1").returncode == 0

    Sealing(known.home / "second").drain()
    begun = Entry.objects.select_related("disclosure").get(pk=0).disclosure
    assert dict(zip(begun.names, begun.texts, strict=True))["payload.unsigned"] == "1"
