"""The files for more than one machine say what the code reads, and give secrets to whom they are meant for."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.embedded.processes import ROOT

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
MANUAL = (ROOT / "docs/operations.md").read_text()
# The servers' own variables, documented by them.
FOREIGN = {"POSTGRES_PASSWORD", "RABBITMQ_DEFAULT_USER", "RABBITMQ_DEFAULT_PASS"}


def variables(example: Path) -> set[str]:
    return set(re.findall(r"^([A-Z_]+)=", example.read_text(), re.MULTILINE))


def told(service: str) -> set[str]:
    """Return the variables that a service's files give it."""
    files = SERVICES[service]["env_file"]
    return set().union(*(variables(ROOT / "deploy" / f"{file}.example") for file in files))


@pytest.mark.parametrize(
    ("variable", "services"),
    [
        ("DATABASE_OWNER_URL", {"migrate"}),
        ("DATABASE_SEQUENCER_URL", {"sequence"}),
        ("POSTGRES_PASSWORD", {"database", "dbsetup"}),
        ("DCASE_OWNER_PASSWORD", {"database", "dbsetup"}),
    ],
)
def test_a_secret_reaches_those_that_need_it(variable: str, services: set[str]) -> None:
    assert {service for service in SERVICES if variable in told(service)} == services


def test_every_queue_has_a_worker() -> None:
    from dcase_audit.celery import QUEUES

    commands = [service["command"] for service in SERVICES.values() if "worker" in service.get("command", [])]

    assert sorted(command[command.index("--queues") + 1] for command in commands) == sorted(QUEUES)


def test_the_manual_names_every_variable_that_is_read() -> None:
    settings = (ROOT / "dcase_audit/settings.py").read_text()
    read = set(re.findall(r"""\benv(?:\.\w+)?\(\s*"([A-Z_]+)\"""", settings))
    read |= set().union(*(variables(example) for example in (ROOT / "deploy").glob("*.env.example")))
    passwords = {name for name in read if re.fullmatch(r"DCASE_\w+_PASSWORD", name)}

    assert len(read) > 20
    assert {name for name in read - passwords - FOREIGN if f"`{name}`" not in MANUAL} == set()


def test_the_supervisor_serves_the_queues_of_the_code() -> None:
    from dcase_audit.celery import QUEUES
    from dcase_audit.embedded import plan

    assert plan.QUEUES.split(",") == list(QUEUES)


@pytest.mark.parametrize(("kept", "threshold"), [("0", "None"), ("600", "1")])
def test_statements_are_prepared_only_where_connections_are_kept(kept: str, threshold: str) -> None:
    asked = "from dcase_audit.settings import DATABASES; print(DATABASES['default']['OPTIONS']['prepare_threshold'])"
    environ = {"DATABASE_URL": "postgresql://x@x/x", "SECRET_KEY": "k" * 60, "CONN_MAX_AGE": kept}
    said = subprocess.run([sys.executable, "-c", asked], cwd=ROOT, env=environ, check=True, capture_output=True)

    assert said.stdout.decode().strip() == threshold
