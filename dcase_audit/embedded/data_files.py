"""A cluster's files: made by initdb, kept when they are there, refused when they are another version's."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from dcase_audit.embedded import CannotStart
from dcase_audit.embedded.binaries import OLDEST_POSTGRES
from dcase_audit.embedded.identity import Identity

SUPERUSER = "postgres"
BUILTIN_LOCALES_SINCE = 17


def make(data: Path, binaries: Path, runs_as: Identity, *, password: str, synced: bool) -> None:
    """Make the cluster unless it is there. It is built aside and takes its name when it is whole.

    So a directory called ``data`` is never wiped, and what an interrupted initdb left behind always is.

    Raises:
        CannotStart: ``data`` holds something else, or initdb failed.
    """
    version = major_version(binaries)
    if data.is_dir() and any(data.iterdir()):
        _refuse_other_version(data, version)
        _give(data, runs_as)
        return
    new, password_file = data.with_name("data.new"), data.with_name("password")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(mode=0o700)
    password_file.unlink(missing_ok=True)
    with os.fdopen(os.open(password_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(password)
    for path in (new, password_file):
        os.chown(path, runs_as.uid, runs_as.gid)
    command = [*runs_as.prefix, str(binaries / "initdb"), "-D", str(new), "-U", SUPERUSER, "--encoding=UTF8"]
    command += ["--locale=C.UTF-8", "--auth=scram-sha-256", f"--pwfile={password_file}", "--data-checksums"]
    # The builtin locale is the server's own: indexes survive an upgrade of the system's C library.
    builtin = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    command += builtin if version >= BUILTIN_LOCALES_SINCE else []
    command += [] if synced else ["--no-sync"]
    made = subprocess.run(command, capture_output=True, text=True, env=environment(), check=False)
    password_file.unlink()
    if made.returncode != 0:
        raise CannotStart(f"initdb failed:\n{made.stderr.strip()}")
    new.rename(data)


def environment() -> Mapping[str, str]:
    """Return what the server's programs are told: neither the product's secrets nor anybody's PGDATA or PGPORT."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"}


def major_version(binaries: Path) -> int:
    """Return the server's major version.

    Raises:
        CannotStart: it cannot be run here, or is too old.
    """
    said = subprocess.run([str(binaries / "postgres"), "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"\d+", said)
    if found is None or int(found.group()) < OLDEST_POSTGRES:
        raise CannotStart(f"{binaries} holds no PostgreSQL {OLDEST_POSTGRES} or newer (it says {said.strip()!r}).")
    return int(found.group())


def _refuse_other_version(data: Path, version: int) -> None:
    marker = data / "PG_VERSION"
    if not marker.exists():
        raise CannotStart(f"{data} holds something that is not a PostgreSQL cluster; it is left as it is.")
    made_by = marker.read_text().strip()
    if made_by != str(version):
        raise CannotStart(
            f"{data} was made by PostgreSQL {made_by} and the binaries are version {version}. Set DCASE_PG_BIN to "
            f"those of version {made_by}, or carry the data over by pg_dump and pg_restore, or by pg_upgrade "
            "(docs/operations.md)."
        )


def _give(data: Path, runs_as: Identity) -> None:
    """Hand the files over when the way to run the server has changed (another machine, a container)."""
    if data.stat().st_uid == runs_as.uid:
        return
    for path in [data, *data.rglob("*")]:
        os.chown(path, runs_as.uid, runs_as.gid, follow_symlinks=False)
