"""A small disk for one directory of one process tree: a tmpfs in a mount namespace of its own (Linux)."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

MOUNT = 'mount -t tmpfs -o "size=$1,mode=0700" none "$2" && shift 2 && exec "$@"'


def room_of(directory: Path, size: int) -> list[str] | None:
    """Return the prefix of a command that sees a disk of ``size`` bytes at ``directory``; None where none can be had.

    Who is not root mounts it as root of a user namespace, and becomes itself again in another inside of that.
    """
    if not shutil.which("unshare"):
        return None
    mount = ["sh", "-c", MOUNT, "sh", str(size), str(directory)]
    found = ["unshare", "--mount", "--", *mount]
    if os.geteuid() != 0:
        again = ["unshare", "--user", f"--map-user={os.geteuid()}", f"--map-group={os.getegid()}", "--"]
        found = ["unshare", "--user", "--map-root-user", "--mount", "--", *mount, *again]
    return found if _works(found) else None


def _works(prefix: Sequence[str]) -> bool:
    return subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0
