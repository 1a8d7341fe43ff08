"""The log's keys in a file of the signer's: private halves as long as they are needed, and what each signs.

A line each, the oldest first: a private key, with the sizes that it signs where these are not all, or ``next`` before
it is announced; of a key that signs no more the public half. The file is replaced in one step, so that it always holds
one state or the next.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Self

from dcase_audit.trail.tlog.keys import PRIVATE
from dcase_audit.trail.tlog.notes import NoteMalformed, SigningKey, VerifierKey
from dcase_audit.trail.tlog.succession import ALL, Sizes, Term

NEXT = "next"


class Held(NamedTuple):
    """A key; ``sizes`` is None before it is announced, ``secret`` once it is not needed any more."""

    key: VerifierKey
    secret: SigningKey | None
    sizes: Sizes | None

    @classmethod
    def parse(cls, line: str) -> Self:
        spelt, _, said = line.partition(" ")
        secret = SigningKey.parse(spelt) if spelt.startswith(PRIVATE) else None
        key = secret.verifier if secret else VerifierKey.parse(spelt)
        try:
            return cls(key, secret, None if said == NEXT else Sizes.parse(said) if said else ALL)
        except ValueError as error:
            raise NoteMalformed(str(error)) from None

    def line(self) -> str:
        said = NEXT if self.sizes is None else self.sizes.format()
        spelt = self.secret.format() if self.secret else self.key.vkey()
        return f"{spelt}\n" if self.sizes == ALL else f"{spelt} {said}\n"


class Keyring:
    """The keys of one log, in ``path``; whatever changes is on the disk when the call returns."""

    def __init__(self, path: Path, held: Sequence[Held]) -> None:
        self._path = path
        self._held = tuple(held)

    @classmethod
    def open(cls, path: Path, origin: str) -> Self:
        """Read the keys, or make the first one where there is none."""
        if not path.exists():
            secret = SigningKey.generate(origin)
            replace(path, Held(secret.verifier, secret, ALL).line().encode())
        return cls.read(path)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read the keys.

        Raises:
            FileNotFoundError, PermissionError: they are not there, or not for us.
            NoteMalformed: the file does not hold what it has to.
        """
        return cls(path, [Held.parse(line) for line in path.read_text().splitlines()])

    @property
    def origins(self) -> set[str]:
        return {held.key.name for held in self._held}

    @property
    def terms(self) -> tuple[Term, ...]:
        """The keys that sign or did, the oldest first."""
        return tuple(Term(held.key, held.sizes) for held in self._held if held.sizes is not None)

    @property
    def living(self) -> tuple[Held, ...]:
        """The keys whose end is not known: one, or while one follows another the older and the newer."""
        return tuple(held for held in self._held if held.sizes is not None and held.sizes.last is None)

    @property
    def next(self) -> SigningKey | None:
        """The key that is made and not announced."""
        return self._held[-1].secret if self._held[-1].sizes is None else None

    def signing(self, size: int) -> list[SigningKey]:
        """Return who signs checkpoints of this size, the older one first."""
        return [held.secret for held in self._held if held.secret is not None and held.sizes and held.sizes.hold(size)]

    def propose(self) -> SigningKey:
        """Return the next key, made now where there is none."""
        secret = self.next
        if secret is None:
            secret = SigningKey.generate(self._held[0].key.name)
            self._become([*self._held, Held(secret.verifier, secret, None)])
        return secret

    def begin(self, first: int) -> None:
        """Have the next key sign from this size on."""
        self._become([*self._held[:-1], self._held[-1]._replace(sizes=Sizes(first))])

    def end(self, last: int) -> None:
        """Have the older one of the two living keys sign up to this size."""
        old, _ = self.living
        assert old.sizes is not None
        ended = old._replace(sizes=old.sizes._replace(last=last))
        self._become([ended if held == old else held for held in self._held])

    def forget(self, size: int) -> None:
        """Forget private halves that no checkpoint from this size on needs."""
        kept = [
            held._replace(secret=None)
            if held.sizes is not None and held.sizes.last is not None and held.sizes.last < size
            else held
            for held in self._held
        ]
        if kept != list(self._held):
            self._become(kept)

    def _become(self, held: Sequence[Held]) -> None:
        replace(self._path, "".join(each.line() for each in held).encode())
        self._held = tuple(held)


def replace(path: Path, data: bytes) -> None:
    """Write a file that only its owner reads, in one step; it is on the disk when the call returns."""
    staged = path.with_name(f"{path.name}.new")
    staged.unlink(missing_ok=True)
    with os.fdopen(os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    staged.replace(path)
    sync(path.parent)


def sync(directory: Path) -> None:
    """See that names that were made or removed in a directory are on the disk."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
