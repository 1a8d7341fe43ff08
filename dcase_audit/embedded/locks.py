"""Advisory file locks: the kernel drops them with their process, so that nothing stale is left to clean up."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self


class Lock:
    """A ``flock`` on one file; as a context manager it is held exclusively and waited for."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None
        self._held = False

    def acquire(self, *, shared: bool = False, wait: bool = True) -> bool:
        """Take the lock, or change the kind held; False when it is another's and ``wait`` is false."""
        if self._descriptor is None:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        kind = (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB)
        try:
            fcntl.flock(self._descriptor, kind)
        except BlockingIOError:
            return False
        self._held = True
        return True

    def release(self) -> None:
        """Give the lock up; a repeat does nothing."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
        self._held = False

    @property
    def held(self) -> bool:
        """Tell whether this object holds the lock, of either kind."""
        return self._held

    def fileno(self) -> int:
        """Return the descriptor of a lock held: a child that inherits it holds the lock as well, until it ends."""
        if self._descriptor is None:
            raise ValueError("the lock is not held")
        return self._descriptor

    def write(self, text: str) -> None:
        """Say in the file who holds the lock."""
        os.ftruncate(self.fileno(), 0)
        os.pwrite(self.fileno(), text.encode(), 0)

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
