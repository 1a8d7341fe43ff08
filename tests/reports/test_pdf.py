"""Making the file: the same bytes everywhere, nothing fetched, a clear refusal where Pango is missing."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC
from hashlib import sha256
from pathlib import Path

import pytest

from dcase_audit.reports.render import pdf, render
from dcase_audit.reports.render.pdf import ForbiddenFetch, PdfUnavailable
from tests.reports.conftest import Rendering, Run
from tests.reports.sample_words import AT
from tests.reports.test_html import hostile
from tests.timing import slowness

ROOT = Path(__file__).resolve().parents[2]
AGAIN = """
from hashlib import sha256
from django.conf import settings
settings.configure(SECRET_KEY="again")
from dcase_audit.reports.render import render
from tests.reports.sample import sample
print(sha256(render(sample("ja"))).hexdigest())
"""
COST = """
import resource
from django.conf import settings
settings.configure(SECRET_KEY="cost")
from dcase_audit.reports.render import render
from tests.reports.sample_large import large
render(large("ja", 100))
used = resource.getrusage(resource.RUSAGE_SELF)
# What the process itself had at most: ru_maxrss counts what its parent had, too.
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM:"))
print(used.ru_utime + used.ru_stime, int(peak.split()[1]) / 1024)
"""


def python(code: str, **environment: str) -> str:
    """Run ``code`` in a process of its own, with nothing of this one's environment but the path."""
    inherited = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": "/nonexistent"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=inherited | environment, capture_output=True, check=False, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.pdf
def test_the_same_contents_give_the_same_bytes_in_another_process(reports: dict[str, Path]) -> None:
    printed = python(AGAIN, PYTHONHASHSEED="7", TZ="America/New_York", LC_ALL="C", LANG="C")

    assert printed.strip() == sha256(reports["ja"].read_bytes()).hexdigest()


@pytest.mark.pdf
def test_weasyprint_has_nothing_to_complain_of(rendering: Rendering) -> None:
    assert rendering.complaints == []


@pytest.mark.pdf
def test_progress_goes_up_to_the_end(rendering: Rendering) -> None:
    assert rendering.steps == [10, 100] * len(rendering.paths)


@pytest.mark.pdf
def test_a_hostile_text_is_printed_and_fetches_nothing(read: Run, tmp_path: Path) -> None:
    path = tmp_path / "hostile.pdf"

    path.write_bytes(render(hostile("en", '<img src="file:///etc/passwd">')))

    assert '<img src="file:///etc/passwd">' in read("pdftotext", path, "-")
    assert "root:x:" not in read("pdftotext", path, "-")
    assert len(read("pdfdetach", "-list", path).splitlines()) == 2


@pytest.mark.pdf
@pytest.mark.parametrize(
    "outside",
    [
        '<img src="file:///etc/passwd" alt="x">',
        '<img src="http://127.0.0.1/x.png" alt="x">',
        '<p style="background: url(data:image/png;base64,AAAA)">x',
        '<link rel="stylesheet" href="https://127.0.0.1/x.css">',
        '<a rel="attachment" href="file:///etc/passwd">x</a>',
    ],
)
def test_a_document_that_asks_for_anything_is_a_bug_that_shows(outside: str) -> None:
    with pytest.raises(ForbiddenFetch):
        pdf.write(
            f'<html lang="en"><title>x</title><body>{outside}',
            manifest=b"{}",
            made_at=AT.astimezone(UTC),
            description="none",
            labels={},
        )


def test_without_pango_the_refusal_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    class NoPango:
        def find_spec(self, name: str, path: object = None, target: object = None) -> None:
            if name == "weasyprint":
                raise OSError("cannot load library 'libpango-1.0-0'")

    monkeypatch.delitem(sys.modules, "weasyprint", raising=False)
    monkeypatch.setattr(sys, "meta_path", [NoPango(), *sys.meta_path])

    with pytest.raises(PdfUnavailable, match="apt-get install .*libpangoft2-1.0-0 libharfbuzz-subset0") as refusal:
        pdf.versions()

    assert refusal.value.status == 503


@pytest.mark.pdf
@pytest.mark.long
def test_a_case_of_a_hundred_goals_stays_within_its_cost() -> None:
    seconds, megabytes = map(float, python(COST).split())

    # 20 seconds on a usual processor of its own; a shared one takes up to half as much again.
    assert seconds < 30 or seconds < 30 * slowness()
    assert megabytes < 450
