"""What is installed is what the manifest says: differences are named, and migrating heals them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection, models

from dcase_audit.accounts.models import Party
from dcase_audit.trail import capture


def test_every_table_is_captured_or_says_why_not() -> None:
    reasons = capture.not_captured()

    assert all(reasons.values())
    assert not set(reasons) & set(capture.captured())
    assert {
        "evidence_decision",
        "evidence_revision",
        "accounts_membership",
        "cases_link",
        "auth_group_permissions",
    } <= set(capture.captured())


def test_keys_are_numbers() -> None:
    """An object's name is made from its table and key, and nothing checks what the capture itself writes."""
    keys = {model._meta.db_table: model._meta.pk for model in apps.get_models(include_auto_created=True)}

    assert all(isinstance(keys[table], models.IntegerField) for table in capture.captured())


@pytest.mark.django_db
def test_a_table_that_no_model_declares_is_named(database_url: Callable[[str], str]) -> None:
    with connection.cursor() as cursor:
        assert list(capture.differences(cursor)) == []


FAULTS = {
    "DROP TRIGGER trail_update ON evidence_decision": "evidence_decision.trail_update is missing",
    "ALTER TABLE evidence_decision DISABLE TRIGGER trail_insert": "evidence_decision.trail_insert is another",
    "ALTER TABLE evidence_decision ENABLE TRIGGER trail_insert": "evidence_decision.trail_insert is another",
    "CREATE OR REPLACE TRIGGER trail_delete AFTER DELETE ON accounts_party REFERENCING OLD TABLE AS changed"
    " FOR EACH STATEMENT WHEN (false) EXECUTE FUNCTION trail.capture('id')": "accounts_party.trail_delete is another",
    "CREATE OR REPLACE FUNCTION trail.capture() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER"
    " SET search_path = pg_catalog, pg_temp AS 'BEGIN RETURN NULL; END'": "trail.capture is another",
    "ALTER FUNCTION trail.capture() SECURITY INVOKER": "trail.capture is another",
    'ALTER FUNCTION trail.capture() RESET "TimeZone"': "trail.capture is another",
    "DROP FUNCTION trail.update_of_evidence_decision() CASCADE": "trail.update_of_evidence_decision is missing",
    'ALTER FUNCTION trail.update_of_accounts_party() RESET "TimeZone"': "trail.update_of_accounts_party is another",
    "ALTER FUNCTION trail.capture() SET \"TimeZone\" = 'Asia/Tokyo'": "trail.capture is another",
    "ALTER FUNCTION trail.context() SET work_mem = '64kB'": "trail.context is another",
    "CREATE TABLE stray (id int)": "the table stray is not captured",
    "ALTER TABLE trail.log DISABLE TRIGGER trail_guard": "guard of trail.log",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_difference_is_named_and_migrating_heals_it(as_owner: None, fault: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(fault, None)
        found = list(capture.differences(cursor))
        capture.install(None)
        healed = list(capture.differences(cursor))

    assert any(FAULTS[fault] in one for one in found), found
    assert healed == ([] if "stray" not in fault else found)


def logged(table: str) -> list[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT kind, subject FROM trail.outbox WHERE split_part(subject, '/', 1) = %s ORDER BY id", [table]
        )
        return [(kind, subject) for kind, subject in cursor.fetchall()]


def test_rows_that_were_there_before_their_capture_are_logged_as_they_are(as_owner: None) -> None:
    with connection.cursor() as cursor:
        for name in capture.captured()["accounts_party"].triggers():
            cursor.execute(f"DROP TRIGGER {name} ON accounts_party")
    party = Party.objects.create(key="night", name_ja="夜間", name_en="Night")
    before = logged("accounts_party")

    capture.install(None)

    assert logged("accounts_party")[len(before) :] == [
        ("shape", "accounts_party"),
        ("baseline", f"accounts_party/{party.pk}"),
    ]


def test_a_change_of_columns_is_an_event_with_every_row_as_it_is_now(as_owner: None) -> None:
    party = Party.objects.create(key="night", name_ja="夜間", name_en="Night")
    before = logged("accounts_party")
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE accounts_party RENAME COLUMN symbol TO sign")

    capture.install(None)
    capture.install(None)

    assert logged("accounts_party")[len(before) :] == [
        ("shape", "accounts_party"),
        ("baseline", f"accounts_party/{party.pk}"),
    ]


def test_a_data_migration_is_captured_as_the_command(as_owner: None) -> None:
    party = Party.objects.create(key="night", name_ja="夜間", name_en="Night")

    call_command("migrate", verbosity=0)
    Party.objects.filter(pk=party.pk).update(symbol="M")

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT context ->> 'actor', kind FROM trail.outbox WHERE subject = %s", [f"accounts_party/{party.pk}"]
        )
        assert cursor.fetchall() == [("command:migrate", "insert"), ("command:migrate", "update")]
