"""Where unix sockets go: beside the data, or in a private directory under /tmp when that path is too long."""

from __future__ import annotations

import hashlib
import os
import stat
from contextlib import suppress
from pathlib import Path

from dcase_audit.embedded import CannotStart

# The kernel ends a socket's path at 107 bytes; the longest name in the directory is PostgreSQL's lock file.
LONGEST_DIRECTORY = 80
TEMPORARY = Path("/tmp")


def directory(home: Path) -> Path:
    """Return the socket directory for ``home``: the same for every process, whatever its TMPDIR says."""
    if len(os.fsencode(home / "run")) <= LONGEST_DIRECTORY:
        return home / "run"
    digest = hashlib.sha256(os.fsencode(home.resolve())).hexdigest()
    return TEMPORARY / f"dcase-{os.geteuid()}-{digest[:16]}"


def make(home: Path) -> Path:
    """Create the socket directory, for its owner alone.

    Raises:
        CannotStart: the directory under /tmp is somebody else's or open to others.
    """
    path = directory(home)
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise CannotStart(f"{path} is not a directory that only this user can enter; remove it and start again.")
    return path


def leave(home: Path) -> None:
    """Remove the socket directory, when it is empty and not in ``home``: nobody would look for it under /tmp."""
    path = directory(home)
    if path.parent == TEMPORARY:
        with suppress(OSError):
            path.rmdir()
