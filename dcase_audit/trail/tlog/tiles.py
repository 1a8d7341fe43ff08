"""Tiles: the tree and its entries as files that never change, and the proofs that are read from them.

Which files there are and what is in them follows from the entries alone, so that publishing can be repeated after a
crash. Source: C2SP tlog-tiles.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from dcase_audit.trail.tlog.merkle import HASH_SIZE, Frontier, frontier_of, leaf_hash, root_of

HEIGHT = 8
WIDTH = 1 << HEIGHT
LARGEST_ENTRY = 2**16 - 1
# Some hundred kilobytes, and enough for the proofs of neighbouring leaves.
CACHED_TILES = 64

ENTRIES = "entries"
PATH = re.compile(
    r"tile/(entries|[0-9]|[1-5][0-9]|6[0-3])/((?:x[0-9]{3}/)*)([0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?", re.ASCII
)


class TileMissing(Exception):
    """The store has no file of this name."""


class TileMalformed(Exception):
    """A file is not what its name says, or a name is not that of a tile."""


class TileStore(Protocol):
    """Where tiles are kept: files that are written once, by one process at a time."""

    def get(self, path: str) -> bytes:
        """Return a file's bytes; raise ``TileMissing`` where there is none."""

    def put_all(self, files: Iterable[tuple[str, bytes]]) -> None:
        """Keep these files, on the disk when the call returns; what is there already has to have the same bytes."""

    def drop_partials(self, path: str) -> None:
        """Delete the partial tiles of the full tile ``path``."""


@dataclass(frozen=True)
class TileName:
    """What a path names; ``level`` is None for entries."""

    level: int | None
    index: int
    width: int


def tile_path(level: int, index: int, width: int = WIDTH) -> str:
    return _path(str(level), index, width)


def entries_path(index: int, width: int = WIDTH) -> str:
    return _path(ENTRIES, index, width)


def parse_path(path: str) -> TileName:
    """Read a path.

    Raises:
        TileMalformed: it is not that of a tile, in its one spelling.
    """
    matched = PATH.fullmatch(path)
    if not matched:
        raise TileMalformed(f"{path} is not the path of a tile")
    level, above, last, width = matched.groups()
    name = TileName(
        None if level == ENTRIES else int(level),
        int(re.sub("[x/]", "", above) + last),
        WIDTH if width is None else int(width),
    )
    if _path(level, name.index, name.width) != path:
        raise TileMalformed(f"{path} is not how this tile's path is spelt")
    return name


def publish(store: TileStore, old_size: int, new_entries: Iterable[bytes]) -> Frontier:
    """Write every file that the log has with ``new_entries`` after the ``old_size`` that it had; return its frontier.

    The files of ``old_size`` are believed, so the frontier's root has to be compared with that of the entries elsewhere
    before a checkpoint of it is signed. A repeat writes what is missing.

    Raises:
        TileMissing: the tiles of ``old_size`` are not all there.
    """
    edge = _Edge(TileReader(store, old_size))
    store.put_all(edge.files(new_entries))
    return TileReader(store, edge.size).frontier()


def drop_partials(store: TileStore, old_size: int, new_size: int) -> None:
    """Delete the partial tiles that full ones replaced between these two published sizes."""
    level, before, after = 0, old_size // WIDTH, new_size // WIDTH
    while after:
        for index in range(before, after):
            store.drop_partials(tile_path(level, index))
            if level == 0:
                store.drop_partials(entries_path(index))
        level, before, after = level + 1, before // WIDTH, after // WIDTH


