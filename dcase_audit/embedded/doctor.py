"""What the product wants from the operating system that no Python package brings; installed where that is allowed."""

from __future__ import annotations

import ctypes.util
import os
import shutil
import subprocess
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True)
class Need:
    """A library or program, the Debian package that has it, and what does not work without it."""

    package: str
    without: str
    found: Callable[[], object]


def chromium() -> str | None:
    """Return the path of the browser that the tests drive."""
    return next((path for name in CHROMIUM_NAMES if (path := shutil.which(name))), None)


PDF = (
    Need("libpangoft2-1.0-0", "PDF reports are off", partial(ctypes.util.find_library, "pangoft2-1.0")),
    Need("libharfbuzz-subset0", "PDF files are larger", partial(ctypes.util.find_library, "harfbuzz-subset")),
)
BROWSER = (Need("chromium", "browser tests are left out", chromium),)
READERS = (Need("poppler-utils", "tests that read printed reports are left out", partial(shutil.which, "pdftotext")),)
TIME_STAMPS = (Need("openssl", "tests of time-stamps are left out", partial(shutil.which, "openssl")),)
# All that the tests want beside what the product wants.
TESTS = BROWSER + READERS + TIME_STAMPS


def missing(needs: Iterable[Need]) -> list[Need]:
    """Return those of ``needs`` that this system lacks."""
    return [need for need in needs if not need.found()]


def advise(needs: Iterable[Need], environ: Mapping[str, str] = os.environ) -> list[str]:
    """Install what is missing where we are root, there is apt-get and ``DCASE_APT`` is not 0; return what to tell.

    Nothing that is missing stops the product: the lines say what goes without, and the command that helps.
    """
    lacking = missing(needs)
    if lacking and os.geteuid() == 0 and shutil.which("apt-get") and environ.get("DCASE_APT") != "0":
        _install([need.package for need in lacking])
        lacking = missing(lacking)
    if not lacking:
        return []
    packages = " ".join(need.package for need in lacking)
    return [
        *(f"{need.package} is missing: {need.without}" for need in lacking),
        f"to install: sudo apt-get install --no-install-recommends {packages}",
    ]


def _install(packages: list[str]) -> None:
    print(f"installing {' '.join(packages)}", flush=True)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    if not any(Path("/var/lib/apt/lists").glob("*_Packages*")):
        subprocess.run(["apt-get", "update", "-qq"], env=quiet, check=False)
    command = ["apt-get", "install", "-qq", "--yes", "--no-install-recommends", *packages]
    subprocess.run(command, env=quiet, stdout=subprocess.DEVNULL, check=False)
