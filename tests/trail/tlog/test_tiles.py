"""Tiles at many sizes: names, contents, repeats after a crash at any step, and proofs read back."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcase_audit.trail.tlog import local
from dcase_audit.trail.tlog.local import FileDiffers, LocalTiles
from dcase_audit.trail.tlog.merkle import (
    consistency_proof,
    frontier_of,
    inclusion_proof,
    leaf_hash,
    root_of,
    verify_consistency,
    verify_inclusion,
)
from dcase_audit.trail.tlog.tiles import (
    TileMalformed,
    TileMissing,
    TileName,
    TileReader,
    drop_partials,
    entries_path,
    parse_bundle,
    parse_path,
    publish,
    tile_path,
)

SIZES = [0, 1, 2, 255, 256, 257, 511, 512, 513, 1000, 65_535, 65_536, 65_537, 70_000]


class Memory:
    """A store in memory; ``fails_after`` so many files, as a crash would."""

    def __init__(self, fails_after: int | None = None) -> None:
        self.files: dict[str, bytes] = {}
        self.fails_after = fails_after

    def get(self, path: str) -> bytes:
        try:
            return self.files[path]
        except KeyError:
            raise TileMissing(path) from None

    def put_all(self, files: Iterable[tuple[str, bytes]]) -> None:
        for path, data in files:
            if self.fails_after is not None:
                if self.fails_after == 0:
                    raise Crash
                self.fails_after -= 1
            assert self.files.setdefault(path, data) == data

    def drop_partials(self, path: str) -> None:
        if path in self.files:
            self.files = {kept: data for kept, data in self.files.items() if not kept.startswith(f"{path}.p/")}


class Crash(Exception):
    """The process ended here."""


def entries(begin: int, end: int) -> list[bytes]:
    return [b"entry %d" % number for number in range(begin, end)]


def published(*sizes: int) -> Memory:
    store, old = Memory(), 0
    for size in sizes:
        publish(store, old, entries(old, size))
        old = size
    return store


@pytest.fixture(scope="module")
def large() -> Memory:
    return published(70_000)


def test_a_log_of_70000_entries_has_the_tiles_of_the_specification(large: Memory) -> None:
    names = [parse_path(path) for path in large.files]
    counts = {
        (level, name.width): sum((known.level, known.width) == (level, name.width) for known in names)
        for level in (0, 1, 2, None)
        for name in names
        if name.level == level
    }

    assert counts == {
        (0, 256): 273,
        (0, 112): 1,
        (1, 256): 1,
        (1, 17): 1,
        (2, 1): 1,
        (None, 256): 273,
        (None, 112): 1,
    }


def test_a_log_of_256_entries_has_a_full_tile_and_one_above_of_width_one() -> None:
    assert set(published(256).files) == {"tile/entries/000", "tile/0/000", "tile/1/000.p/1"}


def test_an_index_is_spelt_in_threes() -> None:
    assert tile_path(5, 1234067) == "tile/5/x001/x234/067"
    assert tile_path(0, 0, 7) == "tile/0/000.p/7"
    assert entries_path(1000, 255) == "tile/entries/x001/000.p/255"


@given(st.integers(0, 63) | st.none(), st.integers(0, 10**12), st.integers(1, 256))
def test_paths_come_back_from_what_they_name(level: int | None, index: int, width: int) -> None:
    path = entries_path(index, width) if level is None else tile_path(level, index, width)

    assert parse_path(path) == TileName(level, index, width)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "checkpoint",
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/00/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/0/x000/000",
        "tile/0/001/000",
        "tile/0/x001",
        "tile/0/000.p/0",
        "tile/0/000.p/01",
        "tile/0/000.p/256",
        "tile/0/000.p/999",
        "tile/0/000.p",
        "tile/0/000.p/1/",
        "tile/0/000\n",
        "tile/0/٠٠٠",
        "/tile/0/000",
        "tile/0/../000",
        "tile/Entries/000",
    ],
)
def test_other_paths_are_refused(path: str) -> None:
    with pytest.raises(TileMalformed):
        parse_path(path)


@pytest.mark.parametrize("size", SIZES)
def test_roots_and_entries_are_read_back_at_every_size(size: int, large: Memory) -> None:
    store = published(size)
    hashes = [leaf_hash(entry) for entry in entries(0, size)]

    for reader in (TileReader(store, size), TileReader(large, size)) if size % 256 == 0 else (TileReader(store, size),):
        assert reader.frontier().root() == root_of(hashes)
        assert list(reader.entries(0, size)) == entries(0, size)


@pytest.mark.parametrize(("begin", "end"), [(0, 0), (0, 1), (255, 257), (256, 512), (69_999, 70_000), (300, 300)])
def test_a_range_of_entries_is_read_from_the_bundles_it_touches(begin: int, end: int, large: Memory) -> None:
    assert list(TileReader(large, 70_000).entries(begin, end)) == entries(begin, end)


@given(st.lists(st.integers(0, 700), min_size=1, max_size=6).map(sorted))
def test_the_files_do_not_depend_on_the_steps_in_which_entries_came(sizes: list[int]) -> None:
    once, by_steps = published(sizes[-1]), published(*sizes)

    assert once.files.items() <= by_steps.files.items()
    drop_partials(by_steps, 0, sizes[-1])
    kept = {path for path in by_steps.files if ".p/" not in path}
    assert kept == {path for path in once.files if ".p/" not in path}


@given(st.integers(1, 70_000), st.data())
def test_proofs_read_from_tiles_verify(large: Memory, new: int, data: st.DataObject) -> None:
    old, index = data.draw(st.integers(1, new)), data.draw(st.integers(0, new - 1))
    at = TileReader(large, 70_000).hash_at
    small, whole = root_at(large, old), root_at(large, new)

    verify_inclusion(
        leaf=leaf_hash(b"entry %d" % index), index=index, size=new, proof=inclusion_proof(index, new, at), root=whole
    )
    verify_consistency(old=old, old_root=small, new=new, new_root=whole, proof=consistency_proof(old, new, at))


def root_at(store: Memory, size: int) -> bytes:
    return frontier_of(size, TileReader(store, 70_000).hash_at).root()


def test_publishing_the_same_size_again_changes_nothing() -> None:
    store = published(300)
    before = dict(store.files)

    publish(store, 300, [])
    publish(store, 0, entries(0, 300))

    assert store.files == before


@pytest.mark.parametrize("step", range(12))
def test_publishing_after_a_crash_at_any_step_gives_the_files_of_a_run_without_one(step: int) -> None:
    store = published(250)
    store.fails_after = step
    try:
        publish(store, 250, entries(250, 800))
    except Crash:
        pass
    store.fails_after = None

    # What comes next may hold more than what was cut off did.
    publish(store, 250, entries(250, 1100))

    assert published(250, 1100).files.items() <= store.files.items()
    assert TileReader(store, 1100).frontier().root() == root_of(leaf_hash(entry) for entry in entries(0, 1100))


@pytest.mark.parametrize("call", ["link", "fsync", "unlink"])
@pytest.mark.parametrize("step", range(14))
def test_a_directory_is_whole_after_a_crash_at_any_call_and_a_repeat(
    call: str, step: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = LocalTiles(tmp_path / "log")
    publish(store, 0, entries(0, 250))
    monkeypatch.setattr(local, "WRITERS", 1)
    with monkeypatch.context() as patch:
        patch.setattr(os, call, failing_after(step, getattr(os, call)))
        # What cleans up runs in no process that was killed.
        patch.setattr(shutil, "rmtree", lambda *arguments, **options: None)
        try:
            publish(store, 250, entries(250, 800))
        except (Crash, OSError):
            pass
    assert all(parse_path(path) for path in names(tmp_path / "log"))

    publish(store, 250, entries(250, 800))

    expected = published(250, 800).files
    assert {path: store.get(path) for path in names(tmp_path / "log")} == expected
    assert not list((tmp_path / "log").glob(".*"))


def failing_after(calls: int, real: Callable[..., object]) -> Callable[..., object]:
    left = [calls]

    def called(*arguments: object, **options: object) -> object:
        if left[0] == 0:
            raise Crash
        left[0] -= 1
        return real(*arguments, **options)

    return called


def names(root: Path) -> list[str]:
    """Return the files of a log, without what is being staged."""
    found = [path.relative_to(root) for path in root.rglob("*") if path.is_file()]
    return [path.as_posix() for path in found if not path.parts[0].startswith(".")]


def test_partial_tiles_go_once_the_full_one_is_there_and_old_sizes_are_still_read(tmp_path: Path) -> None:
    store = LocalTiles(tmp_path)
    publish(store, 0, entries(0, 100))
    publish(store, 100, entries(100, 300))

    drop_partials(store, 100, 300)

    assert sorted(names(tmp_path)) == [
        "tile/0/000",
        "tile/0/001.p/44",
        "tile/1/000.p/1",
        "tile/entries/000",
        "tile/entries/001.p/44",
    ]
    assert TileReader(store, 100).frontier().root() == root_of(leaf_hash(entry) for entry in entries(0, 100))
    assert list(TileReader(store, 100).entries(0, 100)) == entries(0, 100)


def test_partial_tiles_stay_where_there_is_no_full_one(tmp_path: Path) -> None:
    store = LocalTiles(tmp_path)
    publish(store, 0, entries(0, 100))

    drop_partials(store, 0, 256)

    assert "tile/0/000.p/100" in names(tmp_path)


def test_other_bytes_under_the_same_name_are_refused_and_the_first_stay(tmp_path: Path) -> None:
    store = LocalTiles(tmp_path)
    store.put_all([("checkpoints/000000000001", b"first")])

    with pytest.raises(FileDiffers):
        store.put_all([("checkpoints/000000000001", b"second")])

    assert store.get("checkpoints/000000000001") == b"first"


def test_a_file_that_came_meanwhile_is_not_written_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, link = LocalTiles(tmp_path), os.link

    def beaten(source: Path, target: Path) -> None:
        target.write_bytes(b"other")
        link(source, target)

    monkeypatch.setattr(os, "link", beaten)

    with pytest.raises(FileDiffers):
        store.put_all([("tile/0/000.p/1", b"mine")])
    assert store.get("tile/0/000.p/1") == b"other"


def test_the_checkpoint_is_replaced(tmp_path: Path) -> None:
    store = LocalTiles(tmp_path / "new" / "log")

    store.replace("checkpoint", b"first")
    store.replace("checkpoint", b"second")

    assert store.get("checkpoint") == b"second"
    assert names(tmp_path / "new" / "log") == ["checkpoint"]


@pytest.mark.parametrize(
    "path", ["", "/etc/passwd", "../x", "tile/../../x", "tile//0", ".staging-1/x", "a/.b", "a\x00"]
)
def test_names_that_lead_elsewhere_are_refused(path: str, tmp_path: Path) -> None:
    store = LocalTiles(tmp_path / "log")

    for use in (store.get, store.drop_partials, lambda name: store.put_all([(name, b"")])):
        with pytest.raises(ValueError, match="not the name"):
            use(path)


def test_what_is_not_there_is_missing(tmp_path: Path) -> None:
    store = LocalTiles(tmp_path)
    publish(store, 0, entries(0, 1))

    for path in ("tile/0/001", "tile", "tile/0/000.p/1/x"):
        with pytest.raises(TileMissing):
            store.get(path)
    with pytest.raises(TileMissing):
        TileReader(store, 300).frontier()
    with pytest.raises(TileMissing):
        publish(store, 300, entries(300, 301))


@pytest.mark.parametrize("data", [b"\x00", b"\x00\x01", b"\x00\x00\x00", b"\x00\x02a"])
def test_a_bundle_that_ends_within_an_entry_is_malformed(data: bytes) -> None:
    with pytest.raises(TileMalformed):
        parse_bundle(data)


def test_tiles_that_are_not_whole_are_malformed() -> None:
    store = published(3)
    store.files["tile/0/000.p/3"] = bytes(95)
    store.files["tile/entries/000.p/3"] = b"\x00\x01a\x00\x01b"

    with pytest.raises(TileMalformed, match="95 bytes"):
        TileReader(store, 3).hash_at(0, 0)
    with pytest.raises(TileMalformed, match="2 entries"):
        list(TileReader(store, 3).entries(0, 1))


def test_an_entry_may_have_65535_bytes_and_no_more() -> None:
    store = Memory()
    publish(store, 0, [b"", bytes(65_535)])

    with pytest.raises(ValueError, match="entry 2 has 65536 bytes"):
        publish(store, 2, [bytes(65_536)])

    assert list(TileReader(store, 2).entries(0, 2)) == [b"", bytes(65_535)]


@pytest.mark.parametrize(("level", "index"), [(0, 3), (1, 1), (2, 0), (-1, 0), (0, -1)])
def test_a_tree_has_no_nodes_beyond_its_size(level: int, index: int) -> None:
    with pytest.raises(ValueError, match="no node"):
        TileReader(published(3), 3).hash_at(level, index)
