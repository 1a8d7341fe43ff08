"""As whom PostgreSQL runs: it refuses root, and initdb refuses a user that the system does not know."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
from dataclasses import dataclass

from dcase_audit.embedded import CannotStart


@dataclass(frozen=True)
class Identity:
    """A command prefix, and the user (as the files see it) that must own the data directory."""

    prefix: tuple[str, ...]
    uid: int
    gid: int


def find() -> Identity:
    """Return how to run PostgreSQL here, the least intrusive way first.

    Raises:
        CannotStart: none of them works.
    """
    if os.geteuid() != 0 and _is_known(os.geteuid()):
        return Identity((), os.geteuid(), os.getegid())
    if found := in_user_namespace():
        return found
    if found := as_nobody():
        return found
    raise CannotStart(
        "PostgreSQL runs neither as root nor as a user without an entry in /etc/passwd, and neither unshare nor "
        "setpriv can change that here. Start as an ordinary user, or set DATABASE_URL to a running PostgreSQL."
    )


def in_user_namespace() -> Identity | None:
    """Look like ``nobody`` inside a user namespace: files stay this user's, also below directories closed to others."""
    nobody = _nobody()
    if nobody is None or not shutil.which("unshare"):
        return None
    prefix = ("unshare", "--user", f"--map-user={nobody.pw_uid}", f"--map-group={nobody.pw_gid}", "--")
    works = subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0
    return Identity(prefix, os.geteuid(), os.getegid()) if works else None


def as_nobody() -> Identity | None:
    """Become ``nobody`` for good, keeping the right to pass closed directories (containers without user namespaces)."""
    nobody = _nobody()
    if nobody is None or os.geteuid() != 0 or not shutil.which("setpriv"):
        return None
    kept = "-all,+dac_override"
    user = (f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups")
    prefix = ("setpriv", *user, f"--inh-caps={kept}", f"--ambient-caps={kept}", "--")
    works = subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0
    return Identity(prefix, nobody.pw_uid, nobody.pw_gid) if works else None


def dying_with_parent(signal: str) -> tuple[str, ...]:
    """Return the prefix that has a command signalled when its parent ends, however that ends (Linux).

    It goes after an identity's prefix: a change of credentials clears the request.
    """
    if sys.platform == "linux" and shutil.which("setpriv"):
        return ("setpriv", "--pdeathsig", signal, "--")
    return ()


def _is_known(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def _nobody() -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam("nobody")
    except KeyError:
        return None
