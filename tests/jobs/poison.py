"""A worker whose job kills it: ``python poison.py JOB``."""

from __future__ import annotations

import os
import signal
import sys

import django


def main() -> None:
    django.setup()
    from dcase_audit.jobs import registry, services

    @registry.register("tests.poison", queue="settle", attempts=2)
    def poison() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    services.run(int(sys.argv[1]))


if __name__ == "__main__":
    main()
