"""Static files are collected when what they are made from has changed, and not at every start."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dcase_audit.embedded import static_files
from dcase_audit.embedded.static_files import StaticFiles


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    source = tmp_path / "source"
    (source / "dcase").mkdir(parents=True)
    (source / "dcase" / "pages.css").write_text("body {}")
    monkeypatch.setattr(static_files, "SOURCE", source)
    return source


@pytest.fixture
def collected(source: Path, tmp_path: Path) -> StaticFiles:
    """What was collected from the source before."""
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "staticfiles.json").write_text("{}")
    files = StaticFiles(tmp_path / "static")
    assert not files.are_current()
    files.remember()
    return files


def test_what_is_collected_is_current_until_something_changes(collected: StaticFiles) -> None:
    assert collected.are_current()


CHANGES: dict[str, Callable[[Path], object]] = {
    "a file changes": lambda home: (home / "source" / "dcase" / "pages.css").write_text("body { }"),
    "a file is added": lambda home: (home / "source" / "dcase" / "more.css").touch(),
    "a file is renamed": lambda home: (home / "source" / "dcase" / "pages.css").rename(home / "source" / "pages.css"),
    "a file goes": lambda home: (home / "source" / "dcase" / "pages.css").unlink(),
    "what was collected goes": lambda home: (home / "static" / "staticfiles.json").unlink(),
}


@pytest.mark.parametrize("change", sorted(CHANGES))
def test_they_are_collected_anew_when(change: str, collected: StaticFiles, tmp_path: Path) -> None:
    CHANGES[change](tmp_path)

    assert not collected.are_current()


def test_they_are_collected_anew_for_another_version_of_a_package(
    collected: StaticFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.metadata.distributions", lambda: iter(()))

    assert not collected.are_current()


def test_collecting_that_was_cut_off_is_done_again(collected: StaticFiles) -> None:
    collected.forget()

    assert not collected.are_current()
