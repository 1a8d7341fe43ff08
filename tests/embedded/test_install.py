"""What `make` does before there is any package: what uv is told of pip, and what is said where venv is missing."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TRUSTED = Path("/etc/ssl/certs/ca-certificates.crt")
# Stands for a python whose pip prints this list; of a Debian without python3-venv it has no ensurepip either.
PYTHON = """#!/bin/sh
case "$*" in
  "-m pip config list") {pip} ;;
  *version_info*print*|*print*version_info*) echo python3.11-venv ;;
  *sys.version_info*) exit 0 ;;
  *) exit 1 ;;
esac
"""
LIST = "global.cert='/etc/company.pem'\nglobal.index-url='https://index.example/simple'\ninstall.cert='/other.pem'\n"

Environment = Callable[..., dict[str, str]]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """What is checked out, as far as the installation reads it."""
    shutil.copytree(ROOT / "bin", tmp_path / "bin")
    (tmp_path / "requirements").mkdir()
    shutil.copy(ROOT / "requirements" / "dev.txt", tmp_path / "requirements")
    (tmp_path / "pip.txt").write_text(LIST, encoding="utf-8")
    return tmp_path


def python(tree: Path, pip: str = "") -> Path:
    path = tree / "python3"
    path.write_text(PYTHON.format(pip=pip or f"cat {tree}/pip.txt"), encoding="utf-8")
    path.chmod(0o755)
    return path


@pytest.fixture
def environment(tree: Path) -> Environment:
    """Say what uv's variables are, given others and what pip is configured with."""

    def said(pip: str = "", **given: str) -> dict[str, str]:
        found = subprocess.run(
            ["bash", "-c", "set -euo pipefail; source bin/uv-environment.sh; env"],
            cwd=tree,
            env={"PATH": "/usr/bin:/bin", "PYTHON": str(python(tree, pip)), **given},
            capture_output=True,
            check=True,
            encoding="utf-8",
        )
        return dict(line.split("=", 1) for line in found.stdout.splitlines() if "=" in line)

    return said


def test_uv_uses_the_certificate_and_the_index_of_the_machines_pip(environment: Environment) -> None:
    found = environment()

    assert found["SSL_CERT_FILE"] == "/etc/company.pem"
    assert found["UV_DEFAULT_INDEX"] == "https://index.example/simple"


def test_what_is_said_to_uv_or_pip_themselves_goes_first(environment: Environment) -> None:
    assert environment(PIP_CERT="/pip.pem")["SSL_CERT_FILE"] == "/pip.pem"
    assert environment(PIP_CERT="/pip.pem", SSL_CERT_FILE="/uv.pem")["SSL_CERT_FILE"] == "/uv.pem"
    assert environment(UV_DEFAULT_INDEX="https://uv.example")["UV_DEFAULT_INDEX"] == "https://uv.example"


def test_without_a_pip_the_machines_own_certificates_are_trusted(environment: Environment) -> None:
    found = environment(pip="exit 1")

    assert "SSL_CERT_FILE" not in found
    assert found.get("UV_SYSTEM_CERTS") == ("true" if TRUSTED.exists() else None)
    assert environment(UV_SYSTEM_CERTS="false")["UV_SYSTEM_CERTS"] == "false"


def test_where_venv_is_missing_the_line_that_installs_it_is_said_and_nothing_is_left(tree: Path) -> None:
    found = subprocess.run(
        ["bin/install"],
        cwd=tree,
        env={"PATH": "/usr/bin:/bin", "PYTHON": str(python(tree, "exit 1")), "DCASE_APT": "0"},
        capture_output=True,
        check=False,
        encoding="utf-8",
    )

    assert found.returncode == 1
    assert found.stderr == (
        "Python's venv module is missing. To install it: sudo apt-get install --no-install-recommends python3.11-venv\n"
    )
    assert found.stdout == ""
    assert not list(tree.glob(".*"))
