"""The doctor installs where it may and says the rest."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dcase_audit.embedded import doctor

LACKING = doctor.Need("libnosuch0", "nothing works", lambda: None)
PRESENT = doctor.Need("libthere0", "nothing works", lambda: True)


def test_nothing_is_said_of_what_is_there() -> None:
    assert doctor.advise([PRESENT], {}) == []


def test_what_is_missing_comes_with_the_command_that_helps() -> None:
    assert doctor.advise([PRESENT, LACKING], {"DCASE_APT": "0"}) == [
        "libnosuch0 is missing: nothing works",
        "to install: sudo apt-get install --no-install-recommends libnosuch0",
    ]


def test_root_installs_by_apt_and_goes_on_when_that_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    said = tmp_path / "said"
    fake = tmp_path / "apt-get"
    fake.write_text(f'#!/bin/sh\necho "$@" >> {said}\nexit 100\n')
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr(os, "geteuid", lambda: 0)

    advice = doctor.advise([LACKING], {})

    assert "install -qq --yes --no-install-recommends libnosuch0" in said.read_text()
    assert "libnosuch0 is missing: nothing works" in advice


def test_the_command_line_always_succeeds() -> None:
    subprocess.run(
        [sys.executable, "-m", "dcase_audit.embedded", "doctor"], env={**os.environ, "DCASE_APT": "0"}, check=True
    )
