"""``python -m tests.trail.dying STEP``: ``manage.py sequence``, killed (``kill -9``) just before or after a step."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

STEPS: dict[str, tuple[str, str, str]] = {
    "nothing was taken": ("sequencing", "_taken", "before"),
    "taken": ("sequencing", "_taken", "after"),
    "committed to": ("sequencing", "entries_of", "after"),
    "copied": ("sequencing", "_keep", "after"),
    "in the log": ("sequencer", "drain", "after"),
    "some tiles": ("store", "_keep", "after"),
    "all tiles": ("tiles", "publish", "after"),
    "not signed yet": ("signing", "replace", "before"),
    "signed": ("signing", "replace", "after"),
    "witnessed": ("Publisher", "_witnessed", "after"),
    "about to be shown": ("store", "replace", "before"),
    "kept under its size": ("store", "replace", "after"),
    "shown": ("tiles", "drop_partials", "before"),
    "tidied": ("Publisher", "publish", "after"),
}
# Where the log's key is changed.
ROTATION_STEPS: dict[str, tuple[str, str, str]] = {
    "a key made": ("Keyring", "propose", "after"),
    "not logged": ("rotation", "_log", "before"),
    "logged": ("rotation", "_log", "after"),
    "begun": ("Keyring", "begin", "after"),
    "ended": ("Keyring", "end", "after"),
    "all but said": ("rotation", "_done", "before"),
    "said": ("rotation", "_done", "after"),
}
# Where a time-stamping authority is asked.
STAMPING_STEPS: dict[str, tuple[str, str, str]] = {
    "not asked yet": ("Stamping", "_ask", "before"),
    "answered": ("Stamping", "_take", "before"),
    "token kept": ("Stamping", "_publish", "before"),
    "token published": ("Stamping", "_publish", "after"),
}


def die(*args: Any, **kwargs: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def dying(function: Callable[..., Any], when: str) -> Callable[..., Any]:
    """Return the function with the end of the process before or after it."""

    def call(*args: Any, **kwargs: Any) -> Any:
        if when == "before":
            die()
        found = function(*args, **kwargs)
        die()
        return found

    return call


def main(step: str) -> None:
    """Patch the one function of ``step`` and sequence."""
    import django

    django.setup()
    from django.core.management import call_command

    from dcase_audit.trail import keyring, publishing, rotation, sequencer, sequencing, signing, stamping
    from dcase_audit.trail.published import log_files
    from dcase_audit.trail.tlog import tiles

    where, name, when = (STEPS | ROTATION_STEPS | STAMPING_STEPS)[step]
    owners = {
        "sequencing": sequencing,
        "sequencer": sequencer,
        "signing": signing,
        "tiles": tiles,
        "Publisher": publishing.Publisher,
        "store": type(log_files()),
        "Stamping": stamping.Stamping,
        "Keyring": keyring.Keyring,
        "rotation": rotation,
    }
    sequencer.publisher()  # its key is there before
    setattr(owners[where], name, dying(getattr(owners[where], name), when))
    call_command("sequence")


if __name__ == "__main__":
    main(sys.argv[1])
