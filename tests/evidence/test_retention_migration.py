"""A database from before retentions: what was submitted is promised what its kind says, and the log explains it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection
from pytest_django import Settings

from dcase_audit.cases.models import Case
from dcase_audit.embedded import roles
from dcase_audit.trail.context import acting
from evidence.models import Kind, LegalHold, Revision
from tests.sealing import Sealing
from tests.server import BOTH, Server

pytestmark = pytest.mark.django_db(transaction=True)
# What the evidence of then needs, and what is asked for after each migration: the trail as it is now.
BEFORE = (("contenttypes", None), ("auth", None), ("trail", None), ("evidence", "0004"))
ROWS = """
INSERT INTO cases_case
    (id, slug, title_ja, title_en, timezone, reading_notes, limits_are_assumptions, is_demo, created_at)
    VALUES (1, 'old', '', 'Old', 'Asia/Tokyo', '{}', false, false, '2020-01-01Z');
INSERT INTO cases_edition (id, case_id, number, document, sha256, published_at, loosened)
    VALUES (1, 1, 1, '{}', encode(sha256('{}'), 'hex'), '2020-01-01Z', '[]');
INSERT INTO cases_node (id, case_id, key, kind, position) VALUES (1, 1, 'E_1', 'evidence', 0);
INSERT INTO accounts_party (id, key, kind, name_ja, name_en, symbol, holds_ja, holds_en, since)
    VALUES (1, 'service', 'department', '運用部', 'Service', '', '', '', '1970-01-01');
INSERT INTO evidence_kind (id, key, name_ja, name_en, for_monitors, retention, retention_basis)
    VALUES (1, 'rule', '規程', 'Rule', false, 'P7Y', '文書管理規程');
INSERT INTO evidence_artefact (id, kind_id, key, title_ja, title_en, custodian_id, review_interval, created_at)
    VALUES (1, 1, 'rule-a', '', 'Rule A', 1, '', '2020-01-01Z');
INSERT INTO evidence_support (id, artefact_id, node_id, case_id, linked_at, rationale)
    VALUES (1, 1, 1, 1, '2020-01-01Z', '');
INSERT INTO evidence_revision (id, artefact_id, number, verdict, covers, measures, subjects, confidentiality,
    confidential_reason, note, created_at, submitted_at, valid_until, retain_until, legal_hold) VALUES
    (1, 1, 1, 'supports', '{}', '{}', '{}', 'normal', '', '', '2020-02-29Z', '2020-02-29Z', '2021-01-01Z', NULL, true),
    (2, 1, 2, 'supports', '{}', '{}', '{}', 'normal', '', '', '2020-03-01Z', '2020-03-01Z', NULL, '2099-01-01Z', false),
    (3, 1, 3, 'supports', '{}', '{}', '{}', 'normal', '', '', '2020-04-01Z', NULL, NULL, NULL, false);
"""


@pytest.fixture
def old(server: Server, transactional_db: None) -> Iterator[str]:
    """Django as the owner of a database that the evidence's first migrations alone made."""
    own, name = connection.settings_dict["NAME"], "dcase_before_retention"
    with psycopg.connect(server.url(roles.OWNER, "postgres"), autocommit=True) as owner:
        owner.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())
        owner.execute(f'CREATE DATABASE "{name}"'.encode())
    server.become(roles.OWNER, database=name)
    with acting("command:migrate"):
        for app, migration in BEFORE:
            call_command("migrate", *[word for word in (app, migration) if word], verbosity=0)
    yield name
    server.become(BOTH, database=own)
    server.drop(name)


def test_what_was_submitted_before_is_kept_as_its_kind_says_and_the_log_is_sound(
    old: str, server: Server, settings: Settings, tmp_path: Path
) -> None:
    settings.TRAIL_DIR, settings.TRAIL_MERGE_DELAY = tmp_path / "trail", 2
    with acting("test"), connection.cursor() as cursor:
        cursor.execute(ROWS)
    with acting("command:migrate"):
        call_command("migrate", verbosity=0)
    server.become(BOTH, database=old)

    submitted, longer, draft = Revision.objects.order_by("pk")
    kind = Kind.objects.get()
    assert (kind.retention_basis, kind.retention_text_ja, kind.retention_text_en) == ("rule", "文書管理規程", "")
    assert submitted.retention["floor"] == longer.retention["floor"] == "P7Y"
    assert submitted.retain_until == datetime(2027, 2, 28, tzinfo=UTC)
    assert longer.retain_until == datetime(2099, 1, 1, tzinfo=UTC)
    assert (draft.retention, draft.retain_until) == ({}, None)
    (hold,) = LegalHold.objects.all()
    assert (hold.revision, hold.placed_by) == (submitted, None)
    Revision.objects.filter(pk=submitted.pk).update(retain_until=datetime(2030, 1, 1, tzinfo=UTC))
    sealing = Sealing(tmp_path)
    sealing.seal()
    verdict = sealing.verify(sealing.bundle([Case.objects.get()]))
    assert verdict.status == 0, verdict.report["checks"]
    assert verdict.report["tables"]["evidence_revision"]["disclosed"] == 3
