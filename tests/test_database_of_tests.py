"""The tests' own database gives each test what the product has: the application's role, and no more."""

from __future__ import annotations

import socket
from collections.abc import Callable

import psycopg
import pytest
from django.db import connection
from django.db.utils import ProgrammingError

from tests.demo_case import template
from tests.server import Server, sequencing

WHO = "SELECT current_user, has_database_privilege(current_database(), 'TEMP'), current_database()"


def ask(question: str) -> tuple[object, ...]:
    with connection.cursor() as cursor:
        cursor.execute(question)
        row: tuple[object, ...] = cursor.fetchone()
    return row


@pytest.mark.django_db
def test_a_rolled_back_test_is_the_application_in_the_shared_clone() -> None:
    assert ask(WHO) == ("dcase_app", False, f"{template()}_shared")


@pytest.mark.django_db(transaction=True)
def test_a_committing_test_is_the_application_in_a_clone_of_its_own() -> None:
    assert ask(WHO) == ("dcase_app", False, f"{template()}_own")


@pytest.mark.django_db
def test_the_application_cannot_change_the_schema() -> None:
    with pytest.raises(ProgrammingError, match="permission denied"):
        ask("CREATE TABLE public.t ()")


@pytest.mark.django_db
def test_the_sequencer_can_act_inside_a_rolled_back_transaction() -> None:
    with sequencing():
        assert ask("SELECT current_user") == ("dcase_sequencer",)

    assert ask("SELECT current_user") == ("dcase_app",)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("role", ["owner", "app", "sequencer", "reader"])
def test_real_processes_log_in_as_themselves(database_url: Callable[[str], str], role: str) -> None:
    with psycopg.connect(database_url(role)) as other:
        assert other.execute("SELECT session_user, current_database()").fetchone() == (
            f"dcase_{role}",
            f"{template()}_own",
        )


def test_a_connection_left_open_does_not_keep_a_clone(transactional_db: None, server: Server) -> None:
    name = connection.settings_dict["NAME"]
    with psycopg.connect(server.url("dcase_app", name)) as lingering:
        server.drop(name)

        with pytest.raises(psycopg.OperationalError):
            lingering.execute("SELECT 1")


@pytest.mark.parametrize("address", [("192.0.2.1", 9), ("example.invalid", 80)])
def test_no_network_but_loopback(address: tuple[str, int]) -> None:
    with pytest.raises(RuntimeError, match="no network but loopback"):
        socket.create_connection(address, timeout=1)
