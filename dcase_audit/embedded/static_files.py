"""Whether the static files that were collected last are still those that would be collected now.

To hash and compress them all takes longer than the rest of a start.
"""

from __future__ import annotations

import hashlib
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "dcase_audit" / "static"


class StaticFiles:
    """What is collected into ``directory``, with a note beside it of what that was made from."""

    def __init__(self, directory: Path) -> None:
        self._note = directory.with_name(f"{directory.name}.made-from")
        self._manifest = directory / "staticfiles.json"

    def are_current(self) -> bool:
        return self._manifest.exists() and self._note.exists() and self._note.read_text() == made_from()

    def forget(self) -> None:
        """Forget what they were made from: whatever ends the collecting, the next start collects again."""
        self._note.unlink(missing_ok=True)

    def remember(self) -> None:
        self._note.write_text(made_from())


def made_from() -> str:
    """Return the SHA-256 of the product's own static files and of the versions of all packages installed."""
    digest = hashlib.sha256()
    for path in sorted(SOURCE.rglob("*")):
        if path.is_file():
            digest.update(f"{path.relative_to(SOURCE)}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\0".encode())
    for package in sorted({f"{each.metadata['Name']} {each.version}" for each in metadata.distributions()}):
        digest.update(f"{package}\0".encode())
    return digest.hexdigest()
