"""Draw the pictures of the README from made-up data: the reference case's diagram and a page of a report about it.

Run it from the project's root when either looks different: ``.venv/bin/python bin/make_pictures.py``. It needs Pango,
Chromium and poppler's ``pdftoppm``. The tests' samples are what is drawn; nobody is asked and no database is read.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "images"
SUMMARY_PAGE = "3"
SCALE = 1.5
MOST_BYTES = 300_000
PAGE = "<!DOCTYPE html><meta charset=utf-8><style>body {{ margin: 0 }} svg {{ display: block }}</style>{svg}"


def diagram(folder: Path) -> Path:
    """Draw the whole reference case in English, as its page in the browser does."""
    from dcase_audit.cases.diagram import draw
    from dcase_audit.reports.render.fonts import only_our_fonts
    from tests.diagram.samples import reference_case

    nodes, links = reference_case("en")
    drawing = draw(nodes, links, language="en", title="The reference case, with made-up evidence")
    page, target = folder / "diagram.html", folder / "diagram.png"
    page.write_text(PAGE.format(svg=drawing.svg), encoding="utf-8")
    size = f"--window-size={drawing.width:.0f},{drawing.height:.0f}"
    options = ["--headless", "--no-sandbox", "--hide-scrollbars", f"--force-device-scale-factor={SCALE}", size]
    with only_our_fonts():
        files = [f"--user-data-dir={folder / 'profile'}", f"--screenshot={target}", page.as_uri()]
        subprocess.run(["chromium", *options, *files], check=True, capture_output=True)
    return target


def report_page(folder: Path) -> Path:
    """Print the summary of the sample's report in Japanese."""
    from dcase_audit.reports.render import render
    from tests.reports.sample import sample

    report, target = folder / "report.pdf", folder / "report-page"
    report.write_bytes(render(sample("ja")))
    pages = ["-f", SUMMARY_PAGE, "-l", SUMMARY_PAGE, "-singlefile"]
    subprocess.run(["pdftoppm", "-png", "-r", "130", *pages, report, target], check=True)
    return target.with_suffix(".png")


def keep(picture: Path) -> None:
    """Write the picture beside the documents with 256 colours, which is all that it has but for soft edges."""
    from PIL import Image

    target = PICTURES / picture.name
    Image.open(picture).convert("RGB").quantize(256).save(target, optimize=True)
    size = target.stat().st_size
    print(f"{target.relative_to(ROOT)}: {size} bytes")
    if size > MOST_BYTES:
        raise SystemExit(f"{target.name} is larger than {MOST_BYTES} bytes")


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django

    django.setup()
    with TemporaryDirectory(prefix="pictures-") as name:
        for made in (diagram(Path(name)), report_page(Path(name))):
            keep(made)
