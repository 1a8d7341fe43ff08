"""``check --database default`` refuses a login that could rewrite history, and names what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, LiteralString

import psycopg
import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connection
from django.test import override_settings
from psycopg import sql

from dcase_audit.embedded import roles
from dcase_audit.trail import grants
from tests.server import BOTH, Server

Owner = psycopg.Connection[Any]

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def login_as(server: Server, transactional_db: None) -> Iterator[Callable[[str], None]]:
    """Have the product connect as a true login."""
    yield server.become
    server.become(BOTH)


@pytest.fixture(autouse=True)
def application(login_as: Callable[[str], None]) -> None:
    login_as(roles.APP)


def complaints() -> str:
    """Return what the check finds, or nothing."""
    try:
        call_command("check", databases=["default"])
    except SystemCheckError as found:
        return str(found)
    return ""


def test_the_database_as_it_is_migrated_passes() -> None:
    assert complaints() == ""


# What was planted, and what the check says of it.
FAULTS: dict[LiteralString, str] = {
    "GRANT UPDATE ON evidence_decision TO dcase_app": "may UPDATE evidence_decision",
    "GRANT UPDATE (reason) ON evidence_decision TO dcase_app": "may UPDATE evidence_decision",
    "GRANT DELETE ON cases_statuschange TO PUBLIC": "may DELETE cases_statuschange",
    "GRANT TRUNCATE ON cases_node TO dcase_app": "may TRUNCATE cases_node",
    "GRANT ALL ON evidence_artefact TO dcase_app": "may TRIGGER evidence_artefact",
    "GRANT INSERT ON django_migrations TO dcase_app": "may INSERT django_migrations",
    "REVOKE INSERT ON evidence_artefact FROM dcase_app": "may not INSERT evidence_artefact",
    "REVOKE ALL ON jobs_job FROM dcase_app": "may not SELECT jobs_job",
    "CREATE TABLE stray (); GRANT SELECT ON stray TO dcase_app": "may SELECT stray, which no model declares",
    "GRANT SELECT ON trail.outbox TO dcase_app": "touches the outbox",
    "GRANT INSERT ON trail.outbox TO PUBLIC": "touches the outbox",
    "GRANT EXECUTE ON FUNCTION trail.context() TO PUBLIC": "calls trail.context",
    "REVOKE EXECUTE ON FUNCTION trail.record(text, text, jsonb) FROM dcase_app": "cannot call trail.record",
    "GRANT CREATE ON SCHEMA public TO PUBLIC": "creates in schema public",
    "GRANT CREATE ON SCHEMA trail TO dcase_app": "creates in schema trail",
    "GRANT UPDATE ON SEQUENCE evidence_decision_id_seq TO dcase_app": "may set evidence_decision_id_seq",
    "ALTER TABLE evidence_revision DISABLE TRIGGER revision_is_immutable": "evidence_revision.revision_is_immutable",
    "ALTER TABLE evidence_revision ENABLE TRIGGER revision_is_immutable": "evidence_revision.revision_is_immutable",
    "ALTER TABLE trail.disclosure DISABLE TRIGGER evidence_keeps_entries": "disclosure.evidence_keeps_entries",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_named(owner: Owner, fault: LiteralString) -> None:
    owner.execute(fault)

    assert FAULTS[fault] in complaints()


@pytest.mark.parametrize("right", ["CREATE", "TEMPORARY"])
def test_rights_on_the_database_are_named(owner: Owner, right: LiteralString) -> None:
    name = sql.Identifier(connection.settings_dict["NAME"])
    owner.execute(sql.SQL("GRANT {} ON DATABASE {} TO PUBLIC").format(sql.SQL(right), name))

    assert {"CREATE": "creates schemas", "TEMPORARY": "makes temporary tables"}[right] in complaints()


def test_the_owners_login_in_the_applications_place_is_named(login_as: Callable[[str], None]) -> None:
    login_as(roles.OWNER)

    found = complaints()

    assert "is a member of dcase_owner" in found
    assert "may TRUNCATE evidence_decision" in found


def test_the_sequencers_login_in_the_applications_place_is_named(login_as: Callable[[str], None]) -> None:
    login_as(roles.SEQUENCER)

    assert "is a member of dcase_sequencer" in complaints()


def test_a_superuser_in_the_applications_place_is_named(server: Server) -> None:
    with psycopg.connect(server.superuser_url, autocommit=True) as superuser:
        superuser.execute("ALTER ROLE dcase_app SUPERUSER")
        try:
            assert "is a superuser" in complaints()
        finally:
            superuser.execute("ALTER ROLE dcase_app NOSUPERUSER")


def test_a_database_that_was_not_migrated_is_named(owner: Owner) -> None:
    owner.execute("DROP SCHEMA trail CASCADE")

    assert "not migrated" in complaints()


@override_settings(DATABASE_ROLE="owner")
def test_other_roles_are_not_asked(login_as: Callable[[str], None]) -> None:
    login_as(roles.OWNER)

    assert complaints() == ""


def test_migrating_heals_the_grants(owner: Owner, login_as: Callable[[str], None]) -> None:
    owner.execute("GRANT ALL ON evidence_decision TO dcase_app; GRANT UPDATE ON cases_edition TO PUBLIC")
    owner.execute(
        "REVOKE ALL ON evidence_artefact FROM dcase_app; GRANT UPDATE (reason) ON evidence_decision TO PUBLIC"
    )
    owner.execute("GRANT UPDATE (sha256) ON cases_edition TO dcase_app")
    assert complaints()

    login_as(roles.OWNER)
    grants.apply(sender=None)
    login_as(roles.APP)

    assert complaints() == ""


def test_migrating_with_a_login_that_may_not_changes_nothing(owner: Owner) -> None:
    owner.execute("GRANT UPDATE ON evidence_decision TO dcase_app")

    grants.apply(sender=None)

    assert "may UPDATE evidence_decision" in complaints()
