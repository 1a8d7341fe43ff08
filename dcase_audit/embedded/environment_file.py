"""``DATA_DIR/env``: the secrets that the embedded stack makes for itself, once, readable by its owner alone."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from dcase_audit.embedded.locks import Lock

GENERATED = (
    "SECRET_KEY",
    "POSTGRES_PASSWORD",
    "DCASE_OWNER_PASSWORD",
    "DCASE_APP_PASSWORD",
    "DCASE_SEQUENCER_PASSWORD",
    "DCASE_READER_PASSWORD",
)


def load(data_directory: Path) -> dict[str, str]:
    """Return the secrets, making those that the file does not hold yet.

    The file is replaced by rename and synced before anything is created with what it holds, so that no cluster
    can outlive its own password.
    """
    data_directory.mkdir(parents=True, exist_ok=True)
    path = data_directory / "env"
    with Lock(data_directory / "env.lock"):
        known = (
            dict(line.split("=", 1) for line in path.read_text().splitlines() if "=" in line) if path.exists() else {}
        )
        missing = [name for name in GENERATED if name not in known]
        if missing:
            known |= {name: secrets.token_urlsafe(48) for name in missing}
            _replace(path, "".join(f"{name}={value}\n" for name, value in known.items()))
    return known


def _replace(path: Path, text: str) -> None:
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.rename(path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
