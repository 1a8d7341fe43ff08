"""How a command gets the embedded database, and what it is not given."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from dcase_audit.embedded import environment_file
from tests.embedded.processes import ROOT, script, using

ATTACH = """
import os, sys
from dcase_audit.embedded.database import attach
attach(os.environ)
names = sorted(name for name in os.environ if name.startswith("DATABASE_") or name == "SECRET_KEY")
print("attached", names, flush=True)
print(os.environ.get("DATABASE_URL"), flush=True)
sys.stdin.readline()
"""
NAMES_OF = {
    "app": ["DATABASE_ROLE", "DATABASE_URL", "SECRET_KEY"],
    "owner": ["DATABASE_OWNER_URL", "DATABASE_ROLE", "DATABASE_URL", "SECRET_KEY"],
    "sequencer": ["DATABASE_ROLE", "DATABASE_SEQUENCER_URL", "DATABASE_URL", "SECRET_KEY"],
}


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize("role", NAMES_OF)
def test_a_command_is_given_the_url_of_its_role_alone(tmp_path: Path, role: str) -> None:
    with script("-c", ATTACH, DATA_DIR=str(tmp_path), DATABASE_ROLE=role) as command:
        assert str(NAMES_OF[role]) in command.says("attached")
        with psycopg.connect(command.says("postgresql://dcase_app:")) as connection:
            assert connection.execute("SELECT current_user, current_database()").fetchone() == ("dcase_app", "dcase")
        command.popen.communicate(b"\n")

    assert not [line for line in using(tmp_path) if "postgres" in line]


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize(
    "named", [{"DATABASE_URL": "postgresql:///x"}, {"DATABASE_OWNER_URL_FILE": "/x"}, {"DJANGO_ENV": "production"}]
)
def test_nothing_is_started_where_a_database_is_named_or_has_to_be(tmp_path: Path, named: dict[str, str]) -> None:
    with script("-c", ATTACH, DATA_DIR=str(tmp_path), **named) as command:
        command.says("attached")

    assert not list(tmp_path.iterdir())


def test_the_secrets_are_made_once_and_for_their_owner_alone(tmp_path: Path) -> None:
    first = environment_file.load(tmp_path)

    assert environment_file.load(tmp_path) == first
    assert len(set(first.values())) == len(environment_file.GENERATED)
    assert stat.S_IMODE((tmp_path / "env").stat().st_mode) == 0o600


def test_a_line_added_to_the_secrets_stays(tmp_path: Path) -> None:
    (tmp_path / "env").write_text("SECRET_KEY=mine\n")

    assert environment_file.load(tmp_path)["SECRET_KEY"] == "mine"
    assert "SECRET_KEY=mine\n" in (tmp_path / "env").read_text()


@pytest.mark.usefixtures("bare")
def test_manage_py_says_in_one_line_why_it_cannot_start(tmp_path: Path) -> None:
    environ = {**os.environ, "DATA_DIR": str(tmp_path), "DCASE_PG_BIN": str(tmp_path)}

    failed = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "check"], env=environ, capture_output=True, text=True, check=False
    )

    assert failed.returncode == 1
    assert failed.stderr.startswith("manage.py: no PostgreSQL server in")
    assert "Traceback" not in failed.stderr
