"""What a field says can be forgotten for good, and the log still verifies."""

from __future__ import annotations

import json
import zipfile
from io import StringIO
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from dcase_audit.accounts.models import User
from dcase_audit.errors import Invalid
from dcase_audit.trail.redaction import redact
from dcase_audit.trail.selfcheck import check
from dcase_audit.trail.tlog.local import LocalTiles
from tests.evidence.world import World
from tests.sealing import Sealing

pytestmark = pytest.mark.django_db
NAME = "織賀 恵"


@pytest.fixture
def entry(sealing: Sealing) -> int:
    """The number of the entry that says Olga's name."""
    World()
    User.objects.create_user("olga", name_ja=NAME)
    sealing.seal()
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(seq) FROM trail.log WHERE object LIKE 'accounts_user/%%'")
        seq: int = cursor.fetchone()[0]
        return seq


def said(entry: int) -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT names, texts, salts FROM trail.disclosure WHERE seq = %s", [entry])
        names, texts, salts = cursor.fetchone()
    return {
        name: (text, bytes(salts)[16 * index : 16 * index + 16])
        for index, (name, text) in enumerate(zip(names, texts, strict=True))
    }


def test_what_was_redacted_is_gone_and_the_rest_stays(entry: int, sealing: Sealing) -> None:
    before = said(entry)

    assert redact(entry=entry, fields=["row.name_ja", "context.actor"], reason="請求により消去") == 2

    after = said(entry)
    assert after["row.name_ja"] == after["context.actor"] == (None, bytes(16))
    assert {name: after[name] for name in after if name not in ("row.name_ja", "context.actor")} == {
        name: before[name] for name in before if name not in ("row.name_ja", "context.actor")
    }


def test_the_log_still_verifies_and_tells_of_the_redaction(entry: int, sealing: Sealing) -> None:
    redact(entry=entry, fields=["row.name_ja"], reason="請求により消去")
    User.objects.filter(username="olga").update(name_ja="", name_en="")
    sealing.seal()

    bundle = sealing.bundle()

    assert sealing.verify(bundle).status == 0
    assert check(LocalTiles(sealing.home / "trail"), sealing.signer.keyring.terms) > entry
    with zipfile.ZipFile(bundle) as archive:
        disclosed = archive.read("disclosures.jsonl").decode()
    assert NAME not in disclosed
    assert "請求により消去" in disclosed
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT d.texts FROM trail.log l JOIN trail.disclosure d USING (seq) WHERE kind = 'trail.redacted'"
        )
        (texts,) = cursor.fetchone()
    assert "請求により消去" in [json.loads(text) for text in texts]


def test_redacting_again_finds_nothing(entry: int) -> None:
    redact(entry=entry, fields=["row.name_ja"], reason="請求により消去")

    with pytest.raises(Invalid):
        redact(entry=entry, fields=["row.name_ja"], reason="請求により消去")


@pytest.mark.parametrize("field", ["row.id", "before", "db.session_user", "none"])
def test_keys_and_what_the_database_added_stay(entry: int, field: str) -> None:
    with pytest.raises(Invalid):
        redact(entry=entry, fields=[field], reason="請求により消去")


def test_a_redaction_wants_a_reason(entry: int) -> None:
    with pytest.raises(Invalid):
        redact(entry=entry, fields=["row.name_ja"], reason=" ")


def test_the_application_changes_no_text_by_itself(entry: int) -> None:
    with pytest.raises(DatabaseError) as refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE trail.disclosure SET texts[1] = 'x' WHERE seq = %s", [entry])

    assert isinstance(refused.value.__cause__, psycopg.errors.InsufficientPrivilege)


def test_the_command_says_what_it_did(entry: int) -> None:
    out = StringIO()

    call_command("redact", str(entry), "row.name_ja", "--reason", "請求により消去", stdout=out)

    assert "1 fields" in out.getvalue()
    with pytest.raises(CommandError):
        call_command("redact", str(entry), "row.name_ja", "--reason", "請求により消去")
