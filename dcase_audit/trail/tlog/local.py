"""Files of a log in a directory: written once, whole or not at all, and on the disk before anybody is told."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path

from dcase_audit.trail.tlog.tiles import TileMissing

# Waiting for the disk is what takes the time, and the journal of a file system writes for several at once.
WRITERS = 8
# As many files are held in memory.
BATCH = 256
NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]*(?:/[0-9A-Za-z][0-9A-Za-z._-]*)*", re.ASCII)
STAGING = ".staging-"


class FileDiffers(Exception):
    """Other bytes are already kept under this name."""


class LocalTiles:
    """Tiles and checkpoints in a directory, which the first write makes; one process at a time writes, any read."""

    def __init__(self, directory: Path) -> None:
        self._root = directory

    def get(self, path: str) -> bytes:
        try:
            return self._file(path).read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise TileMissing(path) from None

    def put_all(self, files: Iterable[tuple[str, bytes]]) -> None:
        """Keep these files; a name that has the same bytes already is left alone.

        Raises:
            FileDiffers: a name has other bytes; nothing is written over.
        """
        directories: set[Path] = set()
        waiting = iter(files)
        with self._staging() as staging, ThreadPoolExecutor(WRITERS) as writers:
            while batch := list(islice(waiting, BATCH)):
                for target in writers.map(partial(self._keep, staging), batch):
                    directories.update(self._above(target))
        # Also of files that were there: the process that wrote them may have ended before this.
        for directory in directories:
            _sync(directory)

    def replace(self, path: str, data: bytes) -> None:
        """Write ``data`` under ``path`` in one step, whatever was there; it is on the disk when the call returns."""
        target = self._file(path)
        with self._staging() as staging:
            target.parent.mkdir(parents=True, exist_ok=True)
            _write(staging / "file", data).replace(target)
        for directory in self._above(target):
            _sync(directory)

    def drop_partials(self, path: str) -> None:
        full = self._file(path)
        if full.is_file():
            shutil.rmtree(full.with_name(f"{full.name}.p"), ignore_errors=True)

    def _keep(self, staging: Path, file: tuple[str, bytes]) -> Path:
        path, data = file
        target = self._file(path)
        if not _has(target, data):
            target.parent.mkdir(parents=True, exist_ok=True)
            staged = _write(staging / path.replace("/", "-"), data)
            # A link, unlike a rename, never takes the place of another file.
            try:
                os.link(staged, target)
            except FileExistsError:
                _has(target, data)
            staged.unlink()
        return target

    @contextmanager
    def _staging(self) -> Iterator[Path]:
        """Give a directory for files that are not whole yet; what a crash left behind goes first."""
        if not self._root.is_dir():
            self._root.mkdir(parents=True)
            _sync(self._root.parent)
        for left in self._root.glob(f"{STAGING}*"):
            shutil.rmtree(left, ignore_errors=True)
        with tempfile.TemporaryDirectory(prefix=STAGING, dir=self._root, ignore_cleanup_errors=True) as directory:
            yield Path(directory)

    def _file(self, path: str) -> Path:
        return self._root / checked(path)

    def _above(self, target: Path) -> list[Path]:
        """Return the directories from the root down to the file."""
        return [directory for directory in target.parents if directory.is_relative_to(self._root)]


def checked(path: str) -> str:
    """Return the name of a file of a log; ValueError for anything else."""
    # No name begins with a dot, so that none leads out of the directory or into what is being staged.
    if not NAME.fullmatch(path):
        raise ValueError(f"{path!r} is not the name of a file of a log")
    return path


def _has(target: Path, data: bytes) -> bool:
    """Tell whether the file is there with these bytes; refuse other bytes."""
    try:
        found = target.read_bytes()
    except FileNotFoundError:
        return False
    if found != data:
        raise FileDiffers(f"{target} has other bytes")
    return True


def _write(path: Path, data: bytes) -> Path:
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return path


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
