from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.checks import Error
from django.db import OperationalError, connection
from django.test import Client

from dcase_audit import operations
from dcase_audit.jobs import services as jobs
from dcase_audit.jobs.models import Job
from evidence.storage import StoreFull
from tests.cast import Cast
from tests.server import sequencing


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """Forget what was held of earlier answers."""
    operations._held.clear()
    yield
    operations._held.clear()


def test_alive_asks_nothing_of_the_database(client: Client) -> None:
    assert client.get("/livez").content == b"ok\n"
    assert client.post("/livez").status_code == 405


def test_ready(client: Client, db: None) -> None:
    response = client.get("/readyz")

    assert response.status_code == 200
    assert response.json() == {"ready": True, "database": "ok", "migrations": "ok", "login": "ok", "objects": "ok"}


def test_asking_again_asks_the_database_little(client: Client, db: None, django_assert_num_queries: Any) -> None:
    client.get("/readyz")

    with django_assert_num_queries(1):
        client.get("/readyz")


def test_a_database_that_is_away(client: Client, db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        raise OperationalError("host=secret.internal")

    with monkeypatch.context() as outage:
        outage.setattr("dcase_audit.operations.connection.cursor", away)
        response = client.get("/readyz")

    assert response.status_code == 503
    assert response.headers["Retry-After"] == "5"
    assert response.json()["database"] == "the database does not answer"
    assert b"secret" not in response.content


def test_a_database_of_an_older_release(client: Client, db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dcase_audit.operations.MigrationExecutor.migration_plan", lambda self, nodes: [1, 2])

    assert client.get("/readyz").json()["migrations"] == "2 migrations are not applied"


def test_a_login_that_may_too_much(client: Client, db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    found = [Error("the application's database login is a superuser", id="trail.E002")]
    monkeypatch.setattr("dcase_audit.operations.checks.run_checks", lambda **_: found)

    assert client.get("/readyz").status_code == 503
    assert "superuser" in client.get("/readyz").json()["login"]


def test_a_store_without_room(client: Client, db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        def check_ready(self) -> None:
            raise StoreFull("/secret/path: no space left")

    monkeypatch.setattr("dcase_audit.operations.object_store", Full)
    response = client.get("/readyz")

    assert response.json()["objects"] == "There is no room for more files"
    assert b"secret" not in response.content


def test_the_numbers_say_how_the_work_stands(client: Client, db: None) -> None:
    now = datetime.now(UTC)
    Job.objects.create(kind="a", actor="test", run_at=now - timedelta(seconds=90))
    Job.objects.create(kind="b", actor="test", run_at=now + timedelta(hours=1))
    Job.objects.create(kind="c", actor="test", run_at=now, state=Job.State.PARKED)
    jobs.beat("worker")
    client.get("/livez")

    numbers = _numbers(client.get("/metrics").content.decode())

    assert 90 <= numbers["dcase_jobs_oldest_unclaimed_seconds"] < 120
    assert numbers["dcase_jobs_waiting"] == 1
    assert numbers["dcase_jobs_parked"] == 1
    assert 0 <= numbers['dcase_heartbeat_age_seconds{name="worker"}'] < 60
    assert numbers['dcase_http_responses_total{method="GET",route="/livez",status="200"}'] >= 1


def test_the_numbers_say_how_old_the_last_time_stamp_of_each_authority_is(client: Client, db: None) -> None:
    with sequencing(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO trail.token (size, authority, number, response, received_at) VALUES"
            " (1, 'tsa.example', 1, '', now() - interval '2 days'), (2, 'tsa.example', 1, '', now() - interval '1 day')"
        )

    numbers = _numbers(client.get("/metrics").content.decode())

    assert 86_400 <= numbers['dcase_time_stamp_age_seconds{authority="tsa.example"}'] < 86_500


def _numbers(text: str) -> dict[str, float]:
    lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in lines}


@pytest.mark.parametrize(
    "extra",
    [
        {"REMOTE_ADDR": "192.0.2.7"},
        {"REMOTE_ADDR": ""},
        {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "192.0.2.7"},
        {"REMOTE_ADDR": "::1", "HTTP_FORWARDED": "for=192.0.2.7"},
    ],
)
def test_the_numbers_are_not_for_everybody(client: Client, cast: Cast, extra: dict[str, str]) -> None:
    assert client.get("/metrics", **extra).status_code == 404  # type: ignore[arg-type]
    client.force_login(cast.olga)
    assert client.get("/metrics", **extra).status_code == 404  # type: ignore[arg-type]
    client.force_login(cast.ada)
    assert client.get("/metrics", **extra).status_code == 200  # type: ignore[arg-type]


def test_guessed_addresses_make_no_series(client: Client, db: None) -> None:
    for number in range(3):
        client.get(f"/guess-{number}")
        client.generic(f"GUESS{number}", "/livez")

    text = client.get("/metrics").content.decode()

    assert 'route="none"' in text
    assert "guess" not in text.lower()


def test_the_schema_is_for_everybody_and_held(client: Client, django_assert_num_queries: Any, db: None) -> None:
    connection.ensure_connection()

    with django_assert_num_queries(0):
        response = client.get("/api/v1/schema")

    assert response.headers["Content-Type"] == "application/vnd.oai.openapi+json;version=3.1"
    assert response.json()["openapi"] == "3.1.0"