class TileReader:
    """The tree of ``size`` leaves, read from tiles as they are needed; nothing is verified but lengths."""

    def __init__(self, store: TileStore, size: int) -> None:
        self.size = size
        self._store = store
        self._tile = lru_cache(maxsize=CACHED_TILES)(self._read_tile)

    def hash_at(self, level: int, index: int) -> bytes:
        """Return the hash of the complete subtree of ``2**level`` leaves at ``index``.

        Raises:
            TileMissing, TileMalformed: the tiles that this size needs are not there, or not whole.
        """
        if level < 0 or index < 0 or (index + 1) << level > self.size:
            raise ValueError(f"a tree of {self.size} has no node {index} at level {level}")
        tile_level, below = divmod(level, HEIGHT)
        tile, first = divmod(index << below, WIDTH)
        return root_of(self._tile(tile_level, tile)[first : first + (1 << below)])

    def frontier(self) -> Frontier:
        return frontier_of(self.size, self.hash_at)

    def tile(self, level: int, index: int) -> list[bytes]:
        """Return the hashes of a tile as far as this size has it; of one that it does not have, none."""
        return list(self._tile(level, index)) if self._width(level, index) else []

    def entries(self, begin: int, end: int) -> Iterator[bytes]:
        """Yield the entries from ``begin`` up to and without ``end``.

        Raises:
            TileMissing, TileMalformed: the bundles that this size needs are not there, or not whole.
        """
        if not 0 <= begin <= end <= self.size:
            raise ValueError(f"a log of {self.size} has no entries {begin} to {end}")
        for bundle in range(begin // WIDTH, -(-end // WIDTH)):
            start = bundle * WIDTH
            yield from self._bundle(bundle)[max(begin - start, 0) : end - start]

    def bundle(self, index: int) -> list[bytes]:
        """Return the entries of a bundle as far as this size has it; of one that it does not have, none."""
        return self._bundle(index) if self._width(0, index) else []

    def _bundle(self, index: int) -> list[bytes]:
        width = self._width(0, index)
        found = parse_bundle(self._get(entries_path(index, width), entries_path(index)))
        if len(found) < width:
            raise TileMalformed(f"{entries_path(index, width)} has {len(found)} entries")
        return found[:width]

    def _read_tile(self, level: int, index: int) -> tuple[bytes, ...]:
        width = self._width(level, index)
        data = self._get(tile_path(level, index, width), tile_path(level, index))
        if len(data) % HASH_SIZE or len(data) < width * HASH_SIZE:
            raise TileMalformed(f"{tile_path(level, index, width)} has {len(data)} bytes")
        return tuple(data[at : at + HASH_SIZE] for at in range(0, width * HASH_SIZE, HASH_SIZE))

    def _width(self, level: int, index: int) -> int:
        return max(0, min(WIDTH, (self.size >> HEIGHT * level) - index * WIDTH))

    def _get(self, path: str, full: str) -> bytes:
        try:
            return self._store.get(path)
        except TileMissing:
            # Once the full tile is there its partial ones may have been deleted.
            if path == full:
                raise
            try:
                return self._store.get(full)
            except TileMissing:
                raise TileMissing(path) from None


def parse_bundle(data: bytes) -> list[bytes]:
    """Read a bundle: entries, each after its length in two bytes.

    Raises:
        TileMalformed: it ends within an entry.
    """
    entries, at = [], 0
    while at < len(data):
        begin = at + 2
        at = begin + int.from_bytes(data[begin - 2 : begin], "big")
        entries.append(data[begin:at])
    if at != len(data):
        raise TileMalformed("a bundle ends within an entry")
    return entries


def format_bundle(entries: Iterable[bytes]) -> bytes:
    return b"".join(struct.pack(">H", len(entry)) + entry for entry in entries)


class _Edge:
    """The last, growing tile of each level and the last bundle, which is all that publishing has to know."""

    def __init__(self, reader: TileReader) -> None:
        self.size = reader.size
        self._bundle = reader.bundle(self.size // WIDTH)
        self._levels: list[list[bytes]] = []
        while self.size >> HEIGHT * len(self._levels):
            level = len(self._levels)
            self._levels.append(reader.tile(level, (self.size >> HEIGHT * level) // WIDTH))

    def files(self, new_entries: Iterable[bytes]) -> Iterator[tuple[str, bytes]]:
        """Yield the full files as they fill, and then the partial ones."""
        for entry in new_entries:
            if len(entry) > LARGEST_ENTRY:
                raise ValueError(f"entry {self.size} has {len(entry)} bytes; the limit is {LARGEST_ENTRY}")
            self._bundle.append(entry)
            self.size += 1
            if len(self._bundle) == WIDTH:
                yield from self._full()
        yield from self._partial()

    def _full(self) -> Iterator[tuple[str, bytes]]:
        yield entries_path(self.size // WIDTH - 1), format_bundle(self._bundle)
        self._fill_leaves()
        self._bundle = []
        for level, hashes in enumerate(self._levels):
            if len(hashes) < WIDTH:
                break
            yield tile_path(level, (self.size >> HEIGHT * (level + 1)) - 1), b"".join(hashes)
            if level + 1 == len(self._levels):
                self._levels.append([])
            self._levels[level + 1].append(root_of(hashes))
            self._levels[level] = []

    def _partial(self) -> Iterator[tuple[str, bytes]]:
        if self._bundle:
            yield entries_path(self.size // WIDTH, len(self._bundle)), format_bundle(self._bundle)
            self._fill_leaves()
        for level, hashes in enumerate(self._levels):
            if hashes:
                yield tile_path(level, self.size >> HEIGHT * (level + 1), len(hashes)), b"".join(hashes)

    def _fill_leaves(self) -> None:
        """Hash the entries that came since the leaves' tile was last looked at."""
        if not self._levels:
            self._levels.append([])
        self._levels[0] += [leaf_hash(entry) for entry in self._bundle[len(self._levels[0]) :]]


def _path(level: str, index: int, width: int) -> str:
    if index < 0 or not 1 <= width <= WIDTH:
        raise TileMalformed(f"there is no tile {index} of width {width}")
    digits = str(index)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    partial = "" if width == WIDTH else f".p/{width}"
    return "/".join(["tile", level, *(f"x{group}" for group in groups[:-1]), groups[-1]]) + partial
