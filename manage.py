#!/usr/bin/env python
"""Run a command: as the database role it needs, on the embedded database if none is named, attributed in the trail."""

from __future__ import annotations

import os
import pwd
import sys

from dcase_audit.embedded import CannotStart
from dcase_audit.embedded.database import attach

ROLE_OF_COMMAND = {"migrate": "owner", "sequence": "sequencer"}


def operating_system_user() -> str:
    """Return who runs this, by name where the system knows one."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return f"uid {os.geteuid()}"


def main() -> None:
    """Run the command of ``sys.argv``."""
    command = sys.argv[1] if len(sys.argv) > 1 else "help"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dcase_audit.settings")
    os.environ.setdefault("DATABASE_ROLE", ROLE_OF_COMMAND.get(command, "app"))
    try:
        attach(os.environ)
    except (CannotStart, PermissionError) as refusal:
        sys.exit(f"manage.py: {refusal}")

    from django.core.management import execute_from_command_line

    from dcase_audit.trail.context import acting

    with acting(f"command:{command}", os_user=operating_system_user()):
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
